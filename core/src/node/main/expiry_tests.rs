//! Attaches that are not redeemed, of users whom the world has from an earlier stay.
//!
//! Main's directory and the rooms agree afterwards, and no other world is asked before.

use std::boxed::Box;

use super::*;
use crate::node::HasUid;
use crate::node::cluster::tests::test_secret;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes};
use crate::protocol::client_to_main::{EnterWorldReq, Hello};
use crate::protocol::either_way::Error;
use crate::protocol::main_to_client::EnterWorldAck;
use crate::protocol::main_to_world::{AttachUser, DetachUser};
use crate::protocol::world_to_main::{AttachAck, AttachDenied, RegisterWorld, UserLeft, UserList};
use crate::protocol::{CLIENT_VERSION, ErrorCode, ServerKind, Text, Uid, WorldId};
use crate::session::SessionKey;

type Memory = MainMemory<8, 2>;
type MainBench<'a> = Bench<'a, Main<'a, Guests>>;

/// Runs `test` when Main has asked a world to expect a client whom that world has already, from an
/// earlier stay: it gets the keys of both, and the attempt.
fn with_earlier_stay(test: impl FnOnce(&mut MainBench<'_>, SessionKey, SessionKey, AttachUser)) {
    let (mut memory, mut main_memory) = (Box::new(BenchMemory::NEW), Box::new(Memory::NEW));
    let guests = Guests::new([7; 32]);
    let role = Main::new(main_memory.storage(), MainConfig::DEFAULT, guests, test_secret());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut memory), BENCH_CONFIG, role);
    let (world, client) = (bench.accept(), bench.accept());
    bench.prove_as(world, ServerKind::WORLD, ServerKind::MAIN);
    let (region, addr) = (Text::truncated(""), Text::truncated("w:1"));
    bench.say(world, &RegisterWorld { world_id: WorldId(1), region, capacity: 9, addr });
    bench.say(client, &Hello { client_version: CLIENT_VERSION, token: None });
    bench.say(client, &EnterWorldReq { region });
    let attach: AttachUser = bench.heard(world).last().and_then(Said::read).unwrap();
    // The list of a world that was there before Main, in the middle of the attempt.
    bench.say(world, &UserList { uids: [attach.uid].into_iter().collect() });
    bench.heard(client);
    test(&mut bench, world, client, attach);
    bench.finish();
}

fn place_of(bench: &MainBench<'_>, uid: Uid) -> Option<Place> {
    let mut users = bench.role().users().iter();
    users.find(|(_, user)| user.uid() == uid).map(|(_, user)| user.place())
}

/// The user is outside when the world has let go of it, and not before.
fn check_detaching(bench: &mut MainBench<'_>, world: SessionKey, uid: Uid) {
    let detach = DetachUser { uid, reason: ErrorCode::REPLACED };
    assert!(bench.heard(world).contains(&Said::of(&detach)));
    assert!(matches!(place_of(bench, uid), Some(Place::Detaching(_))));
    bench.say(world, &UserLeft { uid });
    assert_eq!(place_of(bench, uid), Some(Place::Outside));
}

#[test]
fn a_user_who_did_not_come_is_detached_before_it_is_outside() {
    with_earlier_stay(|bench, world, client, AttachUser { uid, attempt, .. }| {
        bench.say(world, &AttachAck { uid, attempt });
        assert!(bench.heard(client).last().is_some_and(Said::is::<EnterWorldAck>));
        bench.pass_ms(MainConfig::DEFAULT.attach_ttl_ms + 2_000);
        check_detaching(bench, world, uid);
    });
}

#[test]
fn a_user_who_is_denied_is_detached_before_it_is_outside() {
    with_earlier_stay(|bench, world, client, AttachUser { uid, attempt, .. }| {
        bench.say(world, &AttachDenied { uid, attempt, reason: ErrorCode::FULL });
        check_detaching(bench, world, uid);
        let refusal = Error { code: ErrorCode::FULL, about: EnterWorldReq::OPCODE.0 };
        assert_eq!(bench.heard(client), [Said::of(&refusal)]);
    });
}
