//! `cargo xtask each-feature`: the core and the backends with none of their features, each of them alone,
//! and all of them.
//!
//! Contract: a feature is whatever the crate's manifest lists under `[features]`, so that a new one is
//! built without a line here. A warning is a failure: what only one feature uses is unused without it.

use std::time::Instant;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

/// Folders of the crates.
const CRATES: [&str; 3] = ["core", "backend-std", "backend-smoltcp"];

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    for folder in CRATES {
        let started = Instant::now();
        let features = features_of(folder)?;
        check(folder, &[])?;
        for feature in &features {
            check(folder, &["--features", feature])?;
        }
        check(folder, &["--all-features"])?;
        let seconds = started.elapsed().as_secs_f32();
        println!("{folder} builds with {} ({seconds:.1} s)", features.join(", "));
    }
    Ok(())
}

fn check(folder: &str, features: &[&str]) -> Result<(), Failure> {
    let mut check = workspace::cargo();
    check.args(["check", "--quiet", "--lib", "--no-default-features"]).args(features);
    check.current_dir(workspace::root().join(folder));
    // The steps of the workspace's lane may run meanwhile.
    check.env("CARGO_TARGET_DIR", workspace::target_folder("each-feature"));
    check.env("RUSTFLAGS", "--deny warnings");
    let said = process::require(&mut check);
    said.map(drop).map_err(|said| format!("{folder} {}:\n{said}", features.join(" ")).into())
}

fn features_of(folder: &str) -> Result<Vec<String>, Failure> {
    let path = workspace::root().join(folder).join("Cargo.toml");
    let manifest =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(features(&manifest))
}

/// The features that a manifest lists. `default` is a set of the others.
fn features(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != "[features]").skip(1);
    let section = lines.take_while(|line| !line.starts_with('['));
    let names = section.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let is_one = |name: &&str| !name.starts_with(['#', ' ']) && *name != "default";
    names.filter(is_one).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_what_the_section_lists() {
        let manifest = "[package]\nname = \"a\"\n\n[features]\ndefault = [\"b\"]\n# c = d\n\
                        b = [\n    \"dep:e\",\n]\nf-g = []\n\n[dependencies]\nh = \"1\"\n";
        assert_eq!(features(manifest), ["b", "f-g"]);
        assert!(features("[package]\nname = \"a\"\n").is_empty());
    }

    #[test]
    fn the_crates_have_some() {
        for folder in CRATES {
            assert!(!features_of(folder).unwrap().is_empty(), "{folder}");
        }
    }
}
