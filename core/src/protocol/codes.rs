//! `Codes`: what the values of a type are called, as data.

/// The known values of a type that is a number.
#[derive(PartialEq, Eq, Debug)]
pub struct Codes {
    /// The type's name.
    pub name: &'static str,
    /// Each number with its name, by rising number.
    pub values: &'static [(u16, &'static str)],
}
