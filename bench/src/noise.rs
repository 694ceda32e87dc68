//! Noise of the load: a member's link that is sealed with its ticket's key, as PROTOCOL.md has it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::protocol::{HandshakeKey, KeyId, SealedStart, ServerKind, Versions};
use tinyrealm_core::secure::{
    Broken, Channel, Dialing, Drawn, LinkKey, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES,
};
use tinyrealm_core::time::Instant;

const LABEL: &[u8] = b"tinyrealm client v2";
/// The longest record that is taken.
const RECORD_BYTES: u16 = 4_096;
const PART_BYTES: usize = 16 * 1_024;

/// See the [module](self).
pub(crate) struct Noise {
    channel: Channel,
    /// What has come of records.
    came: Vec<u8>,
    /// What has been opened, and nobody has read.
    text: Vec<u8>,
    /// Records that the socket has not taken.
    outgoing: Vec<u8>,
}

/// Who has asked for a sealed link, and waits for an answer.
pub(crate) struct Asking(Dialing);

/// Asks a world for a link that is sealed with this key.
pub(crate) fn ask(key_id: KeyId, key: &HandshakeKey) -> Result<(Asking, SecureClient), Broken> {
    let (versions, to) = (Versions::OURS, ServerKind::WORLD);
    let numbers = [versions.from, versions.to, to.0].map(u16::to_le_bytes);
    let prologue = [LABEL, numbers.as_flattened(), &key_id.0].concat();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).map_err(|_| Broken)?;
    mac.update(LABEL);
    let link_key = LinkKey::new(mac.finalize().into_bytes().into());
    let ([a, b], [c, d]) = (RECORD_BYTES.to_le_bytes(), versions.to.to_le_bytes());
    // Here it hides nothing, so it is always the same.
    let drawn = Drawn::new([0x37; 32]);
    let (dialing, start) = Dialing::begin(&link_key, &prologue, drawn, [a, b, c, d])?;
    Ok((Asking(dialing), SecureClient { versions, to, key_id, start: SealedStart(start) }))
}

impl Asking {
    /// The answer has come.
    pub(crate) fn finish(self, answer: &SealedStart) -> Result<Noise, Broken> {
        let (channel, _) = self.0.finish(Instant::from_millis(0), answer.0)?;
        Ok(Noise { channel, came: Vec::new(), text: Vec::new(), outgoing: Vec::new() })
    }
}

impl Noise {
    /// Reads what is in records; waits for one if the socket does.
    pub(crate) fn read(&mut self, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        while self.text.is_empty() {
            let mut part = [0; PART_BYTES];
            let count = stream.read(&mut part)?;
            if count == 0 {
                return Ok(0);
            }
            self.came.extend_from_slice(&part[..count]);
            self.open().map_err(|_| io::Error::other("a record that does not open"))?;
        }
        let count = self.text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        Ok(count)
    }

    fn open(&mut self) -> Result<(), Broken> {
        let mut taken = 0;
        while let Some((prefix, rest)) = self.came[taken..].split_first_chunk_mut() {
            let length = usize::from(u16::from_le_bytes(*prefix));
            let Some(record) = rest.get_mut(..length) else { break };
            self.text.extend_from_slice(self.channel.opener.open(record)?);
            taken += RECORD_PREFIX_BYTES + length;
        }
        self.came.drain(..taken);
        Ok(())
    }

    /// Seals a frame; what the socket does not take goes before the next.
    pub(crate) fn write(&mut self, stream: &mut TcpStream, frame: &[u8]) -> io::Result<usize> {
        let mut record = vec![0; frame.len() + RECORD_EXTRA_BYTES];
        record[1..=frame.len()].copy_from_slice(frame);
        let sealed = self.channel.sealer.seal(&mut record);
        sealed.map_err(|_| io::Error::other("a record that can't be sealed"))?;
        self.outgoing.extend_from_slice(&(record.len() as u16).to_le_bytes());
        self.outgoing.extend_from_slice(&record);
        match stream.write(&self.outgoing) {
            Ok(taken) => drop(self.outgoing.drain(..taken)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(frame.len())
    }
}
