//! Channels at Main: the chat server is scripted, one frame at a time.

mod owners;

use super::*;
use crate::node::testing::Asked;
use crate::protocol::CHANNEL_MAX_BYTES;
use crate::protocol::Seq;
use crate::protocol::Versions;
use crate::protocol::Wish;
use crate::protocol::chat_to_main::{
    Broadcast, ChannelDenied, Entered, Joined, Opened, Past, PastEnd, Refused, Removed,
    ResumeDenied, Resumed,
};
use crate::protocol::client_to_main::{ChatHistory, ChatWho};
use crate::protocol::main_to_chat::{
    AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Resume, Say,
};
use crate::protocol::main_to_client::{
    ChatBroadcast, ChatCensus, ChatEntered, ChatGap, ChatJoined, ChatLeft, ChatPast, ChatPastEnd,
    ChatRefused,
};

const FLUSH_MS: u32 = 20;
const POLICY: ChatPolicy = ChatPolicy {
    reserved: &[],
    channels_per_user: 2,
    message_bytes: 8,
    requests_per_second: 1,
    request_burst: 10,
    flush_interval_ms: FLUSH_MS,
    reconnect_first_ms: 320,
    reconnect_most_ms: 1_280,
};

type Name = Text<'static, CHANNEL_MAX_BYTES>;

fn name(text: &'static str) -> Name {
    Text::new(text).expect("a short name")
}

const LOBBY: &str = "lobby";

fn message(text: &str) -> Text<'_, 256> {
    Text::new(text).expect("a short message")
}

const REQUEST: u32 = 77;

fn broadcast(seq: u32, uid: Uid, text: &str) -> Broadcast<'_> {
    Broadcast {
        channel: name(LOBBY),
        seq: Seq(seq.into()),
        uid,
        request: REQUEST,
        msg: message(text),
    }
}

fn said(seq: u32, uid: Uid, text: &str) -> Said {
    Said::of(&ChatBroadcast {
        channel: name(LOBBY),
        seq: Seq(seq.into()),
        uid,
        request: REQUEST,
        msg: message(text),
    })
}

fn chat_refused(channel: &'static str, about: i32, reason: ErrorCode) -> Said {
    let request = if about == ChatSay::OPCODE.0 { REQUEST } else { 0 };
    Said::of(&ChatRefused { channel: name(channel), about, request, reason })
}

fn gap(missed: u32, next_seq: u32) -> Said {
    Said::of(&ChatGap { channel: name(LOBBY), missed, next_seq: Seq(next_seq.into()) })
}

impl MainBench<'_> {
    fn chat_is_dialed(&mut self) -> Option<SessionKey> {
        self.requests().into_iter().find_map(|asked| match asked {
            Asked::Connect { key, .. } => Some(key),
            _ => None,
        })
    }

    /// The chat server takes the connection that Main asks for, and has not proven itself.
    pub(super) fn dial_chat(&mut self) -> SessionKey {
        let key = loop {
            if let Some(key) = self.chat_is_dialed() {
                break key;
            }
            self.pass_ms(16);
        };
        self.connected(key);
        key
    }

    /// The chat server takes the connection that Main asks for; what Main resumes is left to hear.
    pub(super) fn open_chat(&mut self) -> SessionKey {
        let key = self.dial_chat();
        self.take_proof_as(key, ServerKind::CHAT);
        assert!(self.heard(key)[0].is::<Open>());
        self.say(key, &Opened { instance: 9 });
        key
    }

    fn join(&mut self, chat: SessionKey, guest: Guest, channel: &'static str, next_seq: u32) {
        self.let_in(chat, guest, channel, next_seq);
        let (to, channel, next_seq) = (guest.uid, name(channel), Seq(next_seq.into()));
        let (oldest, end_seq) = (Seq(1), next_seq);
        self.say(chat, &PastEnd { to, channel, oldest, next_seq, end_seq });
        let end = ChatPastEnd { channel, oldest, next_seq, end_seq };
        assert_eq!(self.heard(guest.key), [Said::of(&end)]);
    }

    /// What was said before is still to come.
    fn let_in(&mut self, chat: SessionKey, guest: Guest, channel: &'static str, next_seq: u32) {
        self.say(guest.key, &ChatJoin { channel: name(channel) });
        let asked: JoinChannel<'_> = match &self.heard(chat)[..] {
            [said] => said.read().map(owned).expect("a wish to come in"),
            other => panic!("{other:?}"),
        };
        assert_eq!(asked.uid, guest.uid);
        let JoinChannel { uid, attempt, .. } = asked;
        let (channel, members, oldest) = (name(channel), 1, Seq(1));
        let next_seq = Seq(next_seq.into());
        self.say(chat, &Joined { uid, channel, attempt, members, oldest, next_seq });
        let joined = ChatJoined { channel, members, oldest, next_seq };
        assert_eq!(self.heard(guest.key), [Said::of(&joined)]);
    }

    fn talk(&mut self, guest: Guest, text: &str) {
        self.say(
            guest.key,
            &ChatSay { request: REQUEST, channel: name(LOBBY), msg: message(text) },
        );
    }

    fn flushed(&mut self, key: SessionKey) -> Vec<Said> {
        self.pass_ms(FLUSH_MS);
        self.heard(key)
    }
}

fn owned(asked: JoinChannel<'_>) -> JoinChannel<'static> {
    JoinChannel { channel: Text::EMPTY, uid: asked.uid, attempt: asked.attempt }
}

#[test]
fn one_copy_reaches_every_member_and_nobody_else() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob, eve] = [bench.greet(), bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 7);
        bench.join(chat, bob, LOBBY, 7);
        bench.talk(ann, "hi");
        let forwarded =
            Say { uid: ann.uid, channel: name(LOBBY), request: REQUEST, msg: message("hi") };
        assert_eq!(bench.heard(chat), [Said::of(&forwarded)]);
        bench.say(chat, &broadcast(7, ann.uid, "hi"));
        bench.say(chat, &Entered { channel: name(LOBBY), uid: Uid(9) });
        let entered = Said::of(&ChatEntered { channel: name(LOBBY), uid: Uid(9) });
        let expected = [said(7, ann.uid, "hi"), entered];
        assert_eq!(bench.flushed(ann.key), expected);
        assert_eq!(bench.heard(bob.key), expected);
        assert_eq!(bench.heard(eve.key), []);
        assert_eq!(bench.role().chat().stats().received, 1);
    });
}

#[test]
fn a_newcomer_begins_behind_what_was_said_before() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 1);
        bench.say(chat, &broadcast(1, ann.uid, "old"));
        bench.let_in(chat, bob, LOBBY, 2);
        let (to, channel, msg) = (bob.uid, name(LOBBY), message("old"));
        bench.say(chat, &Past { to, channel, seq: Seq(1), uid: ann.uid, msg });
        bench
            .say(chat, &PastEnd { to, channel, oldest: Seq(1), next_seq: Seq(2), end_seq: Seq(2) });
        bench.say(chat, &broadcast(2, ann.uid, "new"));
        let past = Said::of(&ChatPast { channel, seq: Seq(1), uid: ann.uid, msg });
        let end =
            Said::of(&ChatPastEnd { channel, oldest: Seq(1), next_seq: Seq(2), end_seq: Seq(2) });
        assert_eq!(bench.flushed(bob.key), [past, end, said(2, ann.uid, "new")]);
        assert_eq!(bench.heard(ann.key), [said(1, ann.uid, "old"), said(2, ann.uid, "new")]);
    });
}

#[test]
fn nothing_comes_behind_leaving() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 1);
        bench.join(chat, bob, LOBBY, 1);
        bench.say(chat, &broadcast(1, bob.uid, "in time"));
        assert_eq!(bench.heard(ann.key), [said(1, bob.uid, "in time")]);
        bench.say(chat, &broadcast(2, bob.uid, "too late"));
        bench.say(ann.key, &ChatLeave { channel: name(LOBBY) });
        let left = ChatLeft { channel: name(LOBBY), reason: ErrorCode::GOODBYE };
        assert_eq!(bench.flushed(ann.key), [Said::of(&left)]);
        assert_eq!(bench.heard(bob.key).len(), 2);
        let leave = LeaveChannel { uid: ann.uid, channel: name(LOBBY) };
        assert_eq!(bench.heard(chat), [Said::of(&leave)]);
        // The last one takes the channel with it.
        bench.disconnect(bob.key);
        assert_eq!((bench.role().chat().channels(), bench.role().chat().memberships()), (0, 0));
    });
}

/// Its connection ends for not reading while it is refused a world, so that it is not in the realm any
/// more before the end is told: it is not in its channels either.
#[test]
fn who_is_forgotten_is_in_no_channel() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.join(chat, ann, LOBBY, 1);
        bench.limit(ann.key, 0);
        while bench.ended(ann.key).is_none() {
            bench.say(ann.key, &EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY });
        }
        assert_eq!(bench.ended(ann.key), Some(ErrorCode::TOO_SLOW));
        assert_eq!((bench.role().users().len(), bench.role().chat().memberships()), (0, 0));
        let leave = LeaveChannel { uid: ann.uid, channel: name(LOBBY) };
        assert_eq!(bench.heard(chat), [Said::of(&leave)]);
    });
}

/// A refusal that was on its way is nothing that a former member may hear.
#[test]
fn no_refusal_comes_behind_leaving() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.join(chat, ann, LOBBY, 1);
        let channel = name(LOBBY);
        bench.say(ann.key, &ChatHistory { channel, since: Seq(0) });
        bench.say(ann.key, &ChatLeave { channel });
        let left = Said::of(&ChatLeft { channel, reason: ErrorCode::GOODBYE });
        assert_eq!(bench.heard(ann.key), [left]);
        let (uid, about) = (ann.uid, ChatHistory::OPCODE.0);
        bench.say(chat, &Refused { uid, channel, about, request: 0, reason: ErrorCode::PAGE_LOST });
        assert_eq!(bench.heard(ann.key), []);
    });
}

#[test]
fn a_lone_message_waits_for_nothing_and_a_crowd_goes_together() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.join(chat, ann, LOBBY, 1);
        bench.pass_ms(10 * FLUSH_MS);
        bench.talk(ann, "1");
        assert_eq!(bench.heard(chat).len(), 1, "at once");
        bench.say(chat, &broadcast(1, ann.uid, "1"));
        assert_eq!(bench.heard(ann.key), [said(1, ann.uid, "1")], "at once");
        for seq in 2..4 {
            bench.pass_ms(1);
            bench.talk(ann, "x");
            bench.say(chat, &broadcast(seq, ann.uid, "x"));
            assert_eq!((bench.heard(chat), bench.heard(ann.key)), (vec![], vec![]));
        }
        bench.pass_ms(FLUSH_MS - 2);
        assert_eq!((bench.heard(chat).len(), bench.heard(ann.key).len()), (2, 2));
        // Whatever else goes to the chat server takes along what is held, in order.
        bench.talk(ann, "x");
        bench.say(ann.key, &ChatWho { channel: name(LOBBY), after: Uid::NOBODY });
        let heard = bench.heard(chat);
        assert!(heard[0].is::<Say<'_>>() && heard[1].is::<AskMembers<'_>>(), "{heard:?}");
    });
}

#[test]
fn a_second_login_is_in_no_channel() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.join(chat, ann, LOBBY, 1);
        let again = bench.welcome(Some(ann.token));
        assert_eq!(bench.role().chat().memberships(), 0);
        bench.talk(again, "hi");
        let refused = chat_refused(LOBBY, ChatSay::OPCODE.0, ErrorCode::NOT_IN_CHANNEL);
        assert_eq!(bench.heard(again.key), [refused]);
    });
}

#[test]
fn both_sides_of_every_limit() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        let join = |channel| ChatJoin { channel: name(channel) };
        let refusal = |channel, reason| chat_refused(channel, ChatJoin::OPCODE.0, reason);
        bench.join(chat, ann, LOBBY, 1);
        bench.say(ann.key, &join(LOBBY));
        assert_eq!(bench.heard(ann.key), [refusal(LOBBY, ErrorCode::ALREADY_IN_CHANNEL)]);
        bench.say(ann.key, &join("a\nb"));
        assert_eq!(bench.heard(ann.key), [refusal("a\nb", ErrorCode::BAD_CHANNEL)]);
        bench.join(chat, ann, "second", 1);
        bench.say(ann.key, &join("third"));
        assert_eq!(bench.heard(ann.key), [refusal("third", ErrorCode::TOO_MANY_CHANNELS)]);
        let say = |reason| chat_refused(LOBBY, ChatSay::OPCODE.0, reason);
        bench.talk(ann, "12345678");
        assert_eq!(bench.heard(chat).len(), 1);
        bench.talk(ann, "123456789");
        assert_eq!(bench.heard(ann.key), [say(ErrorCode::MESSAGE_TOO_LONG)]);
        // Two joins and one message; seven more make ten.
        for _ in 0..7 {
            bench.talk(ann, "x");
        }
        assert_eq!((bench.heard(ann.key), bench.flushed(chat).len()), (vec![], 7));
        bench.talk(ann, "x");
        assert_eq!(bench.heard(ann.key), [say(ErrorCode::CHAT_TOO_FAST)]);
        bench.pass_ms(1_000);
        bench.talk(ann, "x");
        assert_eq!(bench.heard(chat).len(), 1);
    });
}

#[test]
fn what_the_chat_server_refuses_is_passed_on() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.say(ann.key, &ChatJoin { channel: name(LOBBY) });
        let JoinChannel { uid, attempt, .. } = bench.heard(chat)[0].read().map(owned).unwrap();
        let (channel, reason) = (name(LOBBY), ErrorCode::CHANNEL_FULL);
        // An answer to something else is none.
        bench.say(chat, &ChannelDenied { uid, channel, attempt: attempt + 1, reason });
        assert_eq!(bench.heard(ann.key), []);
        bench.say(chat, &ChannelDenied { uid, channel, attempt, reason });
        assert_eq!(bench.heard(ann.key), [chat_refused(LOBBY, ChatJoin::OPCODE.0, reason)]);
        assert_eq!(bench.role().chat().channels(), 0);
        bench.join(chat, ann, LOBBY, 1);
        bench.say(ann.key, &ChatHistory { channel, since: Seq(3) });
        bench.say(ann.key, &ChatWho { channel, after: Uid(4) });
        let asked = [
            Said::of(&AskPast { uid, channel, since: Seq(3) }),
            Said::of(&AskMembers { uid, channel, after: Uid(4) }),
        ];
        assert_eq!(bench.heard(chat), asked);
        let about = ChatHistory::OPCODE.0;
        bench.say(chat, &Refused { uid, channel, about, request: 0, reason: ErrorCode::PAGE_LOST });
        assert_eq!(bench.heard(ann.key), [chat_refused(LOBBY, about, ErrorCode::PAGE_LOST)]);
        bench.say(chat, &Removed { uid, channel, reason: ErrorCode::REPLACED });
        let left = Said::of(&ChatLeft { channel, reason: ErrorCode::REPLACED });
        assert_eq!(bench.heard(ann.key), [left]);
    });
}

/// Everything that was on its way is answered, and everything that comes later.
#[test]
fn a_lost_chat_server_is_said_clearly_and_members_stay() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 1);
        for _ in 0..3 {
            bench.talk(ann, "x");
        }
        bench.say(chat, &broadcast(1, ann.uid, "x"));
        bench.say(bob.key, &ChatJoin { channel: name(LOBBY) });
        bench.flushed(ann.key);
        bench.disconnect(chat);
        let say = |reason| chat_refused(LOBBY, ChatSay::OPCODE.0, reason);
        let interrupted = say(ErrorCode::CHAT_INTERRUPTED);
        assert_eq!(bench.heard(ann.key), [interrupted.clone(), interrupted]);
        let unavailable = ErrorCode::CHAT_UNAVAILABLE;
        let refused = chat_refused(LOBBY, ChatJoin::OPCODE.0, unavailable);
        assert_eq!(bench.heard(bob.key), [refused]);
        bench.talk(ann, "y");
        assert_eq!(bench.heard(ann.key), [say(unavailable)]);
        assert_eq!(bench.role().chat().memberships(), 1);
    });
}

/// Coming in is a question about the past, too: an end of it is promised.
#[test]
fn questions_that_a_lost_chat_server_was_asked_are_refused() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 1);
        bench.let_in(chat, bob, LOBBY, 1);
        let (to, channel) = (ann.uid, name(LOBBY));
        bench.say(ann.key, &ChatHistory { channel, since: Seq(1) });
        bench.say(ann.key, &ChatWho { channel, after: Uid(0) });
        bench.say(ann.key, &ChatHistory { channel, since: Seq(1) });
        bench
            .say(chat, &PastEnd { to, channel, oldest: Seq(1), next_seq: Seq(1), end_seq: Seq(1) });
        bench.heard(ann.key);
        bench.disconnect(chat);
        let refused = |about: i32| chat_refused(LOBBY, about, ErrorCode::CHAT_UNAVAILABLE);
        let expected = [refused(ChatHistory::OPCODE.0), refused(ChatWho::OPCODE.0)];
        assert_eq!(bench.heard(ann.key), expected);
        assert_eq!(bench.heard(bob.key), expected[..1]);
    });
}

/// Another Main has told a restarted chat server of higher numbers: who was there before the newcomer
/// hears of the hole.
#[test]
fn a_newcomer_s_number_announces_what_the_others_may_miss() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 5);
        bench.join(chat, bob, LOBBY, 70_000);
        bench.say(chat, &broadcast(70_000, bob.uid, "new"));
        let new = said(70_000, bob.uid, "new");
        assert_eq!(bench.flushed(ann.key), [gap(u32::MAX, 70_000), new.clone()]);
        assert_eq!(bench.heard(bob.key), [new]);
    });
}

#[test]
fn members_are_resumed_and_what_is_lost_is_announced() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 5);
        bench.join(chat, bob, LOBBY, 5);
        bench.say(chat, &broadcast(5, ann.uid, "five"));
        bench.flushed(ann.key);
        bench.heard(bob.key);
        bench.disconnect(chat);
        let chat = bench.open_chat();
        let uids = [bob.uid, ann.uid].into_iter().collect();
        let channel = name(LOBBY);
        assert_eq!(bench.heard(chat), [Said::of(&Resume { channel, since: Seq(5), uids })]);
        bench.say(chat, &Resumed { channel, next_seq: Seq(8), missed: 2, members: 3 });
        bench.say(chat, &broadcast(8, bob.uid, "eight"));
        bench.say(chat, &broadcast(8, bob.uid, "eight")); // heard already
        bench.say(chat, &broadcast(12, bob.uid, "twelve")); // nobody knows what was between
        let census = Said::of(&ChatCensus { channel, members: 3 });
        let expected = [
            gap(2, 8),
            census,
            said(8, bob.uid, "eight"),
            gap(u32::MAX, 12),
            said(12, bob.uid, "twelve"),
        ];
        assert_eq!(bench.flushed(ann.key), expected);
        assert_eq!(bench.heard(bob.key), expected);
        bench.talk(ann, "hi");
        assert_eq!(bench.heard(chat).len(), 1);
    });
}

/// The chat server goes on behind what a slow link has not taken: whether a message was among that nobody knows.
#[test]
fn what_a_slow_link_may_have_lost_is_interrupted_once() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob, cat] = [bench.greet(), bench.greet(), bench.greet()];
        for guest in [ann, bob, cat] {
            bench.join(chat, guest, LOBBY, 5);
        }
        bench.join(chat, ann, "other", 1);
        let (channel, missed, members) = (name(LOBBY), 0, 3);
        let resumed = |next_seq| Resumed { channel, next_seq: Seq(next_seq), missed, members };
        bench.talk(ann, "one");
        bench.talk(ann, "two");
        bench.talk(bob, "three");
        let (request, msg) = (REQUEST, message("four"));
        bench.say(ann.key, &ChatSay { request, channel: name("other"), msg });
        bench.say(chat, &broadcast(5, ann.uid, "one"));
        let census = Said::of(&ChatCensus { channel, members });
        // Nothing is missing.
        bench.say(chat, &resumed(6));
        let one = said(5, ann.uid, "one");
        for guest in [ann, bob, cat] {
            assert_eq!(bench.flushed(guest.key), [one.clone(), census.clone()]);
        }
        // What is missing is known: nothing that was said on this link.
        bench.say(chat, &Resumed { missed: 1, ..resumed(7) });
        for guest in [ann, bob, cat] {
            assert_eq!(bench.flushed(guest.key), [gap(1, 7), census.clone()]);
        }
        bench.say(chat, &resumed(9));
        let interrupted = chat_refused(LOBBY, ChatSay::OPCODE.0, ErrorCode::CHAT_INTERRUPTED);
        for guest in [ann, bob] {
            let expected = [interrupted.clone(), gap(2, 9), census.clone()];
            assert_eq!(bench.flushed(guest.key), expected);
        }
        assert_eq!(bench.flushed(cat.key), [gap(2, 9), census.clone()]);
        bench.say(chat, &resumed(11));
        for guest in [ann, bob, cat] {
            assert_eq!(bench.flushed(guest.key), [gap(2, 11), census.clone()]);
        }
        // The other channel's is still on its way.
        bench.disconnect(chat);
        let of_other = chat_refused("other", ChatSay::OPCODE.0, ErrorCode::CHAT_INTERRUPTED);
        assert_eq!(bench.heard(ann.key), [of_other]);
        assert_eq!((bench.heard(bob.key), bench.heard(cat.key)), (vec![], vec![]));
    });
}

#[test]
fn a_channel_that_is_not_resumed_is_left() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chat, ann, LOBBY, 1);
        bench.join(chat, bob, LOBBY, 1);
        bench.disconnect(chat);
        let chat = bench.open_chat();
        let (channel, reason) = (name(LOBBY), ErrorCode::CHANNELS_FULL);
        bench.say(chat, &ResumeDenied { channel, reason });
        for guest in [ann, bob] {
            assert_eq!(bench.heard(guest.key), [Said::of(&ChatLeft { channel, reason })]);
        }
        assert_eq!(bench.role().chat().memberships(), 0);
    });
}

/// Who does not read is told how much it has missed, and the others have missed nothing.
#[test]
fn a_slow_member_gets_a_gap_with_the_number_of_what_it_missed() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let [slow, quick] = [bench.greet(), bench.greet()];
        bench.join(chat, slow, LOBBY, 1);
        bench.join(chat, quick, LOBBY, 1);
        bench.limit(slow.key, 0);
        let mut heard = 0;
        for seq in 1..=100 {
            bench.say(chat, &broadcast(seq, quick.uid, "a message"));
            heard += bench.flushed(quick.key).len();
        }
        assert_eq!(heard, 100);
        bench.unblock(slow.key, usize::MAX);
        assert_eq!(bench.flushed(slow.key), [gap(100, 101)]);
        bench.say(chat, &broadcast(101, quick.uid, "next"));
        assert_eq!(bench.flushed(slow.key), [said(101, quick.uid, "next")]);
        assert_eq!(bench.role().chat().stats().missed, 100);
    });
}

#[test]
fn a_busy_channel_does_not_silence_the_other() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let ann = bench.greet();
        bench.join(chat, ann, LOBBY, 1);
        bench.join(chat, ann, "quiet", 1);
        for seq in 1..=3 {
            bench.say(chat, &broadcast(seq, ann.uid, "busy"));
        }
        let (channel, uid) = (name("quiet"), ann.uid);
        bench.say(chat, &Broadcast { channel, seq: Seq(1), uid, request: 0, msg: message("calm") });
        let heard = bench.flushed(ann.key);
        assert_eq!(heard.len(), 4);
        let calm = Said::of(&ChatBroadcast {
            channel,
            seq: Seq(1),
            uid,
            request: 0,
            msg: message("calm"),
        });
        assert!(heard.contains(&calm));
        assert_eq!(heard.iter().filter(|said| **said != calm).count(), 3);
    });
}

/// Somebody who is being shown out has still to get what was said to it, and nothing of whoever has
/// its place in the directory now.
#[test]
fn who_is_shown_out_hears_nothing_of_its_successor() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let rude = bench.greet();
        bench.limit(rude.key, 0);
        bench
            .say(rude.key, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        assert_eq!(bench.ended(rude.key), Some(ErrorCode::OUT_OF_PLACE));
        let next = bench.greet();
        bench.join(chat, next, LOBBY, 1);
        bench.say(chat, &broadcast(1, next.uid, "secret"));
        bench.unblock(rude.key, usize::MAX);
        assert_eq!(bench.flushed(next.key), [said(1, next.uid, "secret")]);
        assert_eq!(bench.heard(rude.key), [error(ErrorCode::OUT_OF_PLACE, Hello::OPCODE.0)]);
    });
}

/// Some join and hang up while the link takes nothing: it stays, and is told what it has to know, in order.
#[test]
fn whatever_is_asked_the_link_stays() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        bench.heard(chat);
        bench.limit(chat, 0);
        for _ in 0..5 {
            let guest = bench.greet();
            bench.say(guest.key, &ChatJoin { channel: name(LOBBY) });
            bench.disconnect(guest.key);
        }
        let guest = bench.greet();
        bench.say(guest.key, &ChatJoin { channel: name(LOBBY) });
        bench.unblock(chat, usize::MAX);
        let heard = bench.heard(chat);
        // The first was on its way already; who has gone before it was told wants nothing any more.
        let [first, gone, last] = &heard[..] else { panic!("{heard:?}") };
        assert!(first.is::<JoinChannel<'_>>() && gone.is::<LeaveChannel<'_>>());
        assert_eq!(last.read::<JoinChannel<'_>>().map(|join| join.uid), Some(guest.uid));
        assert_eq!((bench.ended(chat), bench.role().chat().memberships()), (None, 1));
    });
}

/// A question waits for its turn, and a second one of its kind is refused meanwhile; what is said goes on.
#[test]
fn questions_wait_behind_each_other_and_not_before_what_is_said() {
    with_channels(POLICY, |bench| {
        let chat = bench.open_chat();
        let guest = bench.greet();
        bench.join(chat, guest, LOBBY, 1);
        bench.limit(chat, 0);
        let ask = ChatHistory { channel: name(LOBBY), since: Seq(1) };
        // The first is on its way, the second waits.
        bench.say(guest.key, &ask);
        bench.say(guest.key, &ask);
        bench.talk(guest, "live");
        bench.say(guest.key, &ask);
        let too_fast = chat_refused(LOBBY, ChatHistory::OPCODE.0, ErrorCode::CHAT_TOO_FAST);
        assert_eq!(bench.heard(guest.key), [too_fast]);
        bench.pass_ms(FLUSH_MS);
        bench.unblock(chat, usize::MAX);
        let heard = bench.heard(chat);
        assert!(heard.iter().any(Said::is::<Say<'_>>));
        assert_eq!(heard.iter().filter(|said| said.is::<AskPast<'_>>()).count(), 2);
    });
}

/// Three channels, of which one always exists: it has its place when the others are taken.
#[test]
fn a_reserved_channel_has_its_place() {
    with_channels(ChatPolicy { reserved: &[LOBBY], ..POLICY }, |bench| {
        let chat = bench.open_chat();
        let [first, second, third] = [bench.greet(), bench.greet(), bench.greet()];
        bench.join(chat, first, "one", 1);
        bench.join(chat, second, "two", 1);
        bench.say(third.key, &ChatJoin { channel: name("three") });
        let full = chat_refused("three", ChatJoin::OPCODE.0, ErrorCode::CHANNELS_FULL);
        assert_eq!(bench.heard(third.key), [full]);
        bench.join(chat, third, LOBBY, 1);
    });
}

/// Sixteen channels, of which one always exists: an address takes them until two are left, and what somebody
/// else holds, and what always exists, is to be had by everybody.
#[cfg(feature = "shares")]
#[test]
fn both_sides_of_an_address_s_share_of_channels() {
    use crate::node::testing::address_of;
    const NAMES: [&str; 16] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    let policy =
        ChatPolicy { reserved: &["always"], channels_per_user: 16, request_burst: 40, ..POLICY };
    let mut memory = Box::new(ChannelsMemory::<16, 64, { 16 * CHANNEL_RING_BYTES }>::NEW);
    let mut bench = memory.bench(policy);
    let bench = &mut bench;
    let chat = bench.open_chat();
    let greet = |bench: &mut MainBench<'_>, address| {
        let key = bench.accept_from(address_of(address)).unwrap();
        bench.say(key, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        bench.heard(key);
        key
    };
    let is_taken = |bench: &mut MainBench<'_>, key, channel| {
        bench.say(key, &ChatJoin { channel: name(channel) });
        let refused = chat_refused(channel, ChatJoin::OPCODE.0, ErrorCode::CHANNELS_FULL);
        let asked = bench.heard(chat).iter().any(Said::is::<JoinChannel<'_>>);
        assert!(asked != bench.heard(key).contains(&refused));
        asked
    };
    let [one, two] = [greet(bench, 1), greet(bench, 1)];
    let mut taken = 0;
    // Two users of one address, in turn.
    for (index, channel) in NAMES.into_iter().enumerate() {
        let key = if index % 2 == 0 { one } else { two };
        taken += usize::from(is_taken(bench, key, channel));
    }
    assert_eq!(taken, 13);
    let other = greet(bench, 2);
    assert!(is_taken(bench, other, "n"), "somebody else's share");
    assert!(!is_taken(bench, one, "o"), "still not");
    assert!(is_taken(bench, one, "n"), "where somebody is already");
    assert!(is_taken(bench, one, "always"));
    // Who goes gives back.
    bench.disconnect(two);
    bench.heard(chat);
    assert!(is_taken(bench, one, "o"));
}
