//! `Contents`: the files of a package, as they lie in its tree.
//!
//! Contract: each has the rights that it was given, whatever those of its source are, and its folders are everybody's to read.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, process};

/// See the [module](self).
pub(super) struct Contents {
    root: PathBuf,
    /// Where each is, below the root, and its rights.
    files: Vec<(String, u32)>,
}

/// What only the package's tools read.
const CONTROL: &str = "DEBIAN";

fn told(error: std::io::Error) -> Failure {
    error.to_string().into()
}

/// Removes a folder, if it is there.
pub(super) fn remove(folder: &Path) -> Result<(), Failure> {
    if folder.exists() { std::fs::remove_dir_all(folder).map_err(told) } else { Ok(()) }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(told)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> Result<(), Failure> {
    Err("a package is made where files have rights: on a Debian".into())
}

impl Contents {
    /// None yet.
    pub(super) fn new(root: &Path) -> Result<Self, Failure> {
        remove(root)?;
        let contents = Self { root: root.to_owned(), files: Vec::new() };
        contents.make_folders(root)?;
        Ok(contents)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn make_folders(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(told)?;
        let ours = folder.ancestors().take_while(|it| it.starts_with(&self.root));
        ours.into_iter().try_for_each(|it| set_mode(it, 0o755))
    }

    /// Answers where a file of the package is to lie.
    fn place(&mut self, place: &str, mode: u32) -> Result<PathBuf, Failure> {
        let path = self.root.join(place);
        self.make_folders(path.parent().unwrap_or(&self.root))?;
        self.files.push((place.to_owned(), mode));
        Ok(path)
    }

    /// One more, as a copy of `source`.
    pub(super) fn add(
        &mut self,
        source: &Path,
        place: &str,
        mode: u32,
    ) -> Result<PathBuf, Failure> {
        let path = self.place(place, mode)?;
        std::fs::copy(source, &path).map_err(told)?;
        set_mode(&path, mode)?;
        Ok(path)
    }

    /// The same, under its own name, for everybody to read.
    pub(super) fn add_to(&mut self, source: &Path, folder: &str) -> Result<(), Failure> {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        self.add(source, &format!("{folder}/{name}"), 0o644).map(drop)
    }

    /// One more, of this text.
    pub(super) fn write(&mut self, place: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.place(place, 0o644)?;
        std::fs::write(&path, text).map_err(told)?;
        set_mode(&path, 0o644)?;
        Ok(path)
    }

    /// Some are compressed by now, and are called otherwise.
    pub(super) fn renew(&mut self) -> Result<(), Failure> {
        for (place, _) in &mut self.files {
            let compressed = format!("{place}.gz");
            if self.root.join(&compressed).exists() {
                *place = compressed;
            }
        }
        self.files.sort();
        Ok(())
    }

    /// How large it is when it is installed.
    pub(super) fn kilobytes(&self) -> Result<u64, Failure> {
        let bytes = |place: &String| {
            std::fs::metadata(self.root.join(place)).map(|it| it.len()).map_err(told)
        };
        self.files.iter().map(|(place, _)| Ok(bytes(place)?.div_ceil(1_024))).sum()
    }

    /// Writes what the package's tools read.
    pub(super) fn describe(&self, control: &str, settings: &[&str]) -> Result<(), Failure> {
        let folder = self.root.join(CONTROL);
        self.make_folders(&folder)?;
        let settings: String = settings.iter().map(|place| format!("/{place}\n")).collect();
        let mut sums = Command::new("md5sum");
        sums.arg("--").args(self.files.iter().map(|(place, _)| place)).current_dir(&self.root);
        let sums = process::require(&mut sums)?;
        for (name, text) in [("control", control), ("conffiles", &settings), ("md5sums", &sums)] {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(told)?;
            set_mode(&path, 0o644)?;
        }
        Ok(())
    }

    /// Compares it with what `dpkg-deb --contents` has told: root's files, with these rights, and no others.
    pub(super) fn compare(&self, told: &str) -> Result<(), Failure> {
        let listed = told.lines().filter(|line| !line.starts_with('d'));
        let mut listed: Vec<String> = listed
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (rights, owner) = (words.next()?, words.next()?);
                Some(format!("{} {rights} {owner}", words.nth(3)?))
            })
            .collect();
        listed.sort();
        let expected = self.files.iter().map(|(place, mode)| {
            let rights = if *mode == 0o755 { "-rwxr-xr-x" } else { "-rw-r--r--" };
            format!("./{place} {rights} root/root")
        });
        let expected: Vec<String> = expected.collect();
        if listed == expected {
            return Ok(());
        }
        Err(format!("it has {listed:#?}, not {expected:#?}").into())
    }

    /// Compares what lies in `folder` with the sums that the package says.
    pub(super) fn check_sums(&self, folder: &Path) -> Result<(), Failure> {
        let mut check = Command::new("md5sum");
        check.args(["--check", "--strict", "--quiet"]).arg(self.root.join(CONTROL).join("md5sums"));
        process::require(check.current_dir(folder)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_has_is_what_it_was_given_and_no_more() {
        let files = vec![("etc/a.toml".to_owned(), 0o644), ("usr/bin/a".to_owned(), 0o755)];
        let contents = Contents { root: PathBuf::new(), files };
        let told = "drwxr-xr-x root/root 0 2026-11-30 10:18 ./etc/
-rw-r--r-- root/root 274 2026-11-30 10:18 ./etc/a.toml
-rwxr-xr-x root/root 99 2026-11-30 10:18 ./usr/bin/a
";
        assert_eq!(contents.compare(told), Ok(()));
        let more = told.to_owned() + "-rw-r--r-- root/root 1 2026-11-30 10:18 ./usr/bin/b\n";
        let others = told.replace("root/root 99", "me/me 99");
        for wrong in [more, others, told.replace("-rwxr-xr-x", "-rwsr-xr-x"), String::new()] {
            assert!(contents.compare(&wrong).is_err(), "{wrong}");
        }
    }
}
