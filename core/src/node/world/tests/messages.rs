//! A game's own messages: heard, said, told, and what becomes of those that are none.

use super::*;
use crate::protocol;
use crate::protocol::{Dispatched, SendError};
use crate::wire::opcode::GAME;
use crate::wire::{Frame, PacketHeader};

protocol! {
    /// From a client to the game.
    mod client_to_echo in GAME.client_to_server, hears echo_to_client;

    /// Say so many bytes to everyone.
    1 shout => Shout {
        /// How many.
        bytes: u16,
    }

    /// Tell me, and whoever has an odd number, how often somebody has shouted.
    2 ask => Ask {}
}

protocol! {
    /// From the game to a client.
    mod echo_to_client in GAME.server_to_client, hears client_to_echo;

    /// What was shouted.
    1 heard => Heard<'a> {
        /// Bytes.
        #[serde(borrow)]
        what: &'a [u8],
    }

    /// How often somebody has shouted.
    2 count => Count {
        /// So often.
        shouts: u16,
    }
}

use client_to_echo::{Ask, Shout};
use echo_to_client::{Count, Heard};

/// The length of `what` takes two bytes.
const LONGEST: u16 = 400;
const MESSAGE_MAX_BYTES: usize = LONGEST as usize + 2;

#[derive(Default)]
struct Echo {
    shouts: u16,
    said: Vec<Result<(), SendError>>,
}

impl Game for Echo {
    const NAME: &'static str = "echo";
    const MESSAGE_MAX_BYTES: usize = MESSAGE_MAX_BYTES;

    fn on_message(&mut self, speaker: &mut Speaker<'_, '_, '_>, frame: Frame<'_>) -> Dispatched {
        client_to_echo::dispatch(self, speaker, frame)
    }
}

impl client_to_echo::Stub<Speaker<'_, '_, '_>> for Echo {
    fn shout(&mut self, speaker: &mut Speaker<'_, '_, '_>, message: Shout) {
        self.shouts += 1;
        let what = vec![7; usize::from(message.bytes)];
        self.said.push(speaker.room.say(&Heard { what: &what }));
    }

    fn ask(&mut self, speaker: &mut Speaker<'_, '_, '_>, _: Ask) {
        let (uid, count) = (speaker.uid, Count { shouts: self.shouts });
        let is_meant = |member: MemberState| member.number.0 % 2 == 1 && member.uid != uid;
        let lacking = speaker.room.tell_some(is_meant, &count);
        assert_eq!((lacking, speaker.room.tell(uid, &count)), (0, Ok(())));
    }
}

const RING_BYTES: usize = ring_min_bytes_for(3, MESSAGE_MAX_BYTES, StateSizes::NONE);

fn with_echo(test: impl FnOnce(&mut WorldBench<'_, Echo>, &[SessionKey])) {
    let setup = Setup { room_capacity: 3, ring_bytes: RING_BYTES, ..SETUP };
    with_game(setup, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        test(bench, &keys);
    });
}

fn said(bench: &WorldBench<'_, Echo>) -> Vec<Result<(), SendError>> {
    bench.role().game(RoomId(0)).unwrap().said.clone()
}

#[test]
fn what_the_game_says_is_heard_by_everyone_in_the_room_s_order() {
    with_echo(|bench, keys| {
        bench.say(keys[0], &Shout { bytes: 3 });
        bench.say(keys[1], &event(5, b"x"));
        bench.say(keys[1], &Ask {});
        bench.pass_ms(FLUSH_MS);
        let shout = Said::of(&Heard { what: &[7; 3] });
        let count = Said::of(&Count { shouts: 1 });
        for (place, key) in keys.iter().enumerate() {
            let heard = bench.heard(*key);
            assert_eq!(heard[0], shout);
            assert!(heard[1].is::<EventBroadcast>());
            // The second has asked, and the first and the third have odd numbers.
            assert_eq!(&heard[2..], core::slice::from_ref(&count), "{place}");
        }
        assert_eq!(bench.role().stats().events, 3);
    });
}

/// What is said, told, and said again before one flush: whoever is told hears it in that order.
fn told_between(bench: &mut WorldBench<'_, Echo>, keys: &[SessionKey], most_bytes: usize) {
    bench.limit(keys[1], 0);
    bench.say(keys[0], &Shout { bytes: 3 });
    bench.say(keys[1], &step(7));
    bench.say(keys[1], &Ask {});
    bench.say(keys[0], &Shout { bytes: 4 });
    bench.pass_ms(FLUSH_MS);
    bench.say(keys[0], &Shout { bytes: 5 });
    bench.pass_ms(FLUSH_MS);
    for _ in 0..200 {
        bench.unblock(keys[1], most_bytes);
    }
    let heard = bench.heard(keys[1]);
    let [before, between] = [3, 4].map(|bytes| Said::of(&Heard { what: &[7; 5][..bytes] }));
    let count = Said::of(&Count { shouts: 1 });
    assert_eq!(heard, [before, count, between, Said::of(&Heard { what: &[7; 5] })]);
}

#[test]
fn what_is_told_comes_before_what_is_said_later() {
    for most_bytes in [1, 2, 5, 9, 14, 40, 1_000] {
        with_echo(|bench, keys| told_between(bench, keys, most_bytes));
    }
}

/// Said, told, said, told, said before one flush.
#[test]
fn each_of_several_that_are_told_stands_where_it_was_told() {
    for most_bytes in [1, 2, 5, 9, 14, 40, 1_000] {
        with_echo(|bench, keys| {
            bench.limit(keys[1], 0);
            for bytes in 1..4 {
                bench.say(keys[0], &Shout { bytes });
                bench.say(keys[1], &Ask {});
            }
            bench.say(keys[0], &Shout { bytes: 4 });
            bench.pass_ms(FLUSH_MS);
            for _ in 0..200 {
                bench.unblock(keys[1], most_bytes);
            }
            let shout = |bytes| Said::of(&Heard { what: &[7; 4][..bytes] });
            let count = |shouts| Said::of(&Count { shouts });
            let (first, second, third) = (count(1), count(2), count(3));
            let heard = [shout(1), first, shout(2), second, shout(3), third, shout(4)];
            assert_eq!(bench.heard(keys[1]), heard, "{most_bytes}");
        });
    }
}

#[test]
fn both_sides_of_the_longest_message() {
    with_echo(|bench, keys| {
        bench.say(keys[0], &Shout { bytes: LONGEST });
        bench.pass_ms(FLUSH_MS);
        let heard = bench.heard(keys[2]);
        assert_eq!(heard, [Said::of(&Heard { what: &[7; LONGEST as usize] })]);
        bench.say(keys[0], &Shout { bytes: LONGEST + 1 });
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(keys[2]), []);
        assert_eq!(said(bench), [Ok(()), Err(SendError::TooLong)]);
        // A room that was asked for too much goes on.
        bench.say(keys[0], &Shout { bytes: LONGEST });
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(keys[1]).len(), 2);
    });
}

#[test]
fn a_game_that_says_more_than_a_flush_takes_is_told() {
    with_echo(|bench, keys| {
        let frames = frame_of(&Shout { bytes: LONGEST }).repeat(8);
        bench.say_bytes(keys[0], &frames);
        bench.pass_ms(FLUSH_MS);
        // Input waits for the flush instead: nothing was lost.
        assert_eq!(said(bench), [Ok(()); 8]);
        assert_eq!(bench.heard(keys[1]).len(), 8);
    });
}

#[test]
fn whoever_falls_behind_is_told_how_many_messages_it_has_missed() {
    with_echo(|bench, keys| {
        bench.limit(keys[2], 0);
        for _ in 0..20 {
            bench.say(keys[0], &Shout { bytes: LONGEST });
            bench.pass_ms(FLUSH_MS);
        }
        bench.unblock(keys[2], usize::MAX);
        bench.pass_ms(FLUSH_MS);
        let heard = bench.heard(keys[2]);
        let got = heard.iter().filter(|said| said.is::<Heard<'_>>()).count();
        let missed: Vec<u32> = heard
            .iter()
            .filter_map(Said::read::<RoomSnapshot>)
            .map(|snapshot| snapshot.missed_events)
            .collect();
        assert_eq!(missed.iter().sum::<u32>() as usize + got, 20, "{missed:?} {got}");
        assert!(missed.iter().sum::<u32>() > 0);
    });
}

#[test]
fn what_is_no_message_of_the_game_is_refused() {
    with_echo(|bench, keys| {
        bench.say_bytes(keys[0], &[4, 0, 0x7F, 0x50, 0, 0]);
        let refusal: Error = bench.heard(keys[0])[0].read().unwrap();
        assert_eq!((refusal.code, refusal.about), (ErrorCode::NOT_UNDERSTOOD, 0x507F));
        let cut = &frame_of(&Shout { bytes: 300 })[..PacketHeader::BYTES + 5];
        let mut cut = cut.to_vec();
        cut[0] -= 1;
        bench.say_bytes(keys[0], &cut);
        let said: Error = bench.heard(keys[0])[0].read().unwrap();
        assert_eq!(said.code, ErrorCode::MALFORMED);
        assert_eq!(bench.role().rooms().users(), 2);
    });
}

#[test]
fn whoever_is_in_no_room_says_nothing_to_a_game() {
    with_echo(|bench, _| {
        let stranger = bench.accept();
        bench.say(stranger, &Shout { bytes: 1 });
        let refusal: Error = bench.heard(stranger)[0].read().unwrap();
        assert_eq!(refusal.code, ErrorCode::NOT_UNDERSTOOD);
        assert_eq!(said(bench), []);
    });
}
