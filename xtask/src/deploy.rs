//! `cargo xtask deploy`: what is in `deploy/`, by the programs that judge such files.
//!
//! Contract: what is missing is installed from Debian's packages if we may, or unpacked into the build folder, or named.
//! What a server has to say of these files (commands, keys, names of figures) its own tests ask it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, packages, process, toolchain, workspace};

const REQUIREMENTS: &str = "deploy/requirements.txt";
/// Not the newest: what clusters have had for a while.
const KUBERNETES: &str = "1.31";
const BINARY: &str = "/usr/bin/tinyrealm";

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    let folder = workspace::target_folder("deploy");
    let (units, program) = (Path::new("deploy/systemd"), Path::new("/bin/true"));
    verify_units(units, &folder.join("systemd"), program)?;
    validate_manifests(&folder.join("python"))?;
    check_rules(&folder.join("prometheus"))
}

fn told(error: std::io::Error) -> Failure {
    error.to_string().into()
}

/// The files of a folder of the workspace, or of another place, whose names end so, in order.
pub(crate) fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(workspace::root().join(folder)).map_err(told)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(told));
    let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == end));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("there is no .{end} in {}", folder.display()).into());
    }
    Ok(paths)
}

/// A unit whose program is not installed is refused, so copies in `folder` name one that is there; and a template is one of its
/// instances.
pub(crate) fn verify_units(units: &Path, folder: &Path, program: &Path) -> Result<(), Failure> {
    toolchain::require_program("systemd-analyze", "systemd")?;
    std::fs::create_dir_all(folder).map_err(told)?;
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for path in files(units, "service")? {
        let text = std::fs::read_to_string(&path).map_err(told)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace('@', "@7");
        let copy = folder.join(name);
        std::fs::write(&copy, text.replace(BINARY, &program.to_string_lossy())).map_err(told)?;
        verify.arg(copy);
    }
    let said = process::capture(verify.env("LC_ALL", "C"));
    // A key that it does not know it only warns of.
    if said.is_success && said.output.trim().is_empty() {
        return Ok(());
    }
    Err(format!("systemd-analyze verify: {}", said.output).into())
}

fn validate_manifests(folder: &Path) -> Result<(), Failure> {
    packages::install_python(REQUIREMENTS, folder)?;
    let mut validate = Command::new("python3");
    validate.args(["-m", "kubernetes_validate"]);
    validate.args(["--strict", "--kubernetes-version", KUBERNETES]);
    validate.env("PYTHONPATH", folder).args(files(Path::new("deploy/kubernetes"), "yaml")?);
    process::require(&mut validate).map(drop)
}

/// Debian's package would start a server when it is installed: it is unpacked instead.
fn check_rules(folder: &Path) -> Result<(), Failure> {
    let promtool = folder.join("usr/bin/promtool");
    if !promtool.exists() {
        std::fs::create_dir_all(folder).map_err(told)?;
        let download = ["download", "--quiet", "prometheus"];
        if process::require(Command::new("apt-get").args(download).current_dir(folder)).is_err() {
            process::require(Command::new("apt-get").args(["update", "--quiet"]))?;
            process::require(Command::new("apt-get").args(download).current_dir(folder))?;
        }
        let unpack = "dpkg -x prometheus_*.deb . && rm prometheus_*.deb usr/bin/prometheus";
        process::require(Command::new("sh").args(["-c", unpack]).current_dir(folder))?;
    }
    let mut check = Command::new(promtool);
    check.args(["check", "rules"]).args(files(Path::new("deploy/prometheus"), "yaml")?);
    process::require(&mut check).map(drop)
}
