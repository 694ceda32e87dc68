//! What the abilities of a world cost, each for itself.
//!
//! Contract: a cost is the difference of two whole images, RAM with the stack that they may take. What several cost
//! together is less than their sum where they share code.

use toml::Table;

use crate::account::Account;
use crate::settings::{Ability, AbilitySettings};

/// What the block of a README with this table is called, as an image is.
pub const NAME: &str = "abilities";

/// What an ability costs; a compiler may find something shorter with it than without.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Which it is.
    pub feature: String,
    /// What for.
    pub what: String,
    /// Bytes of RAM.
    pub ram: i64,
    /// Bytes of flash.
    pub flash: i64,
}

/// Measures all of them by the accounts that `account_of` makes of a binary with features and keys.
///
/// # Errors
/// What `account_of` says.
pub fn measure(
    settings: &AbilitySettings,
    account_of: impl Fn(&str, &[String], &Table) -> Result<Account, String>,
) -> Result<Vec<Cost>, String> {
    let size = |features: &[String]| {
        let account = account_of(&settings.binary, features, &settings.device)?;
        Ok::<_, String>((account.ram_bytes().cast_signed(), account.flash_bytes.cast_signed()))
    };
    let (ram, flash) = size(&[])?;
    let cost = |Ability { feature, what }: &Ability| {
        let with = size(std::slice::from_ref(feature))?;
        let (feature, what) = (feature.clone(), what.clone());
        Ok(Cost { feature, what, ram: with.0 - ram, flash: with.1 - flash })
    };
    settings.ability.iter().map(cost).collect()
}

/// The table of a README.
pub fn table(costs: &[Cost]) -> String {
    let rows = costs.iter().map(|Cost { feature, what, ram, flash }| {
        format!("| `{feature}` | {what} | {ram} | {flash} |\n")
    });
    "| feature | what for | RAM | flash |\n|---|---|---|---|\n".to_owned()
        + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_it_is_and_what_it_costs() {
        let (feature, what) = ("seats".to_owned(), "places that are held".to_owned());
        let table = table(&[Cost { feature, what, ram: 80, flash: -4 }]);
        assert!(table.ends_with("| `seats` | places that are held | 80 | -4 |\n"));
    }
}
