//! Mains that come back, to a chat server that has gone on without them, or has just begun.

use super::*;
use crate::protocol::chat_to_main::{ResumeDenied, Resumed};
use crate::protocol::main_to_chat::Resume;

fn resume(since: u32, uids: &[u32]) -> Resume<'static> {
    Resume { channel: name(LOBBY), since, uids: uids.iter().copied().map(Uid).collect() }
}

fn resumed(next_seq: u32, missed: u32, members: u16) -> Said {
    Said::of(&Resumed { channel: name(LOBBY), next_seq, missed, members })
}

/// A chat server where `said` messages were said while one Main was away, and that Main again.
fn with_absence(missed: u32, test: impl FnOnce(&mut ChatBench<'_>, SessionKey, SessionKey)) {
    with_chat(|bench| {
        let [away, here] = [bench.open(), bench.open()];
        bench.enter(away, 1, LOBBY);
        bench.enter(here, 2, LOBBY);
        bench.talk(here, 2, LOBBY, "one");
        bench.disconnect(away);
        for seq in 2..2 + missed {
            bench.talk(here, 2, LOBBY, &format!("m{seq}"));
        }
        bench.heard(here);
        let back = bench.open();
        test(bench, back, here);
    });
}

#[test]
fn what_was_missed_follows_as_far_as_one_page_goes() {
    // The page has four.
    for (missed, lost) in [(0, 0), (1, 0), (4, 0), (5, 1), (9, 5)] {
        with_absence(missed, |bench, back, here| {
            bench.say(back, &resume(1, &[1]));
            let first = 2 + lost;
            let mut expected = vec![resumed(first, lost, 2)];
            expected.extend((first..2 + missed).map(|seq| said(LOBBY, seq, 2, &format!("m{seq}"))));
            assert_eq!(bench.heard(back), expected);
            let census = Said::of(&Census { channel: name(LOBBY), members: 2 });
            assert_eq!(bench.heard(here), [census]);
        });
    }
}

#[test]
fn further_pages_are_not_answered_again() {
    with_absence(1, |bench, back, _| {
        bench.say(back, &resume(1, &[1]));
        assert_eq!(bench.heard(back).len(), 2);
        bench.say(back, &resume(1, &[3, 4]));
        assert_eq!(bench.heard(back), []);
        assert_eq!(bench.role().channel(LOBBY).map(Channel::members), Some(4));
    });
}

#[test]
fn a_server_that_knows_nothing_goes_on_behind_what_was_heard() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.say(first, &resume(500, &[1]));
        let next_seq = 501 + RESTART_STEP;
        assert_eq!(bench.heard(first), [resumed(next_seq, u32::MAX, 1)]);
        bench.talk(first, 1, LOBBY, "again");
        // One that had heard more, and one that had heard less.
        bench.say(second, &resume(510, &[2]));
        let heard = bench.heard(second);
        assert_eq!(heard[0], resumed(next_seq, u32::MAX, 2));
        assert_eq!(heard[1], said(LOBBY, next_seq, 1, "again"));
        bench.talk(second, 2, LOBBY, "both");
        assert_eq!(bench.heard(first).last(), Some(&said(LOBBY, next_seq + 1, 2, "both")));
    });
}

/// A Main that has heard more than this server has said: numbers rise all the same.
#[test]
fn numbers_never_go_back() {
    with_chat(|bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.enter(first, 1, LOBBY);
        bench.talk(first, 1, LOBBY, "one");
        bench.say(second, &resume(7, &[2]));
        assert_eq!(bench.heard(second)[0], resumed(8 + RESTART_STEP, u32::MAX, 2));
        bench.talk(first, 1, LOBBY, "two");
        let next = said(LOBBY, 8 + RESTART_STEP, 1, "two");
        assert_eq!(bench.heard(first).last(), Some(&next));
        assert_eq!(bench.heard(second).last(), Some(&next));
    });
}

/// A channel that this server has begun anew has other numbers than a Main knows from before: what that
/// Main has missed is not taken for what it has heard.
#[test]
fn a_new_channel_has_no_numbers_of_an_earlier_one() {
    let mut memory = Box::new(Memory::NEW);
    let chat = Chat::new(memory.storage(), CONFIG, test_secret());
    with_this_chat(BENCH_CONFIG, chat, |bench| {
        let [first, second] = [bench.open(), bench.open()];
        bench.enter(first, 1, LOBBY);
        for text in ["one", "two", "three"] {
            bench.talk(first, 1, LOBBY, text);
        }
        let last_seq = bench.role().channel(LOBBY).map_or(0, Channel::last_seq);
        assert!(last_seq > 3, "numbers began at 1");
        // It has heard two messages in the channel's earlier life.
        bench.say(second, &resume(2, &[2]));
        let heard = bench.heard(second);
        assert_eq!(heard[0], resumed(last_seq - 2, u32::MAX, 2));
        assert_eq!(heard[1], said(LOBBY, last_seq - 2, 1, "one"));
        // Nor does one that was forgotten for another begin where it began before.
        bench.say(first, &LeaveChannel { uid: Uid(1), channel: name(LOBBY) });
        bench.say(second, &LeaveChannel { uid: Uid(2), channel: name(LOBBY) });
        for channel in ["a", "b", "c"] {
            bench.enter(first, 1, channel);
        }
        bench.say(first, &LeaveChannel { uid: Uid(1), channel: name("a") });
        bench.enter(first, 1, LOBBY);
        let began_at = bench.role().channel(LOBBY).map_or(0, Channel::oldest_seq);
        assert!(began_at > last_seq, "{began_at} behind {last_seq}");
    });
}

/// Two servers that begin one after the other, and hear the same of one Main, do not go on at the same
/// number: another Main may have heard what the first of them has said.
#[test]
fn where_a_channel_goes_on_is_not_where_it_went_on_before() {
    let mut memory = Box::new(Memory::NEW);
    let chat = Chat::new(memory.storage(), CONFIG, test_secret());
    with_this_chat(BENCH_CONFIG, chat, |bench| {
        let main = bench.open();
        bench.say(main, &resume(500, &[1]));
        let last_seq = bench.role().channel(LOBBY).map_or(0, Channel::last_seq);
        assert!(last_seq > 500 + RESTART_STEP, "{last_seq}");
    });
}

#[test]
fn who_finds_no_place_is_told() {
    with_chat(|bench| {
        let main = bench.open();
        bench.say(main, &resume(1, &[1, 2, 3, 4, 5, 6]));
        let (uid, channel) = (Uid(6), name(LOBBY));
        let removed = Said::of(&Removed { uid, channel, reason: ErrorCode::CHANNEL_FULL });
        assert_eq!(bench.heard(main)[0], removed);
        for channel in ["a", "b"] {
            bench.enter(main, 1, channel);
        }
        let channel = name("one too many");
        bench.say(main, &Resume { channel, ..resume(1, &[1]) });
        let denied = Said::of(&ResumeDenied { channel, reason: ErrorCode::CHANNELS_FULL });
        assert_eq!(bench.heard(main), [denied]);
    });
}
