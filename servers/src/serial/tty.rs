//! `Tty`: a serial line of this machine, raw, and nobody else's.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::task::{Context, Poll, ready};

use anyhow::{Context as _, anyhow, bail};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{ControlModes, OptionalActions};
use tokio::net::unix::pipe;

/// An open line; see the [module](self). To the runtime it is what a pipe is: something that is read and written when it is ready.
pub(crate) struct Tty {
    reading: pipe::Receiver,
    writing: pipe::Sender,
}

impl Tty {
    /// Opens it. Call it inside of a runtime.
    ///
    /// # Errors
    /// It is not there, no serial line, somebody else's, or has no such speed.
    pub(crate) fn open(device: &Path, baud: u32) -> anyhow::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let line = rustix::fs::open(device, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT | Errno::NXIO | Errno::NODEV => anyhow!("there is no such device"),
            Errno::ACCESS => {
                anyhow!("no permission: is this user in the group that owns it, like dialout?")
            }
            Errno::BUSY => anyhow!("somebody else has it open"),
            error => anyhow::Error::new(error),
        })?;
        if !rustix::termios::isatty(&line) {
            bail!("this is no serial line");
        }
        match rustix::fs::flock(&line, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => bail!("somebody else has it open"),
            Err(error) => return Err(anyhow::Error::new(error).context("can't lock it")),
        }
        rustix::termios::ioctl_tiocexcl(&line).context("can't have it alone")?;
        make_raw(&line, baud).with_context(|| format!("can't set it to {baud} baud"))?;
        let reading = pipe::Receiver::from_owned_fd_unchecked(line.try_clone()?)?;
        Ok(Self { reading, writing: pipe::Sender::from_owned_fd_unchecked(line)? })
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.reading.poll_read_ready(cx))?;
            match self.reading.try_read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.writing.poll_write_ready(cx))?;
            match self.writing.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

/// Eight bits, no parity, no flow control, nothing that changes a byte.
fn make_raw(line: &OwnedFd, baud: u32) -> rustix::io::Result<()> {
    let mut settings = rustix::termios::tcgetattr(line)?;
    settings.make_raw();
    settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
    settings.control_modes -= ControlModes::CRTSCTS;
    settings.set_speed(baud)?;
    rustix::termios::tcsetattr(line, OptionalActions::Now, &settings)
}
