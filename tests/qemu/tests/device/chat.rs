//! A chat server on a device: two Mains, their bots, its limits, its death and its return.

use tinyrealm_core::protocol::Seq;
use tinyrealm_core::protocol::client_to_main::{ChatHistory, ChatJoin};
use tinyrealm_core::protocol::main_to_client::{ChatJoined, ChatPast, ChatPastEnd};
use tinyrealm_qemu::Report;

use super::images::{CHAT_RAM_BYTES, CLEAR_BOARDS, DeviceChat};
use super::memory::expect_room;
use super::support::channel::{
    LOBBY, expect_talk, greeted, heard, join, name, refusal, say, wait_until_found,
};
use super::support::{Bots, Peer, Realm, Server, Stream};

/// Capacities of `firmware-demo/device.toml`.
const CHANNELS: usize = 8;
const MEMBERSHIPS: usize = 48;
const HISTORY_MESSAGES: usize = 32;

/// Rates that the tests do not reach.
const FREE: [&str; 3] =
    ["chat.requests_per_second=10000", "chat.request_burst=10000", "chat.flush_interval_ms=5"];

/// A Main of this chat server, with a world.
fn realm_of(chat: &DeviceChat) -> Realm {
    let address = format!("main.chat={}", chat.address);
    let realm = Realm::start(&[&[address.as_str(), CLEAR_BOARDS], &FREE[..]].concat());
    wait_until_found(&realm.main, 1);
    realm
}

/// Nothing is left of users; so many Mains are.
fn is_at_rest(report: &Report, mains: u32) -> bool {
    let buffers = report.send_buffers_in_use + report.receive_buffers_in_use;
    report.users == 0 && report.sessions == mains && buffers == 0
}

#[test]
fn bots_of_two_mains_talk_in_twenty_four_kilobytes() {
    let mut chat = DeviceChat::start();
    let realms = [realm_of(&chat), realm_of(&chat)];
    // Each bots' channels are their own: three and three, and one in which both Mains are.
    let plan = ["--count", "20", "--hz", "1", "--seconds", "12", "--chat-hz", "3"];
    let plan = [&plan[..], &["--channels", "3"]].concat();
    let bots = [0, 1].map(|number: usize| Bots::start(realms[number].main.address, &plan));
    chat.machine.wait_until("talked in", |report| report.users == 40).unwrap();
    let [mut ann, mut bob] = [0, 1].map(|number: usize| greeted(realms[number].main.address).0);
    join(&mut ann, LOBBY);
    join(&mut bob, LOBBY);
    for number in 0..20 {
        say(&mut ann, LOBBY, &format!("ann {number}"));
        say(&mut bob, LOBBY, &format!("bob {number}"));
    }
    let [heard_by_ann, heard_by_bob] =
        [&mut ann, &mut bob].map(|peer| (0..40).map(|_| heard(peer)).collect::<Vec<_>>());
    assert_eq!(heard_by_ann, heard_by_bob);
    let first_seq = heard_by_ann[0].0;
    assert!(heard_by_ann.iter().map(|(seq, _)| seq.0).eq(first_seq.0..first_seq.0 + 40));
    for bots in bots {
        let outcome = bots.outcome();
        expect_talk(&outcome, 20);
        let untouched = ["chat_refused", "chat_interrupted", "chat_gaps_unknown"];
        outcome.report.expect(&untouched.map(|figure| (figure, 0)));
    }
    drop((ann, bob));
    let report = chat.machine.wait_until("at rest", |report| is_at_rest(report, 2)).unwrap();
    assert_eq!((report.accepted, report.closed, report.violations), (2, 0, 0));
    println!("{} copies of messages", report.deliveries);
    expect_room(&mut chat.machine, CHAT_RAM_BYTES, "chat, 8 channels");
    for realm in realms {
        realm.stop();
    }
    chat.machine.wait_until("alone", |report| is_at_rest(report, 0)).unwrap();
}

/// Nobody does anything but talk on: Main brings them back.
#[test]
fn a_device_that_dies_finds_its_members_again() {
    let chat = DeviceChat::start();
    let realm = realm_of(&chat);
    let plan = ["--count", "16", "--hz", "1", "--seconds", "12", "--chat-hz", "4"];
    let bots = Bots::start(realm.main.address, &[&plan[..], &["--channels", "4"]].concat());
    let (mut ann, _) = greeted(realm.main.address);
    join(&mut ann, LOBBY);
    say(&mut ann, LOBBY, "before");
    let (first_seq, text) = heard(&mut ann);
    assert_eq!(text, "before");
    let DeviceChat { mut machine, address } = chat;
    machine.wait_until("talked in", |report| report.users == 17).unwrap();
    let before = machine.report().unwrap().deliveries;
    let has_talked = |report: &Report| report.deliveries > before + 50;
    machine.wait_until("busy", has_talked).unwrap();
    machine.kill();
    realm.main.process.wait_until_said(Stream::Stderr, "lost the chat server", 1);
    say(&mut ann, LOBBY, "meanwhile");
    assert_eq!(refusal(&mut ann), "CHAT_UNAVAILABLE");

    let mut chat = DeviceChat::start_at(address.port());
    wait_until_found(&realm.main, 2);
    chat.machine.wait_until("as full as before", |report| report.users == 17).unwrap();
    say(&mut ann, LOBBY, "after");
    let (seq, text) = heard(&mut ann);
    assert!(seq > first_seq && text == "after", "{seq:?} {text}");
    let outcome = bots.outcome();
    expect_talk(&outcome, 16);
    assert!(outcome.report.count("chat_refused") > 0, "{:?}", outcome.report);
    assert!(outcome.report.count("chat_gaps_unknown") >= 16, "{:?}", outcome.report);
    drop(ann);
    let report = chat.machine.wait_until("at rest", |report| is_at_rest(report, 1)).unwrap();
    assert_eq!((report.accepted, report.closed, report.violations), (1, 0, 0));
    realm.stop();
}

/// Far more answers than may wait for a Main: its questions wait instead, and its link stays.
#[test]
fn everyone_who_asks_at_once_is_answered_in_turn() {
    let mut chat = DeviceChat::start();
    let realm = realm_of(&chat);
    let main = realm.main.address;
    let (mut ann, _) = greeted(main);
    join(&mut ann, LOBBY);
    // 23 bytes each, as many as are kept.
    let seqs: Vec<Seq> = (1..=HISTORY_MESSAGES)
        .map(|number| {
            say(&mut ann, LOBBY, &format!("ann says this much: {number:03}"));
            heard(&mut ann).0
        })
        .collect();
    let (first_seq, next_seq) = (seqs[0], Seq(seqs[0].0 + HISTORY_MESSAGES as u64));
    assert!(seqs.iter().map(|seq| seq.0).eq(first_seq.0..next_seq.0));
    let mut crowd: Vec<Peer> = (1..MEMBERSHIPS).map(|_| greeted(main).0).collect();
    for peer in &mut crowd {
        peer.send(&ChatJoin { channel: name(LOBBY) });
    }
    for peer in &mut crowd {
        assert_eq!(peer.expect::<ChatJoined<'_>>().next_seq, next_seq);
        peer.find::<ChatPastEnd<'_>>();
    }
    for peer in &mut crowd {
        peer.send(&ChatHistory { channel: name(LOBBY), since: first_seq });
    }
    for peer in &mut crowd {
        let first = peer.find::<ChatPast<'_>>();
        assert_eq!((first.seq, first.msg.as_str()), (first_seq, "ann says this much: 001"));
        assert_eq!(peer.find::<ChatPastEnd<'_>>().end_seq, next_seq);
    }
    let report = chat.machine.report().unwrap();
    assert_eq!((report.users as usize, report.closed), (MEMBERSHIPS, 0));
    // One more of anything is too much.
    let (mut late, _) = greeted(main);
    late.send(&ChatJoin { channel: name(LOBBY) });
    assert_eq!(refusal(&mut late), "CHANNEL_FULL");
    drop(crowd);
    chat.machine.wait_until("emptier", |report| report.users == 1).unwrap();
    for number in 1..CHANNELS {
        join(&mut late, &format!("channel {number}"));
    }
    ann.send(&ChatJoin { channel: name("one too many") });
    assert_eq!(refusal(&mut ann), "CHANNELS_FULL");
    drop((ann, late));
    chat.machine.wait_until("at rest", |report| is_at_rest(report, 1)).unwrap();
    // A third Main finds no place, and goes on looking for one.
    let address = format!("main.chat={}", chat.address);
    let second = Server::main(&[&address, CLEAR_BOARDS]);
    wait_until_found(&second, 1);
    let third = Server::main(&[&address, CLEAR_BOARDS]);
    third.process.wait_until_said(Stream::Stderr, "no chat server at", 1);
    second.stop();
    wait_until_found(&third, 1);
    third.stop();
    realm.stop();
}
