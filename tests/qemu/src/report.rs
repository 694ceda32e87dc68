//! `Report`: what a device tells about itself, read from its memory while it runs.
//!
//! The words and their order are the firmware's own: `report_words.rs` is one file.

#[path = "../../../firmware-demo/roles/src/report_words.rs"]
mod report_words;

use report_words::report_words;

macro_rules! read_words {
    ($($(#[$meta:meta])* $word:ident,)*) => {
        /// The device's counters.
        #[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
        pub struct Report {
            $($(#[$meta])* pub $word: u32,)*
        }

        /// Words of a report.
        pub(crate) const WORDS: usize = [$(stringify!($word)),*].len();

        impl Report {
            pub(crate) const fn from_words(words: [u32; WORDS]) -> Self {
                let [$($word),*] = words;
                Self { $($word),* }
            }
        }
    };
}

report_words!(read_words);

/// How deep the stack has been.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct StackUse {
    /// Bytes that were written at some time.
    pub used_bytes: u32,
    /// Bytes that there are for it.
    pub available_bytes: u32,
}

/// What cortex-m-rt paints the stack with before the program runs.
const PAINT: [u8; 4] = [0xCC; 4];

impl StackUse {
    /// From all of the stack's memory, lowest address first.
    pub(crate) fn measure(memory: &[u8]) -> Self {
        let untouched = memory.chunks_exact(4).take_while(|word| *word == PAINT).count() * 4;
        let available_bytes = memory.len() as u32;
        Self { used_bytes: available_bytes - untouched as u32, available_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_measured_from_its_deepest_word() {
        let mut memory = vec![0xCC; 32];
        assert_eq!(StackUse::measure(&memory), StackUse { used_bytes: 0, available_bytes: 32 });
        memory[9] = 0;
        memory[30] = 0;
        assert_eq!(StackUse::measure(&memory).used_bytes, 24);
    }
}
