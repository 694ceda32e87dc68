//! `cargo xtask ten-minutes`: from a clone to a game of one's own in two browsers, with bots, as its author types it.
//!
//! Contract: everything is built anew, in folders of its own; crates come from wherever cargo has them. Each command
//! is printed with the time that it took. Ports are free ones, by the environment, so that the commands are
//! those of the README.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::command::Arguments;
use crate::{Failure, browser, process, workspace};

const TEST: &str = "tests/browser/ten-minutes.mjs";
const PORTS: [&str; 6] = ["HTTP", "ADMIN", "MAIN", "LOGIN", "CHAT", "WORLD"];
/// What `up` says of its page.
const SEE: &str = "see:";
const LIMIT_SECONDS: u64 = 600;

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    let folder = workspace::target_folder("ten-minutes");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // What the tabs are tried with is no part of what is timed.
    let mut tabs = browser::test(TEST)?;
    let started = Instant::now();
    let here = workspace::root().display().to_string();
    timed(&folder, &["git", "clone", "--quiet", &here, "tinyrealm"])?;
    let new = ["cargo", "run", "--release", "--", "new", "gold-rush", "--from", "coin-rush"];
    timed(&folder.join("tinyrealm"), &[&new[..], &["--into", "../gold-rush"]].concat())?;
    let (mut realm, page) = start(&folder.join("gold-rush"))?;
    println!("two browsers, at {page}");
    let played = process::require(tabs.env("TINYREALM_PAGE", page));
    let _ = realm.kill();
    let _ = realm.wait();
    played?;
    let seconds = started.elapsed().as_secs();
    println!("two browsers play with bots after {seconds} s");
    if seconds > LIMIT_SECONDS {
        return Err(format!("that is more than {LIMIT_SECONDS} s").into());
    }
    Ok(())
}

/// A command as somebody types it there, with nothing of this build.
fn typed(folder: &Path, words: &[&str]) -> Command {
    println!("$ {}", words.join(" "));
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(folder).env_remove("CARGO_TARGET_DIR");
    command
}

fn timed(folder: &Path, words: &[&str]) -> Result<(), Failure> {
    let started = Instant::now();
    process::require(&mut typed(folder, words))?;
    println!("  {:.0} s", started.elapsed().as_secs_f32());
    Ok(())
}

/// The game's own realm, once it says where its page is.
fn start(folder: &Path) -> Result<(Child, String), Failure> {
    let started = Instant::now();
    let words = ["cargo", "run", "--release", "--", "--set", "http.page=web"];
    let mut up = process::ending_with_us(&typed(folder, &words));
    for server in PORTS {
        up.env(format!("TINYREALM_{server}_PORT"), "0");
    }
    up.env("XDG_DATA_HOME", folder.join("data"));
    let up = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut realm = up.map_err(|error| error.to_string())?;
    let stdout = realm.stdout.take().ok_or("it says nothing")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let Some(line) = lines.find(|line| line.starts_with(SEE)) else {
        return Err("the realm did not say where its page is".into());
    };
    // It goes on speaking, and ends if nobody listens.
    std::thread::spawn(move || lines.for_each(drop));
    println!("  {:.0} s", started.elapsed().as_secs_f32());
    Ok((realm, line.trim_start_matches(SEE).trim().to_owned()))
}
