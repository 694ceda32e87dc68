//! `Postgres`: a server of PostgreSQL for tests, in a folder of its own; also for the tests themselves, to end and start one.
//!
//! Contract: it does not run as root, which it refuses: as the user that its package has made then. It listens at a free port
//! of loopback and in its folder, where a database `realm` is that `tinyrealm` needs no password for. Commits are on
//! the disk. It ends with its guard, by its process, and with the thread that has started it.
//!
//! Nothing but the standard library and [`free_port`].

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ports::free_port;

/// Where Debian has its versions.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest version that is good enough.
const OLDEST: u32 = 15;
/// The package's user.
const USER: &str = "postgres";
/// How long it may take to be there: also after a crash.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The name of a socket has at most 107 bytes.
const SOCKET_FOLDER_MAX: usize = 80;

type Told<T> = Result<T, String>;

fn told(what: impl Display, error: impl Display) -> String {
    format!("PostgreSQL: {what}: {error}")
}

/// The folder with the programs of the newest version that there is.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.flatten();
    let numbers = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let newest = numbers.filter(|number| *number >= OLDEST).max()?;
    let folder = Path::new(VERSIONS).join(newest.to_string()).join("bin");
    folder.join("initdb").exists().then_some(folder)
}

/// See the [module](self).
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Makes one anew in `folder`, and starts it.
    pub(crate) fn start(folder: &Path) -> Told<Self> {
        let programs = programs().ok_or("PostgreSQL is not installed")?;
        let folder = folder_of(folder)?;
        let port = free_port();
        let mut postgres = Self { programs, folder, port, child: None };
        let data = postgres.data();
        postgres.run(
            "initdb",
            &["-D", &data, "-U", "tinyrealm", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        )?;
        postgres.start_again()?;
        postgres.psql("postgres", "CREATE DATABASE realm")?;
        Ok(postgres)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// What its database `realm` is reached at; without a password.
    pub(crate) fn address(&self) -> String {
        self.address_of("realm")
    }

    pub(crate) fn address_of(&self, database: &str) -> String {
        format!("postgres://tinyrealm@{}/{database}", self.listens_at())
    }

    /// Where it listens.
    pub(crate) fn listens_at(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its process, if it runs; each client has one of its own below that.
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it, which has ended, and waits until it is there.
    pub(crate) fn start_again(&mut self) -> Told<()> {
        let started = Instant::now();
        let (data, folder, port) =
            (self.data(), self.folder.display().to_string(), self.port.to_string());
        let arguments = [
            "-D",
            &data,
            "-k",
            &folder,
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-c",
            "fsync=on",
            "-c",
            "max_connections=200",
        ];
        loop {
            let log = std::fs::File::options().create(true).append(true).open(self.log());
            let log = log.map_err(|error| told("its log", error))?;
            let mut server = self.command("postgres", &arguments);
            server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            let mut child = server.spawn().map_err(|error| told("does not run", error))?;
            while started.elapsed() < START_LIMIT {
                if self
                    .run("pg_isready", &["-q", "-h", "127.0.0.1", "-p", &port, "-d", "postgres"])
                    .is_ok()
                {
                    self.child = Some(child);
                    return Ok(());
                }
                // What is left of one that was killed may still be in the way.
                if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                    break;
                }
                sleep(Duration::from_millis(20));
            }
            if started.elapsed() >= START_LIMIT {
                self.child = Some(child);
                return Err(told("it does not start", self.last_words()));
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, without a word.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs one statement, and answers what it prints.
    pub(crate) fn psql(&self, database: &str, statement: &str) -> Told<String> {
        let port = self.port.to_string();
        let at = ["-h", "127.0.0.1", "-p", &port, "-U", "tinyrealm", "-d", database];
        self.run(
            "psql",
            &[&at[..], &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]]
                .concat(),
        )
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    fn last_words(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// One of its programs, as somebody who is not root, in a folder that is theirs.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
            // To end at once, whoever is connected.
            command.args(["--pdeathsig", "INT"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(&self.folder);
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Told<String> {
        let mut command = self.command(program, arguments);
        let finished = command.stdin(Stdio::null()).output();
        let finished = finished.map_err(|error| told(program, error))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match finished.status.success() {
            true => Ok(said(&finished.stdout)),
            false => Err(told(program, said(&finished.stderr))),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        // What has served its process alone is gone by then, or goes.
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_file(self.log());
    }
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// An empty folder which that user can reach: this one, or one of the system's for what does not last.
fn folder_of(wanted: &Path) -> Told<PathBuf> {
    let name = format!("tinyrealm-postgres-{}", std::process::id());
    let name = match wanted.file_name() {
        Some(last) => format!("{name}-{}", last.display()),
        None => name,
    };
    let mut problem = String::new();
    for folder in [wanted.to_owned(), std::env::temp_dir().join(name)] {
        match make_folder(&folder) {
            Ok(()) => return Ok(folder),
            Err(why) => problem = why,
        }
    }
    Err(problem)
}

fn make_folder(folder: &Path) -> Told<()> {
    let what = folder.display();
    if folder.as_os_str().len() > SOCKET_FOLDER_MAX {
        return Err(told(what, "too long for a socket's name"));
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| told(&what, error))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| told(&what, error))?;
    if !is_root() {
        return Ok(());
    }
    let run = |command: &mut Command| match command.stdin(Stdio::null()).output() {
        Ok(finished) if finished.status.success() => Ok(()),
        Ok(finished) => Err(told(&what, String::from_utf8_lossy(&finished.stderr).trim())),
        Err(error) => Err(told(&what, error)),
    };
    run(Command::new("chown").arg(format!("{USER}:{USER}")).arg(folder))?;
    let as_user = ["--reuid", USER, "--regid", USER, "--clear-groups", "ls"];
    run(Command::new("setpriv").args(as_user).arg(folder))
}
