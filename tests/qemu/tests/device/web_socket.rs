//! WebSockets on a device, beside TCP on its one port: in one room, and hostile ones.

use std::thread;
use std::time::Duration;

use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_qemu::Report;

use super::images::{CLEAR_BOARDS, DeviceWorld, FRAME_LIMIT_BYTES, WEB_WORLD_RAM_BYTES};
use super::memory::expect_room;
use super::party::Party;
use super::support::web_hostile::{
    break_every_web_rule, open_slowly, open_with_long_heads, send_the_longest,
};
use super::support::{Bots, Peer, Server, Stream};

const PLAYERS: u64 = 8;
const WEB_SOCKETS: usize = 4;
/// `links.greeting_timeout_ms` of the tests' devices.
const GREETING_TIMEOUT: Duration = Duration::from_millis(2_000);

fn start(main: &Server) -> DeviceWorld {
    let device = DeviceWorld::start("world", main.address);
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    device
}

fn is_empty(report: &Report) -> bool {
    let buffers = report.send_buffers_in_use + report.receive_buffers_in_use;
    report.users == 0 && report.sessions == 1 && buffers == 0
}

#[test]
fn eight_play_by_both_transports_in_twenty_four_kilobytes_and_the_ninth_is_told_full() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let mut device = start(&main);
    let party = Party::start(main.address, WEB_SOCKETS, 1);
    let arguments = ["--count", "3", "--ws", "1", "--hz", "10", "--seconds", "12"];
    let bots = Bots::start(main.address, &arguments);
    device.machine.wait_until("full", |report| u64::from(report.users) == PLAYERS).unwrap();
    let mut ninth = Peer::web(main.address);
    ninth.hello(None);
    assert_eq!(ninth.enter_in_vain(""), ErrorCode::FULL);
    bots.outcome().expect_clean(3);
    let events = party.expect_nothing_lost();
    println!("5 users have heard the same {events} events, {WEB_SOCKETS} of them by WebSocket");
    let after = device.machine.wait_until("empty again", is_empty).unwrap();
    assert_eq!((after.violations, after.accepted), (0, PLAYERS as u32));
    // The one that each gets when it comes in.
    assert_eq!((after.snapshots, after.events_missed), (PLAYERS as u32, 0));
    expect_room(&mut device.machine, WEB_WORLD_RAM_BYTES, "world, 8 players, WebSocket");
    main.stop().expect(&[("worlds_registered", 1), ("enters", PLAYERS)]);
}

#[test]
fn hostile_web_sockets_are_told_the_right_code_and_nobody_else_notices() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let mut device = start(&main);
    let party = Party::start(main.address, 1, 1);
    let arguments = ["--count", "2", "--hz", "10", "--seconds", "10"];
    let bots = Bots::start(main.address, &arguments);
    device.machine.wait_until("played in", |report| report.users == 4).unwrap();
    let target = device.address;
    // Two slow ones hold their buffers meanwhile.
    let slow = thread::spawn(move || open_slowly(target, GREETING_TIMEOUT));
    send_the_longest(target, FRAME_LIMIT_BYTES as u16);
    open_with_long_heads(target);
    let rules = break_every_web_rule(target, FRAME_LIMIT_BYTES as u16);
    slow.join().unwrap();
    bots.outcome().expect_clean(2);
    assert!(party.expect_nothing_lost() > 0);
    let after = device.machine.wait_until("empty again", is_empty).unwrap();
    assert_eq!((u64::from(after.violations), after.events_missed), (rules, 0));
    expect_room(&mut device.machine, WEB_WORLD_RAM_BYTES, "world, hostile WebSockets");
    main.stop().expect(&[("worlds_registered", 1)]);
}
