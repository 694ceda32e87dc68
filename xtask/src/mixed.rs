//! `cargo xtask mixed`: this release's servers and the last one's in one realm.
//!
//! Purpose: a realm is upgraded server by server, so two neighbouring releases have to understand each
//! other. The last one is the commit that `tests/mixed/release` names: its source is taken out of the
//! repository, built, and run beside what is here.
//!
//! Contract: nothing is fetched. The older program is one of a small workspace of its own around the older
//! source, so that both share the build folder and what they depend on, and neither rebuilds the other's.

use std::path::{Path, PathBuf};

use crate::command::Arguments;
use crate::{Failure, process, revision, workspace};

const RELEASE: &str = "tests/mixed/release";
const OLDER: &str = "tinyrealm-older";
/// As the older program's: what is tested is what it says, not how fast.
const MANIFEST: &str = include_str!("mixed/Cargo.toml.txt");

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let release = Release::read()?;
    let older = release.build()?;
    println!("{} of {} is built", release.version, release.commit);
    let mut tests = workspace::tests("mixed");
    tests.args(["--features", "tinyrealm-mixed/programs", "--", "--nocapture"]);
    tests.args(&arguments.words);
    tests.env("TINYREALM_OLDER", older).env("TINYREALM_BINARY", workspace::release_binary()?);
    process::pass_through(&mut tests)
}

/// What `tests/mixed/release` says.
#[derive(PartialEq, Eq, Debug)]
struct Release {
    version: String,
    commit: String,
}

impl Release {
    fn read() -> Result<Self, Failure> {
        let path = workspace::root().join(RELEASE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).ok_or_else(|| format!("{RELEASE} is not `VERSION COMMIT`").into())
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, commit) = text.trim().split_once(' ')?;
        let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_commit.then(|| Self { version: version.to_owned(), commit: commit.to_owned() })
    }

    /// Builds it, and answers where its program is.
    fn build(&self) -> Result<PathBuf, Failure> {
        let source = revision::files_of(&self.commit, "mixed")?;
        let manifest = std::fs::read_to_string(source.join("Cargo.toml"))
            .map_err(|error| error.to_string())?;
        if !manifest.contains(&format!("\nversion = \"{}\"\n", self.version)) {
            return Err(format!("{} is not version {}", self.commit, self.version).into());
        }
        let around = workspace::target_folder("mixed").join("around");
        write_workspace(&around, &source).map_err(|error| error.to_string())?;
        let mut build = workspace::cargo();
        build.args(["build", "--quiet"]).current_dir(&around);
        build.env("CARGO_TARGET_DIR", workspace::target_folder(""));
        process::require(&mut build)?;
        Ok(workspace::target_folder("debug").join(OLDER))
    }
}

/// The manifest, and the versions of the older release.
fn write_workspace(folder: &Path, source: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let manifest = MANIFEST.replace("{{source}}", &source.display().to_string());
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::copy(source.join("Cargo.lock"), folder.join("Cargo.lock")).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_version_and_a_whole_commit() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let release = Release::parse(&format!("0.2.0 {commit}\n")).unwrap();
        assert_eq!((release.version.as_str(), release.commit.as_str()), ("0.2.0", commit));
        for wrong in ["", "0.2.0", "0.2.0 0123", &format!("0.2.0 {commit}0")] {
            assert_eq!(Release::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_release_that_is_named_is_one() {
        Release::read().unwrap();
    }
}
