//! Mains that come back, to a chat server that has gone on without them, or has just begun.

use super::*;
use crate::protocol::Seq;
use crate::protocol::chat_to_main::{ResumeDenied, Resumed};
use crate::protocol::main_to_chat::Resume;

fn resume(since: u32, uids: &[u32]) -> Resume<'static> {
    let uids = uids.iter().map(|uid| Uid((*uid).into())).collect();
    Resume { channel: name(LOBBY), since: Seq(since.into()), uids }
}

fn resumed(next_seq: u32, missed: u32, members: u16) -> Said {
    resumed_at(Seq(next_seq.into()), missed, members)
}

fn resumed_at(next_seq: Seq, missed: u32, members: u16) -> Said {
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
            expected.extend(
                (first..2 + missed).map(|seq| said_again(LOBBY, seq, 2, &format!("m{seq}"))),
            );
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

/// A Main that has heard of another chat server, up to this number.
fn heard_of_another(newest: Seq) -> Open {
    Open { instance: 5, newest }
}

impl ChatBench<'_> {
    fn open_as(&mut self, open: &Open) -> SessionKey {
        let key = self.accept();
        self.prove_as(key, ServerKind::MAIN, ServerKind::CHAT, 0);
        self.say(key, open);
        assert!(self.heard(key)[0].is::<Opened>());
        key
    }

    fn next_seq(&self) -> Seq {
        self.role().channel(LOBBY).expect("a channel").last_seq().next()
    }
}

/// The number of the only message in `heard`.
fn seq_in(heard: &[Said]) -> Seq {
    let seqs: Vec<Seq> =
        heard.iter().filter_map(|said| said.read::<Broadcast<'_>>().map(|said| said.seq)).collect();
    assert_eq!(seqs.len(), 1, "{heard:?}");
    seqs[0]
}

#[test]
fn a_server_that_knows_nothing_goes_on_in_the_next_epoch() {
    with_chat(|bench| {
        let first = bench.open_as(&heard_of_another(Seq::first_of(3).plus(500)));
        bench.say(first, &Resume { since: Seq::first_of(3).plus(500), ..resume(0, &[1]) });
        let next_seq = Seq::first_of(4).next();
        assert_eq!(bench.heard(first), [resumed_at(next_seq, u32::MAX, 1)]);
        bench.talk(first, 1, LOBBY, "again");
        assert_eq!(seq_in(&bench.heard(first)), next_seq);
        // One that had heard more of that server: its epoch is over, too.
        let second = bench.open_as(&heard_of_another(Seq::first_of(3).plus(510)));
        bench.say(second, &Resume { since: Seq::first_of(3).plus(510), ..resume(0, &[2]) });
        let heard = bench.heard(second);
        assert_eq!(heard[0], resumed_at(next_seq, u32::MAX, 2));
        assert_eq!(seq_in(&heard), next_seq);
        bench.talk(second, 2, LOBBY, "both");
        assert_eq!(seq_in(&bench.heard(first)), next_seq.next());
    });
}

/// Two servers that came one after the other, and of which two Mains have heard different things: the
/// numbers that one of them has heard mean nothing else now.
#[test]
fn a_main_with_other_numbers_of_our_epoch_moves_everyone_on() {
    with_chat(|bench| {
        let [first] = [bench.open()];
        bench.enter(first, 1, LOBBY);
        for text in ["one", "two", "three"] {
            bench.talk(first, 1, LOBBY, text);
        }
        bench.heard(first);
        let second = bench.open_as(&heard_of_another(Seq(2)));
        bench.say(second, &Resume { since: Seq(2), ..resume(0, &[2]) });
        let next_seq = Seq::first_of(1).next();
        assert_eq!(bench.heard(second), [resumed_at(next_seq, u32::MAX, 2)]);
        bench.talk(first, 1, LOBBY, "four");
        assert_eq!(seq_in(&bench.heard(first)), next_seq);
        assert_eq!(seq_in(&bench.heard(second)), next_seq);
    });
}

/// A name that was forgotten for another does not begin where it began before.
#[test]
fn a_channel_that_comes_back_repeats_no_number() {
    with_chat(|bench| {
        let main = bench.open();
        bench.enter(main, 1, LOBBY);
        bench.talk(main, 1, LOBBY, "one");
        let before = bench.next_seq();
        bench.say(main, &LeaveChannel { uid: Uid(1), channel: name(LOBBY) });
        for channel in ["a", "b", "c"] {
            bench.enter(main, 1, channel);
        }
        bench.say(main, &LeaveChannel { uid: Uid(1), channel: name("a") });
        bench.enter(main, 1, LOBBY);
        assert_eq!(bench.next_seq(), before);
    });
}

/// The epoch that the owner gives is the least: a realm that was restarted as a whole repeats nothing.
#[test]
fn the_first_number_is_the_owner_s() {
    with_chat_of(BENCH_CONFIG, ChatConfig { first_number: Seq::first_of(9), ..CONFIG }, |bench| {
        let main = bench.open();
        bench.enter(main, 1, LOBBY);
        assert_eq!(bench.next_seq(), Seq::first_of(9).next());
        let late = bench.open_as(&heard_of_another(Seq::first_of(8).plus(7)));
        bench.enter(late, 2, LOBBY);
        assert_eq!(bench.next_seq(), Seq::first_of(9).next());
    });
}

/// A server that believes every number.
const CREDULOUS: ChatConfig = ChatConfig { epoch_most: u32::MAX, ..CONFIG };

/// No Main's word uses up the numbers of the others: both sides of what can have been given.
#[test]
fn a_number_that_nobody_gave_is_not_believed() {
    let config = ChatConfig { first_number: Seq::first_of(9), epoch_most: 20, ..CONFIG };
    let last = Seq::first_of(21).minus(1);
    with_chat_of(BENCH_CONFIG, config, |bench| {
        let main = bench.open();
        bench.enter(main, 1, LOBBY);
        for lie in [last.next(), Seq::MAX] {
            let liar = bench.open_as(&heard_of_another(lie));
            bench.say(liar, &Resume { since: lie, ..resume(0, &[2]) });
            let (channel, reason) = (name(LOBBY), ErrorCode::BAD_NUMBER);
            assert_eq!(bench.heard(liar), [Said::of(&ResumeDenied { channel, reason })]);
            bench.disconnect(liar);
        }
        assert_eq!(bench.heard(main), []);
        assert_eq!(bench.next_seq(), Seq::first_of(9).next());
        bench.open_as(&heard_of_another(last));
        assert_eq!(bench.next_seq(), Seq::first_of(21).next());
    });
    // Without a clock there is at least one epoch left.
    with_chat(|bench| {
        let last = Seq::first_of(Seq::MAX.epoch()).minus(1);
        let main = bench.open_as(&heard_of_another(last.next()));
        bench.enter(main, 1, LOBBY);
        assert_eq!(bench.next_seq(), Seq(1));
        bench.open_as(&heard_of_another(last));
        assert_eq!(bench.next_seq(), last.next().next());
    });
}

/// A count that is full carries into the epoch; behind the last number of all a channel takes no more.
#[test]
fn numbers_carry_and_end() {
    with_chat(|bench| {
        let main = bench.open();
        bench.say(main, &Resume { since: Seq::first_of(1).minus(2), ..resume(0, &[1]) });
        bench.heard(main);
        for expected in [Seq::first_of(1).minus(1), Seq::first_of(1), Seq::first_of(1).next()] {
            bench.talk(main, 1, LOBBY, "on");
            assert_eq!(seq_in(&bench.heard(main)), expected);
        }
    });
    with_chat_of(BENCH_CONFIG, CREDULOUS, |bench| {
        let main = bench.open();
        bench.say(main, &Resume { since: Seq::MAX.minus(1), ..resume(0, &[1]) });
        bench.heard(main);
        bench.talk(main, 1, LOBBY, "the last");
        assert_eq!(seq_in(&bench.heard(main)), Seq::MAX);
        bench.talk(main, 1, LOBBY, "one too many");
        assert_eq!(bench.heard(main), [refused(1, LOBBY, ChatSay::OPCODE.0, ErrorCode::FULL)]);
    });
}

/// Behind the last epoch no other begins: its server says so to whoever speaks, and lives on.
#[test]
fn epochs_end() {
    with_chat_of(BENCH_CONFIG, CREDULOUS, |bench| {
        let last = Seq::first_of(Seq::MAX.epoch());
        let main = bench.open_as(&heard_of_another(last.plus(7)));
        bench.say(main, &Resume { since: last.plus(7), ..resume(0, &[1]) });
        assert_eq!(bench.heard(main), [resumed_at(Seq::MAX, u32::MAX, 1)]);
        bench.talk(main, 1, LOBBY, "one too many");
        assert_eq!(bench.heard(main), [refused(1, LOBBY, ChatSay::OPCODE.0, ErrorCode::FULL)]);
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

/// A server that has begun anew is told of later numbers than the first Main has known: whoever has joined
/// there meanwhile hears at once that something may be missing, and not with the next message.
#[test]
fn a_later_epoch_is_announced_to_those_who_are_there() {
    with_chat(|bench| {
        let here = bench.open();
        bench.enter(here, 1, LOBBY);
        bench.heard(here);
        bench.open_as(&heard_of_another(Seq::first_of(6)));
        let next_seq = Seq::first_of(7).next();
        assert_eq!(bench.heard(here), [resumed_at(next_seq, u32::MAX, 1)]);
    });
}
