//! Which compiler builds for a target that is not the host.
//!
//! Purpose: a developer's machine has rustup, which downloads a target's standard library; a machine
//! without that download may have Debian's packages, whose compiler builds the library from source.
//! The two can't be mixed, so each has its own build folder.
//!
//! Contract, in this order: what rustup has installed; what `rustup target add` brings within
//! [`DOWNLOAD_LIMIT`]; Debian's packages, installed if need be and if we may; else an error that
//! names the commands to run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::{Argument, option};
use crate::{Failure, process, workspace};

/// How long a download of rustup's may take.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(20);

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Who has made the compiler and the library.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// The toolchain that runs us, with the target's library installed.
    Rustup,
    /// Debian's, with the library built from source.
    Debian,
}

impl Source {
    /// As `--toolchain` names it.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name {
            "rustup" => Some(Self::Rustup),
            "debian" => Some(Self::Debian),
            _ => None,
        }
    }
}

/// How a command is told to use only one.
pub(crate) const ARGUMENT: Argument = option(
    "--toolchain",
    "rustup|debian",
    is_source,
    "with this one alone, instead of whichever is there",
);
fn is_source(name: &str) -> bool {
    Source::of_name(name).is_some()
}

/// A compiler that can build for the target it was chosen for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Toolchain {
    source: Source,
}

impl Toolchain {
    /// A toolchain for `target`, from `only` this source if it is given.
    pub(crate) fn choose(target: &str, only: Option<Source>) -> Result<Self, Failure> {
        let may_use = |source| only.is_none_or(|only| only == source);
        if may_use(Source::Rustup) && (is_installed(target) || is_added(target)) {
            return Ok(Self { source: Source::Rustup });
        }
        if may_use(Source::Debian) {
            return debian(target).map(|()| Self { source: Source::Debian });
        }
        Err(advice(target, "rustup has no such target here").into())
    }

    /// `cargo build` for `target`, into a folder of its own. Add the package and the profile.
    pub(crate) fn build(self, target: &str) -> Command {
        let mut cargo = self.cargo();
        cargo.args(["build", "--quiet", "--target", target]);
        if self.source == Source::Debian {
            // Nothing that is built here has more than the core.
            cargo.arg("-Zbuild-std=core");
            if let Some(linker) = rust_linker() {
                let target = target.to_uppercase().replace('-', "_");
                cargo.env(format!("CARGO_TARGET_{target}_LINKER"), linker);
            }
        }
        cargo
    }

    /// `cargo clippy` for `target`, into the folder of [`build`](Self::build). Debian's has none.
    pub(crate) fn clippy(self, target: &str) -> Option<Command> {
        let mut cargo = self.cargo();
        cargo.args(["clippy", "--quiet", "--target", target]);
        (self.source == Source::Rustup).then_some(cargo)
    }

    fn cargo(self) -> Command {
        let mut cargo = match self.source {
            Source::Rustup => workspace::cargo(),
            Source::Debian => debian_cargo(),
        };
        cargo.env("CARGO_TARGET_DIR", self.folder());
        cargo
    }

    /// The compiler's own words about its version.
    pub(crate) fn version(self) -> Result<String, Failure> {
        let mut rustc = match self.source {
            Source::Rustup => compiler(),
            Source::Debian => without_rustup(DEBIAN_RUSTC),
        };
        let said = process::require(rustc.arg("--version").current_dir(workspace::root()))?;
        Ok(said.trim().to_string())
    }

    /// Its build folder.
    pub(crate) fn folder(self) -> PathBuf {
        workspace::target_folder(match self.source {
            Source::Rustup => "cross-rustup",
            Source::Debian => "cross-debian",
        })
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Source::Rustup => "rustup's target",
            Source::Debian => "Debian's compiler and library source",
        })
    }
}

/// The compiler of the toolchain that runs us.
fn compiler() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Asks the compiler instead of rustup, because there are toolchains without rustup.
fn is_installed(target: &str) -> bool {
    let sysroot = sysroot_of(&mut compiler());
    sysroot.is_some_and(|root| root.join("lib/rustlib").join(target).join("lib").is_dir())
}

fn sysroot_of(compiler: &mut Command) -> Option<PathBuf> {
    let asked = compiler.args(["--print", "sysroot"]).current_dir(workspace::root());
    Some(PathBuf::from(process::require(asked).ok()?.trim()))
}

/// The linker of the toolchain that runs us, which links for every target. Debian's packages have none.
fn rust_linker() -> Option<PathBuf> {
    let libraries = sysroot_of(&mut Command::new("rustc"))?.join("lib/rustlib");
    let hosts = std::fs::read_dir(libraries).ok()?;
    let linkers = hosts.flatten().map(|host| host.path().join("bin/rust-lld"));
    linkers.into_iter().find(|linker| linker.is_file())
}

fn is_added(target: &str) -> bool {
    eprintln!("asking rustup for {target}");
    let mut rustup = Command::new("rustup");
    rustup.args(["--quiet", "target", "add", target]).current_dir(workspace::root());
    process::succeeds_within(&mut rustup, DOWNLOAD_LIMIT) && is_installed(target)
}

/// Debian's cargo with Debian's compiler; nothing of the toolchain that runs us may reach it.
fn debian_cargo() -> Command {
    let mut cargo = without_rustup(DEBIAN_CARGO);
    // Building the library is unstable; the library and the compiler fit each other here.
    cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
    cargo.current_dir(workspace::root());
    cargo
}

fn without_rustup(program: &str) -> Command {
    let mut command = Command::new(program);
    for variable in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTDOC", "RUSTFLAGS", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    command
}

fn debian(target: &str) -> Result<(), Failure> {
    if debian_problem().is_none() {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(advice(target, "there is neither a target of rustup nor apt-get").into());
    }
    install_packages(&DEBIAN_PACKAGES).map_err(|problem| advice(target, &problem.to_string()))?;
    debian_problem().map_or(Ok(()), |problem| Err(advice(target, &problem).into()))
}

/// What keeps Debian's toolchain from being used.
fn debian_problem() -> Option<String> {
    if !Path::new(DEBIAN_CARGO).exists() {
        return Some(format!("{DEBIAN_CARGO} is not there"));
    }
    let Some(sysroot) = sysroot_of(&mut without_rustup(DEBIAN_RUSTC)) else {
        return Some(format!("{DEBIAN_RUSTC} does not run"));
    };
    if !sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
        return Some("the source of Debian's library is not there".into());
    }
    let mut asked = without_rustup(DEBIAN_RUSTC);
    let version = process::require(asked.arg("--version")).unwrap_or_default();
    let number = version.split(' ').nth(1).and_then(workspace::parse_version);
    (number < workspace::rust_version()).then(|| format!("{} is too old", version.trim()))
}

/// A program that has to be there: it is installed from Debian's `package` if we may.
pub(crate) fn require_program(program: &str, package: &str) -> Result<(), Failure> {
    require_program_by(program, "--version", package)
}

/// The same, for a program that tells its version at another word.
pub(crate) fn require_program_by(
    program: &str,
    version: &str,
    package: &str,
) -> Result<(), Failure> {
    if process::capture(Command::new(program).arg(version)).is_success {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("{program} is not installed, and there is no apt-get").into());
    }
    install_packages(&[package]).map_err(|problem| {
        format!(
            "{program} is not installed, and can't be: {problem}\nas root: apt-get update && \
             apt-get install --no-install-recommends {package}"
        )
        .into()
    })
}

/// Installs packages of Debian.
pub(crate) fn install_packages(packages: &[&str]) -> Result<(), Failure> {
    eprintln!("installing {} with apt-get", packages.join(", "));
    // The lists may be old, and name packages that are gone or too old.
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends"][..]] {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt.args(["--quiet", "--option", "DPkg::Lock::Timeout=120"]).args(arguments);
        if arguments.len() > 1 {
            apt.args(packages);
        }
        process::require(&mut apt)?;
    }
    Ok(())
}

fn advice(target: &str, problem: &str) -> String {
    format!(
        "Nothing here can build for {target}: {}\n\nEither run\n  rustup target add {target}\n\
         or, on Debian, as root\n  apt-get update\n  \
         apt-get install --no-install-recommends {}",
        problem.trim(),
        DEBIAN_PACKAGES.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_s_own_library_is_always_installed() {
        let mut rustc = Command::new("rustc");
        let version = process::require(rustc.arg("-vV")).unwrap();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        assert!(is_installed(host));
        assert!(!is_installed("no-such-target"));
    }

    #[test]
    fn the_advice_names_what_to_run() {
        let advice = advice("thumbv6m-none-eabi", "no");
        assert!(advice.contains("rustup target add thumbv6m-none-eabi"));
        assert!(advice.contains("apt-get install --no-install-recommends rustc-web"));
    }
}
