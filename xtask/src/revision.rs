//! Another state of this repository, as files.
//!
//! Contract: nothing is fetched. What was taken out once is not taken out again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, process, workspace};

/// The whole name of a commit that somebody calls so.
pub(crate) fn commit_of(name: &str) -> Result<String, Failure> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    git.arg(format!("{name}^{{commit}}")).current_dir(workspace::root());
    let said = process::require(&mut git);
    let commit = said.map_err(|_| {
        format!("`{name}` is no commit that is here: `git log` names those that are")
    })?;
    Ok(commit.trim().to_owned())
}

/// The files of a commit, in this folder of the build folder.
pub(crate) fn files_of(commit: &str, folder: &str) -> Result<PathBuf, Failure> {
    let folder = workspace::target_folder(folder);
    let files = folder.join(commit);
    if !files.exists() {
        unpack(commit, &files)?;
    }
    Ok(files)
}

/// By way of another folder, so that what was broken off is not taken for it.
fn unpack(commit: &str, into: &Path) -> Result<(), Failure> {
    let told = |error: std::io::Error| error.to_string();
    let (part, archive) = (into.with_extension("part"), into.with_extension("tar"));
    std::fs::create_dir_all(&part).map_err(told)?;
    let mut git = Command::new("git");
    git.arg("archive").arg("--output").arg(&archive).arg(commit);
    process::require(git.current_dir(workspace::root())).map_err(|said| {
        format!(
            "{said}the repository lacks {commit}: a shallow clone needs `git fetch --unshallow`"
        )
    })?;
    process::require(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&part))?;
    std::fs::remove_file(&archive).map_err(told)?;
    std::fs::rename(&part, into).map_err(|error| told(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_has_one_name_and_nonsense_none() {
        let head = commit_of("HEAD").unwrap();
        assert_eq!(head.len(), 40);
        assert_eq!(commit_of(&head), Ok(head));
        for wrong in ["", "no-such-branch", "--help", "HEAD:README.md"] {
            let told = commit_of(wrong).unwrap_err().to_string();
            assert!(told.contains("is no commit that is here"), "{wrong}: {told}");
        }
    }
}
