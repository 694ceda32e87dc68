//! `cargo xtask package`: a Debian package of the servers as users build them, by `dpkg-deb`, and what is found in it.
//!
//! Purpose: what such a package has is said here, and nowhere else.
//!
//! Contract: it is made of the release alone, runs nothing when it is installed or removed, and is read and unpacked again before
//! anybody is told where it is. Whoever has no `dpkg-deb` is told so.

mod contents;
mod needs;

use std::path::Path;
use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, deploy, process, toolchain, workspace};
use contents::Contents;

const NAME: &str = "tinyrealm";
/// What is made anew of the same version has another one.
const REVISION: &str = "1";
const MAINTAINER: &str = "The Tinyrealm developers";
const DESCRIPTION: &str = "servers of small realms, for games with rooms
 Main, worlds, login and chat servers of a realm, bots and a terminal client,
 in one program, with units of systemd for each of the servers.";
/// Whoever installs a newer version keeps what he has written there.
const CONFIGURATION: &str = "etc/tinyrealm/realm.toml";

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    for (program, package) in [("dpkg-deb", "dpkg"), ("objdump", "binutils"), ("gzip", "gzip")] {
        toolchain::require_program(program, package)?;
    }
    let folder = workspace::target_folder("debian");
    let version = format!("{}-{REVISION}", workspace::version()?);
    let architecture = process::require(Command::new("dpkg").arg("--print-architecture"))?;
    let architecture = architecture.trim();
    let contents = fill(&folder.join("tree"), &version)?;
    contents.describe(&control(&contents, &version, architecture)?, &[CONFIGURATION])?;
    let package = folder.join(format!("{NAME}_{version}_{architecture}.deb"));
    let mut build = Command::new("dpkg-deb");
    // Of a test that is one of many, xz would take half of the time.
    build.args(["-Zgzip", "--root-owner-group", "--build"]).arg(contents.root()).arg(&package);
    process::require(&mut build)?;
    judge(&package, &contents, &folder.join("unpacked"), &version)?;
    println!("{}", package.display());
    Ok(())
}

/// All that it installs.
fn fill(tree: &Path, version: &str) -> Result<Contents, Failure> {
    let root = workspace::root();
    let mut contents = Contents::new(tree)?;
    let program = contents.add(&workspace::release_binary()?, "usr/bin/tinyrealm", 0o755)?;
    process::require(Command::new("strip").args(["--strip-unneeded", "-p"]).arg(program))?;
    contents.add(&root.join("deploy/debian/realm.toml"), CONFIGURATION, 0o644)?;
    for unit in deploy::files(Path::new("deploy/systemd"), "service")? {
        contents.add_to(&unit, "usr/lib/systemd/system")?;
    }
    let documents = "usr/share/doc/tinyrealm";
    for page in deploy::files(Path::new("docs"), "md")? {
        contents.add_to(&page, documents)?;
    }
    contents.add_to(&root.join("deploy/debian/copyright"), documents)?;
    let changes =
        contents.add(&root.join("CHANGELOG.md"), &format!("{documents}/changelog"), 0o644);
    compress(&changes?)?;
    let text = format!("{documents}/changelog.Debian");
    compress(&contents.write(&text, &changelog(version)?)?)?;
    contents.renew()?;
    Ok(contents)
}

/// As Debian wants it, and the same for the same file.
fn compress(file: &Path) -> Result<(), Failure> {
    process::require(Command::new("gzip").args(["-9", "--no-name"]).arg(file)).map(drop)
}

/// This version is as old as what is said of it.
fn changelog(version: &str) -> Result<String, Failure> {
    let mut date = Command::new("date");
    date.args(["--rfc-email", "--utc", "--reference", "CHANGELOG.md"]);
    let date = process::require(date.current_dir(workspace::root()).env("LC_ALL", "C"))?;
    Ok(format!(
        "{NAME} ({version}) unstable; urgency=medium\n\n  * What is new is in changelog.gz.\n\n -- {MAINTAINER}  {}\n",
        date.trim()
    ))
}

fn control(contents: &Contents, version: &str, architecture: &str) -> Result<String, Failure> {
    let program = contents.root().join("usr/bin/tinyrealm");
    let depends = needs::of_program(&program)?;
    let kilobytes = contents.kilobytes()?;
    Ok(format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n\
         Installed-Size: {kilobytes}\nDepends: {depends}\nSection: games\nPriority: optional\n\
         Description: {DESCRIPTION}\n"
    ))
}

/// Reads it as those do who install it, and runs what is in it.
fn judge(package: &Path, contents: &Contents, to: &Path, version: &str) -> Result<(), Failure> {
    let told = process::require(Command::new("dpkg-deb").arg("--info").arg(package))?;
    for line in [format!("Version: {version}"), "Depends: libc6 (>= ".to_owned()] {
        if !told.contains(&line) {
            return Err(format!("dpkg-deb --info has no {line:?}: {told}").into());
        }
    }
    contents
        .compare(&process::require(Command::new("dpkg-deb").arg("--contents").arg(package))?)?;
    contents::remove(to)?;
    process::require(Command::new("dpkg").arg("-x").args([package, to]))?;
    let program = to.join("usr/bin/tinyrealm");
    let told = process::require(Command::new(&program).arg("--version"))?;
    let expected = format!("{NAME} {}", version.trim_end_matches(&format!("-{REVISION}")));
    if told.trim() != expected {
        return Err(format!("the program that was unpacked is {told:?}, not {expected:?}").into());
    }
    let mut check = Command::new(&program);
    process::require(check.args(["check-config", "--config"]).arg(to.join(CONFIGURATION)))?;
    contents.check_sums(to)?;
    deploy::verify_units(&to.join("usr/lib/systemd/system"), &to.join("units"), &program)?;
    // Whether this machine has what it depends on, and nothing is in its way.
    process::require(Command::new("dpkg").args(["--no-act", "--install"]).arg(package)).map(drop)
}
