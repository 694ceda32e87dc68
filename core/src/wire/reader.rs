//! `BinaryReader`: a cursor over received bytes that can't run past their end.
//!
//! Contract: every read either answers the value and moves on, or answers [`EndOfInput`] and leaves
//! the cursor where it was. Integers are little-endian, as everywhere on this wire; network order
//! has its own, named readers.
//!
//! ```
//! use tinyrealm_core::wire::{BinaryReader, EndOfInput};
//! let mut reader = BinaryReader::new(&[1, 2, 0, 9]);
//! assert_eq!(reader.u8(), Ok(1));
//! assert_eq!(reader.u16_le(), Ok(2));
//! assert_eq!(reader.u32_le(), Err(EndOfInput));
//! assert_eq!(reader.rest(), &[9]);
//! ```

/// The input ended before the value did.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct EndOfInput;

/// A bounds- and endian-safe cursor over bytes.
#[derive(Copy, Clone, Debug)]
pub struct BinaryReader<'a> {
    rest: &'a [u8],
}

impl<'a> BinaryReader<'a> {
    /// A reader at the start of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`EndOfInput`] if fewer are left.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], EndOfInput> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(EndOfInput)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`EndOfInput`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], EndOfInput> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(EndOfInput)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`EndOfInput`] if none is left.
    pub fn u8(&mut self) -> Result<u8, EndOfInput> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes, little-endian.
    ///
    /// # Errors
    /// [`EndOfInput`] if fewer are left.
    pub fn u16_le(&mut self) -> Result<u16, EndOfInput> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes, little-endian.
    ///
    /// # Errors
    /// [`EndOfInput`] if fewer are left.
    pub fn u32_le(&mut self) -> Result<u32, EndOfInput> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next four bytes as a signed number, little-endian.
    ///
    /// # Errors
    /// [`EndOfInput`] if fewer are left.
    pub fn i32_le(&mut self) -> Result<i32, EndOfInput> {
        self.array().map(i32::from_le_bytes)
    }
}
