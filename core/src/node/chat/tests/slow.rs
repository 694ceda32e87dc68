//! Mains that ask more than they take, and the longest of what is said.

use super::*;
use crate::node::testing::frame_of;
use crate::protocol::Seq;
use crate::protocol::chat_to_main::Resumed;
use crate::protocol::encode_frame;
use crate::wire::PacketHeader;

/// Little may wait for a Main: fewer than the answers to what it asks.
const NET: NetConfig = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
const QUESTIONS: usize = 60;

/// A chat server of which one Main has asked a lot, whose transport takes nothing, and another Main.
fn with_questions(net: NetConfig, test: impl FnOnce(&mut ChatBench<'_>, SessionKey, SessionKey)) {
    with_chat_of(net, CONFIG, |bench| {
        let [slow, other] = [bench.open(), bench.open()];
        bench.enter(slow, 1, LOBBY);
        bench.enter(other, 2, LOBBY);
        for number in 0..3 {
            bench.talk(other, 2, LOBBY, &format!("message {number}"));
        }
        bench.heard(slow);
        bench.heard(other);
        bench.limit(slow, 0);
        let question = AskPast { uid: Uid(1), channel: name(LOBBY), since: Seq(1) };
        let questions = frame_of(&question).repeat(QUESTIONS);
        bench.say_bytes(slow, &questions);
        test(bench, slow, other);
    });
}

#[test]
fn questions_wait_until_the_answers_are_taken() {
    with_questions(NET, |bench, slow, other| {
        let question = AskPast { uid: Uid(1), channel: name(LOBBY), since: Seq(1) };
        assert_eq!(bench.unheard_bytes(slow), frame_of(&question).len() * (QUESTIONS - 1));
        // Nobody else waits.
        bench.talk(other, 2, LOBBY, "meanwhile");
        assert_eq!(bench.heard(other), [said(LOBBY, 4, 2, "meanwhile")]);
        bench.unblock(slow, usize::MAX);
        assert_eq!(bench.unheard_bytes(slow), 0);
        let heard = bench.heard(slow);
        assert_eq!(heard.iter().filter(|said| said.is::<PastEnd<'_>>()).count(), QUESTIONS);
        let pasts = heard.iter().filter(|said| said.is::<Past<'_>>()).count();
        // The first answer is older than what was said meanwhile.
        assert_eq!(pasts, 3 + 4 * (QUESTIONS - 1));
        assert_eq!(bench.stats().overflows, 0);
    });
}

/// A server's queue: others' words find room behind the answers, however much is asked.
#[test]
fn questions_leave_room_for_what_is_live() {
    let net = NetConfig { send_buffers_per_server: 16, ..BENCH_CONFIG };
    with_questions(net, |bench, slow, other| {
        assert!(bench.unheard_bytes(slow) > 0);
        for number in 4..14 {
            bench.talk(other, 2, LOBBY, &format!("meanwhile {number}"));
        }
        bench.unblock(slow, usize::MAX);
        let heard = bench.heard(slow);
        assert_eq!(heard.iter().filter(|said| said.is::<PastEnd<'_>>()).count(), QUESTIONS);
        assert_eq!(heard.iter().filter(|said| said.is::<Broadcast<'_>>()).count(), 10);
        assert_eq!(bench.stats().overflows, 0);
    });
}

/// A Main whose link takes nothing while others talk: it stays, and catches up with the newest.
#[test]
fn a_main_that_takes_nothing_falls_behind_and_catches_up() {
    with_chat_of(NET, CONFIG, |bench| {
        let [slow, other] = [bench.open(), bench.open()];
        bench.enter(slow, 1, LOBBY);
        bench.enter(other, 2, LOBBY);
        bench.enter(other, 3, LOBBY);
        bench.heard(slow);
        bench.heard(other);
        bench.limit(slow, 0);
        for number in 1..=300 {
            bench.talk(other, 2, LOBBY, &format!("message {number}"));
        }
        bench.say(other, &LeaveChannel { uid: Uid(3), channel: name(LOBBY) });
        assert_eq!(bench.heard(other).len(), 301);
        bench.unblock(slow, usize::MAX);
        let heard = bench.heard(slow);
        let at = heard.iter().position(Said::is::<Resumed<'_>>).expect("it is told where it is");
        let (channel, next_seq, missed, members) = (name(LOBBY), Seq(297), 0, 2);
        let here = Said::of(&Resumed { channel, next_seq, missed, members });
        assert_eq!(heard[at], here);
        let newest: Vec<u64> = heard[at..].iter().filter_map(Said::read).map(seq_of).collect();
        assert_eq!(newest, [297, 298, 299, 300]);
        // And hears on.
        bench.talk(other, 2, LOBBY, "on");
        assert_eq!(bench.heard(slow), [said(LOBBY, 301, 2, "on")]);
        assert_eq!((bench.ended(slow), bench.stats().overflows), (None, 0));
    });
}

const fn seq_of(said: Broadcast<'_>) -> u64 {
    said.seq.0
}

/// A user who comes by another Main, while the one that has it can't be told: later.
#[test]
fn who_is_elsewhere_comes_in_when_that_main_can_be_told() {
    with_chat_of(NET, CONFIG, |bench| {
        let [slow, other] = [bench.open(), bench.open()];
        bench.enter(other, 4, LOBBY);
        for uid in [1, 2, 3] {
            bench.enter(slow, uid, LOBBY);
        }
        bench.heard(other);
        bench.limit(slow, 0);
        for number in 0..300 {
            bench.talk(other, 4, LOBBY, &format!("{number}"));
        }
        bench.heard(other);
        bench.ask_in(other, 3, LOBBY);
        bench.ask_in(other, 2, LOBBY);
        bench.ask_in(other, 1, LOBBY);
        let (channel, reason) = (name(LOBBY), ErrorCode::BUSY);
        let busy = Said::of(&ChannelDenied { uid: Uid(1), channel, attempt: 1, reason });
        assert!(bench.heard(other).contains(&busy));
        bench.unblock(slow, usize::MAX);
        bench.heard(slow);
        bench.enter(other, 1, LOBBY);
        let (channel, reason) = (name(LOBBY), ErrorCode::REPLACED);
        let removed = Said::of(&Removed { uid: Uid(1), channel, reason });
        assert!(bench.heard(slow).contains(&removed));
        assert_eq!((bench.ended(slow), bench.stats().overflows), (None, 0));
    });
}

#[test]
fn the_longest_message_of_either_side_has_the_length_that_a_device_counts_on() {
    let (channel, long) = ("c".repeat(CHANNEL_MAX_BYTES), "m".repeat(CHAT_MAX_BYTES));
    let (channel, msg) = (Text::new(&channel).unwrap(), Text::new(&long).unwrap());
    let uid = Uid::MAX;
    let mut out = [0; 400];
    let say = encode_frame(&Say { uid, channel, request: u32::MAX, msg }, &mut out).unwrap();
    assert_eq!(say, PacketHeader::BYTES + MAIN_BODY_MAX_BYTES);
    let past = Past { to: uid, channel, seq: Seq::MAX, uid, msg };
    assert_eq!(encode_frame(&past, &mut out).unwrap(), PAST_FRAME_MAX_BYTES);
    // The others are not longer: members are told by the page.
    let uids: heapless::Vec<Uid, 32> = core::iter::repeat_n(uid, 32).collect();
    let page = MemberPage { to: uid, channel, uids: uids.clone(), next_after: uid };
    assert!(encode_frame(&page, &mut out).unwrap() <= PAST_FRAME_MAX_BYTES);
    let resume = crate::protocol::main_to_chat::Resume { channel, since: Seq::MAX, uids };
    assert!(encode_frame(&resume, &mut out).unwrap() <= say);
}
