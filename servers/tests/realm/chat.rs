//! Channels, with every server a process of its own.

use std::net::SocketAddr;
use tinyrealm_core::protocol::Seq;

use crate::support::channel::{
    LOBBY, expect_talk, greeted, heard, join, name, refusal, say, wait_until_found,
};
use crate::support::{Bots, Process, Realm, Server, Stream};
use tinyrealm_core::protocol::client_to_main::{ChatHistory, ChatJoin, ChatLeave, ChatWho};
use tinyrealm_core::protocol::main_to_client::{
    ChatEntered, ChatLeft, ChatMembers, ChatPast, ChatPastEnd,
};
use tinyrealm_core::protocol::{ErrorCode, Uid};

/// A chat server and a realm that knows it.
fn start(settings: &[&str]) -> (Server, Realm) {
    let chat = Server::chat(settings);
    let address = format!("main.chat={}", chat.address);
    let quick = ["chat.flush_interval_ms=5", "world.flush_interval_ms=5"];
    let realm = Realm::start(&[&[address.as_str()], &quick[..], settings].concat());
    wait_until_found(&realm.main, 1);
    (chat, realm)
}

#[test]
fn two_mains_hear_one_channel_in_one_order() {
    let (chat, realm) = start(&["chat.requests_per_second=100", "chat.request_burst=100"]);
    let address = format!("main.chat={}", chat.address);
    let other = Server::main(&[&address, "chat.requests_per_second=100", "chat.request_burst=100"]);
    wait_until_found(&other, 1);
    let (mut ann, _) = greeted(realm.main.address);
    let (mut bob, bob_uid) = greeted(other.address);
    assert_eq!(join(&mut ann, LOBBY), 1);
    assert_eq!(join(&mut bob, LOBBY), 2);
    assert_eq!(ann.expect::<ChatEntered<'_>>().uid, bob_uid);
    for number in 0..20 {
        say(&mut ann, LOBBY, &format!("ann {number}"));
        say(&mut bob, LOBBY, &format!("bob {number}"));
    }
    let heard_by_ann: Vec<_> = (0..40).map(|_| heard(&mut ann)).collect();
    let heard_by_bob: Vec<_> = (0..40).map(|_| heard(&mut bob)).collect();
    assert_eq!(heard_by_ann, heard_by_bob);
    let first = heard_by_ann[0].0;
    assert!(heard_by_ann.iter().map(|(seq, _)| *seq).eq((0..40).map(|place| first.plus(place))));
    // Members, past, and the end.
    ann.send(&ChatWho { channel: name(LOBBY), after: Uid::NOBODY });
    assert_eq!(ann.find::<ChatMembers<'_>>().uids.len(), 2);
    ann.send(&ChatHistory { channel: name(LOBBY), since: first.plus(38) });
    assert_eq!(ann.expect::<ChatPast<'_>>().seq, first.plus(38));
    assert_eq!(ann.expect::<ChatPast<'_>>().seq, first.plus(39));
    assert_eq!(ann.expect::<ChatPastEnd<'_>>().next_seq, first.plus(40));
    ann.send(&ChatLeave { channel: name(LOBBY) });
    assert_eq!(ann.find::<ChatLeft<'_>>().reason, ErrorCode::GOODBYE);
    say(&mut bob, LOBBY, "anybody?");
    assert_eq!(heard(&mut bob).1, "anybody?");
    ann.expect_served();
    let report = chat.stop();
    report.expect(&[("said", 41), ("copies", 81), ("joined", 2), ("mains_opened", 2)]);
}

#[test]
fn every_limit_has_its_own_code() {
    let limits = [
        "chat.channels_per_user=2",
        "chat.channel_members=2",
        "chat.message_bytes=5",
        "chat.requests_per_second=1",
        "chat.request_burst=6",
        "chat.channels=4",
    ];
    let (chat, realm) = start(&limits);
    let main = realm.main.address;
    let (mut first, _) = greeted(main);
    join(&mut first, "a");
    join(&mut first, "b");
    first.send(&ChatJoin { channel: name("c") });
    assert_eq!(refusal(&mut first), "TOO_MANY_CHANNELS");
    first.send(&ChatJoin { channel: name("a") });
    assert_eq!(refusal(&mut first), "ALREADY_IN_CHANNEL");
    first.send(&ChatJoin { channel: name("") });
    assert_eq!(refusal(&mut first), "BAD_CHANNEL");
    say(&mut first, "c", "hi");
    assert_eq!(refusal(&mut first), "NOT_IN_CHANNEL");
    say(&mut first, "a", "12345");
    assert_eq!(heard(&mut first).1, "12345");
    say(&mut first, "a", "123456");
    assert_eq!(refusal(&mut first), "MESSAGE_TOO_LONG");
    // Two for joining, one for saying; three more, and then it is too fast.
    for _ in 0..4 {
        say(&mut first, "b", "x");
    }
    assert_eq!(refusal(&mut first), "CHAT_TOO_FAST");
    let (mut second, _) = greeted(main);
    join(&mut second, "a");
    let (mut third, _) = greeted(main);
    third.send(&ChatJoin { channel: name("a") });
    assert_eq!(refusal(&mut third), "CHANNEL_FULL");
    join(&mut third, "c");
    third.send(&ChatJoin { channel: name("d") });
    assert_eq!(refusal(&mut third), "CHANNELS_FULL");
    // What is older than what is kept is answered with what is kept, and says so.
    third.send(&ChatHistory { channel: name("c"), since: Seq(0) });
    let end = third.find::<ChatPastEnd<'_>>();
    assert!(end.oldest > Seq(0) && end.oldest == end.next_seq);
    chat.stop();
}

#[test]
fn bots_talk_in_channels_and_hear_everything() {
    let (chat, realm) = start(&[]);
    let plan = ["--count", "60", "--ws", "30", "--hz", "5", "--seconds", "4", "--chat-hz", "4"];
    let bots = Bots::start(realm.main.address, &[&plan[..], &["--channels", "3"]].concat());
    let outcome = bots.outcome();
    expect_talk(&outcome, 60);
    outcome.report.expect(&[
        ("chat_refused", 0),
        ("chat_interrupted", 0),
        ("chat_gaps_unknown", 0),
    ]);
    let report = chat.stop();
    assert_eq!(report.count("said"), outcome.report.count("chat_sent"));
    // One Main: one copy of each.
    assert_eq!(report.count("copies"), report.count("said"));
}

/// Nobody does anything but talk on: Main brings them back.
#[test]
fn a_chat_server_that_is_killed_and_comes_back_finds_its_members_again() {
    let (chat, realm) = start(&[]);
    let plan = ["--count", "40", "--hz", "2", "--seconds", "7", "--chat-hz", "4"];
    let bots = Bots::start(realm.main.address, &plan);
    let (mut ann, _) = greeted(realm.main.address);
    join(&mut ann, LOBBY);
    say(&mut ann, LOBBY, "before");
    let (before_seq, text) = heard(&mut ann);
    assert_eq!(text, "before");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let address = chat.address;
    chat.process.kill();
    realm.main.process.wait_until_said(Stream::Stderr, "lost the chat server", 1);
    say(&mut ann, LOBBY, "meanwhile");
    assert_eq!(refusal(&mut ann), "CHAT_UNAVAILABLE");
    let again = Server::chat_at(address, &[]);
    wait_until_found(&realm.main, 2);
    say(&mut ann, LOBBY, "after");
    let (seq, text) = heard(&mut ann);
    assert!(seq > before_seq && text == "after", "{seq:?} {text}");
    let outcome = bots.outcome();
    expect_talk(&outcome, 40);
    assert!(outcome.report.count("chat_refused") > 0, "{:?}", outcome.report);
    assert!(outcome.report.count("chat_gaps_unknown") >= 40, "{:?}", outcome.report);
    let report = again.stop();
    // They were resumed, and none of them has come in anew.
    report.expect(&[("joined", 0), ("mains_opened", 1)]);
    assert!(report.count("said") > 40, "{report:?}");
}

#[test]
fn a_world_s_process_can_host_the_chat_server() {
    let main = Server::main(&["main.chat=127.0.0.1:9"]);
    let settings = ["world.chat=embedded", "chat.port=0"];
    let world = Server::world(1, main.address, &settings);
    let chat = world.process.wait_for(Stream::Stdout, |line| {
        line.strip_prefix("chat listening on ")?.parse::<SocketAddr>().ok()
    });
    let other = Server::main(&[&format!("main.chat={chat}")]);
    wait_until_found(&other, 1);
    let (mut peer, _) = greeted(other.address);
    join(&mut peer, LOBBY);
    say(&mut peer, LOBBY, "hello");
    assert_eq!(heard(&mut peer).1, "hello");
    world.stop();
}

#[test]
fn a_chat_server_with_another_secret_is_not_talked_to() {
    let other = [("TINYREALM_CLUSTER_SECRET", crate::support::process::OTHER_SECRET)];
    let chat = Process::start_with(&["chat", "--port", "0"], &other);
    let address = chat
        .wait_for(Stream::Stdout, |line| Some(line.strip_prefix("chat listening on ")?.to_owned()));
    let main = Server::main(&[&format!("main.chat={address}")]);
    main.process.wait_until_said(Stream::Stderr, "does not have its key of our realm", 1);
    chat.wait_until_said(Stream::Stderr, "it does not have the key of our realm", 1);
    let (mut peer, _) = greeted(main.address);
    peer.send(&ChatJoin { channel: name(LOBBY) });
    assert_eq!(refusal(&mut peer), "CHAT_UNAVAILABLE");
}
