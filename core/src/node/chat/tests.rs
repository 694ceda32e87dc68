//! A chat server at the bench: its Mains are scripted, one frame at a time.

mod model;
mod owning;
mod places;
mod realm;
mod resuming;
mod slow;

use crate::protocol::Seq;
use std::boxed::Box;
use std::format;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::cluster::tests::test_keys;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes};
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Past, PastEnd,
    Refused, Removed,
};
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::either_way::{Bye, Error};
use crate::protocol::main_to_chat::{AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Say};
use crate::protocol::{CHANNEL_MAX_BYTES, Text, Uid};
use crate::session::SessionState;

const CHANNELS: usize = 3;
const MEMBERS: usize = 8;
const MAINS: usize = 3;
const HISTORY_BYTES: usize = 128;
const CONFIG: ChatConfig =
    ChatConfig { channel_members: 5, reserved: &[], past_page: 4, ..ChatConfig::DEFAULT };

type Memory = ChatMemory<CHANNELS, MEMBERS, MAINS, { CHANNELS * HISTORY_BYTES }>;
type ChatBench<'a> = Bench<'a, Chat<'a>>;
type Name = Text<'static, CHANNEL_MAX_BYTES>;

fn with_chat(test: impl FnOnce(&mut ChatBench<'_>)) {
    with_chat_of(BENCH_CONFIG, CONFIG, test);
}

fn with_chat_of(net: NetConfig, config: ChatConfig, test: impl FnOnce(&mut ChatBench<'_>)) {
    let mut memory = Box::new(Memory::NEW);
    let chat = Chat::new(memory.storage(), config, test_keys(ServerKind::CHAT, 0));
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), net, chat);
    test(&mut bench);
    bench.finish();
}

/// Two, with these settings.
fn with_two_chats(configs: [ChatConfig; 2], test: impl FnOnce([&mut ChatBench<'_>; 2])) {
    let mut memories = [Box::new(Memory::NEW), Box::new(Memory::NEW)];
    let mut node_memories = [Box::new(BenchMemory::NEW), Box::new(BenchMemory::NEW)];
    let keys = || test_keys(ServerKind::CHAT, 0);
    let [one, two] = &mut memories;
    let [one_node, two_node] = &mut node_memories;
    let mut one = Bench::new(
        Sizes::ALL.lend(one_node),
        BENCH_CONFIG,
        Chat::new(one.storage(), configs[0], keys()),
    );
    let mut two = Bench::new(
        Sizes::ALL.lend(two_node),
        BENCH_CONFIG,
        Chat::new(two.storage(), configs[1], keys()),
    );
    test([&mut one, &mut two]);
    one.finish();
    two.finish();
}

/// Channels enough for shares of them.
#[cfg(feature = "shares")]
const MANY_CHANNELS: usize = 16;

/// Of several Mains none takes all channels; the only one may.
#[cfg(feature = "shares")]
#[test]
fn both_sides_of_a_main_s_share_of_channels() {
    const NAMES: [&str; MANY_CHANNELS + 2] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"];
    let test = |mains: usize, expected: &[usize]| {
        let mut memory = Box::new(ChatMemory::<MANY_CHANNELS, 64, MAINS, 2_048>::NEW);
        let config = ChatConfig { reserved: &["always"], ..CONFIG };
        let chat = Chat::new(memory.storage(), config, test_keys(ServerKind::CHAT, 0));
        let mut node_memory = Box::new(BenchMemory::NEW);
        let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), BENCH_CONFIG, chat);
        let mains: Vec<SessionKey> = (0..mains).map(|_| bench.open()).collect();
        let mut names = NAMES.iter();
        for (index, (&main, &expected)) in mains.iter().zip(expected).enumerate() {
            let mut taken = 0;
            for channel in names.by_ref() {
                bench.ask_in(main, index as u32 + 1, channel);
                if !bench.heard(main).iter().any(Said::is::<Joined<'_>>) {
                    break;
                }
                taken += 1;
            }
            assert_eq!(taken, expected, "of Main {index}");
            // One that always exists is always to be had, and one where somebody is.
            bench.enter(main, index as u32 + 1, "always");
            bench.enter(main, index as u32 + 10, NAMES[0]);
        }
        bench.finish();
    };
    test(1, &[MANY_CHANNELS - 1]);
    test(2, &[13, 1]);
}

fn name(text: &'static str) -> Name {
    Text::new(text).expect("a short name")
}

const LOBBY: &str = "lobby";
/// What a Main says that has heard of nothing.
const NEW_MAIN: Open = Open { instance: 0, newest: Seq(0) };
const REQUEST: u32 = 77;

impl ChatBench<'_> {
    /// A Main that has proven itself, and has not opened.
    fn accept_main(&mut self) -> SessionKey {
        let key = self.accept();
        self.prove_as(key, ServerKind::MAIN, ServerKind::CHAT, 0);
        key
    }

    /// A Main that has opened.
    fn open(&mut self) -> SessionKey {
        let key = self.accept_main();
        self.say(key, &NEW_MAIN);
        assert!(self.heard(key)[0].is::<Opened>());
        key
    }

    fn ask_in(&mut self, main: SessionKey, uid: u32, channel: &'static str) {
        self.say(main, &JoinChannel { uid: Uid(uid.into()), channel: name(channel), attempt: uid });
    }

    /// Lets a user in; what its Main hears of it is not looked at.
    fn enter(&mut self, main: SessionKey, uid: u32, channel: &'static str) {
        self.ask_in(main, uid, channel);
        let heard = self.heard(main);
        assert!(heard.iter().any(Said::is::<Joined<'_>>), "{heard:?}");
    }

    fn talk(&mut self, main: SessionKey, uid: u32, channel: &'static str, text: &str) {
        let msg = Text::new(text).expect("a short message");
        self.say(
            main,
            &Say { uid: Uid(uid.into()), channel: name(channel), request: REQUEST, msg },
        );
    }
}

fn said(channel: &'static str, seq: u32, uid: u32, text: &str) -> Said {
    let msg = Text::new(text).expect("a short message");
    Said::of(&Broadcast {
        channel: name(channel),
        seq: Seq(seq.into()),
        uid: Uid(uid.into()),
        request: REQUEST,
        msg,
    })
}

/// What was said before, as a Main that comes back is told it.
fn said_again(channel: &'static str, seq: u32, uid: u32, text: &str) -> Said {
    let msg = Text::new(text).expect("a short message");
    let (channel, seq) = (name(channel), Seq(seq.into()));
    Said::of(&Broadcast { channel, seq, uid: Uid(uid.into()), request: 0, msg })
}

fn past(to: u32, channel: &'static str, seq: u32, uid: u32, text: &str) -> Said {
    let msg = Text::new(text).expect("a short message");
    Said::of(&Past {
        to: Uid(to.into()),
        channel: name(channel),
        seq: Seq(seq.into()),
        uid: Uid(uid.into()),
        msg,
    })
}

fn past_end(to: u32, oldest: u32, next_seq: u32, end_seq: u32) -> Said {
    let [oldest, next_seq, end_seq] = [oldest, next_seq, end_seq].map(|seq| Seq(seq.into()));
    Said::of(&PastEnd { to: Uid(to.into()), channel: name(LOBBY), oldest, next_seq, end_seq })
}

fn joined(uid: u32, members: u16, oldest: u32, next_seq: u32) -> Said {
    let channel = name(LOBBY);
    let [oldest, next_seq] = [oldest, next_seq].map(|seq| Seq(seq.into()));
    Said::of(&Joined { uid: Uid(uid.into()), channel, attempt: uid, members, oldest, next_seq })
}

fn refused(uid: u32, channel: &'static str, about: i32, reason: ErrorCode) -> Said {
    let request = if about == ChatSay::OPCODE.0 { REQUEST } else { 0 };
    Said::of(&Refused { uid: Uid(uid.into()), channel: name(channel), about, request, reason })
}

#[test]
fn every_main_with_members_gets_one_copy_and_the_others_none() {
    with_chat(|bench| {
        let [first, second, third] = [bench.open(), bench.open(), bench.open()];
        bench.enter(first, 1, LOBBY);
        bench.enter(first, 2, LOBBY);
        bench.enter(second, 3, LOBBY);
        bench.enter(third, 4, "other");
        bench.heard(first);
        bench.talk(second, 3, LOBBY, "hello");
        bench.talk(first, 1, LOBBY, "hi");
        let both = [said(LOBBY, 1, 3, "hello"), said(LOBBY, 2, 1, "hi")];
        assert_eq!(bench.heard(first), both);
        assert_eq!(bench.heard(second), both);
        assert_eq!(bench.heard(third), []);
        assert_eq!((bench.role().stats().said, bench.role().stats().copies), (2, 4));
    });
}

#[test]
fn channels_count_for_themselves() {
    with_chat(|bench| {
        let main = bench.open();
        bench.enter(main, 1, "a");
        bench.enter(main, 1, "b");
        for (channel, text) in [("a", "x"), ("b", "y"), ("a", "z")] {
            bench.talk(main, 1, channel, text);
        }
        let expected = [said("a", 1, 1, "x"), said("b", 1, 1, "y"), said("a", 2, 1, "z")];
        assert_eq!(bench.heard(main), expected);
    });
}

#[test]
fn comings_and_goings_are_told_to_those_who_were_there() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.ask_in(first, 1, LOBBY);
        assert_eq!(bench.heard(first), [joined(1, 1, 1, 1), past_end(1, 1, 1, 1)]);
        bench.ask_in(second, 2, LOBBY);
        let entered = Said::of(&Entered { channel: name(LOBBY), uid: Uid(2) });
        assert_eq!(bench.heard(first), [entered]);
        assert_eq!(bench.heard(second), [joined(2, 2, 1, 1), past_end(2, 1, 1, 1)]);
        bench.say(second, &LeaveChannel { uid: Uid(2), channel: name(LOBBY) });
        let exited = Said::of(&Exited { channel: name(LOBBY), uid: Uid(2) });
        assert_eq!(bench.heard(first), [exited]);
        // Its Main has no member there any more.
        bench.talk(first, 1, LOBBY, "alone");
        assert_eq!(bench.heard(second), []);
    });
}

#[test]
fn a_newcomer_hears_the_newest_page_of_the_past() {
    with_chat(|bench| {
        let main = bench.open();
        bench.enter(main, 1, LOBBY);
        for number in 1..=6 {
            bench.talk(main, 1, LOBBY, &format!("m{number}"));
        }
        bench.heard(main);
        bench.ask_in(main, 2, LOBBY);
        let heard = bench.heard(main);
        let page: Vec<Said> =
            (3..=6).map(|seq| past(2, LOBBY, seq, 1, &format!("m{seq}"))).collect();
        assert!(heard[0].is::<Entered<'_>>());
        assert_eq!(heard[1], joined(2, 2, 1, 7));
        assert_eq!((&heard[2..6], &heard[6]), (&page[..], &past_end(2, 1, 7, 7)));
    });
}

#[test]
fn the_past_is_told_page_by_page_and_not_further_back_than_it_is_kept() {
    with_chat(|bench| {
        let main = bench.open();
        bench.enter(main, 1, LOBBY);
        // 9 + 10 bytes each: six of them are kept.
        for number in 1..=11 {
            bench.talk(main, 1, LOBBY, &format!("number {number:>3}"));
        }
        bench.heard(main);
        assert_eq!(bench.role().channel(LOBBY).map(Channel::oldest_seq), Some(Seq(6)));
        let ask = |since| AskPast { uid: Uid(1), channel: name(LOBBY), since };
        // What is older is answered with what is kept, and with where that begins.
        let (mut next, mut seqs) = (Seq(2), Vec::new());
        while next < Seq(12) {
            bench.say(main, &ask(next));
            for said in bench.heard(main) {
                if let Some(Past { seq, .. }) = said.read() {
                    seqs.push(seq.0);
                }
                if let Some(PastEnd { oldest, next_seq, end_seq, .. }) = said.read() {
                    assert_eq!((oldest, end_seq), (Seq(6), Seq(12)));
                    next = next_seq;
                }
            }
        }
        assert_eq!(seqs, (6..12).collect::<Vec<_>>());
        // From the end on, and from behind it, there is nothing.
        for since in [Seq(12), Seq(99)] {
            bench.say(main, &ask(since));
            assert_eq!(bench.heard(main), [past_end(1, 6, 12, 12)]);
        }
    });
}

#[test]
fn who_is_not_in_a_channel_may_not_ask_or_say_anything_there() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.enter(first, 1, LOBBY);
        let not_in = ErrorCode::NOT_IN_CHANNEL;
        bench.talk(first, 2, LOBBY, "hi");
        assert_eq!(bench.heard(first), [refused(2, LOBBY, ChatSay::OPCODE.0, not_in)]);
        bench.talk(first, 1, "nowhere", "hi");
        assert_eq!(bench.heard(first), [refused(1, "nowhere", ChatSay::OPCODE.0, not_in)]);
        // Another Main can't speak for it, nor take it out.
        bench.talk(second, 1, LOBBY, "hi");
        assert_eq!(bench.heard(second), [refused(1, LOBBY, ChatSay::OPCODE.0, not_in)]);
        bench.say(second, &LeaveChannel { uid: Uid(1), channel: name(LOBBY) });
        bench.say(second, &AskPast { uid: Uid(1), channel: name(LOBBY), since: Seq(1) });
        assert_eq!(bench.heard(second), [refused(1, LOBBY, ChatHistory::OPCODE.0, not_in)]);
        bench.say(second, &AskMembers { uid: Uid(1), channel: name(LOBBY), after: Uid(0) });
        assert_eq!(bench.heard(second), [refused(1, LOBBY, ChatWho::OPCODE.0, not_in)]);
        assert_eq!(bench.role().members().len(), 1);
    });
}

#[test]
fn both_sides_of_a_channel_s_members() {
    with_chat(|bench| {
        let main = bench.open();
        for uid in 1..=5 {
            bench.enter(main, uid, LOBBY);
        }
        let denied = |uid: u32, channel, reason| {
            let (attempt, uid, channel) = (uid, Uid(u64::from(uid)), name(channel));
            Said::of(&ChannelDenied { uid, channel, attempt, reason })
        };
        bench.ask_in(main, 6, LOBBY);
        assert_eq!(bench.heard(main), [denied(6, LOBBY, ErrorCode::CHANNEL_FULL)]);
        bench.say(main, &LeaveChannel { uid: Uid(5), channel: name(LOBBY) });
        bench.enter(main, 6, LOBBY);
        // Three more find a place in the table of all members, and no fourth.
        for uid in 1..=3 {
            bench.enter(main, uid, "b");
        }
        bench.ask_in(main, 4, "b");
        let heard = bench.heard(main);
        assert_eq!(heard, [denied(4, "b", ErrorCode::CHANNEL_FULL)]);
        assert_eq!(bench.role().stats().denied, 2);
    });
}

#[test]
fn a_channel_without_members_makes_room_for_another() {
    with_chat(|bench| {
        let main = bench.open();
        for channel in ["a", "b", "c"] {
            bench.enter(main, 1, channel);
        }
        bench.ask_in(main, 1, "d");
        let heard: ChannelDenied<'_> = bench.heard(main)[0].read().map(owned).unwrap();
        assert_eq!(heard.reason, ErrorCode::CHANNELS_FULL);
        bench.talk(main, 1, "b", "remember me");
        bench.say(main, &LeaveChannel { uid: Uid(1), channel: name("b") });
        bench.heard(main);
        // It is kept, with its past, while nobody needs its place.
        bench.ask_in(main, 2, "b");
        assert!(bench.heard(main).contains(&past(2, "b", 1, 1, "remember me")));
        bench.say(main, &LeaveChannel { uid: Uid(2), channel: name("b") });
        bench.enter(main, 1, "d");
        assert!(bench.role().channel("b").is_none());
    });
}

/// The reason alone matters; the name is a constant.
fn owned(denied: ChannelDenied<'_>) -> ChannelDenied<'static> {
    let ChannelDenied { uid, attempt, reason, .. } = denied;
    ChannelDenied { uid, channel: Text::EMPTY, attempt, reason }
}

#[test]
fn members_come_in_pages() {
    with_chat(|bench| {
        let main = bench.open();
        for uid in 1..=5 {
            bench.enter(main, uid, LOBBY);
        }
        let ask = |after| AskMembers { uid: Uid(1), channel: name(LOBBY), after: Uid(after) };
        let page = |uids: &[u64]| {
            let uids = uids.iter().copied().map(Uid).collect();
            let channel = name(LOBBY);
            Said::of(&MemberPage { to: Uid(1), channel, uids, next_after: Uid::NOBODY })
        };
        bench.say(main, &ask(0));
        assert_eq!(bench.heard(main), [page(&[5, 4, 3, 2, 1])]);
        bench.say(main, &ask(3));
        assert_eq!(bench.heard(main), [page(&[2, 1])]);
        bench.say(main, &ask(1));
        assert_eq!(bench.heard(main), [page(&[])]);
        bench.say(main, &ask(9));
        let about = ChatWho::OPCODE.0;
        assert_eq!(bench.heard(main), [refused(1, LOBBY, about, ErrorCode::PAGE_LOST)]);
    });
}

#[test]
fn the_last_main_that_says_so_has_the_user() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.enter(first, 1, LOBBY);
        bench.ask_in(second, 1, LOBBY);
        let (uid, channel) = (Uid(1), name(LOBBY));
        let removed = Said::of(&Removed { uid, channel, reason: ErrorCode::REPLACED });
        assert_eq!(bench.heard(first), [removed]);
        assert_eq!(bench.heard(second)[0], joined(1, 1, 1, 1));
        assert_eq!(bench.role().members().len(), 1);
    });
}

#[test]
fn a_main_that_goes_takes_its_users_with_it() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        for uid in 1..=3 {
            bench.enter(first, uid, LOBBY);
        }
        bench.enter(second, 4, LOBBY);
        bench.disconnect(first);
        let census = Said::of(&Census { channel: name(LOBBY), members: 1 });
        assert_eq!(bench.heard(second), [census]);
        assert_eq!((bench.role().members().len(), bench.role().mains()), (1, 1));
        bench.talk(second, 4, LOBBY, "where are you?");
        assert_eq!(bench.heard(second), [said(LOBBY, 1, 4, "where are you?")]);
    });
}

#[test]
fn both_sides_of_the_number_of_mains() {
    with_chat(|bench| {
        let mains: Vec<_> = (0..MAINS).map(|_| bench.open()).collect();
        let late = bench.accept();
        bench.prove_as(late, ServerKind::MAIN, ServerKind::CHAT, 0);
        bench.say(late, &NEW_MAIN);
        assert_eq!(bench.heard(late), [Said::of(&Bye { reason: ErrorCode::FULL })]);
        bench.disconnect(mains[0]);
        let again = bench.open();
        assert_eq!(bench.state(again), Some(SessionState::Ready));
    });
}

#[test]
fn nothing_is_taken_before_the_proof_and_before_opening() {
    let join = JoinChannel { uid: Uid(1), channel: name(LOBBY), attempt: 1 };
    let out_of_place = |opcode| Said::of(&Error { code: ErrorCode::OUT_OF_PLACE, about: opcode });
    with_chat(|bench| {
        let key = bench.accept();
        bench.say(key, &NEW_MAIN);
        assert_eq!(bench.heard(key), [out_of_place(Open::OPCODE.0)]);
        let key = bench.accept();
        bench.prove_as(key, ServerKind::MAIN, ServerKind::CHAT, 0);
        bench.say(key, &join);
        assert_eq!(bench.heard(key), [out_of_place(JoinChannel::OPCODE.0)]);
        let key = bench.open();
        bench.say(key, &NEW_MAIN);
        assert_eq!(bench.heard(key), [out_of_place(Open::OPCODE.0)]);
        assert_eq!((bench.role().mains(), bench.role().members().len()), (0, 0));
    });
}
