//! What tests do in channels, as clients of Main.

use std::net::SocketAddr;

use tinyrealm_core::protocol::client_to_main::{ChatJoin, ChatSay};
use tinyrealm_core::protocol::main_to_client::{
    ChatBroadcast, ChatJoined, ChatPastEnd, ChatRefused,
};
use tinyrealm_core::protocol::{CHANNEL_MAX_BYTES, Seq, Text, Uid};

use super::{BotOutcome, Peer, Server, Stream};

pub(crate) const LOBBY: &str = "lobby";

#[track_caller]
pub(crate) fn name(text: &str) -> Text<'_, CHANNEL_MAX_BYTES> {
    Text::new(text).unwrap()
}

#[track_caller]
pub(crate) fn wait_until_found(main: &Server, times: usize) {
    main.process.wait_until_said(Stream::Stderr, "the chat server has", times);
}

#[track_caller]
pub(crate) fn greeted(main: SocketAddr) -> (Peer, Uid) {
    let mut peer = Peer::connect(main);
    let uid = peer.hello(None).uid;
    (peer, uid)
}

#[track_caller]
pub(crate) fn join(peer: &mut Peer, channel: &str) -> u16 {
    peer.send(&ChatJoin { channel: name(channel) });
    let members = peer.expect::<ChatJoined<'_>>().members;
    while {
        let end = peer.find::<ChatPastEnd<'_>>();
        end.next_seq != end.end_seq
    } {}
    members
}

#[track_caller]
pub(crate) fn say(peer: &mut Peer, channel: &str, text: &str) {
    peer.send(&ChatSay { request: 7, channel: name(channel), msg: Text::new(text).unwrap() });
}

/// The next message: its number, and what it says.
#[track_caller]
pub(crate) fn heard(peer: &mut Peer) -> (Seq, String) {
    let said = peer.find::<ChatBroadcast<'_>>();
    (said.seq, said.msg.as_str().to_owned())
}

#[track_caller]
pub(crate) fn refusal(peer: &mut Peer) -> &'static str {
    peer.find::<ChatRefused<'_>>().reason.name()
}

/// Fails unless every message has reached every bot, or its loss was announced.
#[track_caller]
pub(crate) fn expect_talk(outcome: &BotOutcome, count: u64) {
    let faults = ["lost", "duplicated", "disordered", "wrong_channel", "unanswered"];
    for fault in faults {
        outcome.report.expect(&[(&format!("chat_{fault}"), 0)]);
    }
    outcome.report.expect(&[("joined", count), ("chat_joined", count), ("lost", 0)]);
    assert!(outcome.report.count("chat_received") > outcome.report.count("chat_sent"));
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
}
