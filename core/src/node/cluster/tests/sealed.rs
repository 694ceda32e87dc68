//! Sealed links: two nodes, and whoever is on the way between them.

use std::boxed::Box;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::sealing::{Begun, Clear};
use super::*;
use crate::node::testing::frame_of;
use crate::protocol::SealedStart;
use crate::protocol::dialer_to_listener::{SecureHello, SecureReady};
use crate::protocol::listener_to_dialer::SecureAnswer;
use crate::secure::{Drawn, KEY_MS};
use crate::session::SealMemory;

/// Records of the dialer's own way in have the least that there may be.
type DialersSeals = SealMemory<2, { 2 * 83 }, { 2 * 300 }>;
type ListenersSeals = SealMemory<3, { 3 * 200 }, { 3 * 102 }>;

/// What both ends say once they are proven.
const WORD: Opcode = Opcode(0x7001);
/// A text that nobody on the way may read.
const SECRET: &[u8] = b"nobody on the way may read this";

impl Prover {
    /// What was in the frames that it has heard.
    fn words(&self) -> Vec<&[u8]> {
        self.heard.iter().map(|(_, payload)| payload.as_slice()).collect()
    }
}

/// What both ends have.
struct Realm {
    secrets: ClusterSecrets,
    keys: ClusterKeys,
}

impl Realm {
    fn of_world_7() -> Self {
        let secrets = test_secrets().on(Way::Sealed);
        Self { keys: secrets.keys_of(ServerKind::WORLD, 7), secrets }
    }

    fn end(&self) -> Prover {
        Prover::new(
            Gate::new(self.secrets.clone(), ServerKind::MAIN, ServerKind::WORLD),
            Dialer::new(ServerKind::WORLD, ServerKind::MAIN, 7),
            self.keys.clone(),
        )
    }
}

/// A world and its Main, and the way between.
struct Pair<'a> {
    benches: [Bench<'a, Prover>; 2],
    /// The session of each, and how much of what it has sent is passed on.
    ends: [(SessionKey, usize); 2],
}

/// The benches of both ends.
const DIALER_END: usize = 0;
const LISTENER_END: usize = 1;
/// Which way bytes go: as who says them.
const TO_LISTENER: usize = DIALER_END;
const TO_DIALER: usize = LISTENER_END;

fn with_realm(realm: &Realm, test: impl FnOnce(&mut Pair<'_>)) {
    let memory = || Box::new(BenchMemory::NEW);
    let (mut first, mut second) = (memory(), memory());
    let (mut first_seals, mut second_seals) = (DialersSeals::NEW, ListenersSeals::NEW);
    let mut storage = Sizes::ALL.lend(&mut first);
    storage.seals = first_seals.storage();
    let mut dialer = Bench::new(storage, BENCH_CONFIG, realm.end());
    let mut storage = Sizes::ALL.lend(&mut second);
    storage.seals = second_seals.storage();
    let listener = Bench::new(storage, BENCH_CONFIG, realm.end());
    let key = dialer.dial();
    let mut pair = Pair { benches: [dialer, listener], ends: [(key, 0); 2] };
    pair.ends[LISTENER_END] = (pair.benches[LISTENER_END].accept(), 0);
    test(&mut pair);
    let [dialer, listener] = pair.benches;
    dialer.finish();
    listener.finish();
}

fn with_pair(test: impl FnOnce(&mut Pair<'_>)) {
    with_realm(&Realm::of_world_7(), test);
}

impl Bench<'_, Prover> {
    fn tell(&mut self, key: SessionKey, payload: &[u8]) {
        let sent = self.act(|_, cx| cx.sessions.send_frame(key, Frame { opcode: WORD, payload }));
        sent.unwrap();
    }
}

impl Pair<'_> {
    /// What one end has sent since the last call.
    fn sent(&mut self, way: usize) -> Vec<u8> {
        let (key, passed) = &mut self.ends[way];
        let sent = self.benches[way].stream(*key)[*passed..].to_vec();
        *passed += sent.len();
        sent
    }

    fn hand(&mut self, way: usize, bytes: &[u8]) {
        let key = self.ends[1 - way].0;
        self.benches[1 - way].say_bytes(key, bytes);
    }

    /// Passes on what either end says, as it is, until both are silent.
    fn pass(&mut self) {
        loop {
            let (out, back) = (self.sent(TO_LISTENER), self.sent(TO_DIALER));
            if out.is_empty() && back.is_empty() {
                return;
            }
            self.hand(TO_LISTENER, &out);
            self.hand(TO_DIALER, &back);
        }
    }

    fn proven(&self) -> (Vec<u16>, Vec<u16>) {
        (
            self.benches[DIALER_END].role().proven.clone(),
            self.benches[LISTENER_END].role().proven.clone(),
        )
    }

    fn ended(&self) -> [Option<ErrorCode>; 2] {
        [
            self.benches[DIALER_END].ended(self.ends[0].0),
            self.benches[LISTENER_END].ended(self.ends[1].0),
        ]
    }
}

#[test]
fn both_ends_are_proven_and_nobody_else_reads_what_they_say() {
    with_pair(|pair| {
        pair.pass();
        assert_eq!(pair.proven(), (Vec::from([7]), Vec::from([7])));
        let (world, main) = (pair.ends[0].0, pair.ends[1].0);
        pair.benches[DIALER_END].tell(world, SECRET);
        pair.benches[LISTENER_END].tell(main, SECRET);
        pair.pass();
        assert_eq!(pair.benches[LISTENER_END].role().words(), [SECRET]);
        assert_eq!(pair.benches[DIALER_END].role().words(), [SECRET]);
        for stream in
            [pair.benches[DIALER_END].stream(world), pair.benches[LISTENER_END].stream(main)]
        {
            let piece = &SECRET[..8];
            assert!(!stream.windows(piece.len()).any(|window| window == piece));
        }
    });
}

/// The first message may be repeated by anybody; only the record behind the answer can't.
#[test]
fn a_listener_believes_nobody_before_the_first_record() {
    with_pair(|pair| {
        let hello = pair.sent(TO_LISTENER);
        pair.hand(TO_LISTENER, &hello);
        assert_eq!(pair.proven(), (Vec::new(), Vec::new()));
        let answer = pair.sent(TO_DIALER);
        pair.hand(TO_DIALER, &answer);
        assert_eq!(pair.proven(), (Vec::from([7]), Vec::new()));
        // Somebody who repeats all of it gets another answer, and can do nothing with it.
        let ready = pair.sent(TO_LISTENER);
        let other = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say_bytes(other, &hello);
        assert!(!pair.benches[LISTENER_END].heard(other).is_empty());
        pair.benches[LISTENER_END].say_bytes(other, &ready);
        assert_eq!(pair.benches[LISTENER_END].ended(other), Some(ErrorCode::BROKEN_SEAL));
        pair.hand(TO_LISTENER, &ready);
        assert_eq!(pair.benches[LISTENER_END].role().proven, [7]);
    });
}

/// Repeated first messages take all places for sealed links, and whoever has the key still gets one.
#[test]
fn who_has_not_proven_gives_way() {
    with_pair(|pair| {
        let hello = pair.sent(TO_LISTENER);
        let repeated: Vec<SessionKey> = (0..5)
            .map(|_| {
                pair.benches[LISTENER_END].pass_ms(1);
                let key = pair.benches[LISTENER_END].accept();
                pair.benches[LISTENER_END].say_bytes(key, &hello);
                key
            })
            .collect();
        let gone = |pair: &Pair<'_>| {
            repeated.iter().filter(|key| pair.benches[LISTENER_END].ended(**key).is_some()).count()
        };
        assert_eq!(gone(pair), 2);
        pair.hand(TO_LISTENER, &hello);
        pair.pass();
        assert_eq!((gone(pair), pair.proven()), (3, (Vec::from([7]), Vec::from([7]))));
        // Who has proven does not give way to those.
        for _ in 0..5 {
            let key = pair.benches[LISTENER_END].accept();
            pair.benches[LISTENER_END].say_bytes(key, &hello);
        }
        assert_eq!(pair.ended(), [None, None]);
        // What repeats without ever proving ends with the time for a greeting.
        pair.benches[LISTENER_END].pass_ms(BENCH_CONFIG.greeting_timeout_ms + 100);
        assert_eq!(gone(pair), 5);
    });
}

/// Behind an answer nothing in clear would be heard: it would be taken for a seal that is broken.
#[test]
fn who_finds_no_place_is_told_so_instead_of_an_answer() {
    for taken in 0..=3 {
        with_pair(|pair| {
            let hello = pair.sent(TO_LISTENER);
            for _ in 0..taken {
                let listener = &mut pair.benches[LISTENER_END];
                let key = listener.accept();
                listener.say_bytes(key, &hello);
                // As if it had said the rest.
                listener.act(|_, cx| cx.sessions.prove(cx.now, key, Trust::Server));
            }
            pair.hand(TO_LISTENER, &hello);
            let is_full = taken == 3;
            let answer = pair.sent(TO_DIALER);
            if is_full {
                assert_eq!(said_in(&answer).0, [refused(ErrorCode::BUSY, SecureHello::OPCODE)]);
            }
            pair.hand(TO_DIALER, &answer);
            pair.pass();
            assert_eq!(pair.proven().1.len(), usize::from(!is_full), "{taken}");
            assert_eq!(pair.ended()[1], is_full.then_some(ErrorCode::BUSY), "{taken}");
        });
    }
}

/// Both sides of how long records may be that somebody takes: of shorter ones none is sent.
#[test]
fn who_takes_too_short_records_gets_no_answer() {
    for (record_bytes, is_taken) in [(64, true), (63, false), (0, false)] {
        let realm = Realm::of_world_7();
        with_realm(&realm, |pair| {
            let (versions, from, to) = (Versions::OURS, ServerKind::WORLD, ServerKind::MAIN);
            let clear = Clear { versions, from, to, id: 7, generation: 0 };
            let (drawn, mut begun) = (Drawn::new([1; 32]), Begun::NONE);
            let hello = clear.begin(&realm.keys, record_bytes, (&drawn, None), &mut begun);
            let listener = &mut pair.benches[LISTENER_END];
            let key = listener.accept();
            listener.say(key, &hello.unwrap());
            let said = listener.heard(key);
            assert_eq!(said[0].is::<SecureAnswer>(), is_taken, "{said:?}");
            assert_eq!(listener.ended(key), (!is_taken).then_some(ErrorCode::BUSY));
        });
    }
}

#[test]
fn another_key_opens_nothing() {
    let mut realm = Realm::of_world_7();
    realm.keys = test_secrets().on(Way::Sealed).keys_of(ServerKind::WORLD, 8);
    with_realm(&realm, |pair| {
        pair.pass();
        assert_eq!(pair.proven(), (Vec::new(), Vec::new()));
        assert_eq!(pair.ended()[1], Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn both_sides_of_a_generation() {
    for (raised, own, is_proven) in [(0, 0, true), (1, 0, false), (1, 1, true), (0, 1, false)] {
        let mut realm = Realm::of_world_7();
        let (kind, id, way) = (ServerKind::WORLD, 7, Way::Sealed);
        realm.secrets.except(ServerException { kind, id, generation: raised, way }).unwrap();
        realm.keys =
            ClusterKeys::of(test_secret().key_of_generation(kind, id, own)).of_generation(own);
        with_realm(&realm, |pair| {
            pair.pass();
            assert_eq!(pair.proven().1.len(), usize::from(is_proven), "{raised} {own}");
        });
    }
}

/// Either end may have a key that the other one knows no more.
#[test]
fn keys_are_exchanged_at_either_end_first() {
    let other = ClusterSecret::new(&[1; 32]).unwrap().key_of(ServerKind::WORLD, 7);
    let known = test_secret().key_of(ServerKind::WORLD, 7);
    let mut realm = Realm::of_world_7();
    realm.secrets =
        ClusterSecrets::of(ClusterSecret::new(&[1; 32]).unwrap()).with_former(test_secret());
    for key in [&other, &known] {
        realm.keys = ClusterKeys::of(key.clone());
        with_realm(&realm, |pair| {
            pair.pass();
            assert_eq!(pair.benches[LISTENER_END].role().proven, [7]);
        });
    }
    // The dialer's newest is unknown.
    let mut realm = Realm::of_world_7();
    realm.keys = ClusterKeys::of(other).with_former(known);
    with_realm(&realm, |pair| {
        pair.pass();
        assert_eq!(pair.proven(), (Vec::from([7]), Vec::from([7])));
    });
}

type Edit = fn(SecureHello) -> SecureHello;

/// While both ends have two keys, their links have the newest: whoever takes that start out, or puts the one with the former
/// key in its place, has no link come of it.
#[test]
fn nobody_on_the_way_has_a_link_fall_back_to_the_former_key() {
    let secrets = ClusterSecrets::of(ClusterSecret::new(&[1; 32]).unwrap());
    let secrets = secrets.with_former(test_secret()).on(Way::Sealed);
    let keys = secrets.keys_of(ServerKind::WORLD, 7);
    let realm = Realm { secrets, keys };
    let edits: [(bool, Edit); 5] = [
        (true, |hello| hello),
        (true, |hello| SecureHello { former_start: None, ..hello }),
        (false, |hello| SecureHello { start: changed(hello.start), ..hello }),
        (false, |hello| {
            let former = hello.former_start.unwrap();
            SecureHello { start: former, former_start: None, ..hello }
        }),
        (false, |hello| SecureHello { start: hello.former_start.unwrap(), ..hello }),
    ];
    for (number, (is_proven, edit)) in edits.into_iter().enumerate() {
        with_realm(&realm, |pair| {
            let sent = pair.sent(TO_LISTENER);
            let hello = said_in(&sent).0[0].read().unwrap();
            pair.hand(TO_LISTENER, &frame_of(&edit(hello)));
            pair.pass();
            assert_eq!(pair.proven().1.len(), usize::from(is_proven), "{number}");
            assert_eq!(pair.ended()[1], (!is_proven).then_some(ErrorCode::BAD_PROOF), "{number}");
        });
    }
}

fn changed(mut start: SealedStart) -> SealedStart {
    start.0[40] ^= 1;
    start
}

#[test]
fn a_link_in_clear_is_for_exceptions_that_have_never_come_sealed() {
    let mut realm = Realm::of_world_7();
    with_realm(&realm, |pair| {
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &hello_of(ServerKind::WORLD, 7));
        let refusal = refused(ErrorCode::NOT_SEALED, ClusterHello::OPCODE);
        assert_eq!(pair.benches[LISTENER_END].heard(key), [refusal]);
    });
    let clear = ServerException { kind: ServerKind::WORLD, id: 7, generation: 0, way: Way::Clear };
    realm.secrets.except(clear).unwrap();
    with_realm(&realm, |pair| {
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].prove_as(key, ServerKind::WORLD, ServerKind::MAIN, 7);
        assert_eq!(pair.benches[LISTENER_END].role().proven, [7]);
        // And now sealed, by the same keys.
        pair.pass();
        assert_eq!(pair.benches[LISTENER_END].role().proven, [7, 7]);
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &hello_of(ServerKind::WORLD, 7));
        let refusal = refused(ErrorCode::NOT_SEALED, ClusterHello::OPCODE);
        assert_eq!(pair.benches[LISTENER_END].heard(key), [refusal]);
    });
}

/// Who was told that a link is sealed takes nothing less.
#[test]
fn a_dialer_takes_no_answer_in_clear() {
    with_pair(|pair| {
        pair.benches[DIALER_END].say(pair.ends[0].0, &CHALLENGE);
        assert_eq!(pair.ended()[0], Some(ErrorCode::OUT_OF_PLACE));
    });
}

#[test]
fn what_is_out_of_place_on_a_sealed_link_ends_it() {
    // Nothing has opened yet that this could be the first of.
    with_pair(|pair| {
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &SecureReady {});
        assert_eq!(pair.benches[LISTENER_END].ended(key), Some(ErrorCode::OUT_OF_PLACE));
    });
    // A second greeting.
    with_pair(|pair| {
        let hello = pair.sent(TO_LISTENER);
        let (said, _) = said_in(&hello);
        let hello: SecureHello = said[0].read().unwrap();
        let other = SecureHello { to: ServerKind::CHAT, ..hello };
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &other);
        assert_eq!(pair.benches[LISTENER_END].ended(key), Some(ErrorCode::OUT_OF_PLACE));
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &SecureHello { id: 8, ..hello });
        assert_eq!(pair.benches[LISTENER_END].ended(key), Some(ErrorCode::BAD_PROOF));
        // In clear, where records are expected.
        let key = pair.benches[LISTENER_END].accept();
        pair.benches[LISTENER_END].say(key, &hello);
        pair.benches[LISTENER_END].say(key, &hello);
        assert_eq!(pair.benches[LISTENER_END].ended(key), Some(ErrorCode::BROKEN_SEAL));
    });
}

#[test]
fn both_sides_of_the_length_of_a_record() {
    // 200 bytes of an inlet hold a record of 198, and no longer one.
    for (length, is_too_long) in [(198, false), (199, true)] {
        with_pair(|pair| {
            pair.pass();
            pair.hand(TO_LISTENER, &u16::to_le_bytes(length));
            let ended = is_too_long.then_some(ErrorCode::BROKEN_SEAL);
            assert_eq!(pair.ended()[1], ended, "{length}");
        });
    }
    for (length, is_too_short) in [(17, false), (16, true), (0, true)] {
        with_pair(|pair| {
            pair.pass();
            pair.hand(TO_LISTENER, &u16::to_le_bytes(length));
            let ended = is_too_short.then_some(ErrorCode::BROKEN_SEAL);
            assert_eq!(pair.ended()[1], ended, "{length}");
        });
    }
}

#[test]
fn keys_are_renewed_with_time_both_ways() {
    with_pair(|pair| {
        pair.pass();
        let minutes = KEY_MS / 60_000;
        for minute in 0..2 * minutes + 2 {
            for bench in &mut pair.benches {
                bench.pass_ms(5_000);
            }
            for _ in 0..11 {
                pair.pass();
                for bench in &mut pair.benches {
                    bench.pass_ms(5_000);
                }
            }
            let (world, main) = (pair.ends[0].0, pair.ends[1].0);
            pair.benches[DIALER_END].tell(world, &minute.to_le_bytes());
            pair.benches[LISTENER_END].tell(main, &minute.to_le_bytes());
            pair.pass();
        }
        let words =
            [&pair.benches[DIALER_END].role().words(), &pair.benches[LISTENER_END].role().words()];
        assert_eq!(words.map(Vec::len), [2 * minutes as usize + 2; 2]);
        assert_eq!(pair.ended(), [None, None]);
    });
}

/// A node that has to wait in the middle of a record goes on there, and hears everything once.
#[test]
fn what_waits_in_a_record_is_heard_later() {
    with_pair(|pair| {
        pair.pass();
        let world = pair.ends[0].0;
        pair.benches[DIALER_END].act(|_, cx| {
            for word in 0..3u8 {
                cx.sessions.send_frame(world, Frame { opcode: WORD, payload: &[word] }).unwrap();
            }
        });
        let record = pair.sent(TO_LISTENER);
        pair.benches[LISTENER_END].act(|end, _| end.is_busy = true);
        for byte in record {
            pair.hand(TO_LISTENER, &[byte]);
        }
        assert!(pair.benches[LISTENER_END].role().words().is_empty());
        pair.benches[LISTENER_END].act(|end, _| end.is_busy = false);
        pair.hand(TO_LISTENER, &[]);
        assert_eq!(pair.benches[LISTENER_END].role().words(), [[0], [1], [2]]);
    });
}

/// What happens to one end's words on their way.
#[derive(Clone, Debug)]
enum Course {
    /// One end says a word of so many bytes.
    Say { way: bool, bytes: usize },
    /// Its transport takes so many bytes, and then no more until it does again.
    Take { way: bool, bytes: usize },
    /// So many bytes of what it has sent arrive.
    Pass { way: bool, bytes: usize },
    /// An end has to wait with what it hears, or not any more.
    Wait { way: bool, is_busy: bool },
}

fn any_course() -> impl Strategy<Value = Course> {
    let way = any::<bool>;
    prop_oneof![
        3 => (way(), 0usize..480).prop_map(|(way, bytes)| Course::Say { way, bytes }),
        1 => (way(), 0usize..700).prop_map(|(way, bytes)| Course::Take { way, bytes }),
        4 => (way(), 1usize..700).prop_map(|(way, bytes)| Course::Pass { way, bytes }),
        1 => (way(), any::<bool>()).prop_map(|(way, is_busy)| Course::Wait { way, is_busy }),
    ]
}

/// Where somebody changes a byte: after so many bytes of a way, and how.
fn any_change() -> impl Strategy<Value = Option<(bool, usize, u8)>> {
    prop::option::of((any::<bool>(), 0usize..3_000, 1..=u8::MAX))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However words are cut, held up and delayed, they come whole, once and in order; and of a way on which a
    /// byte was changed, what comes is the beginning.
    #[test]
    fn what_comes_is_what_was_said(
        course in prop::collection::vec(any_course(), 1..60),
        change in any_change(),
    ) {
        with_pair(|pair| {
            let mut said = [Vec::new(), Vec::new()];
            let mut on_way = [Vec::new(), Vec::new()];
            let mut arrived = [0, 0];
            let mut number = 0u8;
            for step in course {
                match step {
                    Course::Say { way, bytes } => {
                        let way = usize::from(way);
                        let bench = &mut pair.benches[way];
                        if bench.role().proven.is_empty() || bench.ended(pair.ends[way].0).is_some() {
                            continue;
                        }
                        number = number.wrapping_add(1);
                        let payload = std::vec![number; bytes];
                        let key = pair.ends[way].0;
                        let frame = Frame { opcode: WORD, payload: &payload };
                        if bench.act(|_, cx| cx.sessions.send_frame(key, frame)).is_ok() {
                            said[way].push(payload);
                        }
                    }
                    Course::Take { way, bytes } => {
                        let way = usize::from(way);
                        let bench = &mut pair.benches[way];
                        if bench.ended(pair.ends[way].0).is_none() {
                            bench.unblock(pair.ends[way].0, bytes);
                        }
                    }
                    Course::Pass { way, bytes } => {
                        pass_some(pair, usize::from(way), bytes, (&mut on_way, &mut arrived), change);
                    }
                    Course::Wait { way, is_busy } => {
                        let bench = &mut pair.benches[usize::from(way)];
                        bench.act(|end, _| end.is_busy = is_busy);
                    }
                }
            }
            // Everything goes on to its end.
            for _ in 0..40 {
                for way in [TO_LISTENER, TO_DIALER] {
                    let bench = &mut pair.benches[way];
                    bench.act(|end, _| end.is_busy = false);
                    if bench.ended(pair.ends[way].0).is_none() {
                        bench.unblock(pair.ends[way].0, usize::MAX);
                    }
                    pass_some(pair, way, usize::MAX, (&mut on_way, &mut arrived), change);
                }
            }
            let was_changed = change.is_some_and(|(way, at, _)| at < arrived[usize::from(way)]);
            if was_changed {
                let_time_tell(pair, (&mut on_way, &mut arrived), change);
            }
            let heard = [LISTENER_END, DIALER_END].map(|end| pair.benches[end].role().words());
            for way in [TO_LISTENER, TO_DIALER] {
                let beginning: Vec<&[u8]> =
                    said[way].iter().map(Vec::as_slice).take(heard[way].len()).collect();
                assert_eq!(beginning, heard[way], "{way}");
                assert!(was_changed || said[way].len() == heard[way].len(), "{way}");
            }
            assert_eq!(was_changed, pair.ended() != [None, None]);
        });
    }
}

/// A length or an opcode that was changed shows when what it announces does not come, or something else does: by the time
/// for a greeting, or by the next sign of life.
fn let_time_tell(
    pair: &mut Pair<'_>,
    (on_way, arrived): (&mut [Vec<u8>; 2], &mut [usize; 2]),
    change: Option<(bool, usize, u8)>,
) {
    for _ in 0..2 * BENCH_CONFIG.idle_timeout_ms / 1_000 {
        for way in [TO_LISTENER, TO_DIALER] {
            pair.benches[way].pass_ms(1_000);
            pass_some(pair, way, usize::MAX, (&mut *on_way, &mut *arrived), change);
        }
    }
}

/// An opcode that was changed on the way is one that nobody knows.
#[test]
fn a_first_message_that_nobody_knows_ends_with_the_time_for_a_greeting() {
    with_pair(|pair| {
        let mut hello = pair.sent(TO_LISTENER);
        hello[2] ^= 4;
        pair.hand(TO_LISTENER, &hello);
        assert_eq!(pair.ended(), [None, None]);
        for bench in &mut pair.benches {
            bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms + 100);
        }
        assert_eq!(pair.ended(), [Some(ErrorCode::GREETING_TIMEOUT); 2]);
    });
}

/// `bytes` of what one end has sent arrive at the other one, but for the byte that somebody changes.
fn pass_some(
    pair: &mut Pair<'_>,
    way: usize,
    bytes: usize,
    (on_way, arrived): (&mut [Vec<u8>; 2], &mut [usize; 2]),
    change: Option<(bool, usize, u8)>,
) {
    let sent = pair.sent(way);
    on_way[way].extend(sent);
    let count = bytes.min(on_way[way].len());
    let mut piece: Vec<u8> = on_way[way].drain(..count).collect();
    if let Some((changed, at, by)) = change
        && usize::from(changed) == way
        && let Some(byte) = at.checked_sub(arrived[way]).and_then(|place| piece.get_mut(place))
    {
        *byte ^= by;
    }
    arrived[way] += count;
    pair.hand(way, &piece);
}
