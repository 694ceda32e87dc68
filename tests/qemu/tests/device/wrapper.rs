//! `tinyrealm-qemu`, which `cargo xtask firmware run` runs: it shows a device's log, and takes its QEMU with it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tinyrealm_qemu::PATIENCE;
use tinyrealm_qemu::scratch::Scratch;

use super::images::image;

const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The state and the parent of each process.
fn processes() -> Vec<(u32, String, u32)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let stat = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let told = pids.filter_map(|pid| {
        // Behind the name, which may have anything in it: the state, the parent.
        let stat = stat(pid)?;
        let mut words = stat.rsplit_once(") ")?.1.split(' ');
        Some((pid, words.next()?.to_owned(), words.next()?.parse().ok()?))
    });
    told.collect()
}

fn is_running(pid: u32) -> bool {
    processes().iter().any(|(other, state, _)| *other == pid && state != "Z")
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_ends_the_wrapper_ends_its_qemu() {
    let scratch = Scratch::new().unwrap();
    let path = scratch.file("image");
    std::fs::write(&path, image("world-with-log").bytes()).unwrap();
    let mut wrapper = Command::new(env!("CARGO_BIN_EXE_tinyrealm-qemu"));
    let mut wrapper = wrapper.arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(wrapper.stdout.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.contains("info"), "{line}");
    let emulators: Vec<u32> = processes()
        .into_iter()
        .filter(|(_, _, parent)| *parent == wrapper.id())
        .map(|(pid, ..)| pid)
        .collect();
    let [emulator] = emulators[..] else { panic!("{emulators:?}") };
    assert!(is_running(emulator));
    kill_process(Pid::from_child(&wrapper), Signal::TERM).unwrap();
    assert_eq!(wrapper.wait().unwrap().signal(), Some(15));
    let deadline = Instant::now() + PATIENCE;
    while is_running(emulator) {
        assert!(Instant::now() < deadline, "QEMU {emulator} goes on without its wrapper");
        thread::sleep(LOOK_INTERVAL);
    }
}
