//! The cluster secret: where servers have it from, and what happens if they do not share it.

mod support;

use std::net::SocketAddr;

use support::{PATIENCE, Process, ScratchFile, Stream};

const MAIN: [&str; 3] = ["main", "--port", "0"];

fn address_of(process: &Process, name: &str) -> SocketAddr {
    let prefix = format!("{name} listening on ");
    process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
}

#[test]
fn a_world_with_another_secret_is_refused_and_both_sides_say_so() {
    let main = Process::start(&MAIN);
    let address = address_of(&main, "main").to_string();
    let other = [("TINYREALM_CLUSTER_SECRET", "another secret, which is long enough too")];
    let quick = ["--set", "world.reconnect_first_ms=20", "--set", "world.reconnect_most_ms=50"];
    let arguments = [&["world", "--port", "0", "--main", &address][..], &quick].concat();
    let world = Process::start_with(&arguments, &other);
    // It goes on trying, and the realm goes on without it.
    world.wait_until_said(Stream::Stderr, "does not have our cluster secret; trying again", 3);
    main.wait_until_said(Stream::Stderr, "it does not share our cluster secret", 1);
    let right = Process::start(&["world", "--port", "0", "--id", "2", "--main", &address]);
    right.wait_until_said(Stream::Stderr, "registered with Main", 1);
}

#[test]
fn servers_of_one_machine_find_the_secret_that_the_first_has_made() {
    let folder = ScratchFile::new("data");
    let here = [("XDG_DATA_HOME", folder.path())];
    let main = Process::start_without_secret(&MAIN, &here);
    let address = address_of(&main, "main").to_string();
    let world = Process::start_without_secret(&["world", "--port", "0", "--main", &address], &here);
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let file = std::path::Path::new(folder.path()).join("tinyrealm/cluster.secret");
    assert_eq!(std::fs::read(&file).unwrap().len(), 64);
    std::fs::remove_dir_all(folder.path()).unwrap();
}

#[test]
fn a_missing_or_short_secret_is_one_clear_line() {
    let missing = ScratchFile::new("no-secret");
    let setting = format!("cluster.secret_file={}", missing.path());
    let world = ["world", "--port", "0", "--set", &setting];
    let finished = Process::start_without_secret(&world, &[]).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.len() == 1 && lines[0].contains("there is no cluster secret"), "{lines:?}");

    let short = [("TINYREALM_CLUSTER_SECRET", "short")];
    let finished = Process::start_with(&MAIN, &short).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.len() == 1 && lines[0].contains("has 5 bytes: at least 32"), "{lines:?}");
}
