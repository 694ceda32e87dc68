//! `cargo xtask crates`: the crates that others build upon, built from their packages alone.
//!
//! Purpose: what is published has everything that it is built of, and says what it is. So each is packed, and unpacked where nothing
//! of this repository is; there they are one workspace, and stand upon each other as they would if they were published.
//!
//! Contract: nothing is published, and nothing asked but what their other dependencies need anyway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

/// Folders of the crates, each of which says `publish = true`. The servers have files of `backend-web` and `firmware-demo` in them,
/// and the roles and parts of boards a workspace of their own.
const FOLDERS: [&str; 10] = [
    "core",
    "serial",
    "settings",
    "backend-smoltcp",
    "backend-std",
    "backend-web",
    "backend-web/client",
    "examples/coin-rush",
    "examples/tag",
    "testing",
];
/// What whoever looks for a crate sees of it.
const TELLING: [&str; 4] = ["description", "license", "rust-version", "version"];

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    let names = FOLDERS.map(|folder| manifest_of(folder).and_then(|text| name_in(&text)));
    let names = names.into_iter().collect::<Result<Vec<String>, Failure>>()?;
    let folder = workspace::target_folder("crates");
    pack(&names, &folder)?;
    let alone = folder.join("alone");
    if alone.exists() {
        fs::remove_dir_all(&alone).map_err(|error| told(&alone, &error))?;
    }
    fs::create_dir_all(&alone).map_err(|error| told(&alone, &error))?;
    let version = workspace::version()?;
    for name in &names {
        unpack(&folder.join(format!("package/{name}-{version}.crate")), &alone)?;
    }
    build(&names, &version, &alone)?;
    println!("{} crates are built from their packages alone", names.len());
    Ok(())
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn manifest_of(folder: &str) -> Result<String, Failure> {
    let path = workspace::root().join(folder).join("Cargo.toml");
    Ok(fs::read_to_string(&path).map_err(|error| told(&path, &error))?)
}

fn name_in(manifest: &str) -> Result<String, Failure> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""));
    let name = line.and_then(|rest| rest.strip_suffix('"'));
    Ok(name.ok_or("a manifest has no name")?.to_owned())
}

/// All in one call: a crate's package is asked for by those that stand upon it.
fn pack(names: &[String], folder: &Path) -> Result<(), Failure> {
    let mut package = workspace::cargo();
    package.args(["package", "--no-verify", "--allow-dirty"]);
    package.args(names.iter().flat_map(|name| ["--package", name]));
    package.env("CARGO_TARGET_DIR", folder);
    process::require(&mut package).map(drop)
}

/// Unpacks one, and looks whether it says what it is.
fn unpack(package: &Path, into: &Path) -> Result<(), Failure> {
    process::require(Command::new("tar").arg("-xzf").arg(package).arg("-C").arg(into))?;
    let folder: PathBuf = into.join(package.file_stem().unwrap_or_default());
    let path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
    let says = |key: &str| manifest.lines().any(|line| line.starts_with(&format!("{key} = \"")));
    match TELLING.into_iter().find(|key| !says(key)) {
        None => Ok(()),
        Some(key) => Err(format!("{}: no {key}", path.display()).into()),
    }
}

fn build(names: &[String], version: &str, alone: &Path) -> Result<(), Failure> {
    let manifest = alone.join("Cargo.toml");
    fs::write(&manifest, around(names, version)).map_err(|error| told(&manifest, &error))?;
    // The versions that everything else here is tested with.
    let (lock, copy) = (workspace::root().join("Cargo.lock"), alone.join("Cargo.lock"));
    fs::copy(&lock, &copy).map_err(|error| told(&copy, &error))?;
    let mut check = workspace::cargo();
    check.args(["check", "--quiet", "--workspace"]).current_dir(alone);
    check.env("CARGO_TARGET_DIR", workspace::target_folder("crates/build"));
    check.env("CARGO_PROFILE_DEV_DEBUG", "0");
    process::require(&mut check).map(drop)
}

/// A workspace of packages, where each is in the place of what would be published by its name.
fn around(names: &[String], version: &str) -> String {
    let of_each = |line: fn(&str, &str) -> String| -> String {
        names.iter().map(|name| line(name, version)).collect()
    };
    let members = of_each(|name, version| format!("    \"{name}-{version}\",\n"));
    let instead = of_each(|name, version| format!("{name} = {{ path = \"{name}-{version}\" }}\n"));
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{instead}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "publish = true";

    fn folders_in(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
        folders.filter(|path| path.file_name().is_some_and(|name| name != "target")).collect()
    }

    #[test]
    fn whatever_is_to_be_published_is_in_the_list() {
        let mut folders = folders_in(&workspace::root());
        folders.extend(folders.clone().iter().flat_map(|folder| folders_in(folder)));
        let is_published = |folder: &&PathBuf| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            manifest.lines().any(|line| line == PUBLISHED)
        };
        let mut published: Vec<PathBuf> = folders.iter().filter(is_published).cloned().collect();
        let mut listed: Vec<PathBuf> =
            FOLDERS.iter().map(|folder| workspace::root().join(folder)).collect();
        published.sort();
        listed.sort();
        assert_eq!(published, listed);
    }

    #[test]
    fn each_package_is_in_the_place_of_its_name() {
        let text = around(&["a".to_owned(), "b".to_owned()], "0.1.0");
        assert!(text.contains("members = [\n    \"a-0.1.0\",\n    \"b-0.1.0\",\n]"), "{text}");
        assert!(text.ends_with("a = { path = \"a-0.1.0\" }\nb = { path = \"b-0.1.0\" }\n"));
    }
}
