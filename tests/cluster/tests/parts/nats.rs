//! `Nats`: servers of NATS with JetStream, alone or three that are one, for tests which end and start them.
//!
//! Contract: they listen at ports of loopback that were free, and keep what they have in a folder of their own. They end with
//! their guard, each by its process, and with the thread that has started them.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ports::free_port;
use crate::support::process::wait_until_stopped;
use crate::support::{Cable, Cables, operator};

/// How long it may take until one can be asked.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take for what it has missed.
const WHOLE_LIMIT: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

type Told<T> = Result<T, String>;

fn told(what: impl Display, error: impl Display) -> String {
    format!("NATS: {what}: {error}")
}

struct Member {
    port: u16,
    route: u16,
    /// Where it tells what it does.
    monitor: u16,
    child: Option<Child>,
    /// What leads to the first two, if they can be cut.
    cables: Option<[Cable; 2]>,
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Member {
    fn new(cables: Option<&Cables>) -> Self {
        let [port, route, monitor] = [(); 3].map(|()| free_port());
        let cables = cables.map(|cables| {
            [port, route].map(|port| {
                let cable = cables.lay();
                cable.lead_to(at(port));
                cable
            })
        });
        Self { port, route, monitor, child: None, cables }
    }

    /// Where clients and the other members find it.
    fn found_at(&self) -> [SocketAddr; 2] {
        let direct = [self.port, self.route].map(at);
        self.cables.as_ref().map_or(direct, |cables| cables.each_ref().map(|cable| cable.address))
    }
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
        Self::start_those(program, folder, (0..count).map(|_| Member::new(None)).collect())
    }

    /// The same, behind cables.
    pub(crate) fn start_behind(
        cables: &Cables,
        program: &Path,
        folder: &Path,
        count: usize,
    ) -> Told<Self> {
        let members = (0..count).map(|_| Member::new(Some(cables))).collect();
        Self::start_those(program, folder, members)
    }

    fn start_those(program: &Path, folder: &Path, members: Vec<Member>) -> Told<Self> {
        let count = members.len();
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(|error| told(folder.display(), error))?;
        }
        std::fs::create_dir_all(folder).map_err(|error| told(folder.display(), error))?;
        let mut nats = Self { program: program.to_owned(), folder: folder.to_owned(), members };
        (0..count).try_for_each(|index| nats.spawn(index))?;
        (0..count).try_for_each(|index| nats.wait_until_open(index))?;
        Ok(nats)
    }

    /// What they are reached at.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("nats://{}", member.found_at()[0])).collect()
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
        command.args(["-m", &member.monitor.to_string()]);
        if self.members.len() > 1 {
            let routes = self.members.iter().map(|it| format!("nats://{}", it.found_at()[1]));
            let routes = routes.collect::<Vec<_>>().join(",");
            let cluster = format!("nats://127.0.0.1:{}", member.route);
            command.args(["-n", &format!("n{index}"), "--cluster_name", "test"]);
            command.args(["--cluster", &cluster, "--routes", &routes, "--no_advertise"]);
            command.args(["--cluster_advertise", &member.found_at()[1].to_string()]);
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

    /// Its process, if it runs.
    pub(crate) fn process(&self, index: usize) -> Option<u32> {
        self.members[index].child.as_ref().map(Child::id)
    }

    /// What leads to it.
    pub(crate) fn cables(&self, index: usize) -> Vec<&Cable> {
        self.members[index].cables.iter().flatten().collect()
    }

    /// What it says of itself: `/connz`, `/jsz`.
    pub(crate) fn monitored(&self, index: usize, what: &str) -> serde_json::Value {
        // By the older protocol it comes in one piece.
        let request = format!("GET {what} HTTP/1.0\r\n\r\n");
        let (_, text) = operator::exchange(at(self.members[index].monitor), request.as_bytes());
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What all of them have got until now from clients, each message once.
    pub(crate) fn asked(&self) -> f64 {
        let of = |index| {
            let said = self.monitored(index, "/connz?limit=64");
            let from = said["connections"].as_array().into_iter().flatten();
            from.filter_map(|connection| connection["in_msgs"].as_f64()).sum::<f64>()
        };
        (0..self.members.len()).map(of).sum()
    }

    /// Which of them leads the others where the directory is kept.
    pub(crate) fn leader(&self) -> Option<usize> {
        let told = self.monitored(0, "/jsz?accounts=true&streams=true");
        let stream = &told["account_details"][0]["stream_detail"][0];
        stream["cluster"]["leader"].as_str()?.strip_prefix('n')?.parse().ok()
    }

    /// Starts one that has ended, where it was.
    pub(crate) fn start_again(&mut self, index: usize) -> Told<()> {
        self.spawn(index)?;
        self.wait_until_open(index)
    }

    /// One of them has all that it has missed meanwhile: without it, the others may do.
    pub(crate) fn wait_until_whole(&self, index: usize) -> Told<()> {
        let started = Instant::now();
        loop {
            let told = self.monitored(index, "/healthz");
            if told["status"] == "ok" {
                return Ok(());
            }
            if started.elapsed() > WHOLE_LIMIT {
                return Err(format!("server {index} has not all that it has missed: {told}"));
            }
            sleep(LOOK_INTERVAL);
        }
    }

    /// One of them does nothing, or goes on: `STOP`, `CONT`. When this returns, nothing of it serves any more, or all of it does.
    pub(crate) fn signal(&self, index: usize, signal: &str) -> Told<()> {
        let Some(child) = &self.members[index].child else {
            return Err(told("it", "is not there"));
        };
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        if !sent.is_ok_and(|status| status.success()) {
            return Err(told("kill", signal));
        }
        if signal == "STOP" {
            wait_until_stopped(child, "nats-server");
        }
        Ok(())
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
