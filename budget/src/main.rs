//! `tinyrealm-budget`: builds each image of a board's `budget.toml`, reports it, and fails if one is too large; or reports an
//! image that is there, whatever board it is for, and fails if its stack is.
//!
//! Contract: exit code 0 if every limit holds, 1 if not, 2 if it was called wrongly. Called by
//! `cargo xtask budget`, which knows the compiler.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tinyrealm_budget::abilities::{self, Cost};
use tinyrealm_budget::account::{Account, Line};
use tinyrealm_budget::build::Build;
use tinyrealm_budget::compare::Former;
use tinyrealm_budget::image::Image;
use tinyrealm_budget::readme;
use tinyrealm_budget::report::Report;
use tinyrealm_budget::settings::{ImageSettings, Settings, known_pointer_calls};
use tinyrealm_budget::what_if;
use toml::Table;

const USAGE: &str = "usage: tinyrealm-budget FOLDER OUTPUT [--device FILE] [--json] [--image NAME] \
                     [--what-if WORD=NUMBER,…] [--against FILE] [--write] -- CARGO BUILD…\n\
                     or:    tinyrealm-budget IMAGE [--json]\n\
                     FOLDER has budget.toml, which may name a README whose tables --write renews, and device.toml; OUTPUT takes and \
                     may have files; --device is what the board is built with, --against what --json has said once; IMAGE is an ELF file with debug = 2";

/// How it was called.
struct Call {
    /// An image, or a folder and one for files.
    paths: Vec<PathBuf>,
    device: Option<PathBuf>,
    wants_json: bool,
    image: Option<String>,
    what_if: Option<String>,
    against: Option<PathBuf>,
    writes: bool,
    command: Vec<String>,
}

fn main() -> ExitCode {
    let call = match Call::parse(std::env::args().skip(1)) {
        Ok(call) => call,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    match run(&call) {
        Ok(holds) if holds => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{}", problem.trim_end());
            ExitCode::FAILURE
        }
    }
}

impl Call {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut paths, mut device) = (Vec::new(), None);
        let (mut image, mut what_if, mut against) = (None, None, None);
        let (mut wants_json, mut writes) = (false, false);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} of what?\n{USAGE}"));
            match word.as_str() {
                "--" => break,
                "--json" => wants_json = true,
                "--write" => writes = true,
                "--device" => device = Some(value()?.into()),
                "--image" => image = Some(value()?),
                "--what-if" => what_if = Some(value()?),
                "--against" => against = Some(value()?.into()),
                _ if word.starts_with('-') => {
                    return Err(format!("There is no `{word}`.\n{USAGE}\n\n{}", what_if::help()));
                }
                _ => paths.push(PathBuf::from(word)),
            }
        }
        if !(1..=2).contains(&paths.len()) {
            return Err(USAGE.to_owned());
        }
        let command = words.collect();
        Ok(Self { paths, device, wants_json, image, what_if, against, writes, command })
    }

    /// What it is about: an image, or a board's folder.
    fn subject(&self) -> &Path {
        &self.paths[0]
    }

    /// Where files are put, if something is built.
    fn output(&self) -> Option<&Path> {
        self.paths.get(1).map(PathBuf::as_path)
    }

    fn build(&self, output: &Path) -> Build {
        let (command, folder) = (self.command.clone(), output.to_owned());
        Build { command, folder, device: self.device.clone() }
    }
}

fn run(call: &Call) -> Result<bool, String> {
    match call.output() {
        Some(output) => of_board(call, output),
        None => of_file(call),
    }
}

/// The image that is there.
fn of_file(call: &Call) -> Result<bool, String> {
    let settings = ImageSettings::of_file(call.subject());
    let account = Account::of(&Image::read(call.subject())?, &known_pointer_calls()?)?;
    let reports = [Report { settings: &settings, account, what_if: None }];
    tell(call, &reports)?;
    Ok(reports[0].broken().is_empty())
}

/// The images of a board.
fn of_board(call: &Call, output: &Path) -> Result<bool, String> {
    let settings = Settings::read(&call.subject().join("budget.toml"))?;
    if call.image.as_deref() == Some(abilities::NAME) {
        let costs = costs(call, output, &settings)?.ok_or("budget.toml has no abilities")?;
        return finish(call, &settings, &[], Some(costs));
    }
    let mut images = chosen(&settings, call.image.as_deref())?;
    if let Some(text) = &call.what_if {
        images = vec![asked_about(&images, text)];
    }
    // Those that are built in another way first, so that the ordinary images are what is left in the build folder.
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.sort_by_key(|number| images[*number].is_ordinary());
    let mut reports = BTreeMap::new();
    for number in order {
        reports.insert(number, report(call, output, &settings, images[number])?);
    }
    let reports: Vec<Report<'_>> = reports.into_values().collect();
    // An image for each ability takes as long as all the others, and nothing is limited by it.
    let costs =
        if call.writes && call.image.is_none() { costs(call, output, &settings)? } else { None };
    finish(call, &settings, &reports, costs)
}

/// Tells what was found, and whether it may be so.
fn finish(
    call: &Call,
    settings: &Settings,
    reports: &[Report<'_>],
    costs: Option<Vec<Cost>>,
) -> Result<bool, String> {
    tell(call, reports)?;
    let costs = costs.map(|costs| abilities::table(&costs));
    if !call.wants_json {
        println!("{}", costs.as_deref().unwrap_or_default());
    }
    let name = |report: &Report<'_>| format!("{}: {}", settings.board, report.settings.name);
    let images = reports.iter().map(|report| (name(report), readme::table(report)));
    let abilities = costs.map(|table| (abilities::NAME.to_owned(), table));
    let tables: Vec<_> = images.chain(abilities).collect();
    let rows: Vec<_> = reports.iter().map(|report| readme::row(&settings.board, report)).collect();
    let is_today_s = call.what_if.is_some() || check_readme(call, settings, &tables, &rows)?;
    Ok(is_today_s && reports.iter().all(|report| report.broken().is_empty()))
}

/// The reports, and the limits that do not hold.
fn tell(call: &Call, reports: &[Report<'_>]) -> Result<(), String> {
    if let Some(former) = &call.against {
        print!("{}", Former::read(former)?.table(reports)?);
    } else if call.wants_json {
        let images: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{:#}", json!({ "images": images }));
    } else {
        for report in reports {
            println!("{}", report.table());
        }
    }
    for report in reports {
        for Line { what, used, limit } in report.broken() {
            let (name, over) = (&report.settings.name, used - limit);
            eprintln!("{name}: {what} takes {used} of {limit} bytes: {over} too many");
        }
    }
    Ok(())
}

/// What the abilities cost, if that is to be told.
fn costs(call: &Call, output: &Path, settings: &Settings) -> Result<Option<Vec<Cost>>, String> {
    let account_of = |binary: &str, features: &[String], keys: &Table| {
        let path = call.build(output).binary(binary, features, keys)?;
        Account::of(&Image::read(&path)?, &settings.pointer_call)
    };
    let costs = settings.abilities.as_ref().map(|asked| abilities::measure(asked, account_of));
    costs.transpose()
}

/// Renews the tables of the board's README, or tells whether they are today's.
fn check_readme(
    call: &Call,
    settings: &Settings,
    tables: &[readme::Named],
    rows: &[readme::Row],
) -> Result<bool, String> {
    let Some(readme) = &settings.readme else { return Ok(true) };
    let path = call.subject().join(readme);
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(&path).map_err(at)?;
    if call.writes {
        let text = readme::with_rows(&readme::with_tables(&text, tables), rows);
        std::fs::write(&path, text).map_err(at)?;
        return Ok(true);
    }
    let outdated = readme::outdated(&text, tables);
    for name in &outdated {
        eprintln!("{}: the table of `{name}` is not today's: budget --write", path.display());
    }
    let rows = readme::outdated_rows(&text, rows);
    for row in &rows {
        eprintln!("{}: the row {row} is not today's: budget --write", path.display());
    }
    Ok(outdated.is_empty() && rows.is_empty())
}

/// The images of that name or binary; all of them without a name.
fn chosen<'s>(
    settings: &'s Settings,
    name: Option<&str>,
) -> Result<Vec<&'s ImageSettings>, String> {
    let is_chosen =
        |image: &&ImageSettings| name.is_none_or(|name| image.name == name || image.binary == name);
    let images: Vec<&ImageSettings> = settings.image.iter().filter(is_chosen).collect();
    if images.is_empty() {
        let names: Vec<&str> = settings.image.iter().map(|image| image.name.as_str()).collect();
        return Err(format!("budget.toml has no such image, but: {}", names.join("; ")));
    }
    Ok(images)
}

/// The one image that a question is about, and judged by: the first of those with the role that it names.
fn asked_about<'s>(images: &[&'s ImageSettings], question: &str) -> &'s ImageSettings {
    let role = what_if::role_of(question);
    images.iter().find(|image| image.binary == role).unwrap_or(&images[0])
}

fn report<'s>(
    call: &Call,
    output: &Path,
    settings: &'s Settings,
    image: &'s ImageSettings,
) -> Result<Report<'s>, String> {
    let build = call.build(output);
    let account = |keys: &Table| {
        let path = build.binary(&image.binary, &image.features, keys)?;
        Account::of(&Image::read(&path)?, &settings.pointer_call)
    };
    let what_if = match &call.what_if {
        None => None,
        Some(text) => {
            let mut whole = what_if::read_device(&call.subject().join("device.toml"))?;
            what_if::merge(&mut whole, &image.device);
            let asked = what_if::parse(text, &whole)?;
            let mut keys = image.device.clone();
            what_if::merge(&mut keys, &asked);
            Some(account(&keys)?)
        }
    };
    let mut account = account(&image.device)?;
    account.painted_bytes = painted(&output.join("stack-high-water.json"), &image.name)?;
    Ok(Report { settings: image, account, what_if })
}

/// What the test in QEMU has seen, by image: `{"world, 8 players": 2500}`.
fn painted(path: &Path, image: &str) -> Result<Option<u64>, String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let seen: BTreeMap<String, u64> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(seen.get(image).copied())
}
