//! Where things are: the workspace, its build folder, the cargo that runs us.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, process};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    // Cargo sets it at run time too, so a moved or shared build folder does no harm.
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}

/// A folder of its own in the build folder, for builds that run beside the workspace's.
pub(crate) fn target_folder(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join(name)
}

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// `cargo` with these: the core's own tests. There are a thousand, and to build them at any speed but this takes longer than they
/// run.
pub(crate) const CORE_TESTS: [&str; 6] = [
    "test",
    "--package",
    "tinyrealm-core",
    "--all-features",
    "--config",
    "profile.dev.package.tinyrealm-core.opt-level=0",
];

/// Every other package. Whoever chooses a single one of them has all that it stands on built once more, with
/// what it enables alone; so all tests have the servers with everything, and users' release has what is on by default.
pub(crate) const OTHER_PACKAGES: [&str; 5] =
    ["--workspace", "--exclude", "tinyrealm-core", "--features", "tinyrealm-servers/cluster"];

/// The tests of this name.
pub(crate) fn tests(name: &str) -> Command {
    let mut tests = cargo();
    tests.args(["test", "--quiet"]).args(OTHER_PACKAGES).args(["--test", name]);
    tests
}

/// Builds the servers as their tests run them, and answers where they are.
pub(crate) fn debug_binary() -> Result<PathBuf, Failure> {
    process::require(tests("realm").arg("--no-run"))?;
    Ok(target_folder(&format!("debug/tinyrealm{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds an example of the servers as their tests run it.
pub(crate) fn build_example(name: &str) -> Result<(), Failure> {
    let mut example = cargo();
    example.args(["build", "--quiet"]).args(OTHER_PACKAGES).args(["--example", name]);
    process::require(&mut example).map(drop)
}

/// Builds the servers as users run them, and answers where they are.
pub(crate) fn release_binary() -> Result<PathBuf, Failure> {
    process::require(cargo().args(["build", "--quiet", "--release"]))?;
    Ok(target_folder(&format!("release/tinyrealm{}", std::env::consts::EXE_SUFFIX)))
}

/// The same, with what a realm of several machines needs.
pub(crate) fn release_binary_for_clusters() -> Result<PathBuf, Failure> {
    let package = ["--package", "tinyrealm-servers", "--features", "cluster"];
    process::require(cargo().args(["build", "--quiet", "--release"]).args(package))?;
    Ok(target_folder(&format!("release/tinyrealm{}", std::env::consts::EXE_SUFFIX)))
}

/// The version of all that is released together.
pub(crate) fn version() -> Result<String, Failure> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"));
    let manifest = manifest.map_err(|error| error.to_string())?;
    let line = manifest.lines().find(|line| line.starts_with("version = "));
    let version = line.and_then(|line| line.split('"').nth(1));
    Ok(version.ok_or("Cargo.toml has no version of the workspace")?.to_owned())
}

/// The oldest compiler that the workspace takes, as its manifest says: `(1, 88)`.
pub(crate) fn rust_version() -> Option<(u32, u32)> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).ok()?;
    let line = manifest.lines().find(|line| line.starts_with("rust-version"))?;
    parse_version(line.split('"').nth(1)?)
}

/// The first two numbers of a version.
pub(crate) fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_their_first_two_numbers() {
        assert_eq!(parse_version("1.88"), Some((1, 88)));
        assert_eq!(parse_version("1.96.0"), Some((1, 96)));
        assert_eq!(parse_version("new"), None);
    }

    #[test]
    fn the_manifest_names_its_compiler() {
        assert!(rust_version().is_some_and(|version| version >= (1, 85)));
    }
}
