//! `cargo xtask budget`: where each byte of the firmware is, and whether it may be there.
//!
//! Contract: builds the images of a board's `budget.toml` and hands the arguments on to
//! `tinyrealm-budget`, which reads them, and if asked what each ability costs; a limit that does not hold is a failure, and so
//! is a table of a README that is not today's. The board is that of QEMU, whose file is `firmware-demo/budget.toml`, or the
//! one that `--board` names or whose crate's folder it says, built there as its user does. With `--compare` the same is asked
//! of another commit first, by the budget that it has itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::Arguments;
use crate::toolchain::Toolchain;
use crate::{Failure, firmware, process, revision, workspace};

const TARGET: &str = "thumbv7m-none-eabi";
const PACKAGE: &str = "tinyrealm-mps2-an385";
const BOARD: &str = "--board";
const COMPARE: &str = "--compare";
const IMAGE: &str = "--image";
/// What is not for the reader of images.
const OWN: [&str; 2] = [BOARD, COMPARE];

/// A board, and how its images are built.
struct Subject {
    /// Where `budget.toml` is.
    folder: PathBuf,
    /// A folder for files.
    output: PathBuf,
    /// What the board has otherwise than the demonstration.
    device: Option<PathBuf>,
    build: Command,
}

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    // A build folder of its own: the steps of the workspace's lane may run meanwhile.
    let folder = workspace::target_folder("budget");
    let mut reader = workspace::cargo();
    reader.args(["build", "--quiet", "--package", "tinyrealm-budget", "--target-dir"]);
    process::require(reader.arg(&folder))?;
    let former =
        arguments.option(COMPARE).map(|commit| figures_of(commit, arguments)).transpose()?;
    let Subject { folder: board, output, device, build } = match arguments.option(BOARD) {
        None => qemu_s(&folder)?,
        Some(board) => named(board, &folder)?,
    };
    let mut budget = Command::new(folder.join("debug/tinyrealm-budget"));
    budget.arg(board).arg(output).args(handed_on(arguments.all));
    if let Some(device) = device {
        budget.arg("--device").arg(device);
    }
    if let Some(former) = former {
        budget.arg("--against").arg(former);
    }
    budget.arg("--").arg(build.get_program()).args(build.get_args());
    budget.current_dir(build.get_current_dir().unwrap_or(Path::new(".")));
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => budget.env(name, value),
            None => budget.env_remove(name),
        };
    }
    process::pass_through(&mut budget)
}

/// All but our own options and their values.
fn handed_on(all: &[String]) -> Vec<&String> {
    let is_own = |argument: &String| OWN.contains(&argument.as_str());
    let is_value = |number: usize| number.checked_sub(1).is_some_and(|before| is_own(&all[before]));
    let others = all.iter().enumerate();
    others.filter(|(at, argument)| !is_own(argument) && !is_value(*at)).map(|(_, it)| it).collect()
}

/// A file with what a commit's own budget says of the same images.
fn figures_of(commit: &str, arguments: &Arguments<'_>) -> Result<PathBuf, Failure> {
    let name = commit;
    let commit = revision::commit_of(name)?;
    let files = revision::files_of(&commit, "compare")?;
    let mut budget = workspace::cargo();
    budget.args(["run", "--quiet", "--package", "xtask", "--", "budget", "--json"]);
    for option in [BOARD, IMAGE] {
        budget.args(arguments.option(option).into_iter().flat_map(|value| [option, value]));
    }
    budget.current_dir(&files);
    budget.env("CARGO_TARGET_DIR", workspace::target_folder("compare/build"));
    println!("asking the budget of {name} first");
    // Limits that do not hold there are nothing to us.
    let said = budget.stderr(Stdio::inherit()).output();
    let said = said.map_err(|error| format!("cargo does not run: {error}"))?;
    if said.stdout.is_empty() {
        return Err(format!("the budget of {name} has no figures: what it said is above").into());
    }
    let path = files.with_extension("json");
    std::fs::write(&path, said.stdout).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn qemu_s(output: &Path) -> Result<Subject, Failure> {
    let mut build = Toolchain::choose(TARGET, None)?.build(TARGET);
    build.args(["--release", "--manifest-path", "firmware-demo/Cargo.toml", "--package", PACKAGE]);
    // Cargo reads it by itself only in that folder.
    build.args(["--config", "firmware-demo/.cargo/config.toml"]);
    build.current_dir(workspace::root());
    Ok(Subject { folder: "firmware-demo".into(), output: output.into(), device: None, build })
}

/// A board of ours by its name, or one by its folder.
fn named(board: &str, output: &Path) -> Result<Subject, Failure> {
    let own = workspace::root().join("firmware-demo").join(board);
    let folder = if own.is_dir() { own } else { PathBuf::from(board) };
    let folder = folder.canonicalize().map_err(|error| format!("{board}: {error}"))?;
    let config = folder.join(".cargo/config.toml");
    let text = std::fs::read_to_string(&config)
        .map_err(|error| format!("{}, which names its target: {error}", config.display()))?;
    let target = target_of(&text)
        .ok_or_else(|| format!("{}: no `target = \"…\"` in it", config.display()))?;
    let mut build = Toolchain::choose(target, None)?.build(target);
    build.arg("--release").current_dir(&folder);
    let output = output.join(folder.file_name().unwrap_or_default());
    Ok(Subject { device: firmware::device_of(&folder)?, folder, output, build })
}

/// What cargo's configuration builds for.
fn target_of(config: &str) -> Option<&str> {
    let values = config.lines().filter_map(|line| line.trim().strip_prefix("target = \""));
    values.filter_map(|value| value.strip_suffix('"')).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_and_a_commit_are_not_handed_on_and_all_else_is() {
        let all = ["--json", "--board", "x", "--compare", "z", "--image", "y"].map(String::from);
        assert_eq!(handed_on(&all), ["--json", "--image", "y"]);
        assert_eq!(handed_on(&all[5..]), ["--image", "y"]);
        assert!(handed_on(&[]).is_empty());
    }

    #[test]
    fn a_target_is_found_in_cargo_s_configuration() {
        let config =
            "# one\n[build]\ntarget = \"thumbv6m-none-eabi\"\n[target.x]\nrunner = \"y\"\n";
        assert_eq!(target_of(config), Some("thumbv6m-none-eabi"));
        assert_eq!(target_of("[build]\n"), None);
    }

    #[test]
    fn every_board_has_a_budget() {
        for board in firmware::names().filter(|name| *name != "mps2-an385") {
            let folder = workspace::root().join("firmware-demo").join(board);
            let budget = std::fs::read_to_string(folder.join("budget.toml")).unwrap();
            assert!(budget.contains(&format!("board = \"{board}\"")), "{board}");
        }
    }
}
