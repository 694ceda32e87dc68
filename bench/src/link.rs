//! `Link`: a member's connection, as a stream of frames or as a WebSocket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tinyrealm_core::protocol::listener_to_client::SecureClientAnswer;
use tinyrealm_core::protocol::{HandshakeKey, KeyId, Message, decode, encode_frame};
use tinyrealm_core::wire::Framing;
use tinyrealm_core::wire::opcode::OPCODE_BYTES;
use tinyrealm_core::wire::ws::handshake::{Answer, Request, Requester};
use tinyrealm_core::wire::ws::{FrameHeader, MaskKey, ParsedHeader, Side, reframe_into};

use rustls::ClientConnection;

use crate::noise::{self, Noise};
use crate::{trust, wire};

/// The longest that servers say to members of a bench, and its prefix.
const FRAME_MAX_BYTES: usize = 512;
/// Here it hides nothing, so it is always the same.
const MASK: MaskKey = [0x37, 0xFA, 0x21, 0x3D];

/// A connection; see the [module](self).
pub(crate) struct Link {
    pub(crate) stream: TcpStream,
    framing: Framing,
    seal: Seal,
}

/// What hides what is said on it.
enum Seal {
    Nothing,
    Tls(Box<ClientConnection>),
    Noise(Box<Noise>),
}

impl Link {
    /// Connects, and shakes hands if it is to be a WebSocket.
    pub(crate) fn open(address: &str, framing: Framing) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut link = Self { stream, framing, seal: Seal::Nothing };
        if framing == Framing::Message {
            link.shake_hands(address)?;
        }
        Ok(link)
    }

    /// Connects by TLS.
    pub(crate) fn open_secure(address: &str) -> anyhow::Result<Self> {
        let mut link = Self::open(address, Framing::Stream)?;
        let mut tls = Box::new(trust::session_by_environment()?);
        tls.complete_io(&mut link.stream)?;
        link.seal = Seal::Tls(tls);
        Ok(link)
    }

    /// Has a world seal it with a ticket's key.
    pub(crate) fn seal_with(&mut self, key_id: KeyId, key: &HandshakeKey) -> anyhow::Result<()> {
        let (asking, hello) = noise::ask(key_id, key).ok().context("a key")?;
        self.send(&hello)?;
        let body = self.receive()?;
        let payload = body.get(OPCODE_BYTES..).context("a frame without opcode")?;
        let answer: SecureClientAnswer = decode(payload).context("SecureClientAnswer")?;
        let noise = asking.finish(&answer.start).ok().context("another answer")?;
        self.seal = Seal::Noise(Box::new(noise));
        Ok(())
    }

    /// Reads what there is.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.seal {
            Seal::Nothing => self.stream.read(buffer),
            Seal::Tls(tls) => read_tls(tls, &mut self.stream, buffer),
            Seal::Noise(noise) => noise.read(&mut self.stream, buffer),
        }
    }

    fn shake_hands(&mut self, host: &str) -> anyhow::Result<()> {
        let (mut requester, mut out) = (Requester::new([7; 16]), [0; FRAME_MAX_BYTES]);
        let request = Request::new(host, "/");
        let used = requester.write_request(request, &mut out).ok().context("a bad address")?;
        self.stream.write_all(&out[..used])?;
        let (mut line, mut byte) = ([0; 64], [0]);
        loop {
            self.stream.read_exact(&mut byte)?;
            match requester.advance(&mut line, &mut &byte[..], request.offer) {
                Answer::NeedMore => {}
                Answer::Open { .. } => return Ok(()),
                Answer::Failed(error) => bail!("no WebSocket: {}", error.name()),
            }
        }
    }

    /// Sends a message, whole or not at all.
    pub(crate) fn send<M: Message>(&mut self, message: &M) -> anyhow::Result<()> {
        let mut out = [0; FRAME_MAX_BYTES];
        let used = encode_frame(message, &mut out).ok().context("a message too long")?;
        let is_sent = self.send_frame(&out[..used])?;
        ensure!(is_sent, "a full socket");
        Ok(())
    }

    /// Sends the stream frame `frame`; whether the socket has taken it.
    pub(crate) fn send_frame(&mut self, frame: &[u8]) -> anyhow::Result<bool> {
        let mut message = [0; FRAME_MAX_BYTES];
        let written = match self.framing {
            Framing::Stream => frame,
            Framing::Message => {
                let reframed = reframe_into(frame, &mut message, Some(MASK));
                let used = reframed.ok().context("a message too long")?.written_bytes;
                &message[..used]
            }
        };
        let wrote = match &mut self.seal {
            Seal::Nothing => self.stream.write(written),
            Seal::Noise(noise) => noise.write(&mut self.stream, written),
            Seal::Tls(tls) => tls.writer().write(written).and_then(|taken| {
                while tls.wants_write() {
                    tls.write_tls(&mut self.stream)?;
                }
                Ok(taken)
            }),
        };
        match wrote {
            Ok(taken) => Ok(taken == written.len()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the next frame, and answers its body.
    pub(crate) fn receive(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            if let Some((body, rest)) = self.next_body(&bytes) {
                ensure!(rest.is_empty(), "more than a frame");
                return Ok(body.to_vec());
            }
            ensure!(bytes.len() < FRAME_MAX_BYTES, "no frame");
            // One by one: what is behind belongs to the next.
            let mut byte = [0];
            match &mut self.seal {
                Seal::Nothing => self.stream.read_exact(&mut byte)?,
                Seal::Tls(tls) => {
                    rustls::Stream::new(&mut **tls, &mut self.stream).read_exact(&mut byte)?;
                }
                Seal::Noise(noise) => {
                    let count = noise.read(&mut self.stream, &mut byte)?;
                    ensure!(count > 0, "the server has closed a connection");
                }
            }
            bytes.push(byte[0]);
        }
    }

    /// The body of the first whole frame of `input`, and what is behind it.
    pub(crate) fn next_body<'b>(&self, input: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
        match self.framing {
            Framing::Stream => wire::next_body(input),
            Framing::Message => {
                let parsed = FrameHeader::parse(input, Side::Client);
                let ParsedHeader::Whole { header, header_bytes } = parsed else { return None };
                input.get(header_bytes..)?.split_at_checked(header.payload_bytes)
            }
        }
    }
}

/// Reads what there is, through TLS.
fn read_tls(
    tls: &mut ClientConnection,
    stream: &mut TcpStream,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut used = 0;
    loop {
        match tls.reader().read(&mut buffer[used..]) {
            Ok(count) if count > 0 => used += count,
            _ => {}
        }
        match tls.read_tls(stream) {
            Ok(count) if count > 0 => {
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            Err(error) if used == 0 && error.kind() != io::ErrorKind::WouldBlock => {
                return Err(error);
            }
            // Something has come, and nothing more is there.
            _ if used > 0 => return Ok(used),
            Ok(_) => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}
