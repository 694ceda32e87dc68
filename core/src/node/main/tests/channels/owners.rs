//! Several chat servers, and channels that get another one.

use super::*;
use crate::node::chat::{ChatMap, mark_of, owner_of};
use crate::protocol::ClaimNumber;
use crate::protocol::main_to_chat::Owners;

const FIRST: &str = "chat:7";
const SECOND: &str = "chat:8";

fn map(number: u64, servers: &[&str]) -> ChatMap {
    let servers = servers.iter().map(|it| (*it).try_into().expect("a short address"));
    ChatMap { number: ClaimNumber(number), servers: servers.collect() }
}

fn owners(number: u64, newest: u32, place: u16, servers: &[&str]) -> Said {
    let marks = servers.iter().map(|it| mark_of(it)).collect();
    let newest = Seq(newest.into());
    Said::of(&Owners { number: ClaimNumber(number), newest, place, marks })
}

/// A channel of each, if there are both.
const OF_BOTH: [&str; 2] = [LOBBY, "a"];

impl MainBench<'_> {
    fn hear_of(&mut self, number: u64, servers: &[&str]) {
        let map = map(number, servers);
        self.act(|main, cx| main.hear_of_chat_servers(cx, map));
    }

    fn take_dial(&mut self) -> Vec<(SessionKey, std::string::String)> {
        let asked = self.requests().into_iter();
        let asked = asked.filter_map(|asked| match asked {
            Asked::Connect { key, address } => Some((key, address)),
            _ => None,
        });
        asked.collect()
    }

    /// Whom Main has dialed proves itself and opens; what Main says then is left to hear.
    fn open_at(&mut self, key: SessionKey) {
        self.connected(key);
        self.take_proof_as(key, ServerKind::CHAT);
        assert!(self.heard(key)[0].is::<Open>());
        self.say(key, &Opened { instance: 9 });
    }

    /// Both servers, by their places.
    fn open_both(&mut self) -> [SessionKey; 2] {
        let first = self.open_chat();
        self.hear_of(1, &[FIRST, SECOND]);
        assert_eq!(self.heard(first), [owners(1, 0, 0, &[FIRST, SECOND])]);
        let dialed = self.take_dial();
        let [(second, address)] = &dialed[..] else { panic!("{dialed:?}") };
        assert_eq!(address, SECOND);
        let second = *second;
        self.open_at(second);
        assert_eq!(self.heard(second), [owners(1, 0, 1, &[FIRST, SECOND])]);
        [first, second]
    }
}

fn resume(channel: &'static str, since: u32, uid: Uid) -> Said {
    let uids = [uid].into_iter().collect();
    Said::of(&Resume { channel: name(channel), since: Seq(since.into()), uids })
}

#[test]
fn each_channel_is_asked_for_where_it_is() {
    assert_eq!(
        OF_BOTH.map(|name| owner_of(&[FIRST, SECOND].map(mark_of), name)),
        [Some(0), Some(1)]
    );
    with_channels(POLICY, |bench| {
        let chats = bench.open_both();
        let ann = bench.greet();
        for (chat, channel) in chats.into_iter().zip(OF_BOTH) {
            bench.join(chat, ann, channel, 1);
        }
        assert!(bench.role().chat().is_live());
        // What one says of another's channel is passed over.
        bench.say(chats[1], &broadcast(1, ann.uid, "who?"));
        let (uid, channel) = (ann.uid, name(LOBBY));
        bench.say(chats[1], &Removed { uid, channel, reason: ErrorCode::REPLACED });
        bench.say(chats[1], &ResumeDenied { channel, reason: ErrorCode::CHANNELS_FULL });
        bench.say(chats[1], &Entered { channel, uid: Uid(9) });
        assert_eq!(bench.flushed(ann.key), []);
        bench.say(chats[0], &broadcast(1, ann.uid, "me"));
        assert_eq!(bench.flushed(ann.key), [said(1, ann.uid, "me")]);
    });
}

/// One server is lost: only its channels are refused.
#[test]
fn a_lost_server_is_looked_for_and_the_other_goes_on() {
    with_channels(POLICY, |bench| {
        let chats = bench.open_both();
        let ann = bench.greet();
        for (chat, channel) in chats.into_iter().zip(OF_BOTH) {
            bench.join(chat, ann, channel, 1);
        }
        bench.disconnect(chats[1]);
        assert!(!bench.role().chat().is_live());
        bench.talk(ann, "on");
        assert!(bench.heard(chats[0])[0].is::<Say<'_>>());
        bench.say(
            ann.key,
            &ChatSay { request: REQUEST, channel: name(OF_BOTH[1]), msg: message("x") },
        );
        let refused = chat_refused(OF_BOTH[1], ChatSay::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        assert_eq!(bench.heard(ann.key), [refused]);
        bench.pass_ms(2 * POLICY.reconnect_first_ms);
        let dialed = bench.take_dial();
        assert_eq!(dialed[0].1, SECOND);
        bench.open_at(dialed[0].0);
        let heard = bench.heard(dialed[0].0);
        assert_eq!(heard, [owners(1, 0, 1, &[FIRST, SECOND]), resume(OF_BOTH[1], 0, ann.uid)]);
    });
}

/// The owner is dead, as all have agreed: its channels are told to the other one, and their members of the gap.
#[test]
fn a_dead_server_s_channels_are_another_s() {
    with_channels(POLICY, |bench| {
        let chats = bench.open_both();
        let [ann, bob] = [bench.greet(), bench.greet()];
        bench.join(chats[0], ann, LOBBY, 7);
        bench.talk(ann, "lost?");
        bench.say(bob.key, &ChatJoin { channel: name(LOBBY) });
        bench.pass_ms(FLUSH_MS);
        bench.heard(chats[0]);
        bench.hear_of(2, &[SECOND]);
        let interrupted = chat_refused(LOBBY, ChatSay::OPCODE.0, ErrorCode::CHAT_INTERRUPTED);
        assert_eq!(bench.heard(ann.key), [interrupted]);
        let unavailable = chat_refused(LOBBY, ChatJoin::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        assert_eq!(bench.heard(bob.key), [unavailable]);
        assert_eq!(bench.heard(chats[0]), [bye(ErrorCode::GOODBYE)]);
        let told = [owners(2, 6, 0, &[SECOND]), resume(LOBBY, 6, ann.uid)];
        assert_eq!(bench.heard(chats[1]), told);
        let (channel, next_seq) = (name(LOBBY), Seq(100));
        bench.say(chats[1], &Resumed { channel, next_seq, missed: u32::MAX, members: 1 });
        bench.say(chats[1], &broadcast(100, ann.uid, "again"));
        let census = Said::of(&ChatCensus { channel, members: 1 });
        let heard = bench.flushed(ann.key);
        assert_eq!(heard, [gap(u32::MAX, 100), census, said(100, ann.uid, "again")]);
        // It has been given up, and is not dialed again.
        bench.disconnect(chats[0]);
        bench.pass_ms(10 * POLICY.reconnect_most_ms);
        assert_eq!(bench.take_dial(), []);
        assert!(bench.role().chat().is_live());
    });
}

/// It lives, and shares: what it still says of a channel that it had is passed over, and what waits for it of others stays.
#[test]
fn a_newcomer_takes_its_share() {
    with_channels(POLICY, |bench| {
        let first = bench.open_chat();
        bench.hear_of(1, &[FIRST]);
        bench.heard(first);
        let ann = bench.greet();
        for channel in OF_BOTH {
            bench.join(first, ann, channel, 5);
        }
        bench.limit(first, 0);
        // The first is on its way, and the others wait.
        for channel in [OF_BOTH[0], OF_BOTH[0], OF_BOTH[1]] {
            bench.say(ann.key, &ChatHistory { channel: name(channel), since: Seq(1) });
        }
        bench.hear_of(2, &[FIRST, SECOND]);
        let refused = chat_refused(OF_BOTH[1], ChatHistory::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        assert_eq!(bench.heard(ann.key), [refused]);
        let second = bench.take_dial()[0].0;
        bench.open_at(second);
        let told = [owners(2, 4, 1, &[FIRST, SECOND]), resume(OF_BOTH[1], 4, ann.uid)];
        assert_eq!(bench.heard(second), told);
        bench.unblock(first, usize::MAX);
        let heard = bench.heard(first);
        let asked = |channel| {
            let of = |said: &&Said| {
                said.read().is_some_and(|asked: AskPast<'_>| asked.channel.as_str() == channel)
            };
            heard.iter().filter(of).count()
        };
        assert_eq!(OF_BOTH.map(asked), [2, 0], "{heard:?}");
        assert!(heard.contains(&owners(2, 4, 0, &[FIRST, SECOND])));
        let channel = name(OF_BOTH[1]);
        let (seq, uid, msg) = (Seq(5), ann.uid, message("late"));
        bench.say(first, &Broadcast { channel, seq, uid, request: REQUEST, msg });
        assert_eq!(bench.flushed(ann.key), []);
    });
}

#[test]
fn an_older_map_is_passed_over() {
    with_channels(POLICY, |bench| {
        let chats = bench.open_both();
        for number in [0, 1] {
            bench.hear_of(number, &[SECOND]);
        }
        assert_eq!(bench.role().chat().map().servers.len(), 2);
        assert_eq!(chats.map(|chat| bench.ended(chat)), [None; 2]);
    });
}

/// There are more servers than links: what is of those that there is no link to is refused.
#[test]
fn both_sides_of_the_number_of_links() {
    with_channels(POLICY, |bench| {
        bench.open_both();
        bench.hear_of(2, &["chat:6", FIRST, SECOND]);
        assert_eq!(bench.take_dial(), []);
        let ann = bench.greet();
        let names = ["a", "b", "c", "e", "f", "g", "h"];
        let marks = ["chat:6", FIRST, SECOND].map(mark_of);
        let absent = names.into_iter().find(|name| owner_of(&marks, name) == Some(0)).unwrap();
        bench.say(ann.key, &ChatJoin { channel: name(absent) });
        let refused = chat_refused(absent, ChatJoin::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        assert_eq!(bench.heard(ann.key), [refused]);
        bench.hear_of(3, &["chat:6", SECOND]);
        let dialed: Vec<_> = bench.take_dial().into_iter().map(|(_, address)| address).collect();
        assert_eq!(dialed, ["chat:6"]);
    });
}
