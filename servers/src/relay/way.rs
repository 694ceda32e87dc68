//! `Way`: one direction of what is passed on.
//!
//! Contract: frames leave as they came, whole ones only, so that a last word of ours may stand between two; a client's
//! masks are good for the world, too. What is no binary message, piece of one or control frame does not leave.
//!
//! Bounds: one buffer of [`BUFFER_BYTES`], which no frame is longer than; nothing is read while it has frames that the other
//! end has not taken, nor faster than the pace. What is read at once is part of the pace.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::wire::opcode::{OPCODE_BYTES, Opcode};
use tinyrealm_core::wire::ws::{CloseCode, FrameHeader, FrameKind, ParsedHeader, Side, apply_mask};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use super::reason::Broken;

/// The longest frame that is passed on, with its header.
pub(super) const BUFFER_BYTES: usize = 16 * 1_024;

/// What is read at a time where the pace is slow; no pace is slower than that a second.
const PIECE_BYTES: usize = 1_024;

/// Why a way ends.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// Nothing more comes.
    Over,
    /// A connection broke.
    Lost,
    /// Both ends are to be told.
    Broken(Broken),
}

/// See the [module](self).
pub(super) struct Way {
    bytes: Box<[u8]>,
    filled: usize,
    /// How much of what is filled are whole frames that may pass.
    whole: usize,
    /// Whom it reads: a server what clients say, and the other way round.
    side: Side,
    pace: Pace,
}

impl Way {
    pub(super) fn new(side: Side, bytes_per_second: u32) -> Self {
        let bytes = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { bytes, filled: 0, whole: 0, side, pace: Pace::new(bytes_per_second) }
    }

    /// What has come with a handshake.
    pub(super) fn take_in(&mut self, rest: &[u8]) -> Result<(), Ending> {
        let room = self.bytes.get_mut(self.filled..self.filled + rest.len());
        let too_long = Ending::Broken(Broken::Framing(CloseCode::MESSAGE_TOO_BIG));
        room.ok_or(too_long)?.copy_from_slice(rest);
        self.filled += rest.len();
        self.look()
    }

    /// Reads once, when it is time to.
    async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> Result<(), Ending> {
        let most = self.pace.room_bytes().await.min(BUFFER_BYTES - self.filled);
        let room = &mut self.bytes[self.filled..self.filled + most];
        let count = from.read(room).await.map_err(|_| Ending::Lost)?;
        if count == 0 {
            return Err(Ending::Over);
        }
        self.pace.spend(count);
        self.filled += count;
        self.look()
    }

    /// Finds out how much of what has come may pass.
    fn look(&mut self) -> Result<(), Ending> {
        let broken = |code| Ending::Broken(Broken::Framing(code));
        loop {
            let rest = &self.bytes[self.whole..self.filled];
            match FrameHeader::parse(rest, self.side) {
                ParsedHeader::Partial { .. } => return Ok(()),
                ParsedHeader::Invalid(code) => return Err(broken(code)),
                ParsedHeader::Whole { header, header_bytes } => {
                    if header.kind == FrameKind::Text {
                        return Err(broken(CloseCode::UNSUPPORTED_DATA));
                    }
                    let frame_bytes = header_bytes.saturating_add(header.payload_bytes);
                    if frame_bytes > BUFFER_BYTES {
                        return Err(broken(CloseCode::MESSAGE_TOO_BIG));
                    }
                    if frame_bytes > rest.len() {
                        return Ok(());
                    }
                    self.whole += frame_bytes;
                }
            }
        }
    }

    /// Waits for the first frame, which has to begin a sealed link.
    pub(super) async fn begin(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Result<(), Ending> {
        while self.whole == 0 {
            self.read(from).await?;
        }
        let begins = begins_sealed(&self.bytes[..self.whole], self.side);
        begins.then_some(()).ok_or(Ending::Broken(Broken::NotSealed))
    }

    /// Has the other end take what may pass.
    pub(super) async fn send(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Ending> {
        while self.whole > 0 {
            let count = to.write(&self.bytes[..self.whole]).await.map_err(|_| Ending::Lost)?;
            if count == 0 {
                return Err(Ending::Lost);
            }
            self.bytes.copy_within(count..self.filled, 0);
            (self.whole, self.filled) = (self.whole - count, self.filled - count);
        }
        to.flush().await.map_err(|_| Ending::Lost)
    }

    /// Passes on until there is a reason not to; that the other end takes nothing for too long is one.
    pub(super) async fn run(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        silence: &Silence,
    ) -> Ending {
        loop {
            let sent = timeout(silence.patience, self.send(to)).await;
            match sent {
                Err(_) => return Ending::Broken(Broken::Silent),
                Ok(Err(ending)) => return ending,
                Ok(Ok(())) => {}
            }
            if let Err(ending) = self.read(from).await {
                return ending;
            }
            silence.end();
        }
    }
}

/// Whether the first of these frames is a whole message that begins a sealed link.
fn begins_sealed(frames: &[u8], side: Side) -> bool {
    let ParsedHeader::Whole { header, header_bytes } = FrameHeader::parse(frames, side) else {
        return false;
    };
    let Some(opcode) = frames.get(header_bytes..).and_then(<[u8]>::first_chunk::<OPCODE_BYTES>)
    else {
        return false;
    };
    let mut opcode = *opcode;
    apply_mask(&mut opcode, header.mask.unwrap_or_default(), 0);
    let is_message = header.kind == FrameKind::Binary && header.is_final;
    let is_long_enough = header.payload_bytes >= OPCODE_BYTES;
    is_message && is_long_enough && Opcode(i32::from_le_bytes(opcode)) == SecureClient::OPCODE
}

/// So many bytes a second, and as many at once.
struct Pace {
    bytes_per_second: u32,
    /// From when on there is room for more.
    free_at: Instant,
}

impl Pace {
    fn new(bytes_per_second: u32) -> Self {
        Self { bytes_per_second, free_at: Instant::now() }
    }

    /// Waits until there is room for a piece, and answers for how much there is then.
    async fn room_bytes(&self) -> usize {
        let second = Duration::from_secs(1);
        let ahead = self.free_at.saturating_duration_since(Instant::now());
        let latest = second.saturating_sub(self.time_of(PIECE_BYTES));
        if let Some(too_much) = ahead.checked_sub(latest) {
            sleep(too_much).await;
        }
        let left = second.saturating_sub(self.free_at.saturating_duration_since(Instant::now()));
        ((left.as_secs_f64() * f64::from(self.bytes_per_second)) as usize).max(1)
    }

    fn time_of(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / f64::from(self.bytes_per_second))
    }

    fn spend(&mut self, bytes: usize) {
        self.free_at = self.free_at.max(Instant::now()) + self.time_of(bytes);
    }
}

/// Since when nothing has passed, either way.
pub(super) struct Silence {
    patience: Duration,
    since: Mutex<Instant>,
}

impl Silence {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, since: Mutex::new(Instant::now()) }
    }

    fn end(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn left(&self) -> Option<Duration> {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.patience.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
    }

    /// Waits until it has been too long.
    pub(super) async fn is_too_long(&self) {
        while let Some(left) = self.left() {
            sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::wire::ws::write_frame;

    fn frame(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; payload.len() + 14];
        let used = write_frame(&mut bytes, kind, Some([1, 2, 3, 4]), payload).unwrap();
        bytes.truncate(used);
        bytes
    }

    fn taken(bytes: &[u8]) -> (Result<(), Ending>, usize) {
        let mut way = Way::new(Side::Server, 64 * 1_024);
        let taken = way.take_in(bytes);
        (taken, way.whole)
    }

    const fn broken(code: CloseCode) -> Result<(), Ending> {
        Err(Ending::Broken(Broken::Framing(code)))
    }

    #[test]
    fn whole_frames_pass_and_no_others() {
        let message = frame(FrameKind::Binary, &[7; 300]);
        for end in 0..message.len() {
            assert_eq!(taken(&message[..end]), (Ok(()), 0), "of {end} bytes");
        }
        let ping = frame(FrameKind::Ping, b"?");
        let both = [&message[..], &ping, &message[..9]].concat();
        assert_eq!(taken(&both), (Ok(()), message.len() + ping.len()));
        assert_eq!(taken(&frame(FrameKind::Text, b"hi")).0, broken(CloseCode::UNSUPPORTED_DATA));
        // Of the other side, without a mask.
        assert_eq!(taken(b"\x82\x01a").0, broken(CloseCode::PROTOCOL_ERROR));
    }

    #[test]
    fn both_sides_of_the_longest_frame() {
        // A header of eight bytes, four of which are the mask.
        let longest = frame(FrameKind::Binary, &vec![1; BUFFER_BYTES - 8]);
        assert_eq!(taken(&longest), (Ok(()), BUFFER_BYTES));
        let longer = frame(FrameKind::Binary, &vec![1; BUFFER_BYTES - 7]);
        assert_eq!(taken(&longer[..8]).0, broken(CloseCode::MESSAGE_TOO_BIG));
    }

    #[test]
    fn what_begins_a_sealed_link_is_a_whole_message_with_that_opcode() {
        let opcode = SecureClient::OPCODE.0.to_le_bytes();
        let begins = |frame: &[u8]| begins_sealed(frame, Side::Server);
        assert!(begins(&frame(FrameKind::Binary, &[&opcode[..], &[9; 63]].concat())));
        assert!(begins(&frame(FrameKind::Binary, &opcode)));
        assert!(!begins(&frame(FrameKind::Binary, &opcode[..3])));
        assert!(!begins(&frame(FrameKind::Binary, &0x2001_i32.to_le_bytes())));
        assert!(!begins(&frame(FrameKind::Ping, &opcode)));
        let mut piece = frame(FrameKind::Binary, &opcode);
        piece[0] &= 0x7F;
        assert!(!begins(&piece));
    }
}
