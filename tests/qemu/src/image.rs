//! `Image`: what a board runs, an ELF file.
//!
//! Purpose: the places of its symbols, and copies of it with other addresses in them, so that a test
//! takes whatever ports are free and need not build anything for that.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use object::{Object, ObjectSection, ObjectSymbol};

/// An image; see the [module](self).
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    bytes: Vec<u8>,
}

/// A stretch of the board's memory.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where it begins.
    pub address: u32,
    /// How long it is.
    pub bytes: u32,
}

impl Image {
    /// Reads an image.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("no image at {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, bytes })
    }

    /// What its file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same image with `new` wherever it has the text `old`, which is as long.
    ///
    /// # Errors
    /// If it has no such text, or the lengths differ.
    pub fn with_text(&self, old: &str, new: &str) -> anyhow::Result<Self> {
        ensure!(old.len() == new.len(), "{old:?} and {new:?} are not of one length");
        let mut image = self.clone();
        let mut count = 0;
        let mut from = 0;
        while let Some(offset) = find(&image.bytes[from..], old.as_bytes()) {
            let place = from + offset..from + offset + old.len();
            from = place.end;
            image.bytes[place].copy_from_slice(new.as_bytes());
            count += 1;
        }
        ensure!(count > 0, "{} has no text {old:?}", self.name);
        Ok(image)
    }

    /// The only symbol whose name, as the linker has it, contains `part`.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn symbol(&self, part: &str) -> anyhow::Result<Place> {
        let file = object::File::parse(&*self.bytes)?;
        let named = file.symbols().filter(|symbol| symbol.name().is_ok_and(|it| it.contains(part)));
        let places: Vec<Place> = named
            .map(|it| Place { address: it.address() as u32, bytes: it.size() as u32 })
            .collect();
        let [place] = places[..] else {
            anyhow::bail!("{} has {} symbols like {part}", self.name, places.len());
        };
        Ok(place)
    }

    /// What lies at `address` before the program runs, for so many bytes.
    ///
    /// # Errors
    /// If nothing does.
    pub fn code(&self, address: u32, bytes: u32) -> anyhow::Result<Vec<u8>> {
        let file = object::File::parse(&*self.bytes)?;
        let (address, bytes) = (u64::from(address), u64::from(bytes));
        let mut parts = file.sections().filter_map(|it| it.data_range(address, bytes).transpose());
        let code = parts.next().context("no section has this")??;
        Ok(code.to_vec())
    }

    /// Writes it to a file that QEMU reads.
    pub(crate) fn write(&self, path: PathBuf) -> anyhow::Result<PathBuf> {
        std::fs::write(&path, &self.bytes)?;
        Ok(path)
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> Image {
        Image { name: "test".into(), bytes: text.into() }
    }

    #[test]
    fn a_text_is_replaced_wherever_it_is_and_nothing_else() {
        let patched = image("a:1234 b a:1234").with_text("a:1234", "a:5678").unwrap();
        assert_eq!(patched.bytes(), b"a:5678 b a:5678");
        assert!(image("a:1234").with_text("a:9999", "a:5678").is_err());
        assert!(image("a:1234").with_text("a:1234", "a:567").is_err());
    }
}
