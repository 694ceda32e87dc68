//! Clients that seal their links with the key of their ticket.

use super::*;
use crate::node::cluster::tests::test_secrets;
use crate::node::cluster::{ClusterKeys, Way};
use crate::node::sealed_client::ClearClient;
use crate::node::testing::sealed::SealedPeer;
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::dialer_to_listener::SecureHello;
use crate::protocol::either_way::Error;
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::{SealedStart, decode};
use crate::secure::Dialing;
use crate::session::SealMemory;
use crate::timer::TICK_MS;

/// One link of a server, and two of clients.
type Seals = SealMemory<3, { 3 * 240 }, { 3 * 300 }>;
const CLIENT_LINKS: u16 = 2;
/// Bytes of frames in a record to a client, at most.
const RECORD_BYTES: usize = 200;

/// With clients that are streams, and then with WebSockets.
fn with_sealing_world(test: impl Fn(&mut WorldBench<'_, Relay>, &Door)) {
    let accept: &Door = &|bench| bench.accept();
    with_sealing_world_of(|bench| test(bench, accept));
    #[cfg(feature = "websocket")]
    {
        let accept: &Door = &|bench| {
            let key = bench.accept_stranger();
            bench.open_web_socket(key);
            bench.drive();
            key
        };
        with_sealing_world_of(|bench| test(bench, accept));
    }
}

/// How a client connects.
type Door = dyn Fn(&mut WorldBench<'_, Relay>) -> SessionKey;

fn with_sealing_world_of(test: impl FnOnce(&mut WorldBench<'_, Relay>)) {
    with_keys(SETUP.config().cluster_keys, test);
}

/// The same with the keys of its link to Main, which may have to be sealed.
fn with_keys(cluster_keys: ClusterKeys, test: impl FnOnce(&mut WorldBench<'_, Relay>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| Relay)));
    let mut seals = Seals::NEW;
    let mut storage = SETUP.sizes.lend(&mut node_memory);
    storage.seals = seals.storage_with_clients(CLIENT_LINKS);
    let config = WorldConfig { cluster_keys, ..SETUP.config() };
    let world = World::new(SETUP.lend(&mut memory), config);
    #[cfg(feature = "rooms")]
    let world = world.with_named_rooms(NewGame(&|| Relay));
    let mut bench = Bench::new(storage, SETUP.net, world);
    test(&mut bench);
    bench.finish();
}

fn key_id_of(uid: Uid) -> KeyId {
    KeyId([uid.0 as u8; 8])
}

fn first_message(key_id: KeyId, key: HandshakeKey) -> (Dialing, SecureClient) {
    let clear = ClearClient { versions: Versions::OURS, to: ServerKind::WORLD, key_id };
    clear.begin(&key.0, RECORD_BYTES as u16, [9; 32]).unwrap()
}

fn sealed_join(uid: Uid) -> Join {
    Join { handshake_key: None, ..join_of(uid) }
}

impl WorldBench<'_, Relay> {
    /// A client begins with the key of this user's ticket; what the world says in clear.
    fn begin_sealed(&mut self, door: &Door, uid: Uid) -> (SessionKey, Dialing, Vec<Said>) {
        let session = door(self);
        let (dialing, hello) = first_message(key_id_of(uid), key_of(uid));
        self.say(session, &hello);
        let said = self.heard(session);
        (session, dialing, said)
    }

    fn seal(&mut self, door: &Door, uid: Uid) -> SealedPeer {
        let (session, dialing, said) = self.begin_sealed(door, uid);
        let [answer] = &said[..] else { panic!("{said:?}") };
        let answer: SecureClientAnswer = decode(&answer.payload).unwrap();
        let (channel, _) = dialing.finish(self.now, answer.start.0).unwrap();
        SealedPeer { session, channel, seen_bytes: self.stream(session).len() }
    }

    /// Why no answer comes to a first message.
    fn refusal_of_seal(&mut self, door: &Door, uid: Uid) -> ErrorCode {
        let (session, _, said) = self.begin_sealed(door, uid);
        assert!(said.iter().all(|said| said.opcode != SecureClientAnswer::OPCODE), "{said:?}");
        self.ended(session).unwrap()
    }
}

const ONE: Uid = Uid(1);
const TWO: Uid = Uid(2);

#[test]
fn a_client_joins_by_its_ticket_and_nobody_reads_along() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(ONE, 1));
        let mut client = bench.seal(door, ONE);
        client.say(bench, &sealed_join(ONE));
        let said = client.heard(bench);
        assert_eq!(said[0].opcode, JoinOk::OPCODE);
        client.say(bench, &Event { request: 77, kind: 5, data: Bytes::new(b"in secret").unwrap() });
        bench.pass_ms(FLUSH_MS);
        let heard = client.heard(bench);
        assert!(heard.iter().any(|said| said.opcode == EventBroadcast::OPCODE), "{heard:?}");
        let stream = bench.stream(client.session);
        assert!(!stream.windows(6).any(|window| window == b"secret"));
        client.say(bench, &Leave {});
        assert!(client.heard(bench).contains(&Said::of(&Bye { reason: ErrorCode::GOODBYE })));
    });
}

#[test]
fn another_key_or_a_used_one_seals_nothing() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        assert_eq!(bench.refusal_of_seal(door, ONE), ErrorCode::BAD_PROOF);
        let other = HandshakeKey([0xEE; 32]);
        bench.say(main, &AttachUser { handshake_key: other, ..attach_of(ONE, 1) });
        assert_eq!(bench.refusal_of_seal(door, ONE), ErrorCode::BAD_PROOF);
        bench.say(main, &attach_of(ONE, 2));
        let mut client = bench.seal(door, ONE);
        client.say(bench, &sealed_join(ONE));
        assert_eq!(client.heard(bench)[0].opcode, JoinOk::OPCODE);
        assert_eq!(bench.refusal_of_seal(door, ONE), ErrorCode::BAD_PROOF);
        bench.say(main, &attach_of(TWO, 3));
        bench.pass_ms(TTL_MS);
        assert_eq!(bench.refusal_of_seal(door, TWO), ErrorCode::BAD_PROOF);
    });
}

/// Somebody repeats the first message: that uses up the second handshake, and lets nobody in.
#[test]
fn a_repeated_first_message_keeps_nobody_out() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(ONE, 1));
        let mut client = bench.seal(door, ONE);
        let (repeated, _, said) = bench.begin_sealed(door, ONE);
        assert_eq!(said[0].opcode, SecureClientAnswer::OPCODE);
        assert_eq!(bench.refusal_of_seal(door, ONE), ErrorCode::BAD_PROOF);
        bench.say_bytes(repeated, &[17; 40]);
        assert_eq!(bench.ended(repeated), Some(ErrorCode::BROKEN_SEAL));
        client.say(bench, &sealed_join(ONE));
        assert_eq!(client.heard(bench)[0].opcode, JoinOk::OPCODE);
    });
}

/// A sealed link shows its own ticket, and no other user's; in clear a `Join` without its key shows nothing.
#[test]
fn a_link_is_worth_its_own_ticket_alone() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(ONE, 1));
        bench.say(main, &attach_of(TWO, 2));
        let mut client = bench.seal(door, ONE);
        client.say(bench, &sealed_join(TWO));
        let denied = client.heard(bench);
        assert_eq!(
            decode::<JoinDenied<'_>>(&denied[0].payload).unwrap().reason,
            JoinDenial::WRONG_KEY
        );
        let clear = door(bench);
        bench.say(clear, &sealed_join(TWO));
        let denied = bench.heard(clear);
        assert_eq!(
            decode::<JoinDenied<'_>>(&denied[0].payload).unwrap().reason,
            JoinDenial::WRONG_KEY
        );
        // Its key still lets it in, sealed or not.
        let clear = door(bench);
        bench.say(clear, &join_of(TWO));
        assert_eq!(bench.heard(clear)[0].opcode, JoinOk::OPCODE);
    });
}

/// Both sides of how many links of clients there may be.
#[test]
fn clients_have_so_many_places_and_the_oldest_that_has_said_nothing_gives_way() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        for uid in 1..=4 {
            bench.say(main, &attach_of(Uid(uid), uid as u32));
        }
        let silent = bench.seal(door, ONE);
        bench.pass_ms(1);
        let mut inside = bench.seal(door, TWO);
        inside.say(bench, &sealed_join(TWO));
        let mut third = bench.seal(door, Uid(3));
        assert_eq!(bench.ended(silent.session), Some(ErrorCode::BUSY));
        third.say(bench, &sealed_join(Uid(3)));
        assert_eq!(third.heard(bench)[0].opcode, JoinOk::OPCODE);
        assert_eq!(bench.refusal_of_seal(door, Uid(4)), ErrorCode::BUSY);
        assert_eq!(bench.ended(inside.session), None);
    });
}

#[test]
fn a_first_message_for_another_server_is_out_of_place() {
    with_sealing_world(|bench, door| {
        let session = door(bench);
        let start = SealedStart([0; 52]);
        let (versions, key_id) = (Versions::OURS, key_id_of(ONE));
        bench.say(session, &SecureClient { versions, to: ServerKind::MAIN, key_id, start });
        assert_eq!(bench.ended(session), Some(ErrorCode::OUT_OF_PLACE));
    });
}

/// A Main without a place for its link says so in clear, as anybody may who is on the way: that ends the attempt, and the next one
/// is sealed as well.
#[test]
fn a_main_that_has_no_place_is_tried_again_and_sealed() {
    let keys = test_secrets().on(Way::Sealed).keys_of(ServerKind::WORLD, 7);
    with_keys(keys, |bench| {
        bench.act(World::start);
        for attempt in 0..3 {
            let main = bench.connect_next();
            let said = bench.heard(main);
            assert!(matches!(&said[..], [said] if said.is::<SecureHello>()), "{said:?}");
            bench.say(main, &Error { code: ErrorCode::BUSY, about: SecureHello::OPCODE.0 });
            let reason = if cfg!(feature = "mains") { ErrorCode::BUSY } else { ErrorCode::LOST };
            bench.disconnect(main);
            assert_eq!((bench.ended(main), bench.heard(main)), (Some(reason), vec![]));
            let whole_ms = (RECONNECT_FIRST_MS << attempt).min(RECONNECT_MOST_MS);
            bench.requests();
            bench.pass_ms(whole_ms / 2 - 1);
            assert_eq!(bench.requests(), []);
            bench.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
        }
    });
}

impl WorldBench<'_, Relay> {
    /// Lets those who read nothing have all send buffers.
    fn hog_all_buffers(&mut self) {
        while self.node.sessions().buffers_available() > 0 {
            let hog = self.accept();
            self.limit(hog, 0);
            self.act(|_, cx| while cx.sessions.send(hog, &Ping { nonce: u32::MAX }).is_ok() {});
        }
    }
}

/// A record takes the beginning of a frame, and there is no buffer for the rest: nothing goes out behind that, for it would be read as
/// the rest.
#[test]
fn nothing_follows_a_frame_that_a_record_has_cut_and_whose_rest_finds_no_buffer() {
    with_sealing_world(|bench, door| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(ONE, 1));
        let mut client = bench.seal(door, ONE);
        client.say(bench, &sealed_join(ONE));
        let other = bench.join(main, 2);
        bench.pass_ms(FLUSH_MS);
        client.heard(bench);
        bench.hog_all_buffers();
        // Two records' worth.
        for _ in 0..7 {
            bench.say(other, &event(1, &[7; 48]));
        }
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.ended(client.session), Some(ErrorCode::TOO_SLOW));
        let sent_bytes = bench.stream(client.session).len() - client.seen_bytes;
        let events = client.heard(bench);
        assert_eq!(events, vec![events[0].clone(); 3], "what one record holds");
        assert!(sent_bytes < 2 * RECORD_BYTES, "{sent_bytes}");
    });
}
