//! Everything hostile, thrown at a device: it answers as a desktop server does, and serves the others.

use super::images::{CLEAR_BOARDS, DeviceWorld, FRAME_LIMIT_BYTES};
use super::support::hostile::{
    Place, SETTINGS, Tally, Targets, break_every_rule, fall_silent, say_what_nobody_knows,
    send_as_fast_as_allowed_and_faster, send_in_odd_pieces,
};
use super::support::{Bots, Server, Stream};
use tinyrealm_core::protocol::client_to_world::{AnswerGame, AskGame, Input};

/// One deed after another: a device has not the connections for all of them at once.
const DEEDS: [fn(Targets, Place) -> Tally; 5] = [
    break_every_rule,
    say_what_nobody_knows,
    send_in_odd_pieces,
    send_as_fast_as_allowed_and_faster,
    fall_silent,
];

#[test]
fn a_device_answers_as_the_design_says_and_serves_the_others() {
    let main = Server::main(&[&SETTINGS[..], &[CLEAR_BOARDS]].concat());
    let mut device = DeviceWorld::start("world", main.address);
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    let targets = Targets {
        main: main.address,
        world: device.address,
        frame_limit_bytes: FRAME_LIMIT_BYTES,
        lacks: &[Input::OPCODE.0, AskGame::OPCODE.0, AnswerGame::OPCODE.0],
    };
    let arguments = ["--count", "4", "--hz", "5", "--seconds", "20"];
    let bots = Bots::start(main.address, &arguments);
    device.machine.wait_until("played in", |report| report.users == 4).unwrap();
    let mut tally = Tally::default();
    for place in [Place::WorldStranger, Place::WorldMember] {
        tally = DEEDS.iter().map(|deed| deed(targets, place)).fold(tally, Tally::plus);
    }
    bots.outcome().expect_clean(4);
    let report = device
        .machine
        .wait_until("empty again", |report| report.users == 0 && report.sessions == 1)
        .unwrap();
    assert_eq!((report.send_buffers_in_use, report.receive_buffers_in_use), (0, 0));
    assert_eq!(u64::from(report.violations), tally.violations);
    assert_eq!(u64::from(report.floods), tally.floods);
    main.stop().expect(&[("worlds_registered", 1)]);
}
