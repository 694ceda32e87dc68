//! Who gets in: a key lets one user into one world once and not for long, and a user is in one place
//! at a time.

use std::time::Duration;
use tinyrealm_core::protocol::Versions;

use crate::support::{Heard, PATIENCE, Pass, Peer, Realm, User};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, UserEntered, UserLeft};
use tinyrealm_core::protocol::{ErrorCode, HandshakeKey, JoinDenial, Text, Token, Uid};

const MARK: u16 = 9;

/// What `witness` has heard of its room's comings and goings since it was asked last.
fn comings_and_goings(witness: &mut User) -> Vec<(&'static str, Uid)> {
    witness.world.say(MARK, b"mark");
    let mut heard = Vec::new();
    loop {
        match witness.world.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == UserEntered::OPCODE.0 => {
                heard.push(("entered", witness.world.message::<UserEntered>().member.uid));
            }
            Heard::Frame(opcode) if opcode == UserLeft::OPCODE.0 => {
                let number = witness.world.message::<UserLeft>().number;
                heard.push(("left", witness.world.who(number)));
            }
            Heard::Frame(opcode) if opcode == EventBroadcast::OPCODE.0 => return heard,
            other => panic!("{other:?} in a quiet room"),
        }
    }
}

/// Somebody whom Main knows, in no world yet.
struct Guest {
    uid: Uid,
    token: Token,
    main: Peer,
}

impl Guest {
    fn of(realm: &Realm) -> Self {
        Self::with_token(realm, None)
    }

    fn with_token(realm: &Realm, token: Option<Token>) -> Self {
        let mut main = Peer::connect(realm.main.address);
        let welcome = main.hello(token);
        Self { uid: welcome.uid, token: welcome.token, main }
    }

    fn enter(&mut self) -> Pass {
        self.main.enter("")
    }
}

/// What the first world says to somebody who shows this key.
fn denial(realm: &Realm, uid: Uid, key: HandshakeKey) -> JoinDenial {
    Peer::connect(realm.world().address).join_in_vain(uid, key)
}

#[test]
fn every_wrong_key_is_refused_with_its_reason_and_nobody_enters() {
    let realm = Realm::start(&[]);
    let mut witness = realm.user();
    let (mut first, mut second) = (Guest::of(&realm), Guest::of(&realm));
    let key = first.enter();

    // Somebody else's key: of a user who is not attached, then of one who is, both ways round.
    assert_eq!(denial(&realm, second.uid, key.key), JoinDenial::NOT_ATTACHED);
    let second_key = second.enter();
    assert_eq!(denial(&realm, second.uid, key.key), JoinDenial::WRONG_KEY);
    assert_eq!(denial(&realm, first.uid, second_key.key), JoinDenial::WRONG_KEY);

    let random = HandshakeKey([0xA5; 32]);
    assert_eq!(denial(&realm, first.uid, random), JoinDenial::WRONG_KEY);
    assert_eq!(denial(&realm, Uid(77), random), JoinDenial::NOT_ATTACHED);

    // A join before its attach; the attach that follows is as good as any.
    let mut early = Guest::of(&realm);
    assert_eq!(denial(&realm, early.uid, random), JoinDenial::NOT_ATTACHED);
    assert_eq!(comings_and_goings(&mut witness), []);
    let _early = early.enter().join(early.uid);
    assert_eq!(comings_and_goings(&mut witness), [("entered", early.uid)]);

    // None of that has spoilt the right key; it works once.
    let (mut inside, _, others) = key.join(first.uid);
    assert!(others.contains(&witness.uid), "{others:?}");
    assert_eq!(denial(&realm, first.uid, key.key), JoinDenial::KEY_USED);
    inside.expect_served();
    drop(inside);
    assert_eq!(witness.world.expect::<UserEntered>().member.uid, first.uid);
    assert_eq!(witness.world.expect_left(), first.uid);
    assert_eq!(denial(&realm, first.uid, key.key), JoinDenial::KEY_USED);
    assert_eq!(comings_and_goings(&mut witness), []);

    let (_, worlds) = realm.stop();
    let counts = ["NOT_ATTACHED", "WRONG_KEY", "KEY_EXPIRED", "KEY_USED", "FULL"];
    assert_eq!(counts.map(|reason| worlds[0].denied(reason)), [3, 3, 0, 2, 0]);
    worlds[0].expect(&[("joined", 3), ("left", 3), ("net.buffers_in_use", 0)]);
}

#[test]
fn both_sides_of_a_key_s_lifetime() {
    const LIFETIME: Duration = Duration::from_millis(1_200);
    let realm = Realm::start(&["main.attach_ttl_ms=1200"]);
    let mut witness = realm.user();
    let mut guest = Guest::of(&realm);
    let late = guest.enter();
    let mut punctual = Guest::of(&realm);
    let (_inside, ..) = punctual.enter().join(punctual.uid);
    // The key's time began before we had it.
    std::thread::sleep(LIFETIME);
    assert_eq!(denial(&realm, guest.uid, late.key), JoinDenial::KEY_EXPIRED);
    assert_eq!(comings_and_goings(&mut witness), [("entered", punctual.uid)]);

    // A new key is as good as the first would have been; the old one does not come back with it.
    let fresh = guest.enter();
    assert_eq!(denial(&realm, guest.uid, late.key), JoinDenial::WRONG_KEY);
    let (_inside, ..) = fresh.join(guest.uid);
    assert_eq!(comings_and_goings(&mut witness), [("entered", guest.uid)]);
    let (_, worlds) = realm.stop();
    assert_eq!(["KEY_EXPIRED", "WRONG_KEY"].map(|reason| worlds[0].denied(reason)), [1, 1]);
}

#[test]
fn a_second_login_replaces_the_first() {
    let realm = Realm::start(&[]);
    let mut witness = realm.user();
    let mut first = realm.user();
    assert_eq!(comings_and_goings(&mut witness), [("entered", first.uid)]);

    let mut second = Guest::with_token(&realm, Some(first.token));
    assert_eq!((second.uid, second.token), (first.uid, first.token));
    first.main.expect_bye(ErrorCode::REPLACED);
    // Neither a login nor a ticket takes anybody out of a room; joining again does.
    let pass = second.enter();
    first.world.expect_served();
    assert_eq!(comings_and_goings(&mut witness), []);
    let (mut world, ..) = pass.join(second.uid);
    first.world.expect_bye(ErrorCode::REPLACED);
    assert_eq!(comings_and_goings(&mut witness), [("left", first.uid), ("entered", first.uid)]);
    world.expect_served();
    second.main.expect_served();

    let (main, worlds) = realm.stop();
    main.expect(&[("hellos", 3), ("hellos_refused", 0), ("net.violations", 0)]);
    worlds[0].expect(&[("joined", 3), ("left", 3)]);
}

#[test]
fn a_user_is_in_one_world_at_a_time() {
    let mut realm = Realm::without_worlds(&[]);
    realm.add_world(1, &["world.region=east"]);
    realm.add_world(2, &["world.region=west"]);
    let mut east = User::enter(realm.main.address, "east");
    let mut west = User::enter(realm.main.address, "west");
    let mut traveller = User::enter(realm.main.address, "east");
    assert_eq!(traveller.address, realm.worlds[0].address);
    assert_eq!(comings_and_goings(&mut east), [("entered", traveller.uid)]);

    let pass = traveller.main.enter("west");
    assert_eq!(pass.world, realm.worlds[1].address);
    traveller.world.expect_bye(ErrorCode::REPLACED);
    assert_eq!(comings_and_goings(&mut east), [("left", traveller.uid)]);
    let (_world, ..) = pass.join(traveller.uid);
    assert_eq!(comings_and_goings(&mut west), [("entered", traveller.uid)]);
    assert_eq!(comings_and_goings(&mut east), []);
    // The key of one world is nothing to another.
    assert_eq!(denial(&realm, traveller.uid, pass.key), JoinDenial::NOT_ATTACHED);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("joined", 2), ("left", 2)]);
    worlds[1].expect(&[("joined", 2), ("left", 2)]);
}

#[test]
fn entering_again_leaves_the_first_room() {
    let realm =
        Realm::start(&["world.rooms=2", "world.room_capacity=2", "world.room_spectators=0"]);
    let mut witness = realm.user();
    let mut wanderer = realm.user();
    assert_eq!(comings_and_goings(&mut witness), [("entered", wanderer.uid)]);
    let (_world, room, others) = wanderer.main.enter("").join(wanderer.uid);
    wanderer.world.expect_bye(ErrorCode::REPLACED);
    let moved = [("left", wanderer.uid), ("entered", wanderer.uid)];
    assert_eq!(comings_and_goings(&mut witness), moved);
    assert_eq!((room.0, others.len()), (0, 1));
    realm.stop();
}

#[test]
fn a_hello_that_is_not_understood_is_refused() {
    let realm = Realm::start(&[]);
    let known = realm.user();
    let mut forged = known.token;
    forged.0[31] ^= 1;
    for (token, version, code) in
        [(Some(forged), 2, ErrorCode::BAD_TOKEN), (None, 3, ErrorCode::BAD_VERSION)]
    {
        let mut peer = Peer::connect(realm.main.address);
        peer.send(&Hello {
            versions: Versions { from: version, to: version },
            token,
            nickname: Text::EMPTY,
        });
        peer.expect_refused(code, Hello::OPCODE.0);
    }
    // The user whose token was forged is not concerned.
    let mut known = known;
    known.main.expect_served();
    known.world.expect_served();
    let (main, _) = realm.stop();
    main.expect(&[("hellos", 1), ("hellos_refused", 1), ("net.violations", 0)]);
}

#[test]
fn a_region_without_a_world_has_none() {
    let realm = Realm::start(&["world.region=east"]);
    let mut guest = Guest::of(&realm);
    assert_eq!(guest.main.enter_in_vain("west"), ErrorCode::NO_WORLD);
    let (_world, ..) = guest.enter().join(guest.uid);
    let (main, _) = realm.stop();
    main.expect(&[("enters", 1), ("enters_refused", 1)]);
}
