//! Where each byte of a firmware image is, and whether it may be there.
//!
//! Purpose: reads the ELF file that is flashed, and nothing else: [`parts`] says what RAM and flash are
//! for, [`stack`] how deep the stack can get, [`account`] what `budget.toml` says to that.
//!
//! Contract: every byte of every section belongs to one part. What is not known is said to be so.
//!
//! Bounds: ARM in Thumb state, with symbols and DWARF (`debug = 2`).

pub mod abilities;
pub mod account;
pub mod build;
pub mod compare;
pub mod debug_info;
pub mod image;
pub mod paint;
pub mod part;
pub mod parts;
pub mod readme;
pub mod report;
pub mod settings;
pub mod stack;
pub mod thumb;
pub mod what_if;
