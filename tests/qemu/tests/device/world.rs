//! A world on a device: it registers, takes players, is full, dies and comes back.

use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_qemu::machine::Cable;
use tinyrealm_qemu::{Machine, Network, Report};

use super::images::{
    CLEAR_BOARDS, DEVICE_PORT, DeviceWorld, WORLD_IP, WORLD_MAC, WORLD_RAM_BYTES, free_port,
    image_for,
};
use super::memory::expect_room;
use super::support::{Bots, Peer, Server, Stream, User};

pub(crate) const PLAYERS: u64 = 8;

pub(crate) fn registered(main: &Server, times: usize) {
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", times);
}

/// Nothing is left of those who have gone, but the link to Main.
fn is_empty(report: &Report) -> bool {
    report.users == 0
        && report.sessions == 1
        && report.send_buffers_in_use == 0
        && report.receive_buffers_in_use == 0
}

/// QEMU counts instructions: every 2^5 ns there is one, so its clock stands still while it works.
pub(crate) const INSTRUCTION_NS: u32 = 1 << 5;
const COUNTING: [&str; 2] = ["-icount", "shift=5,sleep=on"];

/// Deliveries a second, and the instructions for them as a share of those that there are.
fn print_work(before: &Report, after: &Report) {
    let seconds = f64::from(after.uptime_ms - before.uptime_ms) / 1e3;
    let busy_ms = (after.uptime_ms - before.uptime_ms) - (after.idle_ms - before.idle_ms);
    let deliveries = f64::from(after.deliveries - before.deliveries);
    let instructions = f64::from(busy_ms) * 1e6 / f64::from(INSTRUCTION_NS);
    println!(
        "the device did {:.0} deliveries/s with {:.2} million instructions/s, {:.0} a delivery: \
         {:.1} % of {:.1} million (counted by QEMU)",
        deliveries / seconds,
        instructions / seconds / 1e6,
        instructions / deliveries,
        f64::from(busy_ms) / seconds / 10.0,
        1e3 / f64::from(INSTRUCTION_NS),
    );
}

/// A processor of the board's kind does 25 to 31 million instructions a second.
#[test]
fn a_slow_processor_is_fast_enough_for_eight() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let mut device = DeviceWorld::start_with("world", main.address, free_port(), &COUNTING);
    registered(&main, 1);
    let arguments = ["--count", "8", "--hz", "10", "--seconds", "12"];
    let bots = Bots::start(main.address, &arguments);
    let full = |report: &Report| u64::from(report.users) == PLAYERS;
    let before = device.machine.wait_until("full", full).unwrap();
    let is_later = |report: &Report| report.uptime_ms > before.uptime_ms + 8_000;
    let after = device.machine.wait_until("eight seconds older", is_later).unwrap();
    print_work(&before, &after);
    bots.outcome().expect_clean(PLAYERS);
    let busy_ms = (after.uptime_ms - before.uptime_ms) - (after.idle_ms - before.idle_ms);
    assert!(busy_ms < (after.uptime_ms - before.uptime_ms) / 2, "{before:?} {after:?}");
    main.stop().expect(&[("worlds_registered", 1)]);
}

#[test]
fn eight_bots_play_in_twenty_kilobytes_and_the_ninth_is_told_full() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let mut device = DeviceWorld::start("world-without-web-sockets", main.address);
    registered(&main, 1);
    let arguments = ["--count", "8", "--hz", "10", "--seconds", "30"];
    let bots = Bots::start(main.address, &arguments);
    device.machine.wait_until("full", |report| u64::from(report.users) == PLAYERS).unwrap();
    let mut ninth = Peer::connect(main.address);
    ninth.hello(None);
    assert_eq!(ninth.enter_in_vain(""), ErrorCode::FULL);
    bots.outcome().expect_clean(PLAYERS);
    let after = device.machine.wait_until("empty again", is_empty).unwrap();
    assert_eq!((after.violations, after.accepted), (0, PLAYERS as u32));

    expect_room(&mut device.machine, WORLD_RAM_BYTES, "world, 8 players");
    let report = main.stop();
    report.expect(&[("worlds_registered", 1), ("enters", PLAYERS)]);
}

#[test]
fn a_device_that_dies_is_forgotten_and_comes_back() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let device = DeviceWorld::start("world-with-log", main.address);
    registered(&main, 1);
    let mut user = User::enter(main.address, "");
    user.world.expect_served();
    let port = device.address.port();
    device.machine.kill();
    user.world.expect_lost();
    let lost = user.main.find::<Error>();
    assert_eq!(lost.code, ErrorCode::WORLD_LOST);
    main.process.wait_until_said(Stream::Stderr, "world 100 left the registry", 1);
    assert_eq!(user.main.enter_in_vain(""), ErrorCode::NO_WORLD);

    let device = DeviceWorld::start_at("world-with-log", main.address, port);
    registered(&main, 2);
    let [mut first, mut second] = [(); 2].map(|()| User::enter(main.address, ""));
    first.world.move_to(7);
    assert_eq!(second.world.find_move().0, first.uid);
    let log = device.machine.log().unwrap();
    assert!(log.iter().any(|line| line.contains("registered with Main as world 100")), "{log:?}");
    main.stop().expect(&[("worlds_registered", 2)]);
}

/// It tells Main the address that it got, which is the first that QEMU's network gives.
#[test]
fn a_device_gets_its_address_from_the_network() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let image = image_for("world-with-dhcp", main.address);
    let network = Network::User { forwards: Vec::new() };
    let mut device = Machine::start(image, WORLD_MAC, &network).unwrap();
    registered(&main, 1);
    device.wait_until("known to Main", |report| report.sessions == 1).unwrap();
    let mut guest = Peer::connect(main.address);
    guest.hello(None);
    assert_eq!(guest.enter("").world, format!("{WORLD_IP}:{DEVICE_PORT}").parse().unwrap());
    device.kill();
    main.stop().expect(&[("worlds_registered", 1), ("enters", 1)]);
}

#[test]
fn a_world_waits_for_main_and_survives_a_cable_that_was_out() {
    let settings = ["net.idle_timeout_ms=3000", "net.ping_interval_ms=1000", CLEAR_BOARDS];
    let main = Server::main(&settings);
    let address = main.address;
    main.process.kill();
    let mut device = DeviceWorld::start("world", address);
    device.machine.wait_until("alive", |report| report.beat > 3).unwrap();
    let main = Server::main_at(address, &settings);
    registered(&main, 1);
    device.machine.set_cable(Cable::Out).unwrap();
    main.process.wait_until_said(Stream::Stderr, "world 100 left the registry", 1);
    device.machine.set_cable(Cable::In).unwrap();
    registered(&main, 2);
    let mut user = User::enter(main.address, "");
    user.world.expect_served();
    drop(user);
    device.machine.wait_until("empty again", is_empty).unwrap();
    main.stop().expect(&[("worlds_registered", 2)]);
}
