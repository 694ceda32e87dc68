//! A world on a device whose link to Main is sealed, with somebody on the way: nothing is readable, nothing that was
//! changed is taken, and who can't seal comes in where its Main says so alone.

use std::net::SocketAddr;

use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::client_to_world::{Join, Move};
use tinyrealm_core::protocol::dialer_to_listener::ClusterHello;
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::protocol::world_to_client::{JoinOk, MoveBroadcast};
use tinyrealm_core::wire::Opcode;
use tinyrealm_qemu::{Machine, Network};

use super::images::{
    CLEAR_BOARDS, DEVICE_PORT, DeviceWorld, FRAME_LIMIT_BYTES, SEALED_WORLD_RAM_BYTES, WORLD_MAC,
    free_port, world_image,
};
use super::memory::expect_room;
use super::support::peer::frame;
use super::support::relay::{Fault, Relay, is_in};
use super::support::secrets::Secret;
use super::support::{Bots, Peer, Server, Stream};
use super::world::{PLAYERS, registered};

pub(crate) const SEALED: &str = "sealed-world";
/// The same, whose players seal their links too.
const SEALED_PLAYERS: &str = "sealed-players";
pub(crate) const CLEAR: &str = "world-without-web-sockets";
/// What a Main says of a board that comes in clear, and of one with the key of another realm.
const NOT_SEALED: &str = "refused WORLD server 100: its link has to be sealed";
const NOT_OURS: &str = "refused a WORLD server: it does not have the key of our realm";

/// Each is seen by the end that hears it.
const SPOILED: [Fault; 4] = [Fault::Change, Fault::Repeat, Fault::Swap, Fault::Lose];

/// What the link said in clear where it was not sealed.
#[track_caller]
fn expect_nothing_readable(relay: &Relay, device: &DeviceWorld, secrets: &[&[u8]]) {
    let tape = relay.tape();
    assert!(tape.len() > 1_000, "{} bytes", tape.len());
    let address = device.address.to_string();
    for word in secrets.iter().copied().chain([address.as_bytes(), b"device"]) {
        assert!(!is_in(&tape, word), "{:?}", String::from_utf8_lossy(word));
    }
}

/// Whether a frame of this opcode may begin somewhere: behind a length that frames have here. Its opcode alone is too little
/// to look for: the end of one record, a length and the beginning of the next are the same four bytes once in 65,536.
fn may_have_frame(tape: &[u8], opcode: Opcode) -> bool {
    tape.windows(6).any(|it| {
        let length = usize::from(u16::from_le_bytes([it[0], it[1]]));
        length <= FRAME_LIMIT_BYTES && it[2..] == opcode.0.to_le_bytes()
    })
}

/// Spoils what the link says, once, and waits until the board is there again.
#[track_caller]
fn spoil(relay: &Relay, main: &Server, fault: Fault, times: &mut usize) {
    relay.commit(fault);
    *times += 1;
    registered(main, *times);
}

#[test]
fn a_board_that_seals_is_played_on_and_nobody_on_the_way_reads_or_changes_anything() {
    let (main, relay) = (Server::main(&[]), Relay::start());
    relay.lead_to(main.address);
    let mut device = DeviceWorld::start(SEALED, relay.address);
    registered(&main, 1);
    let mut guest = Peer::connect(main.address);
    let uid = guest.hello(None).uid;
    let pass = guest.enter("");
    drop(pass.join(uid));
    drop(guest);
    let bots = Bots::start(main.address, &["--count", "8", "--hz", "10", "--seconds", "8"]);
    bots.outcome().expect_clean(PLAYERS);
    let mut times = 1;
    for fault in SPOILED {
        spoil(&relay, &main, fault, &mut times);
    }
    // The end that hears it says so, and the board has no log.
    while !main.process.has_said(Stream::Stderr, "BROKEN_SEAL") {
        assert!(times < 20, "Main has not heard a changed record");
        spoil(&relay, &main, Fault::Change, &mut times);
    }
    let bots = Bots::start(main.address, &["--count", "8", "--hz", "10", "--seconds", "2"]);
    bots.outcome().expect_clean(PLAYERS);
    expect_nothing_readable(&relay, &device, &[&pass.key.0]);
    let image = "world, 8 players, sealed";
    expect_room(&mut device.machine, SEALED_WORLD_RAM_BYTES, image);
    main.stop().expect(&[("worlds_registered", times as u64)]);
}

/// Players find the board behind the relay, and seal their links with the keys of their tickets.
#[test]
fn players_seal_their_links_to_a_board_and_nobody_on_the_way_reads_or_changes_anything() {
    let (main, relay) = (Server::main(&[]), Relay::start());
    let port = free_port();
    let image = world_image(SEALED_PLAYERS, main.address, &relay.address.to_string());
    let network = Network::User { forwards: vec![(port, DEVICE_PORT)] };
    let mut board = Machine::start(image, WORLD_MAC, &network).unwrap();
    relay.lead_to(SocketAddr::from(([127, 0, 0, 1], port)));
    registered(&main, 1);
    let count = ["--count", "8", "--hz", "10"];
    // Whoever was there before has gone, and every socket is free: Main's link alone is left.
    let mut clean = |seconds| {
        board.wait_until("alone with Main", |report| report.sessions == 1).unwrap();
        let bots = Bots::start(main.address, &[&count[..], &["--seconds", seconds]].concat());
        bots.outcome().expect_clean(PLAYERS);
    };
    clean("4");
    for fault in SPOILED {
        let plan = ["--seconds", "3", "--through-restarts"];
        let bots = Bots::start(main.address, &[&count[..], &plan].concat());
        relay.commit(fault);
        let outcome = bots.outcome();
        assert!(relay.has_committed(), "{fault:?}");
        outcome.report.expect(&[("joined", PLAYERS), ("unknown", 0), ("wrong_room", 0)]);
    }
    clean("2");
    let tape = relay.tape();
    assert!(tape.len() > 10_000, "{} bytes", tape.len());
    // What a link in clear would have said: which opcodes.
    for opcode in [Join::OPCODE, Move::OPCODE, JoinOk::OPCODE, MoveBroadcast::OPCODE] {
        assert!(!may_have_frame(&tape, opcode), "{opcode:?}");
    }
    main.stop().expect(&[("worlds_registered", 1)]);
}

#[test]
fn a_main_of_another_realm_refuses_a_board_that_seals() {
    let secret = Secret::new("another-realm");
    let main = Server::main(&[&secret.setting()]);
    let mut device = DeviceWorld::start(SEALED, main.address);
    main.process.wait_until_said(Stream::Stderr, NOT_OURS, 2);
    let alone = device.machine.wait_until("alone", |report| report.sessions == 0).unwrap();
    assert_eq!((alone.users, alone.accepted), (0, 0));
    main.stop().expect(&[("worlds_registered", 0)]);
}

#[test]
fn a_board_in_clear_comes_in_where_it_is_marked_and_never_once_it_has_come_sealed() {
    let (main, relay) = (Server::main(&[]), Relay::start());
    let address = main.address;
    relay.lead_to(address);
    let device = DeviceWorld::start(CLEAR, relay.address);
    main.process.wait_until_said(Stream::Stderr, NOT_SEALED, 1);
    let refusal = Error { code: ErrorCode::NOT_SEALED, about: ClusterHello::OPCODE.0 };
    relay.wait_until_said(&frame(&refusal));
    main.stop().expect(&[("worlds_registered", 0)]);

    let main = Server::main_at(address, &[CLEAR_BOARDS]);
    registered(&main, 1);
    device.machine.kill();
    let device = DeviceWorld::start(SEALED, relay.address);
    registered(&main, 2);
    device.machine.kill();
    let _device = DeviceWorld::start(CLEAR, relay.address);
    main.process.wait_until_said(Stream::Stderr, NOT_SEALED, 1);
    main.stop().expect(&[("worlds_registered", 2)]);
}
