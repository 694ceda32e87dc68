//! A chat server that shares the channels with others.

use super::*;
use crate::protocol::ClaimNumber;
use crate::protocol::chat_to_main::Resumed;
use crate::protocol::main_to_chat::{Owners, Resume};

const HERE: u32 = 7;
const THERE: u32 = 8;

/// This server, and perhaps another one.
fn owners(number: u64, marks: &[u32]) -> Owners {
    let place = marks.iter().position(|mark| *mark == HERE).map_or(u16::MAX, |at| at as u16);
    let marks = marks.iter().copied().collect();
    Owners { number: ClaimNumber(number), newest: Seq(0), place, marks }
}

/// The first names that are this server's and the other's, if there are both.
fn ours_and_theirs() -> [&'static str; 2] {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    [0, 1].map(|place| {
        let is_it = |name: &&&str| owner_of(&[HERE, THERE], name) == Some(place);
        NAMES.iter().find(is_it).copied().expect("one of each")
    })
}

fn resume(channel: &'static str, since: Seq, uid: u64) -> Resume<'static> {
    let uids = [Uid(uid)].into_iter().collect();
    Resume { channel: name(channel), since, uids }
}

fn resumed_at(heard: &[Said]) -> Option<(Seq, u32)> {
    heard.iter().find_map(|said| said.read::<Resumed<'_>>().map(|it| (it.next_seq, it.missed)))
}

#[test]
fn what_is_another_s_is_let_go_and_refused() {
    let [ours, theirs] = ours_and_theirs();
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        for (main, uid) in [(first, 1), (second, 2)] {
            bench.enter(main, uid, ours);
            bench.enter(main, uid, theirs);
        }
        for main in [first, second] {
            bench.heard(main);
        }
        bench.say(first, &owners(5, &[HERE, THERE]));
        assert!(bench.role().channel(theirs).is_none());
        assert_eq!((bench.role().members().len(), bench.role().channels().len()), (2, 1));
        // Nobody is told: Mains know it themselves.
        assert_eq!([first, second].map(|main| bench.heard(main)), [vec![], vec![]]);
        // The other Main has not heard of it yet.
        let unavailable = ErrorCode::CHAT_UNAVAILABLE;
        bench.talk(second, 2, theirs, "hi");
        assert_eq!(bench.heard(second), [refused(2, theirs, ChatSay::OPCODE.0, unavailable)]);
        bench.ask_in(second, 3, theirs);
        let (uid, channel) = (Uid(3), name(theirs));
        let denied = ChannelDenied { uid, channel, attempt: 3, reason: unavailable };
        assert_eq!(bench.heard(second), [Said::of(&denied)]);
        bench.say(second, &resume(theirs, Seq(0), 2));
        assert_eq!((bench.heard(second), bench.role().members().len()), (vec![], 2));
        // What is its own goes on as it was.
        bench.talk(second, 2, ours, "hi");
        assert_eq!(bench.heard(first), [said(ours, 1, 2, "hi")]);
    });
}

#[test]
fn the_highest_number_counts() {
    let [ours, theirs] = ours_and_theirs();
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.say(first, &owners(5, &[HERE, THERE]));
        for late in [owners(4, &[HERE]), owners(5, &[HERE])] {
            bench.say(second, &late);
            assert_eq!(bench.role().owners_number(), ClaimNumber(5));
            bench.ask_in(second, 1, theirs);
            assert!(bench.heard(second)[0].is::<ChannelDenied<'_>>());
        }
        bench.enter(second, 1, ours);
        // One that is none of them has nothing.
        bench.say(second, &owners(6, &[THERE]));
        assert_eq!((bench.role().channels().len(), bench.role().members().len()), (0, 0));
        bench.say(second, &owners(7, &[HERE]));
        bench.enter(second, 1, theirs);
    });
}

#[test]
fn what_comes_to_it_begins_behind_what_anybody_has_heard() {
    let [ours, theirs] = ours_and_theirs();
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.enter(first, 1, ours);
        bench.say(first, &owners(5, &[HERE, THERE]));
        let heard = Seq::first_of(3).plus(9);
        bench.say(first, &Owners { newest: heard, ..owners(6, &[HERE]) });
        bench.heard(first);
        // Who comes in first has heard nothing, and finds numbers that nobody has had.
        bench.ask_in(second, 2, theirs);
        let joined = bench.heard(second)[0].read().map(|it: Joined<'_>| it.next_seq);
        assert_eq!(joined, Some(Seq::first_of(4).next()));
        bench.say(first, &resume(theirs, heard, 1));
        let heard = bench.heard(first);
        assert_eq!(resumed_at(&heard), Some((Seq::first_of(4).next(), u32::MAX)));
        // What it has had all the time goes on.
        bench.talk(first, 1, ours, "on");
        assert_eq!(bench.heard(first), [said(ours, 1, 1, "on")]);
    });
}

/// The second Main has heard more of the server that is gone than the first one that told of its end.
#[test]
fn who_has_heard_more_is_behind_too() {
    let [_, theirs] = ours_and_theirs();
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.say(first, &owners(6, &[HERE]));
        bench.enter(first, 1, theirs);
        bench.talk(first, 1, theirs, "hi");
        bench.heard(first);
        let heard = Seq(1_000);
        bench.say(second, &Owners { newest: heard, ..owners(6, &[HERE]) });
        bench.say(second, &resume(theirs, heard, 2));
        let behind = Seq::first_of(1).next();
        assert_eq!(resumed_at(&bench.heard(second)), Some((behind, u32::MAX)));
        assert_eq!(resumed_at(&bench.heard(first)), Some((behind, u32::MAX)));
    });
}

#[test]
fn a_number_that_nobody_can_have_heard_moves_nothing() {
    let config = ChatConfig { epoch_most: 9, ..CONFIG };
    with_chat_of(BENCH_CONFIG, config, |bench| {
        let main = bench.open();
        bench.say(main, &Owners { newest: Seq::first_of(10), ..owners(1, &[HERE]) });
        bench.ask_in(main, 1, "a");
        assert_eq!(bench.heard(main)[0], joined_in("a"));
        bench.say(main, &Owners { newest: Seq::first_of(9), ..owners(2, &[HERE]) });
        bench.ask_in(main, 1, "b");
        let joined = bench.heard(main)[0].read().map(|it: Joined<'_>| it.next_seq);
        assert_eq!(joined, Some(Seq::first_of(10).next()));
    });
}

fn joined_in(channel: &'static str) -> Said {
    let (uid, channel, oldest, next_seq) = (Uid(1), name(channel), Seq(1), Seq(1));
    Said::of(&Joined { uid, channel, attempt: 1, members: 1, oldest, next_seq })
}

/// One that always exists is here whoever has it, and begins anew when it comes back.
#[test]
fn what_always_exists_comes_back_empty() {
    let [_, theirs] = ours_and_theirs();
    let reserved: &'static [&'static str] = Box::leak(Box::new([theirs]));
    with_chat_of(BENCH_CONFIG, ChatConfig { reserved, ..CONFIG }, |bench| {
        let main = bench.open();
        bench.enter(main, 1, theirs);
        bench.talk(main, 1, theirs, "old");
        bench.say(main, &owners(5, &[HERE, THERE]));
        let place = bench.role().channel(theirs).expect("it always exists");
        assert_eq!((place.members(), place.oldest_seq()), (0, place.last_seq().next()));
        let newest = Seq::first_of(2);
        bench.say(main, &Owners { newest, ..owners(6, &[HERE]) });
        bench.heard(main);
        bench.enter(main, 1, theirs);
        let last = bench.role().channel(theirs).map(Channel::last_seq);
        assert_eq!(last, Some(Seq::first_of(3)));
    });
}

/// One that was stopped for a while does not know what has become of its channels, and takes nothing before it does.
#[test]
fn what_is_said_is_taken_while_it_is_certain_whose_it_is() {
    let [_, theirs] = ours_and_theirs();
    with_chat(|bench| {
        let main = bench.open();
        bench.enter(main, 1, theirs);
        bench.talk(main, 1, theirs, "always");
        assert!(bench.heard(main)[0].is::<Broadcast<'_>>());
        bench.act(|chat, cx| chat.is_certain_until(cx.now.after_ms(100)));
        bench.pass_ms(99);
        bench.talk(main, 1, theirs, "still");
        assert!(bench.heard(main)[0].is::<Broadcast<'_>>());
        bench.pass_ms(1);
        bench.talk(main, 1, theirs, "too late");
        let unavailable = refused(1, theirs, ChatSay::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        assert_eq!(bench.heard(main), [unavailable]);
        // It hears that it has lost nothing, and goes on; and then that it has.
        bench.act(|chat, cx| chat.is_certain_until(cx.now.after_ms(100)));
        bench.talk(main, 1, theirs, "again");
        assert_eq!(bench.heard(main), [said(theirs, 3, 1, "again")]);
        let servers = ["here", "there"].map(|it| it.try_into().expect("a short address"));
        let map = ChatMap { number: ClaimNumber(3), servers: servers.into_iter().collect() };
        let own = map.owner(theirs).expect("somebody");
        let other = servers_but(&map, own);
        bench.act(|chat, _| chat.hear_of_chat_servers(&map, own));
        assert_eq!(bench.role().members().len(), 1);
        let later = ChatMap { number: ClaimNumber(4), ..map.clone() };
        bench.act(|chat, _| chat.hear_of_chat_servers(&later, &other));
        assert_eq!((bench.role().members().len(), bench.role().owners_number()), (0, later.number));
    });
}

fn servers_but(map: &ChatMap, one: &str) -> std::string::String {
    let other = map.servers.iter().find(|it| it.as_str() != one).expect("another one");
    other.as_str().into()
}
