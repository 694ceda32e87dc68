//! What a program needs of the machine that runs it, as packages of Debian.
//!
//! Contract: the versions are those of the symbols that it asks its libraries for, no more and no less. A library that is not known
//! here is named, and there is no package.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::{Failure, process};

/// Which package has a library, and what the names of its versions begin with.
const LIBRARIES: [(&str, &str, &str); 5] = [
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("ld-linux-aarch64.so.1", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
];

type Version = Vec<u32>;

/// As a line of a package's description.
pub(super) fn of_program(program: &Path) -> Result<String, Failure> {
    let told = process::require(Command::new("objdump").arg("--private-headers").arg(program))?;
    Ok(read(&told)?)
}

/// Reads what `objdump --private-headers` has told.
fn read(told: &str) -> Result<String, String> {
    let mut packages = BTreeMap::<&str, Version>::new();
    let mut wanted: Option<(&str, &str)> = None;
    for line in told.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["NEEDED", library] = words[..] {
            packages.entry(package_of(library)?.0).or_default();
        } else if let Some(library) = line.strip_prefix("required from ") {
            wanted = Some(package_of(library.trim_end_matches(':'))?);
        } else if let (Some((package, prefix)), [.., name]) = (wanted, &words[..])
            && let Some(version) = name.strip_prefix(prefix).and_then(version_of)
        {
            let least = packages.entry(package).or_default();
            *least = version.max(least.clone());
        }
    }
    if packages.is_empty() {
        return Err("objdump names no library that it needs".to_owned());
    }
    let lines = packages.into_iter().map(|(package, version)| {
        let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
        match numbers.is_empty() {
            true => package.to_owned(),
            false => format!("{package} (>= {})", numbers.join(".")),
        }
    });
    Ok(lines.collect::<Vec<_>>().join(", "))
}

fn package_of(library: &str) -> Result<(&'static str, &'static str), String> {
    let known = LIBRARIES.iter().find(|(name, ..)| *name == library);
    let known = known.map(|(_, package, prefix)| (*package, *prefix));
    known.ok_or_else(|| format!("the program needs {library}, whose package is not known here"))
}

/// `2.34` of `GLIBC_2.34`; what is no number is no version.
fn version_of(text: &str) -> Option<Version> {
    text.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "
Dynamic Section:
  NEEDED               libgcc_s.so.1
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2

Version References:
  required from libgcc_s.so.1:
    0x09276060 0x00 03 GCC_4.2.0
    0x0b792650 0x00 02 GCC_3.0
  required from libc.so.6:
    0x069691b4 0x00 09 GLIBC_2.34
    0x06969188 0x00 07 GLIBC_2.9
    0x0d696919 0x00 08 GLIBC_ABI_DT_RELR
";

    #[test]
    fn the_newest_version_that_is_asked_for_is_the_least_that_does() {
        assert_eq!(read(TOLD).unwrap(), "libc6 (>= 2.34), libgcc-s1 (>= 4.2.0)");
        let plain = "NEEDED libc.so.6\n";
        assert_eq!(read(plain).unwrap(), "libc6");
    }

    #[test]
    fn a_library_of_an_unknown_package_is_named() {
        let refused = read(&TOLD.replace("libgcc_s.so.1", "libssl.so.3")).unwrap_err();
        assert!(refused.contains("libssl.so.3"), "{refused}");
        assert!(read("").is_err());
    }
}
