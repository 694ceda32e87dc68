//! `Process`: the binary as a child process that ends with its test.
//!
//! Contract: what it prints is kept line by line. A process that is dropped is killed by its handle
//! and waited for; if the test is failing, everything that it has said is printed.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{self as unix, Pid, WaitId, WaitIdOptions};

use super::PATIENCE;

/// A secret of somebody else.
pub(crate) const OTHER_SECRET: &str =
    "e3a1c07d5b92684f10d7ce35a86b4279f15d20b38e64c79a0d1b53f8267ce4a9";
/// What the servers of all tests share, if a test does not want something else.
pub(crate) const CLUSTER_SECRET: &str =
    "7b0c5e9142d8f36a90be17c4a2d5638fe10942b7cd5f8836a4017e9d2cb65f30";

/// Where a process writes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// What a process can be told.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// To end, as Ctrl-C does.
    Interrupt,
    /// To end, as a service manager does.
    Terminate,
    /// To stand still.
    Stop,
    /// To go on.
    Continue,
    /// To say how it does.
    Report,
    /// That its terminal is gone, or its certificate another one.
    HangUp,
}

/// A running process; see the [module](self).
pub(crate) struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
}

/// What a process has printed, and a bell that rings when there is more.
#[derive(Default)]
struct Output {
    said: Mutex<Said>,
    changed: Condvar,
}

#[derive(Clone, Default)]
struct Said {
    lines: Vec<(Stream, String)>,
    /// Streams that have ended: both of them have when the process has.
    ended: usize,
}

/// A process that has ended.
pub(crate) struct Finished {
    pub(crate) name: String,
    pub(crate) status: ExitStatus,
    said: Said,
}

impl Said {
    fn of(&self, wanted: Stream) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter().filter(move |(stream, _)| *stream == wanted);
        lines.map(|(_, line)| line.as_str())
    }

    fn print(&self, name: &str) {
        eprintln!("--- what `{name}` has said:");
        for (stream, line) in &self.lines {
            eprintln!("  {stream:?}: {line}");
        }
    }
}

impl Output {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects a stream on a thread that ends with it.
    fn collect(self: &Arc<Self>, stream: Stream, pipe: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                output.said().lines.push((stream, line));
                output.changed.notify_all();
            }
            output.said().ended += 1;
            output.changed.notify_all();
        });
    }

    /// Waits until `answer` has one, and answers it; `None` if the time is over before.
    fn wait<T>(&self, within: Duration, answer: impl Fn(&Said) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut said = self.said();
        loop {
            let found = answer(&said);
            let left = deadline.saturating_duration_since(Instant::now());
            if found.is_some() || left.is_zero() {
                return found;
            }
            let woken = self.changed.wait_timeout(said, left);
            said = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The servers' binary. Tests of another package are told where it is.
pub(crate) fn binary() -> OsString {
    match option_env!("CARGO_BIN_EXE_tinyrealm") {
        Some(path) => path.into(),
        None => std::env::var_os("TINYREALM_BINARY").expect("TINYREALM_BINARY is not set"),
    }
}

impl Process {
    /// Runs the binary with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Runs the binary with these arguments, and these variables besides the inherited ones.
    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let command = Self::command(arguments, variables);
        Self::spawn(&format!("tinyrealm {}", arguments.join(" ")), command)
    }

    /// Runs the server of `examples/` of this name, which has to be built, with these arguments.
    pub(crate) fn start_example(name: &str, arguments: &[&str]) -> Self {
        let example = std::path::Path::new(&binary()).with_file_name("examples").join(name);
        let command = Self::command_of(example.into(), arguments, &[]);
        Self::spawn(&format!("{name} {}", arguments.join(" ")), command)
    }

    fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        Self::command_of(binary(), arguments, variables)
    }

    /// This program with these arguments and variables, and no settings of whoever runs the tests.
    pub(crate) fn command_of(
        program: OsString,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        // The configuration of whoever runs the tests is not theirs.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TINYREALM_") {
                command.env_remove(name);
            }
        }
        command.env("TINYREALM_CLUSTER_SECRET", CLUSTER_SECRET);
        // The operator's listener has any free port: by default it is near the server's, where another test may be.
        command.env("TINYREALM_ADMIN_LISTEN", "127.0.0.1:0");
        // Nor is their data.
        let data = format!("{}/{}-data", env!("CARGO_TARGET_TMPDIR"), std::process::id());
        command.env("XDG_DATA_HOME", data);
        command.envs(variables.iter().copied());
        command
    }

    /// Runs the binary with these arguments, and with a standard output that takes nothing.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_unheard(arguments: &[&str]) -> Self {
        let binary = binary();
        let words = ["-c", r#"exec "$0" "$@" > /dev/full"#, binary.to_str().unwrap()];
        let command = Self::command_of("sh".into(), &[&words, arguments].concat(), &[]);
        Self::spawn(&format!("tinyrealm {} > /dev/full", arguments.join(" ")), command)
    }

    /// Runs the binary with these arguments, and this on its standard input.
    pub(crate) fn start_with_input(arguments: &[&str], input: &str) -> Self {
        let name = format!("tinyrealm {}", arguments.join(" "));
        Self::spawn_with_input(&name, Self::command(arguments, &[]), input)
    }

    /// Runs any command, with this on its standard input.
    pub(crate) fn spawn_with_input(name: &str, command: Command, input: &str) -> Self {
        let mut process = Self::spawn_with(name, command, Stdio::piped());
        let mut pipe = process.child.stdin.take().unwrap();
        // Whoever does not read it has another reason to fail.
        let _ = pipe.write_all(input.as_bytes());
        process
    }

    /// [`Process::start_with`] for a process that has to find the cluster secret by itself.
    pub(crate) fn start_without_secret(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(arguments, variables);
        command.env_remove("TINYREALM_CLUSTER_SECRET");
        Self::spawn(&format!("tinyrealm {}", arguments.join(" ")), command)
    }

    /// Runs any command.
    pub(crate) fn spawn(name: &str, command: Command) -> Self {
        Self::spawn_with(name, command, Stdio::null())
    }

    /// Runs the binary with these arguments, and this as its standard input.
    pub(crate) fn start_on(arguments: &[&str], input: Stdio) -> Self {
        let name = format!("tinyrealm {}", arguments.join(" "));
        Self::spawn_with(&name, Self::command(arguments, &[]), input)
    }

    fn spawn_with(name: &str, mut command: Command, input: Stdio) -> Self {
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let output = Arc::<Output>::default();
        output.collect(Stream::Stdout, child.stdout.take().unwrap());
        output.collect(Stream::Stderr, child.stderr.take().unwrap());
        Self { name: name.to_owned(), child, output }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What `pick` picks from the first line of `stream` that it picks anything from.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, stream: Stream, pick: impl Fn(&str) -> Option<T>) -> T {
        let answer = |said: &Said| match said.of(stream).find_map(&pick) {
            Some(found) => Some(Some(found)),
            None => (said.ended == 2).then_some(None),
        };
        let picked = self.output.wait(PATIENCE, answer).flatten();
        picked.unwrap_or_else(|| panic!("`{}` did not say what was waited for", self.name))
    }

    /// The newest of the lines of `stream` that begin so, without that, when there are more than
    /// there were before `act`.
    #[track_caller]
    pub(crate) fn answer(&self, stream: Stream, prefix: &str, act: impl FnOnce()) -> String {
        let before = self.output.said().of(stream).filter(|line| line.starts_with(prefix)).count();
        act();
        let next = |said: &Said| {
            let mut answers = said.of(stream).filter_map(|line| line.strip_prefix(prefix));
            answers.nth(before).map(str::to_owned)
        };
        let answer = |said: &Said| match next(said) {
            Some(found) => Some(Some(found)),
            None => (said.ended == 2).then_some(None),
        };
        let found = self.output.wait(PATIENCE, answer).flatten();
        found.unwrap_or_else(|| panic!("`{}` did not answer {prefix:?}", self.name))
    }

    /// Whether a line of it has had `text` in it by now.
    pub(crate) fn has_said(&self, stream: Stream, text: &str) -> bool {
        let is_there = |said: &Said| said.of(stream).any(|line| line.contains(text)).then_some(());
        self.output.wait(Duration::ZERO, is_there).is_some()
    }

    /// Waits until `times` lines of `stream` have had `text` in them.
    #[track_caller]
    pub(crate) fn wait_until_said(&self, stream: Stream, text: &str, times: usize) {
        let count = |said: &Said| said.of(stream).filter(|line| line.contains(text)).count();
        let answer = |said: &Said| {
            let is_there = count(said) >= times;
            (is_there || said.ended == 2).then_some(is_there)
        };
        let is_there = self.output.wait(PATIENCE, answer).unwrap_or(false);
        assert!(is_there, "`{}` did not say {text:?} {times} times", self.name);
    }

    /// Writes all that it has said on its standard error so far to a file.
    pub(crate) fn write_down(&self, path: &std::path::Path) -> std::io::Result<()> {
        let said = self.output.said().clone();
        let lines: Vec<&str> = said.of(Stream::Stderr).collect();
        std::fs::write(path, lines.join("\n"))
    }

    /// Sends it a signal. Of a process that shall stand still, all threads do when this returns.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let number = match signal {
            Signal::Interrupt => unix::Signal::INT,
            Signal::Terminate => unix::Signal::TERM,
            Signal::Stop => unix::Signal::STOP,
            Signal::Continue => unix::Signal::CONT,
            Signal::Report => unix::Signal::USR1,
            Signal::HangUp => unix::Signal::HUP,
        };
        let sent = unix::kill_process(Pid::from_child(&self.child), number);
        sent.unwrap_or_else(|error| panic!("can't send {signal:?} to `{}`: {error}", self.name));
        if signal == Signal::Stop {
            wait_until_stopped(&self.child, &self.name);
        }
    }

    /// Ends it at once, without a word.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// The same, for whoever has something to put into its place.
    pub(crate) fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it in good order, for whoever has something to put into its place.
    #[track_caller]
    pub(crate) fn end_in_good_order(&mut self) {
        self.end_by(Signal::Interrupt);
    }

    /// The same, told so by this.
    #[track_caller]
    pub(crate) fn end_by(&mut self, signal: Signal) {
        self.signal(signal);
        let ended = self.output.wait(PATIENCE, |said| (said.ended == 2).then_some(()));
        assert!(ended.is_some(), "`{}` still runs after {PATIENCE:?}", self.name);
        let _ = self.child.wait();
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self, within: Duration) -> Finished {
        let ended = self.output.wait(within, |said| (said.ended == 2).then(|| said.clone()));
        let Some(said) = ended else {
            panic!("`{}` still runs after {within:?}", self.name);
        };
        let status = self.child.wait().unwrap();
        Finished { name: self.name.clone(), status, said }
    }

    /// Its resident memory, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most resident memory that it has ever had, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn most_resident_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn memory(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            self.output.wait(PATIENCE, |said| (said.ended == 2).then_some(()));
            self.output.said().print(&self.name);
        }
    }
}

impl Finished {
    pub(crate) fn lines(&self, stream: Stream) -> Vec<&str> {
        self.said.of(stream).collect()
    }

    /// Fails, with all that it has said, unless it has ended with this code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        if self.status.code() != Some(code) {
            self.said.print(&self.name);
            panic!("`{}` ended with {}, not {code}", self.name, self.status);
        }
        self
    }
}

/// The signal is for one thread, and that one tells the others: until then they may serve.
#[track_caller]
pub(crate) fn wait_until_stopped(child: &Child, name: &str) {
    let id = WaitId::Pid(Pid::from_child(child));
    let changes = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let change = unix::waitid(id, changes).unwrap();
    let is_stopped = change.is_some_and(|status| status.stopped());
    assert!(is_stopped, "`{name}` has ended instead of stopping");
}
