//! `tinyrealm serial`: the end of a serial line that has a network, for a board that has none.
//!
//! Purpose: players who come to an address of this machine are carried over the line to the board's world; what the board opens goes to
//! Main, or to wherever it says.
//!
//! Contract: when the board begins anew, or the line is away, connections over it end, and new ones are made when it is back. Nothing but a line
//! that can't be opened at the start ends the command by itself.
//!
//! Bounds: eight connections at once; who comes then waits.

mod carried;
pub(crate) mod tty;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use tinyrealm_serial::{CHANNELS_MAX, Channel, ChannelState, End, Mux, Options};
use tinyrealm_std::runtime;
use tokio::net::TcpListener;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::cli::SerialOptions;
use crate::process;
use crate::say::say;
use carried::Carried;
use tty::Tty;

/// What lies here of a channel in one direction: far more than the line takes while this process does something else.
const BUFFER_BYTES: usize = 2_048;
const READ_BYTES: usize = 1_024;
/// How often one looks for a line that is away.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// When somebody should have said something.
const HEARD_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn run(options: &SerialOptions) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    runtime::current_thread()?.block_on(serve(options, &shutdown))
}

async fn serve(options: &SerialOptions, shutdown: &CancellationToken) -> anyhow::Result<ExitCode> {
    let device = options.device.display();
    let mut tty = Tty::open(&options.device, options.baud).with_context(|| format!("{device}"))?;
    let listener = TcpListener::bind(&options.listen).await;
    let listener = listener.with_context(|| format!("can't listen on {}", options.listen))?;
    say!("serial listening on {}", listener.local_addr()?);
    loop {
        tracing::info!("{device} is open at {} baud", options.baud);
        let error = tokio::select! {
            error = carry(&tty, &listener, options) => error?,
            () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        tracing::warn!("{device} is away: {error}; waiting for it");
        // It is locked as long as it is open, for us as well.
        drop(tty);
        tty = tokio::select! {
            tty = opened_again(options) => tty,
            () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
        };
    }
}

async fn opened_again(options: &SerialOptions) -> Tty {
    loop {
        sleep(LOOK_AGAIN).await;
        match Tty::open(&options.device, options.baud) {
            Ok(tty) => return tty,
            Err(error) => tracing::debug!("{}: {error:#}", options.device.display()),
        }
    }
}

/// Carries connections until the line is gone, and answers why.
async fn carry(
    tty: &Tty,
    listener: &TcpListener,
    options: &SerialOptions,
) -> anyhow::Result<io::Error> {
    let mut epoch = [0; 2];
    getrandom::fill(&mut epoch)?;
    let mut channels = [Channel::IDLE; CHANNELS_MAX];
    let mut bytes = [0; CHANNELS_MAX * 2 * BUFFER_BYTES];
    let mux_options = Options {
        end: End::Desktop,
        listeners: 0,
        baud: options.baud,
        epoch: u16::from_le_bytes(epoch),
    };
    let mut line = Line {
        tty,
        listener,
        main: &options.main,
        mux: Mux::new(mux_options, &mut channels, &mut bytes),
        carried: [const { Carried::Nothing }; CHANNELS_MAX],
        began: Instant::now(),
        timer: Box::pin(sleep(Duration::ZERO)),
        watch: Watch::Waiting,
        waits_since: Instant::now(),
        lost: 0,
    };
    Ok(poll_fn(|cx| line.poll(cx)).await)
}

/// What is known of the board.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Watch {
    Waiting,
    /// It has been said that nobody is heard.
    Missing,
    There,
}

struct Line<'l> {
    tty: &'l Tty,
    listener: &'l TcpListener,
    main: &'l str,
    mux: Mux<'l>,
    carried: [Carried; CHANNELS_MAX],
    began: Instant,
    timer: Pin<Box<Sleep>>,
    watch: Watch,
    waits_since: Instant,
    /// How often the line was lost, as far as it has been said.
    lost: u32,
}

impl Line<'_> {
    /// Milliseconds, which may wrap.
    fn now_ms(&self) -> u32 {
        self.began.elapsed().as_millis() as u32
    }

    /// Ready with the line's end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            while match self.poll_all(cx) {
                Ok(has_moved) => has_moved,
                Err(error) => return Poll::Ready(error),
            } {}
            self.watch_board();
            let wait_ms = self.mux.next_ms(self.now_ms());
            let due = Instant::now() + Duration::from_millis(u64::from(wait_ms)).min(HEARD_WITHIN);
            if self.timer.deadline() > due || self.timer.is_elapsed() {
                self.timer.set(sleep_until(due));
            }
            if Pin::new(&mut self.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_all(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let now_ms = self.now_ms();
        let mut has_moved = self.poll_received(cx, now_ms)?;
        for (number, carried) in self.carried.iter_mut().enumerate() {
            has_moved |= carried.poll(cx, &mut self.mux, number, self.main, now_ms);
        }
        let (count, listeners) = self.mux.layout();
        (listeners..count).for_each(|number| self.mux.listen(number));
        has_moved |= self.poll_player(cx, now_ms)?;
        has_moved |= self.poll_send(cx, now_ms)?;
        Ok(has_moved)
    }

    fn poll_received(&mut self, cx: &mut Context<'_>, now_ms: u32) -> io::Result<bool> {
        let mut bytes = [0; READ_BYTES];
        match self.tty.poll_read(cx, &mut bytes) {
            Poll::Pending => Ok(false),
            Poll::Ready(count) => {
                self.mux.received(&bytes[..count?], now_ms);
                Ok(true)
            }
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, now_ms: u32) -> io::Result<bool> {
        let mut has_sent = false;
        loop {
            let bytes = self.mux.to_send(now_ms);
            if bytes.is_empty() {
                return Ok(has_sent);
            }
            match self.tty.poll_write(cx, bytes) {
                Poll::Pending => return Ok(has_sent),
                Poll::Ready(count) => self.mux.sent(count?),
            }
            has_sent = true;
        }
    }

    /// Takes a player, if there is a channel for one.
    fn poll_player(&mut self, cx: &mut Context<'_>, now_ms: u32) -> io::Result<bool> {
        let (_, listeners) = self.mux.layout();
        let is_free = |number: &usize| self.mux.state(*number) == ChannelState::Idle;
        let Some(number) = (0..listeners).find(is_free).filter(|_| self.mux.is_up()) else {
            return Ok(false);
        };
        let (stream, address) = match self.listener.poll_accept(cx) {
            Poll::Pending => return Ok(false),
            // One that has gone before it was taken, or too many open files: nothing of the line's.
            Poll::Ready(Err(error)) => {
                tracing::warn!("can't take a player: {error}");
                return Ok(false);
            }
            Poll::Ready(Ok(accepted)) => accepted,
        };
        tracing::debug!("{address} comes by channel {number}");
        let [high, low] = address.port().to_be_bytes();
        let [a, b, c, d] = match address.ip().to_canonical() {
            std::net::IpAddr::V4(address) => address.octets(),
            std::net::IpAddr::V6(_) => [0; 4],
        };
        self.mux.open(number, [a, b, c, d, high, low], now_ms);
        self.carried[number] = Carried::player(stream);
        Ok(true)
    }

    /// Says what has become of the board.
    fn watch_board(&mut self) {
        let stats = self.mux.stats();
        if stats.lost != self.lost {
            self.lost = stats.lost;
            self.watch = Watch::Waiting;
            self.waits_since = Instant::now();
            tracing::warn!("the board has begun anew, or is silent: connections to it have ended");
        }
        if self.mux.is_up() && self.watch != Watch::There {
            self.watch = Watch::There;
            let (count, listeners) = self.mux.layout();
            tracing::info!("the board is there: {count} channels, {listeners} of them for players");
        }
        if self.watch == Watch::Waiting && self.waits_since.elapsed() > HEARD_WITHIN {
            self.watch = Watch::Missing;
            match stats.broken {
                0 => tracing::warn!("nothing is heard of a board yet"),
                _ => tracing::warn!("what is heard is no board, or at another speed"),
            }
        }
    }
}
