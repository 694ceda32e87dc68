//! `budget.toml`: which images there are, and what each may take.
//!
//! Contract: unknown keys are errors. An image's `device` has keys of `device.toml`. What is known of calls through pointers
//! in what every board has is `pointer_calls.toml`, and need not be said again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the README calls the board.
    pub board: String,
    /// The README with its tables, from the folder of the file.
    pub readme: Option<PathBuf>,
    /// Images, in the order in which they are reported.
    pub image: Vec<ImageSettings>,
    /// What is told, and not limited.
    pub abilities: Option<AbilitySettings>,
    /// What is known of calls through pointers.
    #[serde(default)]
    pub pointer_call: Vec<PointerCall>,
}

/// One image and its limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// What the report calls it.
    pub name: String,
    /// The binary of the board's package.
    pub binary: String,
    /// Cargo features of the board's package.
    #[serde(default)]
    pub features: Vec<String>,
    /// Keys of `device.toml` that differ.
    #[serde(default)]
    pub device: toml::Table,
    /// The most bytes of RAM: variables and stack.
    pub ram_bytes: Option<u64>,
    /// The most bytes of flash.
    pub flash_bytes: Option<u64>,
    /// The most bytes of RAM for sessions, rooms, rings and attaches; without it, any number.
    pub core_bytes: Option<u64>,
}

/// Cargo features whose cost is told: what a binary with one of them has more than without any.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbilitySettings {
    /// The binary of the board's package.
    pub binary: String,
    /// Keys of `device.toml` that differ.
    #[serde(default)]
    pub device: toml::Table,
    /// The features, in the order in which they are told.
    pub ability: Vec<Ability>,
}

/// A cargo feature of the board's package, and what it is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ability {
    /// The feature.
    pub feature: String,
    /// What it is for, in a few words.
    pub what: String,
}

/// A function that calls others through pointers, and whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointerCall {
    /// A part of the caller's name.
    pub from: String,
    /// A part of the callees' names.
    pub to: String,
    /// The variable that the callee's stack is in, if it has one of its own.
    pub stack_in: Option<String>,
}

/// The part of a file that is about calls through pointers.
#[derive(Deserialize)]
struct PointerCalls {
    pointer_call: Vec<PointerCall>,
}

/// What is known of calls through pointers on every board.
///
/// # Errors
/// None that a test has not seen.
pub fn known_pointer_calls() -> Result<Vec<PointerCall>, String> {
    let known: PointerCalls = toml::from_str(include_str!("../pointer_calls.toml"))
        .map_err(|error| format!("pointer_calls.toml: {error}"))?;
    Ok(known.pointer_call)
}

impl ImageSettings {
    /// An image of which nothing is known but where it is.
    pub fn of_file(path: &Path) -> Self {
        let name = path.display().to_string();
        let (binary, features, device) = (name.clone(), Vec::new(), toml::Table::new());
        Self {
            name,
            binary,
            features,
            device,
            ram_bytes: None,
            flash_bytes: None,
            core_bytes: None,
        }
    }

    /// Whether it is built as a board's user builds it without asking for more.
    pub fn is_ordinary(&self) -> bool {
        self.features.is_empty() && self.device.is_empty()
    }
}

impl Settings {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads the text of the file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut settings: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.pointer_call.extend(known_pointer_calls()?);
        let mut names = BTreeMap::new();
        for image in &settings.image {
            if names.insert(&image.name, ()).is_some() {
                return Err(format!("two images are called `{}`", image.name));
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = "board = \"c\"\n";
    const IMAGE: &str = "[[image]]\nname = \"a\"\nbinary = \"b\"\nram_bytes = 1\nflash_bytes = 2\n";

    #[test]
    fn an_image_has_its_limits_and_perhaps_a_device_of_its_own() {
        let text = format!("{BOARD}{IMAGE}[image.device.world]\nroom_capacity = 4\n");
        let settings = Settings::parse(&text).unwrap();
        assert_eq!(settings.image[0].ram_bytes, Some(1));
        assert_eq!(settings.image[0].device["world"]["room_capacity"].as_integer(), Some(4));
    }

    #[test]
    fn every_ability_of_core_is_told() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let settings = Settings::read(&root.join("firmware-demo/budget.toml")).unwrap();
        let told = settings.abilities.unwrap().ability;
        let core = std::fs::read_to_string(root.join("core/Cargo.toml")).unwrap();
        let core: toml::Table = core.parse().unwrap();
        let features = core["features"].as_table().unwrap().keys();
        // Two are a board's `log`, one for servers, the other one for devices; and no board with `secure` is to speak in clear.
        // A board has one Main, drains as its rooms move, and is not simulated.
        let others = ["log", "defmt", "clear-links", "mains", "draining", "simulated-directory"];
        let is_other = |feature: &str| others.contains(&feature);
        for feature in features.map(String::as_str).filter(|feature| !is_other(feature)) {
            assert!(told.iter().any(|ability| ability.feature == feature), "{feature}");
        }
        assert!(told.iter().any(|ability| ability.feature == "log"));
    }

    #[test]
    fn unknown_keys_and_equal_names_are_errors() {
        let unknown = Settings::parse(&format!("{BOARD}{IMAGE}ram_kilobytes = 3\n"));
        assert!(unknown.is_err_and(|problem| problem.contains("ram_kilobytes")));
        let twice = Settings::parse(&format!("{BOARD}{IMAGE}{IMAGE}"));
        assert!(twice.is_err_and(|problem| problem.contains("two images")));
    }
}
