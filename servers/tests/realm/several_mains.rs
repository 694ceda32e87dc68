//! One world with two Mains, each a process of its own: whoever comes by either is in one room, and neither's end is felt there.

use std::time::Duration;

use crate::support::{Server, Stream, User};
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, UserEntered};

const SETTINGS: [&str; 1] = ["main.registry_settle_ms=0"];
const HELLO: u16 = 3;

/// What one says, the other hears.
#[track_caller]
fn talk(from: &mut User, to: &mut User, words: &[u8]) {
    from.world.say(HELLO, words);
    loop {
        let heard: EventBroadcast<'_> = to.world.find();
        if heard.data.as_slice() == words {
            assert_eq!(heard.number, from.number);
            return;
        }
    }
}

#[test]
fn players_of_two_mains_are_in_one_room_and_survive_the_end_of_one() {
    let (mut one, other) = (Server::main(&SETTINGS), Server::main(&SETTINGS));
    let mains = [one.address, other.address];
    let world = Server::world_with_mains(1, &mains, &["world.rooms=1"]);
    world.wait_until_registered(2);
    let mut ann = User::enter(one.address, "");
    let mut bob = User::enter(other.address, "");
    assert_eq!(ann.world.find::<UserEntered>().member.uid, bob.uid);
    talk(&mut ann, &mut bob, b"here");
    talk(&mut bob, &mut ann, b"here too");
    one.restart_after(Duration::ZERO);
    world.process.wait_until_said(Stream::Stderr, "lost Main", 1);
    talk(&mut ann, &mut bob, b"still here");
    let mut cid = User::enter(other.address, "");
    talk(&mut ann, &mut cid, b"welcome");
    // It is back, and knows who is there: somebody comes by it as before.
    world.wait_until_registered(3);
    let mut dan = User::enter(one.address, "");
    talk(&mut dan, &mut ann, b"back");
    talk(&mut bob, &mut dan, b"at last");
    drop((ann, bob, cid, dan));
    other.stop();
    one.stop();
    world.stop();
}

/// Its link to that Main ends for good, and the one to the other goes on.
#[test]
fn a_world_that_is_another_server_for_one_main_is_still_the_other_one_s() {
    let (one, other) = (Server::main(&SETTINGS), Server::main(&SETTINGS));
    let world = Server::world_with_mains(1, &[one.address, other.address], &[]);
    world.wait_until_registered(2);
    let usurper = Server::world(1, one.address, &[]);
    usurper.wait_until_registered(1);
    world.process.wait_until_said(Stream::Stderr, "another server is world 1", 1);
    let user = User::enter(other.address, "");
    assert_eq!(user.address, world.address);
    drop(user);
    for server in [one, other, world, usurper] {
        server.stop();
    }
}
