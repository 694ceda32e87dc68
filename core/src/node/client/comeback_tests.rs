//! Clients that lose something at a bad moment: each finds its way back, or out.

use std::boxed::Box;

use super::*;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes};
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::either_way::Bye;
use crate::protocol::main_to_client::{EnterWorldAck, Welcome};
use crate::protocol::{HandshakeKey, RoomId, Text, Token};

/// Whoever does not care.
struct Deaf;

impl ClientHandler for Deaf {
    fn on_event(&mut self, _: u16, _: ClientEvent<'_>) {}
}

type ClientBench<'a> = Bench<'a, Client<Deaf>>;

/// Runs `test` with a client that has `send_buffers` buffers and is inside a room; it gets the keys
/// of its links to Main and to the world.
fn with_client_inside(
    send_buffers: usize,
    test: impl FnOnce(&mut ClientBench<'_>, SessionKey, SessionKey),
) {
    let mut memory = Box::new(BenchMemory::NEW);
    let sizes = Sizes { send_buffers, ..Sizes::ALL };
    let client = Client::new(heapless::String::new(), ClientConfig::DEFAULT, Deaf);
    let mut bench = Bench::new(sizes.lend(&mut memory), BENCH_CONFIG, client);
    bench.act(Client::start);
    let main = bench.connect_next();
    bench.say(main, &Welcome { uid: Uid(7), token: Token([7; 32]) });
    let handshake_key = HandshakeKey([1; 16]);
    bench.say(main, &EnterWorldAck { world_addr: Text::truncated("w:1"), handshake_key });
    let world = bench.connect_next();
    let join = JoinOk { room_id: RoomId(0), spawn_pos: Position::ORIGIN, members: 0 };
    bench.say(world, &join);
    assert_eq!(bench.role().machine().state(), (MainState::Ready, WorldState::Inside));
    bench.heard(main);
    test(&mut bench, main, world);
    bench.finish();
}

/// The old world's last packets have the only buffer when the client wants to ask for a new world.
#[test]
fn a_request_that_finds_no_room_is_made_again() {
    with_client_inside(1, |bench, main, world| {
        bench.limit(world, 0);
        bench.act(|client, cx| client.move_to(cx, Position::ORIGIN, Direction(0))).unwrap();
        bench.say(world, &Bye { reason: ErrorCode::GOODBYE });
        bench.pass_ms(ClientConfig::DEFAULT.reconnect_first_ms);
        assert_eq!(bench.heard(main), []);
        bench.pass_ms(BENCH_CONFIG.drain_timeout_ms + ClientConfig::DEFAULT.reconnect_most_ms);
        assert_eq!(bench.heard(main), [Said::of(&EnterWorldReq { region: Text::truncated("") })]);
    });
}

/// Whoever has replaced it may never ask for a world, so nobody else would take it out of its room.
#[test]
fn whoever_is_replaced_leaves_its_world_too() {
    with_client_inside(8, |bench, main, world| {
        bench.say(main, &Bye { reason: ErrorCode::REPLACED });
        assert_eq!(bench.heard(world).last(), Some(&Said::of(&Bye { reason: ErrorCode::GOODBYE })));
        assert_eq!(bench.ended(world), Some(ErrorCode::GOODBYE));
        assert_eq!(bench.role().machine().state(), (MainState::Stopped, WorldState::Outside));
    });
}
