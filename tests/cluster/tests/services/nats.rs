//! `Nats`: servers of NATS with JetStream, alone or three that are one, for tests which end and start them.
//!
//! Contract: they listen at ports of loopback that were free, and keep what they have in a folder of their own. They end with
//! their guard, each by its process, and with the thread that has started them.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::ports::free_port;

/// How long it may take until one can be asked.
const START_LIMIT: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

type Told<T> = Result<T, String>;

fn told(what: impl Display, error: impl Display) -> String {
    format!("NATS: {what}: {error}")
}

struct Member {
    port: u16,
    route: u16,
    child: Option<Child>,
}

/// See the [module](self).
pub(crate) struct Nats {
    program: PathBuf,
    folder: PathBuf,
    members: Vec<Member>,
}

impl Nats {
    /// Makes `count` of them anew in `folder`, and starts them.
    pub(crate) fn start(program: &Path, folder: &Path, count: usize) -> Told<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(|error| told(folder.display(), error))?;
        }
        std::fs::create_dir_all(folder).map_err(|error| told(folder.display(), error))?;
        let members =
            (0..count).map(|_| Member { port: free_port(), route: free_port(), child: None });
        let members = members.collect();
        let mut nats = Self { program: program.to_owned(), folder: folder.to_owned(), members };
        (0..count).try_for_each(|index| nats.spawn(index))?;
        (0..count).try_for_each(|index| nats.wait_until_open(index))?;
        Ok(nats)
    }

    /// What they are reached at.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("nats://127.0.0.1:{}", member.port)).collect()
    }

    pub(crate) fn folder(&self, index: usize) -> PathBuf {
        self.folder.join(format!("nats-{index}"))
    }

    fn spawn(&mut self, index: usize) -> Told<()> {
        let store = self.folder(index);
        let log = std::fs::File::options().create(true).append(true).open(self.log(index));
        let log = log.map_err(|error| told("its log", error))?;
        let member = &self.members[index];
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(&self.program);
        command.args(["-a", "127.0.0.1", "-p", &member.port.to_string(), "-js", "-sd"]).arg(store);
        if self.members.len() > 1 {
            let routes = self.members.iter().map(|it| format!("nats://127.0.0.1:{}", it.route));
            let routes = routes.collect::<Vec<_>>().join(",");
            let cluster = format!("nats://127.0.0.1:{}", member.route);
            command.args(["-n", &format!("n{index}"), "--cluster_name", "test"]);
            command.args(["--cluster", &cluster, "--routes", &routes]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.members[index].child = Some(child.map_err(|error| told("does not run", error))?);
        Ok(())
    }

    fn wait_until_open(&self, index: usize) -> Told<()> {
        let started = Instant::now();
        let port = self.members[index].port;
        while started.elapsed() < START_LIMIT {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            sleep(LOOK_INTERVAL);
        }
        let words = std::fs::read_to_string(self.log(index)).unwrap_or_default();
        Err(told("it does not start", words))
    }

    fn log(&self, index: usize) -> PathBuf {
        self.folder.join(format!("nats-{index}.log"))
    }

    /// Ends one at once, without a word.
    pub(crate) fn kill(&mut self, index: usize) {
        if let Some(mut child) = self.members[index].child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts one that has ended, where it was.
    pub(crate) fn start_again(&mut self, index: usize) -> Told<()> {
        self.spawn(index)?;
        self.wait_until_open(index)
    }

    /// One of them does nothing, or goes on: `STOP`, `CONT`.
    pub(crate) fn signal(&self, index: usize, signal: &str) -> Told<()> {
        let Some(child) = &self.members[index].child else {
            return Err(told("it", "is not there"));
        };
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        match sent.is_ok_and(|status| status.success()) {
            true => Ok(()),
            false => Err(told("kill", signal)),
        }
    }

    /// Says something to whoever hears this subject, as any client can, and waits until it is taken.
    pub(crate) fn publish(&self, index: usize, subject: &str, payload: &str) -> Told<()> {
        let failed = |error: std::io::Error| told("a client", error);
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.members[index].port)).map_err(failed)?;
        let said = format!(
            "CONNECT {{\"verbose\":false}}\r\nPUB {subject} {}\r\n{payload}\r\nPING\r\n",
            payload.len()
        );
        stream.write_all(said.as_bytes()).map_err(failed)?;
        for line in BufReader::new(stream).lines() {
            let line = line.map_err(failed)?;
            if line == "PONG" {
                return Ok(());
            }
            if line.starts_with("-ERR") {
                return Err(told("a client", line));
            }
        }
        Err(told("a client", "the connection ended"))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        (0..self.members.len()).for_each(|index| self.kill(index));
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
