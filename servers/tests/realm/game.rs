//! A world with a game in it: the server decides who is it and where everybody may be.

use crate::support::peer::frame;
use crate::support::{Bots, Peer, Realm, User};
use tinyrealm_core::protocol::MemberNumber;
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::world_to_client::EventBroadcast;
use tinyrealm_core::protocol::{Direction, Position, Uid};
use tinyrealm_tag::{FIELD, IT_IS};

const SETTINGS: [&str; 3] = ["world.game=tag", "world.rooms=1", "world.room_capacity=20"];

/// Who is it, as the game says next.
#[track_caller]
fn told_who_is_it(peer: &mut Peer) -> Uid {
    let event = peer.find::<EventBroadcast<'_>>();
    assert_eq!((event.number, event.kind), (MemberNumber::GAME, IT_IS));
    Uid(u64::from_le_bytes(event.data.as_slice().try_into().unwrap()))
}

fn go_to(user: &mut User, x: i32) {
    user.world.send(&Move { pos: Position { x, y: 0, z: 0 }, dir: Direction(0) });
}

#[test]
fn the_server_decides_who_is_it() {
    let realm = Realm::start(&SETTINGS);
    let mut first = realm.user();
    assert_eq!(told_who_is_it(&mut first.world), first.uid);
    let mut second = realm.user();
    assert_eq!(told_who_is_it(&mut second.world), first.uid);
    // Touching is enough, and everyone is told.
    go_to(&mut second, 1_000);
    go_to(&mut first, 0);
    assert_eq!(told_who_is_it(&mut first.world), second.uid);
    assert_eq!(told_who_is_it(&mut second.world), second.uid);
    drop(second);
    assert_eq!(told_who_is_it(&mut first.world), first.uid);
    realm.stop();
}

#[test]
fn nobody_leaves_the_field_however_often_it_is_tried() {
    const ATTEMPTS: i32 = 400;
    let realm = Realm::start(&SETTINGS);
    let (mut first, mut second) = (realm.user(), realm.user());
    let outside = |number| Position { x: FIELD + 1 + number, y: i32::MIN, z: number };
    let attempts = (0..ATTEMPTS).map(|number| Move { pos: outside(number), dir: Direction(0) });
    // In one segment: every answer waits for none of the others.
    let segment: Vec<u8> = attempts.flat_map(|attempt| frame(&attempt)).collect();
    first.world.send_bytes(&segment);
    for number in 0..ATTEMPTS {
        let corrected = first.world.find_move();
        let edge = Position { x: FIELD, y: -FIELD, z: number };
        assert_eq!(corrected, (first.uid, edge));
    }
    let (who, pos) = second.world.find_move();
    assert_eq!((who, pos.x, pos.y), (first.uid, FIELD, -FIELD));
    first.world.expect_served();
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("moves", 0), ("moves_refused", ATTEMPTS as u64), ("net.overflows", 0)]);
}

#[test]
fn bots_play_it_without_loss() {
    let realm = Realm::start(&SETTINGS);
    let plan = ["--count", "20", "--hz", "10", "--seconds", "3"];
    let outcome = Bots::start(realm.main.address, &plan).outcome();
    outcome.expect_clean(20);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("joined", 20), ("moves", outcome.report.count("sent")), ("events", 0)]);
}
