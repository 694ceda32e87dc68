//! A room leaves a device and comes back, over a network that loses, doubles and disorders packets: it is the same room.
//!
//! The test is Main and the world at the other end: it keeps the blocks that the device says, and says them again. Every
//! test runs on both drivers. Randomness has a seed: `TINYREALM_NETWORK_SEED`.

use tinyrealm_conformance::device::{EmbassyDevice, PollDevice, Sizes};
use tinyrealm_conformance::hub::Faults;
use tinyrealm_conformance::lab::Lab;
use tinyrealm_conformance::nodes::{self, Counting, USERS};
use tinyrealm_conformance::realm::{MakeLab, Realm, SIZES, seeds};
use tinyrealm_conformance::script::frame;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::World;
use tinyrealm_core::node::world::moving::{BlockWriter, Piece, pieces};
use tinyrealm_core::protocol::either_way::Bye;
use tinyrealm_core::protocol::main_to_world::{HearOfMove, MoveRoom, TakeBlock};
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, JoinOk};
use tinyrealm_core::protocol::world_to_main::{MovesRooms, RoomBlock, SayOfMove, UserMovedHere};
use tinyrealm_core::protocol::{
    Bytes, ErrorCode, MemberNumber, MoveWord, ROOM_BLOCK_BYTES, RoomId, WorldId,
};

const MAIN_ADDRESS: &str = "10.0.0.2:7100";
const FAULTS: Faults = Faults { lost: 100, duplicated: 100, delayed: 300 };
/// The world at the other end.
const OTHER: WorldId = WorldId(9);
/// How long the room may stand still: the network is bad.
const TIMEOUT_MS: u32 = 60_000;

/// Runs a test on either driver.
macro_rules! on_both_drivers {
    ($($name:ident)*) => {
        mod poll { $(#[test] fn $name() { super::$name(&super::on_poll); })* }
        mod embassy { $(#[test] fn $name() { super::$name(&super::on_embassy); })* }
    };
}

on_both_drivers! {
    a_room_leaves_and_comes_back_as_it_was
    a_room_with_a_place_or_a_member_too_many_is_refused
}

fn world(turn: &mut Turn<'_>) -> Node<'static, World<'static, Counting>> {
    nodes::moving_world(turn, MAIN_ADDRESS)
}

fn on_poll(sizes: Sizes, faults: Faults, seed: u64) -> Lab {
    Lab::new(faults, seed, |port| PollDevice::new(port, sizes, world))
}

fn on_embassy(sizes: Sizes, faults: Faults, seed: u64) -> Lab {
    Lab::new(faults, seed, |port| EmbassyDevice::new(port, sizes, world))
}

/// A room on its way: the bytes of its blocks.
type Blocks = Vec<Vec<u8>>;

/// Tells the device what the other world says of a move.
fn tell(realm: &mut Realm, move_id: u32, word: MoveWord, about: u16) {
    let said = HearOfMove { move_id, from: OTHER, word, about };
    realm.lab.remote.send(realm.main, &frame(&said));
}

/// What the device has said of a move.
fn said(realm: &Realm, move_id: u32) -> Vec<(MoveWord, u16)> {
    let all = realm.messages::<SayOfMove>(realm.main).into_iter();
    all.filter(|it| it.move_id == move_id).map(|it| (it.word, it.about)).collect()
}

#[track_caller]
fn wait_for(realm: &mut Realm, what: &str, is_so: impl Fn(&Realm) -> bool) {
    let mut rounds = 0..2_000;
    while !is_so(realm) {
        assert!(rounds.next().is_some(), "never {what}");
        realm.lab.pass_ms(20);
    }
}

#[track_caller]
fn wait_for_word(realm: &mut Realm, move_id: u32, word: (MoveWord, u16)) {
    wait_for(realm, &format!("{word:?}"), |realm| said(realm, move_id).contains(&word));
}

/// Asks for the room, and takes all of it; the device has it no more.
fn take(realm: &mut Realm, move_id: u32) -> Blocks {
    realm.find::<MovesRooms>(realm.main, 1);
    let ask = MoveRoom { move_id, room_id: RoomId(0), to: OTHER, timeout_ms: TIMEOUT_MS };
    realm.lab.remote.send(realm.main, &frame(&ask));
    let mut blocks = Blocks::new();
    loop {
        let next = blocks.len() as u16;
        let find = |realm: &Realm| {
            let blocks = realm.messages::<RoomBlock<'_>>(realm.main).into_iter();
            let mut blocks = blocks.filter(|block| (block.move_id, block.index) == (move_id, next));
            blocks.next().map(|block| (block.bytes.as_slice().to_vec(), block.is_last))
        };
        wait_for(realm, "the next block", |realm| find(realm).is_some());
        let (bytes, is_last) = find(realm).expect("it is there");
        blocks.push(bytes);
        if is_last {
            tell(realm, move_id, MoveWord::ARRIVED, 0);
            wait_for_word(realm, move_id, (MoveWord::GONE, 0));
            tell(realm, move_id, MoveWord::OPENED, 0);
            return blocks;
        }
        tell(realm, move_id, MoveWord::TAKEN, next + 1);
    }
}

/// Says a block of the other world's.
fn say_block(realm: &mut Realm, move_id: u32, (index, is_last): (usize, bool), bytes: &[u8]) {
    let bytes = Bytes::new(bytes).expect("it was a block");
    let block = TakeBlock { move_id, from: OTHER, index: index as u16, is_last, bytes };
    realm.lab.remote.send(realm.main, &frame(&block));
}

/// Has the device take a room, as far as it likes; answers what it has said last.
fn give(realm: &mut Realm, move_id: u32, blocks: &Blocks) -> (MoveWord, u16) {
    for (index, bytes) in blocks.iter().enumerate() {
        let is_last = index + 1 == blocks.len();
        say_block(realm, move_id, (index, is_last), bytes);
        let taken = (MoveWord::TAKEN, index as u16 + 1);
        let is_over = |word: &(MoveWord, u16)| match is_last {
            true => *word != (MoveWord::TAKEN, index as u16),
            false => *word == taken || word.0 == MoveWord::REFUSED,
        };
        let is_answered = |realm: &Realm| said(realm, move_id).last().is_some_and(is_over);
        wait_for(realm, "answered", is_answered);
        if said(realm, move_id).last().is_some_and(|word| word.0 == MoveWord::REFUSED) {
            break;
        }
    }
    *said(realm, move_id).last().expect("it was answered")
}

fn a_room_leaves_and_comes_back_as_it_was(make: MakeLab<'_>) {
    const ROUNDS: u16 = 3;
    for seed in seeds(4) {
        let mut realm = Realm::new(make, SIZES, FAULTS, seed);
        let players = [realm.enter(1), realm.enter(2)];
        for number in 0..ROUNDS {
            for player in players {
                realm.say(player, number);
            }
        }
        for player in players {
            realm.find::<EventBroadcast<'_>>(player, 2 * usize::from(ROUNDS));
        }
        let blocks = take(&mut realm, 7);
        for player in players {
            realm.hear_end(player);
            assert_eq!(realm.messages::<Bye>(player), [Bye { reason: ErrorCode::MOVED }]);
            realm.lab.remote.shut(player);
        }
        realm.lab.pass_ms(1_000);
        assert_eq!(give(&mut realm, 8, &blocks), (MoveWord::ARRIVED, 0));
        tell(&mut realm, 8, MoveWord::GONE, 0);
        wait_for_word(&mut realm, 8, (MoveWord::OPENED, 0));
        realm.find::<UserMovedHere>(realm.main, 2);
        for (uid, player) in [1, 2].map(|uid| (uid, realm.enter(uid))) {
            let welcome = realm.messages::<JoinOk>(player).remove(0);
            assert_eq!((welcome.is_returned, welcome.number), (true, MemberNumber(uid as u16)));
            // What was said is counted still, and the bell rings when it was to ring.
            realm.find::<EventBroadcast<'_>>(player, 1);
            let bell = realm.messages::<EventBroadcast<'_>>(player).remove(0);
            let said = u32::from(2 * ROUNDS).to_le_bytes();
            assert_eq!((bell.kind, bell.data.as_slice()), (Counting::BELL, &said[..]));
        }
        realm.shut_down();
    }
}

/// The same blocks with another head.
fn with_head(blocks: &Blocks, capacity: u16) -> Blocks {
    let mut changed = blocks.clone();
    let mut bytes = [0; ROOM_BLOCK_BYTES];
    let mut block = BlockWriter::new(&mut bytes);
    for piece in pieces(&blocks[0]) {
        let piece = match piece.expect("the device has said it") {
            Piece::Head(head) => {
                assert_eq!(usize::from(head.capacity), USERS);
                Piece::Head(tinyrealm_core::node::world::moving::Head { capacity, ..head })
            }
            other => other,
        };
        block.add(&piece).expect("it is no longer");
    }
    let written = block.written();
    changed[0] = bytes[..written].to_vec();
    changed
}

fn a_room_with_a_place_or_a_member_too_many_is_refused(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 1);
    let players = [realm.enter(1), realm.enter(2)];
    let blocks = take(&mut realm, 7);
    players.into_iter().for_each(|player| realm.hear_end(player));
    let full = (MoveWord::REFUSED, ErrorCode::FULL.0);
    let places = USERS as u16;
    assert_eq!(give(&mut realm, 8, &with_head(&blocks, places + 1)), full);
    // Its one room is another's: there is none for the one that comes.
    let other = realm.enter(3);
    assert_eq!(give(&mut realm, 9, &blocks), full);
    realm.answers(other);
    realm.lab.remote.send(other, &frame(&tinyrealm_core::protocol::client_to_world::Leave {}));
    realm.hear_end(other);
    assert_eq!(give(&mut realm, 10, &with_head(&blocks, places)), (MoveWord::ARRIVED, 0));
    tell(&mut realm, 10, MoveWord::KEPT, 0);
    realm.lab.pass_ms(1_000);
    realm.shut_down();
}
