//! `tinyrealm-budget`: builds each image of a `budget.toml`, reports it, and fails if one is too large.
//!
//! Contract: exit code 0 if every limit holds, 1 if not, 2 if it was called wrongly. Called by
//! `cargo xtask budget`, which knows the compiler.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tinyrealm_budget::abilities::{self, Cost};
use tinyrealm_budget::account::Account;
use tinyrealm_budget::build::Build;
use tinyrealm_budget::image::Image;
use tinyrealm_budget::readme;
use tinyrealm_budget::report::Report;
use tinyrealm_budget::settings::{ImageSettings, Settings};
use tinyrealm_budget::what_if;
use toml::Table;

const USAGE: &str = "usage: tinyrealm-budget FOLDER OUTPUT [--json] [--image NAME] \
                     [--what-if WORD=NUMBER,…] [--write] -- CARGO BUILD…\n\
                     FOLDER has budget.toml, device.toml, perhaps a README.md whose tables --write renews; OUTPUT takes and may have files";

/// How it was called.
struct Call {
    folder: PathBuf,
    output: PathBuf,
    wants_json: bool,
    image: Option<String>,
    what_if: Option<String>,
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
        let mut folders = Vec::new();
        let (mut wants_json, mut image, mut what_if, mut writes) = (false, None, None, false);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} of what?\n{USAGE}"));
            match word.as_str() {
                "--" => break,
                "--json" => wants_json = true,
                "--write" => writes = true,
                "--image" => image = Some(value()?),
                "--what-if" => what_if = Some(value()?),
                _ if word.starts_with('-') => {
                    return Err(format!("There is no `{word}`.\n{USAGE}\n\n{}", what_if::help()));
                }
                _ => folders.push(PathBuf::from(word)),
            }
        }
        let [folder, output] = <[PathBuf; 2]>::try_from(folders).map_err(|_| USAGE)?;
        Ok(Self { folder, output, wants_json, image, what_if, writes, command: words.collect() })
    }

    fn build(&self) -> Build {
        Build { command: self.command.clone(), folder: self.output.clone() }
    }
}

fn run(call: &Call) -> Result<bool, String> {
    let settings = Settings::read(&call.folder.join("budget.toml"))?;
    let device = read_device(&call.folder.join("device.toml"))?;
    if call.image.as_deref() == Some(abilities::NAME) {
        let costs = costs(call, &settings)?.ok_or("budget.toml has no abilities")?;
        return finish(call, &[], Some(costs));
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
        reports.insert(number, report(call, &settings, images[number], &device)?);
    }
    let reports: Vec<Report<'_>> = reports.into_values().collect();
    // An image for each ability takes as long as all the others, and nothing is limited by it.
    let costs = if call.writes { costs(call, &settings)? } else { None };
    finish(call, &reports, costs)
}

/// Tells what was found, and whether it may be so.
fn finish(call: &Call, reports: &[Report<'_>], costs: Option<Vec<Cost>>) -> Result<bool, String> {
    let costs = costs.map(|costs| abilities::table(&costs));
    if call.wants_json {
        let images: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{:#}", json!({ "images": images }));
    } else {
        for report in reports {
            println!("{}", report.table());
        }
        println!("{}", costs.as_deref().unwrap_or_default());
    }
    for report in reports {
        for line in report.broken() {
            let name = &report.settings.name;
            eprintln!("{name}: {} takes {} of {} bytes", line.what, line.used, line.limit);
        }
    }
    let images = reports.iter().map(|report| (report.settings.name.clone(), readme::table(report)));
    let abilities = costs.map(|table| (abilities::NAME.to_owned(), table));
    let tables: Vec<_> = images.chain(abilities).collect();
    let is_today_s = call.what_if.is_some() || check_readme(call, &tables)?;
    Ok(is_today_s && reports.iter().all(|report| report.broken().is_empty()))
}

/// What the abilities cost, if that is to be told.
fn costs(call: &Call, settings: &Settings) -> Result<Option<Vec<Cost>>, String> {
    let account_of = |binary: &str, features: &[String], keys: &Table| {
        let path = call.build().binary(binary, features, keys)?;
        Account::of(&Image::read(&path)?, &settings.pointer_call)
    };
    let costs = settings.abilities.as_ref().map(|asked| abilities::measure(asked, account_of));
    costs.transpose()
}

/// Renews the tables of the README, or tells whether they are today's.
fn check_readme(call: &Call, tables: &[readme::Named]) -> Result<bool, String> {
    let path = call.folder.join("README.md");
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    if !path.exists() {
        return Ok(true);
    }
    let text = std::fs::read_to_string(&path).map_err(at)?;
    if call.writes {
        std::fs::write(&path, readme::with_tables(&text, tables)).map_err(at)?;
        return Ok(true);
    }
    let outdated = readme::outdated(&text, tables);
    for name in &outdated {
        eprintln!("{}: the table of `{name}` is not today's: budget --write", path.display());
    }
    Ok(outdated.is_empty())
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
    settings: &'s Settings,
    image: &'s ImageSettings,
    device: &Table,
) -> Result<Report<'s>, String> {
    let build = call.build();
    let account = |keys: &Table| {
        let path = build.binary(&image.binary, &image.features, keys)?;
        Account::of(&Image::read(&path)?, &settings.pointer_call)
    };
    let mut with_image_s_keys = device.clone();
    what_if::merge(&mut with_image_s_keys, &image.device);
    let asked = call.what_if.as_ref().map(|text| what_if::parse(text, &with_image_s_keys));
    let what_if = match asked.transpose()? {
        None => None,
        Some(asked) => {
            let mut keys = image.device.clone();
            what_if::merge(&mut keys, &asked);
            Some(account(&keys)?)
        }
    };
    let mut account = account(&image.device)?;
    account.painted_bytes = painted(&call.output.join("stack-high-water.json"), &image.name)?;
    Ok(Report { settings: image, account, what_if })
}

fn read_device(path: &Path) -> Result<Table, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// What the test in QEMU has seen, by image: `{"world, 8 players": 2500}`.
fn painted(path: &Path, image: &str) -> Result<Option<u64>, String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let seen: BTreeMap<String, u64> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(seen.get(image).copied())
}
