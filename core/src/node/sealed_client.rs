//! How a client's link is sealed: with a key that both ends have from elsewhere.
//!
//! ```text
//!  client                                  server
//!   │ ── SecureClient{to, key id} ──────────► │  looks the key up: at a world a ticket's, at Main a device's
//!   │ ◄─────────────────── SecureClientAnswer ─│
//!   │ ══ Join, or Hello ═════════════════════► │  in the first record: whoever has the key is there now
//!   │ ◄═ what the link is for ═══════════════► │
//! ```
//! Purpose: no certificate is needed to talk to a board, and neither the key nor who has it goes over the air.
//!
//! Contract: the first message may be one that somebody repeats, so nothing is believed before the first record has
//! opened. Whoever has another key costs the server no agreement of keys, only the opening of 20 bytes.
//!
//! Bounds: nothing is remembered of a client but its sealed link, of which the node has so many for clients; of those
//! that have said nothing yet, the oldest gives way.

use super::Context;
use super::cluster::{Terms, link_key};
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::{ErrorCode, KeyId, SealedStart, ServerKind, Versions};
use crate::secure::{Broken, Channel, Dialing, Drawn, Heard};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::session::seals::SealedKind;
use crate::time::Instant;

/// So that what is sealed with a key means nothing where the same key is shown, and so in the prologue.
const LABEL: [u8; 19] = *b"tinyrealm client v2";
const PROLOGUE_BYTES: usize = LABEL.len() + 3 * 2 + 8;

/// What a client says in clear, without the message that it comes with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct ClearClient {
    pub(super) versions: Versions,
    pub(super) to: ServerKind,
    pub(super) key_id: KeyId,
}

impl ClearClient {
    const fn of(hello: &SecureClient) -> Self {
        let SecureClient { versions, to, key_id, .. } = *hello;
        Self { versions, to, key_id }
    }

    /// Numbers of two bytes, little-endian, and the key's id behind the label.
    fn prologue(&self) -> [u8; PROLOGUE_BYTES] {
        let numbers = [self.versions.from, self.versions.to, self.to.0];
        let numbers = numbers.map(u16::to_le_bytes);
        let bytes = LABEL.iter().chain(numbers.as_flattened()).chain(&self.key_id.0);
        let mut prologue = [0; PROLOGUE_BYTES];
        for (place, byte) in prologue.iter_mut().zip(bytes) {
            *place = *byte;
        }
        prologue
    }

    /// The first message; what is drawn is for this handshake alone.
    pub(super) fn begin(
        self,
        key: &[u8; 32],
        record_bytes: u16,
        drawn: [u8; 32],
    ) -> Result<(Dialing, SecureClient), Broken> {
        let terms = Terms { record_bytes, version: self.versions.to }.bytes();
        let (dialing, start) =
            Dialing::begin(&link_key(key, &LABEL), &self.prologue(), Drawn::new(drawn), terms)?;
        let Self { versions, to, key_id } = self;
        Ok((dialing, SecureClient { versions, to, key_id, start: SealedStart(start) }))
    }
}

/// The connection stands, and is to be sealed: says the first message. What answers it is for [`finish`]; without a place
/// for a sealed link there is none.
pub(super) fn begin(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    clear: ClearClient,
    key: &[u8; 32],
) -> Option<Dialing> {
    let record_bytes = cx.sessions.record_bytes();
    let drawn = cx.turn().random();
    let (dialing, hello) = clear.begin(key, record_bytes, drawn).ok()?;
    cx.sessions.send_or_close(cx.now, session, &hello);
    cx.sessions.await_seal(cx.now, session).then_some(dialing)
}

/// The answer has come: answers whether everything behind it is sealed.
pub(super) fn finish(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    dialing: Dialing,
    answer: &SecureClientAnswer,
) -> bool {
    let Ok((channel, terms)) = dialing.finish(cx.now, answer.start.0) else { return false };
    let record_bytes = Terms::from(terms).record_bytes;
    cx.sessions.seal(session, channel, (0, record_bytes))
}

/// A client wants its link sealed with this key: answers it, and whether everything behind that is sealed. Who has another
/// key, or finds no place, is told so instead of an answer, and closed.
pub(super) fn answer(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    hello: &SecureClient,
    key: &[u8; 32],
) -> bool {
    let (record_bytes, drawn) = (cx.sessions.record_bytes(), cx.turn().random());
    let Ok((channel, terms, start)) = answer_of(hello, key, record_bytes, (drawn, cx.now)) else {
        refuse(cx, session, ErrorCode::BAD_PROOF);
        return false;
    };
    let (answer, terms) = (SecureClientAnswer { start }, (0, terms.record_bytes));
    let (to, kind) = ((cx.now, session), SealedKind::Client);
    let is_sealed = cx.sessions.answer_seal(to, kind, &answer, channel, terms);
    if !is_sealed {
        refuse(cx, session, ErrorCode::BUSY);
    }
    is_sealed
}

/// What a first message is answered, and what both ends have then; what is drawn is for this handshake alone.
pub(super) fn answer_of(
    hello: &SecureClient,
    key: &[u8; 32],
    record_bytes: u16,
    (drawn, now): ([u8; 32], Instant),
) -> Result<(Channel, Terms, SealedStart), Broken> {
    let clear = ClearClient::of(hello);
    let heard = Heard::first(&link_key(key, &LABEL), &clear.prologue(), hello.start.0)?;
    let terms = Terms::from(heard.terms);
    let version = Versions::spoken_with(clear.versions);
    let ours = Terms { record_bytes, version }.bytes();
    let (channel, start) = heard.answer(Drawn::new(drawn), now, ours)?;
    Ok((channel, terms, SealedStart(start)))
}

/// A client that wants its link sealed is told why it can't be.
pub(super) fn refuse(cx: &mut Context<'_, '_>, session: SessionKey, code: ErrorCode) {
    let farewell = Farewell::Error { code, about: SecureClient::OPCODE.0 };
    cx.sessions.close(cx.now, session, farewell);
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::node::device_key::DeviceKey;
    use crate::node::testing::frame_of;
    use crate::node::testing::sealed::{hex, record_of};
    use crate::protocol::client_to_main::Hello;
    use crate::protocol::client_to_world::{Join, Leave};
    use crate::protocol::either_way::Bye;
    use crate::protocol::main_to_client::Welcome;
    use crate::protocol::{Text, Uid};
    use crate::time::testing::start;

    fn counting(first: u8) -> [u8; 32] {
        core::array::from_fn(|place| first + place as u8)
    }

    fn assert_in_page(session: &[Vec<u8>]) {
        let page = include_str!("../../../PROTOCOL.md");
        for bytes in session.iter().map(|bytes| hex(bytes)) {
            assert!(page.contains(&bytes), "PROTOCOL.md does not have {bytes}");
        }
    }

    /// What both ends begin with, and what each has then: the client first.
    fn session(clear: ClearClient, key: &[u8; 32]) -> ([Vec<u8>; 2], [Channel; 2]) {
        let (dialing, hello) = clear.begin(key, 4_096, counting(0x40)).unwrap();
        let heard = answer_of(&hello, key, 1_024, (counting(0x60), start()));
        let (listener, _, answer) = heard.unwrap();
        let (client, _) = dialing.finish(start(), answer.0).unwrap();
        let said = [frame_of(&hello), frame_of(&SecureClientAnswer { start: answer })];
        (said, [client, listener])
    }

    /// The sessions of PROTOCOL.md, which another implementation makes as well (`tests/interop/sealed.py`).
    #[test]
    fn a_whole_session_is_these_bytes() {
        let key_id = KeyId(core::array::from_fn(|place| 0x10 + place as u8));
        let (versions, to) = (Versions::OURS, ServerKind::WORLD);
        let clear = ClearClient { versions, to, key_id };
        let (start, [mut client, _]) = session(clear, &counting(0xA0));
        let join = Join { versions, uid: Uid(7), handshake_key: None, fingerprint: 0 };
        assert_in_page(&start);
        assert_in_page(&[
            record_of(&mut client.sealer, &frame_of(&join)),
            record_of(&mut client.sealer, &frame_of(&Leave {})),
        ]);
    }

    #[test]
    fn a_whole_session_of_a_device_is_these_bytes() {
        let key = DeviceKey::new(counting(0));
        let (versions, to, key_id) = (Versions::OURS, ServerKind::MAIN, key.key_id());
        let clear = ClearClient { versions, to, key_id };
        let (start, [mut device, mut main]) = session(clear, &key.seal_key().0);
        let token = Some(key.token());
        let hello = Hello { versions, token, nickname: Text::EMPTY };
        let welcome = Welcome { version: 2, uid: Uid(7), token: key.token() };
        assert_in_page(&start);
        assert_in_page(&[
            record_of(&mut device.sealer, &frame_of(&hello)),
            record_of(&mut main.sealer, &frame_of(&welcome)),
            record_of(&mut device.sealer, &frame_of(&Bye { reason: ErrorCode::GOODBYE })),
        ]);
    }
}
