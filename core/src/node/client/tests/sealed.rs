//! A client that seals its link to the world.

use super::*;
use crate::node::sealed_client::{ClearClient, answer_of};
use crate::node::testing::sealed::{opened, record_of};
use crate::node::testing::{frame_of, said_in};
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::{SealedStart, ServerKind, decode};
use crate::secure::Channel;
use crate::session::SealMemory;

type Seals = SealMemory<2, { 2 * 240 }, { 2 * 300 }>;

fn with_sealing_client(is_by_tls: bool, test: impl FnOnce(&mut ClientBench<'_>)) {
    with_sealing_client_of(ClientConfig { is_by_tls, ..ClientConfig::DEFAULT }, test);
}

/// A client with memory for sealed links, and with the times of these tests.
pub(super) fn with_sealing_client_of(
    config: ClientConfig,
    test: impl FnOnce(&mut ClientBench<'_>),
) {
    let config = ClientConfig {
        region: text("north"),
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: MOST_MS,
        ..config
    };
    let mut memory = Box::new(BenchMemory::NEW);
    let mut seals = Seals::NEW;
    let client = Client::new(text("main:7"), config, Diary::default());
    let mut storage = Sizes { sessions: 2, ..Sizes::ALL }.lend(&mut memory);
    storage.seals = seals.storage();
    let mut bench = Bench::new(storage, BENCH_CONFIG, client);
    test(&mut bench);
    bench.finish();
}

impl ClientBench<'_> {
    /// Up to its first message to a world of this address.
    fn reach(&mut self, address: &'static str, is_sealing: bool) -> SessionKey {
        let main = self.meet_main();
        self.send_to(main, address, is_sealing)
    }

    fn send_to(&mut self, main: SessionKey, address: &'static str, is_sealing: bool) -> SessionKey {
        let world_addr = Text::new(address).unwrap();
        let key_id = KeyId([7; 8]);
        self.say(main, &EnterWorldAck { world_addr, is_sealing, key_id, handshake_key: KEY });
        self.connect_to(address)
    }

    fn answer_seal(&mut self, world: SessionKey) -> Channel {
        let said = self.heard(world);
        let [hello] = &said[..] else { panic!("{said:?}") };
        assert_eq!(hello.opcode, SecureClient::OPCODE);
        let hello: SecureClient = decode(&hello.payload).unwrap();
        assert_eq!((hello.to, hello.key_id), (ServerKind::WORLD, KeyId([7; 8])));
        let answered = answer_of(&hello, &KEY.0, 200, ([8; 32], self.now));
        let (channel, _, start) = answered.unwrap();
        self.say(world, &SecureClientAnswer { start });
        channel
    }
}

#[test]
fn a_client_joins_in_a_record_and_does_not_say_its_key() {
    with_sealing_client(false, |bench| {
        let world = bench.reach(WORLD, true);
        let mut channel = bench.answer_seal(world);
        let stream = bench.stream(world);
        let answered_bytes = stream.len();
        let mut rest = &stream[SECURE_CLIENT_BYTES..];
        let frames = opened(&mut channel.opener, &mut rest).unwrap();
        let join = Join { versions: Versions::OURS, uid: UID, handshake_key: None, fingerprint: 0 };
        assert_eq!(said_in(&frames).0, [Said::of(&join)]);
        assert_eq!(answered_bytes, SECURE_CLIENT_BYTES + frames.len() + 19);
        let record = record_of(&mut channel.sealer, &frame_of(&join_ok()));
        bench.say_bytes(world, &record);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
    });
}

/// Length, opcode, versions, kind, id and message.
const SECURE_CLIENT_BYTES: usize = 2 + 4 + 2 + 1 + 8 + 52;

#[test]
fn what_tls_seals_and_whom_nothing_can_seal_hears_the_key() {
    for (address, is_sealing, is_by_tls) in [
        (WORLD, false, false),
        (WORLD, true, true),
        ("tls://world1:9", true, false),
        ("wss://world1:9", true, false),
    ] {
        with_sealing_client(is_by_tls, |bench| {
            let world = bench.reach(address, is_sealing);
            assert_eq!(bench.heard(world), [joining()], "{address}");
        });
    }
    for address in ["tcp://world1:9", "wss://main:7/world/1"] {
        with_sealing_client(true, |bench| {
            let world = bench.reach(address, true);
            assert_eq!(bench.heard(world)[0].opcode, SecureClient::OPCODE, "{address}");
        });
    }
    with_client(|bench| {
        let world = bench.reach(WORLD, true);
        assert_eq!(bench.heard(world), [joining()], "without memory for sealed links");
    });
}

/// Whoever is on the way may say anything in clear: that ends this attempt, and no more.
#[test]
fn nothing_in_clear_is_believed() {
    for message in [
        frame_of(&Error { code: ErrorCode::REVOKED, about: 0 }),
        frame_of(&Bye { reason: ErrorCode::BANNED }),
        frame_of(&join_ok()),
        frame_of(&SecureClientAnswer { start: SealedStart([1; 52]) }),
    ] {
        with_sealing_client(false, |bench| {
            let world = bench.reach(WORLD, true);
            bench.say_bytes(world, &message);
            if bench.ended(world).is_none() {
                bench.disconnect(world);
            }
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside), "{message:02x?}");
            bench.pass_ms(MOST_MS);
            assert_eq!(bench.links().1, WorldState::Asking);
        });
    }
}

/// That there is no place is no worse than a connection that is cut: it comes back after a wait, and never in clear.
#[test]
fn a_world_that_has_no_place_is_tried_again_and_sealed() {
    with_sealing_client(false, |bench| {
        let main = bench.meet_main();
        for attempt in 0..3 {
            let world = bench.send_to(main, WORLD, true);
            let said = bench.heard(world);
            assert!(matches!(&said[..], [said] if said.is::<SecureClient>()), "{said:?}");
            bench.notes();
            bench.say(world, &Error { code: ErrorCode::BUSY, about: SecureClient::OPCODE.0 });
            bench.disconnect(world);
            assert_eq!(bench.heard(world), []);
            assert_eq!(
                bench.notes(),
                [
                    Noted::Refused(ErrorCode::BUSY, SecureClient::OPCODE.0),
                    Noted::WorldLost(ErrorCode::LOST)
                ]
            );
            let whole_ms = (FIRST_MS << attempt).min(MOST_MS);
            bench.pass_ms(whole_ms / 2 - 1);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside));
            bench.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
        }
    });
}

#[test]
fn another_key_ends_the_attempt() {
    with_sealing_client(false, |bench| {
        let world = bench.reach(WORLD, true);
        let said = bench.heard(world);
        let hello: SecureClient = decode(&said[0].payload).unwrap();
        assert!(answer_of(&hello, &[4; 32], 200, ([8; 32], bench.now)).is_err());
        // What somebody with another key says instead is no answer.
        let clear = ClearClient { versions: Versions::OURS, to: hello.to, key_id: hello.key_id };
        let (_, other) = clear.begin(&[4; 32], 200, [7; 32]).unwrap();
        let (_, _, start) = answer_of(&other, &[4; 32], 200, ([8; 32], bench.now)).unwrap();
        bench.say(world, &SecureClientAnswer { start });
        assert_eq!(bench.ended(world), Some(ErrorCode::BAD_PROOF));
    });
}
