//! `Carried`: a connection of this machine's network, and the channel that it is carried over.
//!
//! Contract: what one side says the other one gets, and its end behind that; what breaks on one side breaks on the other. Nothing is
//! kept here: bytes stay with the socket or the line until the other one has room.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::pin::Pin;
use std::task::{Context, Poll};

use tinyrealm_serial::{ADDRESS_BYTES, ChannelState, Mux};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that are read at once.
const READ_BYTES: usize = 1_024;

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>;

/// What is on the network's side of a channel.
pub(super) enum Carried {
    Nothing,
    /// The board has asked for it.
    Connecting(String, Connecting),
    Socket(Socket),
}

pub(super) struct Socket {
    stream: TcpStream,
    /// The network's side has said all.
    has_ended: bool,
    /// It has been told that the board has said all.
    is_told: bool,
}

/// Where a board wants to go; Main, if it does not say.
fn target(address: [u8; ADDRESS_BYTES], main: &str) -> String {
    let [a, b, c, d, high, low] = address;
    let address = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]));
    if address.ip().is_unspecified() { main.to_owned() } else { address.to_string() }
}

impl Carried {
    pub(super) fn player(stream: TcpStream) -> Self {
        // What comes off the line has waited long enough.
        let _ = stream.set_nodelay(true);
        Self::Socket(Socket { stream, has_ended: false, is_told: false })
    }

    /// Does what can be done for channel `number`; answers whether that was anything.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mux: &mut Mux<'_>,
        number: usize,
        main: &str,
        now_ms: u32,
    ) -> bool {
        match mux.state(number) {
            ChannelState::Idle | ChannelState::Listening | ChannelState::Resetting => {
                *self = Self::Nothing;
                false
            }
            ChannelState::Asked => self.poll_connect(cx, mux, number, main, now_ms),
            ChannelState::Opening => false,
            ChannelState::Open => {
                let Self::Socket(socket) = self else { return false };
                let moved = socket.poll(cx, mux, number, now_ms);
                moved.unwrap_or_else(|error| {
                    tracing::debug!("channel {number} has ended: {error}");
                    mux.abort(number, now_ms);
                    true
                })
            }
        }
    }

    fn poll_connect(
        &mut self,
        cx: &mut Context<'_>,
        mux: &mut Mux<'_>,
        number: usize,
        main: &str,
        now_ms: u32,
    ) -> bool {
        if !matches!(self, Self::Connecting(..)) {
            let target = target(mux.address(number), main);
            *self = Self::Connecting(target.clone(), Box::pin(TcpStream::connect(target)));
        }
        let Self::Connecting(target, connecting) = self else { return false };
        match connecting.as_mut().poll(cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok(stream)) => {
                tracing::info!("the board is connected to {target}");
                *self = Self::player(stream);
                mux.accept(number);
            }
            Poll::Ready(Err(error)) => {
                tracing::warn!("the board can't connect to {target}: {error}");
                mux.abort(number, now_ms);
            }
        }
        true
    }
}

impl Socket {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mux: &mut Mux<'_>,
        number: usize,
        now_ms: u32,
    ) -> io::Result<bool> {
        let mut has_moved = false;
        while !mux.held(number).is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, mux.held(number)) {
                Poll::Pending => break,
                Poll::Ready(count) => mux.take(number, count?),
            }
            has_moved = true;
        }
        if mux.has_ended(number) && !self.is_told {
            self.is_told = true;
            if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_shutdown(cx) {
                outcome?;
            }
        }
        Ok(self.poll_read(cx, mux, number, now_ms)? || has_moved)
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        mux: &mut Mux<'_>,
        number: usize,
        now_ms: u32,
    ) -> io::Result<bool> {
        let mut bytes = [0; READ_BYTES];
        let room = mux.room(number).min(READ_BYTES);
        if room == 0 || self.has_ended {
            return Ok(false);
        }
        let mut buffer = ReadBuf::new(&mut bytes[..room]);
        match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
            Poll::Pending => return Ok(false),
            Poll::Ready(outcome) => outcome?,
        }
        if buffer.filled().is_empty() {
            self.has_ended = true;
            mux.shut(number);
        } else {
            mux.send(number, buffer.filled(), now_ms);
        }
        Ok(true)
    }
}
