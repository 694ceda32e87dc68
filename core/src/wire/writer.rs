//! `BinaryWriter`: a cursor over a caller's buffer that can't run past its end.
//!
//! Contract: every write either lands whole and moves on, or answers [`Full`] and writes nothing.
//! Messages are encoded straight into the buffer, in `postcard` format: no copy in between.
//!
//! ```
//! use tinyrealm_core::wire::{BinaryWriter, Full};
//! let mut buffer = [0; 4];
//! let mut writer = BinaryWriter::new(&mut buffer);
//! writer.u16_le(0x0102).unwrap();
//! assert_eq!(writer.i32_le(7), Err(Full));
//! assert_eq!(writer.written(), 2);
//! assert_eq!(buffer, [2, 1, 0, 0]);
//! ```

use serde::Serialize;

/// There is no room for it: an ordinary answer (invariant 4).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Full;

/// The longest number of 16 bits in `postcard` format.
pub const VARINT_U16_MAX_BYTES: usize = 3;
/// The longest number of 32 bits.
pub const VARINT_U32_MAX_BYTES: usize = 5;
/// The longest number below 2^53.
pub const VARINT_U53_MAX_BYTES: usize = 8;

/// A bounds- and endian-safe builder over a slice.
#[derive(Debug)]
pub struct BinaryWriter<'a> {
    buffer: &'a mut [u8],
    written: usize,
}

impl<'a> BinaryWriter<'a> {
    /// A writer at the start of `buffer`.
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, written: 0 }
    }

    /// Bytes written so far.
    pub const fn written(&self) -> usize {
        self.written
    }

    fn free(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.written..).unwrap_or_default()
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Full`] if they do not fit.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let (place, _) = self.free().split_at_mut_checked(bytes.len()).ok_or(Full)?;
        place.copy_from_slice(bytes);
        self.written += bytes.len();
        Ok(())
    }

    /// Appends one byte.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    pub fn u8(&mut self, value: u8) -> Result<(), Full> {
        self.bytes(&[value])
    }

    /// Appends two bytes, little-endian.
    ///
    /// # Errors
    /// [`Full`] if they do not fit.
    pub fn u16_le(&mut self, value: u16) -> Result<(), Full> {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends four bytes, little-endian.
    ///
    /// # Errors
    /// [`Full`] if they do not fit.
    pub fn u32_le(&mut self, value: u32) -> Result<(), Full> {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a signed number in four bytes, little-endian.
    ///
    /// # Errors
    /// [`Full`] if they do not fit.
    #[inline]
    pub fn i32_le(&mut self, value: i32) -> Result<(), Full> {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends `value` in `postcard` format.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn postcard(&mut self, value: &impl Serialize) -> Result<(), Full> {
        let used = postcard::to_slice(value, self.free()).map_err(|_| Full)?.len();
        self.written += used;
        Ok(())
    }
}
