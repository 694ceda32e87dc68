//! `Machine`: a running board.
//!
//! Contract: it is killed with its value, and a reset of the board ends it too, so that no test takes a
//! board that begins anew for one that went on.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use crate::image::{Image, Place};
use crate::monitor::Monitor;
use crate::report::{Report, StackUse, WORDS};
use crate::scratch::Scratch;
use crate::{PATIENCE, log};

/// QEMU for the board.
pub const PROGRAM: &str = "qemu-system-arm";
/// How often a device is looked at for something that is waited for.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What the board's Ethernet is connected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Network {
    /// QEMU's own network, whose 10.0.2.2 is this machine; ports here lead to ports there.
    User {
        /// Port here, port of the device.
        forwards: Vec<(u16, u16)>,
    },
    /// A [`Switch`](crate::Switch)'s socket.
    Switch(PathBuf),
}

impl Network {
    fn argument(&self) -> String {
        match self {
            Self::User { forwards } => format!("user,id=net0{}", forwards_argument(forwards, "")),
            Self::Switch(path) => format!("stream,id=net0,{}", socket_argument(path)),
        }
    }
}

fn forwards_argument(forwards: &[(u16, u16)], device: &str) -> String {
    let one =
        |(here, there): &(u16, u16)| format!(",hostfwd=tcp:127.0.0.1:{here}-{device}:{there}");
    forwards.iter().map(one).collect()
}

fn socket_argument(path: &Path) -> String {
    format!("server=off,addr.type=unix,addr.path={}", path.display())
}

/// QEMU, which ends with the thread that starts it, whatever ends that: a signal has nobody run a `drop`.
fn emulator() -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(PROGRAM);
    }
    // Of util-linux. Setting it in the child ourselves would take unsafe code.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", PROGRAM]);
    command
}

/// QEMU for a board with this image, this hardware address, and its serial line where `serial` says.
pub fn board(kernel: &Path, mac: &str, network: &Network, serial: &str) -> Command {
    let mut command = emulator();
    command.args(["-M", "mps2-an385", "-display", "none", "-serial", serial]);
    command.arg("-kernel").arg(kernel);
    command.args(["-netdev", &network.argument()]);
    command.args(["-net", &format!("nic,netdev=net0,model=lan9118,macaddr={mac}")]);
    command
}

/// A running board; see the [module](self).
#[derive(Debug)]
pub struct Machine {
    name: String,
    child: Child,
    monitor: Monitor,
    image: Image,
    scratch: Scratch,
}

impl Machine {
    /// Starts the board with this image.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn start(image: Image, mac: &str, network: &Network) -> anyhow::Result<Self> {
        Self::start_with(image, mac, network, &[])
    }

    /// [`Machine::start`] with further arguments for QEMU.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn start_with(
        image: Image,
        mac: &str,
        network: &Network,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let serial = format!("file:{}", scratch.file("serial").display());
        Self::start_on(scratch, image, mac, network, &serial, arguments)
    }

    /// [`Machine::start_with`], its serial line at a [terminal](Self::terminal); a reset has it begin anew.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn start_at_terminal(
        image: Image,
        mac: &str,
        network: &Network,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let arguments = [&["-action", "reboot=reset"], arguments].concat();
        Self::start_on(Scratch::new()?, image, mac, network, "pty", &arguments)
    }

    fn start_on(
        scratch: Scratch,
        image: Image,
        mac: &str,
        network: &Network,
        serial: &str,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let kernel = image.write(scratch.file("image.elf"))?;
        let mut command = board(&kernel, mac, network, serial);
        command.args(["-no-reboot", "-qmp", "stdio"]).args(arguments);
        let (child, monitor) = spawn(command, &scratch)?;
        let name = image.name().to_owned();
        Ok(Self { name, child, monitor, image, scratch })
    }

    /// The terminal that its serial line is at.
    ///
    /// # Errors
    /// If it has ended, or its line is at none.
    pub fn terminal(&mut self) -> anyhow::Result<String> {
        let lines = self.monitor.ask("query-chardev", json!({}))?;
        let mut names =
            lines.as_array().into_iter().flatten().filter_map(|line| line["filename"].as_str());
        let terminal = names.find_map(|name| name.strip_prefix("pty:"));
        Ok(terminal.context("its serial line is at no terminal")?.to_owned())
    }

    /// Resets it, as its button does.
    ///
    /// # Errors
    /// If it has ended.
    pub fn reset(&mut self) -> anyhow::Result<()> {
        self.monitor.ask("system_reset", json!({})).map(drop)
    }

    /// What it has logged so far.
    ///
    /// # Errors
    /// If its image was built without a log.
    pub fn log(&self) -> anyhow::Result<Vec<String>> {
        let words = log::Words::of(self.image.bytes())?;
        Ok(words.decoder().lines(&std::fs::read(self.scratch.file("serial"))?))
    }

    /// A stretch of its memory.
    ///
    /// # Errors
    /// If it has ended.
    pub fn memory(&mut self, place: Place) -> anyhow::Result<Vec<u8>> {
        let path = self.scratch.file("memory");
        let Place { address, bytes } = place;
        let arguments = json!({ "val": address, "size": bytes, "filename": path });
        self.monitor.ask("pmemsave", arguments).with_context(|| self.name.clone())?;
        Ok(std::fs::read(path)?)
    }

    /// What it tells about itself now.
    ///
    /// # Errors
    /// If it has ended.
    pub fn report(&mut self) -> anyhow::Result<Report> {
        let place = self.image.symbol("6report6REPORT")?;
        let bytes = self.memory(Place { address: place.address, bytes: 4 * WORDS as u32 })?;
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        Ok(Report::from_words(words))
    }

    /// Looks at its report until `is_so`, and answers that one.
    ///
    /// # Errors
    /// If it has ended, or it does not become so in time.
    pub fn wait_until(
        &mut self,
        what: &str,
        is_so: impl Fn(&Report) -> bool,
    ) -> anyhow::Result<Report> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.report()?;
            if is_so(&report) {
                return Ok(report);
            }
            if Instant::now() > deadline {
                bail!("{}: not {what} within {PATIENCE:?}: {report:?}", self.name);
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// How deep its stack has been.
    ///
    /// # Errors
    /// If it has ended.
    pub fn stack_use(&mut self) -> anyhow::Result<StackUse> {
        let (low, high) = (self.image.symbol("_stack_end")?, self.image.symbol("_stack_start")?);
        let place = Place { address: low.address, bytes: high.address - low.address };
        Ok(StackUse::measure(&self.memory(place)?))
    }

    /// Plugs its cable in or out.
    ///
    /// # Errors
    /// If it has ended.
    pub fn set_cable(&mut self, cable: Cable) -> anyhow::Result<()> {
        let arguments = json!({ "name": "net0", "up": cable == Cable::In });
        self.monitor.ask("set_link", arguments).map(drop)
    }

    /// Switches it off.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the Ethernet cable is plugged in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Cable {
    /// It is.
    In,
    /// It is not.
    Out,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("--- what `{}` has logged:", self.name);
            match self.log() {
                Ok(lines) => lines.iter().for_each(|line| eprintln!("  {line}")),
                Err(error) => eprintln!("  {error}"),
            }
            let said = std::fs::read_to_string(self.scratch.file("stderr")).unwrap_or_default();
            eprintln!("--- what its QEMU has said:\n{said}");
        }
    }
}

fn spawn(mut command: Command, scratch: &Scratch) -> anyhow::Result<(Child, Monitor)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(File::create(scratch.file("stderr"))?);
    let mut child = command.spawn().with_context(|| format!("{PROGRAM} does not start"))?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (to, from) = pipes.context("both were asked for")?;
    match Monitor::start(to, from) {
        Ok(monitor) => Ok((child, monitor)),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            let said = std::fs::read_to_string(scratch.file("stderr")).unwrap_or_default();
            Err(error.context(said))
        }
    }
}

/// QEMU's own network on a switch: the way from its devices to this machine and back.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    _monitor: Monitor,
    _scratch: Scratch,
}

impl Gateway {
    /// Plugs the gateway into the switch at `path`. Ports here lead to ports of devices there: port
    /// here, address of the device, its port.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn start(path: &Path, forwards: &[(u16, &str, u16)]) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let forwards: String = forwards
            .iter()
            .map(|(here, device, there)| forwards_argument(&[(*here, *there)], device))
            .collect();
        let mut command = emulator();
        command.args(["-M", "none", "-display", "none", "-qmp", "stdio"]);
        command.args(["-netdev", &format!("user,id=user{forwards}")]);
        command.args(["-netdev", &format!("stream,id=switch,{}", socket_argument(path))]);
        for (port, netdev) in ["user", "switch"].iter().enumerate() {
            let hub = format!("hubport,id=hub{port},hubid=0,netdev={netdev}");
            command.args(["-netdev", &hub]);
        }
        let (child, monitor) = spawn(command, &scratch)?;
        Ok(Self { child, _monitor: monitor, _scratch: scratch })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
