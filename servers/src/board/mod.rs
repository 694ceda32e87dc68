//! `tinyrealm board provision`: a unit's settings, from a file into a board's flash.
//!
//! Contract: a file that is wrong is told by its lines, before anything is said to a board. It ends in time whatever the board does; when it says that
//! something is written, it is. No key is said, but by its fingerprint.

mod file;
mod told;
mod unit;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tinyrealm_settings::{Provisioner, State, Step};
use tinyrealm_std::runtime;
use tokio::time::{Instant, Sleep, sleep};

use crate::cli::{BoardCommand, ProvisionOptions};
use crate::say::hand_out;
use crate::serial::tty::Tty;

const READ_BYTES: usize = 1_024;

pub(crate) fn run(command: &BoardCommand) -> anyhow::Result<ExitCode> {
    let BoardCommand::Provision(options) = command;
    let text = file::read(&options.file)?;
    let unit = unit::read(&text).map_err(|problems| file::told(&options.file, &problems))?;
    let settings = unit.settings();
    let patience_ms = options.wait * 1_000;
    // What is wrong with them has been told by its line.
    let mut talk = Provisioner::new(&settings, patience_ms, 0).map_err(anyhow::Error::new)?;
    runtime::current_thread()?.block_on(provision(options, &mut talk))?;
    let (name, _) = talk.board().context("a board has answered")?;
    hand_out!("{name} has these settings now, and has been told to start with them:")?;
    for line in told::lines(&settings) {
        hand_out!("  {line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn provision(options: &ProvisionOptions, talk: &mut Provisioner) -> anyhow::Result<()> {
    let device = options.device.display();
    let tty = Tty::open(&options.device, options.baud).with_context(|| format!("{device}"))?;
    tracing::info!("waiting for a board at {device}: if it has settings already, reset it now");
    let mut line = Line {
        tty,
        talk,
        began: Instant::now(),
        timer: Box::pin(sleep(Duration::ZERO)),
        was: None,
    };
    match poll_fn(|cx| line.poll(cx)).await {
        Ok(()) => Ok(()),
        Err(Ended::Line(_)) if line.talk.is_saved() => Ok(()),
        Err(Ended::Line(error)) => Err(error).with_context(|| format!("{device} is away")),
        Err(Ended::Talk(failure)) => bail!("{device}: {failure}"),
    }
}

enum Ended {
    Line(io::Error),
    Talk(tinyrealm_settings::Failure),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Line(error)
    }
}

struct Line<'l> {
    tty: Tty,
    talk: &'l mut Provisioner,
    began: Instant,
    timer: Pin<Box<Sleep>>,
    /// What the board had, as far as it has been said.
    was: Option<State>,
}

impl Line<'_> {
    /// Milliseconds, which may wrap.
    fn now_ms(&self) -> u32 {
        self.began.elapsed().as_millis() as u32
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        loop {
            while self.poll_read(cx)? {}
            match self.talk.step(self.now_ms()) {
                Step::Talking => {}
                Step::Done => return Poll::Ready(Ok(())),
                Step::Failed(failure) => return Poll::Ready(Err(Ended::Talk(failure))),
            }
            self.poll_write(cx)?;
            let wait = Duration::from_millis(u64::from(self.talk.next_ms(self.now_ms()).max(1)));
            self.timer.set(sleep(wait));
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut bytes = [0; READ_BYTES];
        let Poll::Ready(count) = self.tty.poll_read(cx, &mut bytes) else { return Ok(false) };
        let now_ms = self.now_ms();
        self.talk.received(&bytes[..count?], now_ms);
        self.tell_board();
        Ok(true)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let now_ms = self.now_ms();
        loop {
            let bytes = self.talk.to_send(now_ms);
            if bytes.is_empty() {
                return Ok(());
            }
            let Poll::Ready(count) = self.tty.poll_write(cx, bytes) else { return Ok(()) };
            self.talk.sent(count?);
        }
    }

    fn tell_board(&mut self) {
        let Some((name, state)) = self.talk.board().filter(|_| self.was.is_none()) else { return };
        match state {
            State::None => tracing::info!("{name} answers: it has no settings yet"),
            State::Whole => tracing::info!("{name} answers: it has settings, which go"),
            State::Broken => tracing::warn!("{name} answers: its settings are broken, and go"),
        }
        self.was = Some(state);
    }
}
