//! `Bots`: the load tool as a process, and its verdict.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use super::process::binary;
use super::{Process, Report, Signal, Stream};

/// Counters that are zero in a realm without faults.
const FAULTS: [&str; 10] = [
    "lost",
    "duplicated",
    "disordered",
    "wrong_room",
    "self_seen",
    "unknown",
    "missed_announced",
    "snapshots",
    "disconnects",
    "refused",
];

/// Joining, sending and settling together take no longer.
const RUN_LIMIT: Duration = Duration::from_secs(90);

/// What stands before what they say at a signal.
const SO_FAR: &str = "bots report ";

/// Running bots.
pub(crate) struct Bots {
    process: Process,
}

/// What bots have found out.
pub(crate) struct BotOutcome {
    pub(crate) code: Option<i32>,
    pub(crate) report: Report,
}

impl Bots {
    /// Sends bots into the realm of this Main.
    pub(crate) fn start(main: SocketAddr, arguments: &[&str]) -> Self {
        Self::start_program(binary(), main, arguments)
    }

    /// Sends another program's bots into the realm of this Main.
    pub(crate) fn start_program(program: OsString, main: SocketAddr, arguments: &[&str]) -> Self {
        Self::start_with_mains(program, &[main], arguments)
    }

    /// Sends them into the realm of these Mains.
    pub(crate) fn start_with_mains(
        program: OsString,
        mains: &[SocketAddr],
        arguments: &[&str],
    ) -> Self {
        let mains: Vec<String> = mains.iter().map(SocketAddr::to_string).collect();
        let mains = mains.join(",");
        let mut all = vec!["bots", "--main", &mains, "--json"];
        all.extend(arguments);
        let command = Process::command_of(program, &all, &[]);
        Self { process: Process::spawn(&format!("tinyrealm {}", all.join(" ")), command) }
    }

    /// Tells them that it is enough.
    #[track_caller]
    pub(crate) fn stop(&self) {
        self.process.signal(Signal::Interrupt);
    }

    /// How they do so far, with the outages since this was asked last.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        let ask = || self.process.signal(Signal::Report);
        Report::parse("bots", &self.process.answer(Stream::Stdout, SO_FAR, ask))
    }

    /// Ends all of them at once, without a word.
    pub(crate) fn kill(self) {
        self.process.kill();
    }

    /// Waits until the first of them are on their way.
    #[track_caller]
    pub(crate) fn wait_until_joining(&self) {
        self.process.wait_until_said(Stream::Stderr, "joining:", 1);
    }

    /// Waits until all of them are in their rooms.
    #[track_caller]
    pub(crate) fn wait_until_running(&self) {
        self.process.wait_until_said(Stream::Stderr, "running:", 1);
    }

    /// How they end that have nothing to tell.
    #[track_caller]
    pub(crate) fn exit_code(self) -> Option<i32> {
        self.process.finish(RUN_LIMIT).status.code()
    }

    #[track_caller]
    pub(crate) fn outcome(self) -> BotOutcome {
        let finished = self.process.finish(RUN_LIMIT);
        let lines = finished.lines(Stream::Stdout).into_iter();
        let lines: Vec<&str> = lines.filter(|line| !line.starts_with(SO_FAR)).collect();
        let [json] = lines[..] else {
            panic!(
                "bots print one line of JSON, not {lines:?}: {:?}",
                finished.lines(Stream::Stderr)
            );
        };
        BotOutcome { code: finished.status.code(), report: Report::parse("bots", json) }
    }
}

impl BotOutcome {
    /// Fails unless everybody joined, nothing went wrong, and the tool says so.
    #[track_caller]
    pub(crate) fn expect_clean(&self, count: u64) {
        self.report.expect(&[("bots", count), ("joined", count)]);
        self.report.expect(&FAULTS.map(|fault| (fault, 0)));
        assert_eq!(self.code, Some(0), "a clean run ends with 0: {:?}", self.report);
        assert!(self.report.count("sent") > 0 && self.report.count("received") > 0);
    }
}
