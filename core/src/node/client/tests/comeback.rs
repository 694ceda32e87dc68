//! Clients that lose something at a bad moment: each finds its way back, or out.

use super::*;

/// Runs `test` with a client that has `send_buffers` buffers and is inside a room; it gets the keys
/// of its links to Main and to the world.
fn with_client_inside(
    send_buffers: usize,
    test: impl FnOnce(&mut ClientBench<'_>, SessionKey, SessionKey),
) {
    with_sizes(Sizes { send_buffers, ..Sizes::ALL }, |bench| {
        let (main, world) = bench.go_inside();
        test(bench, main, world);
    });
}

/// The old world's last packets have the only buffer when the client wants to ask for a new world.
#[test]
fn a_request_that_finds_no_room_is_made_again() {
    with_client_inside(1, |bench, main, world| {
        bench.limit(world, 0);
        bench.act(|client, cx| client.move_to(cx, Position::ORIGIN, Direction(0))).unwrap();
        bench.say(world, &Bye { reason: ErrorCode::GOODBYE });
        bench.pass_ms(FIRST_MS);
        assert_eq!(bench.heard(main), []);
        bench.pass_ms(BENCH_CONFIG.drain_timeout_ms + MOST_MS);
        assert_eq!(bench.heard(main), [asking()]);
    });
}

/// Whoever has replaced it may never ask for a world, so nobody else would take it out of its room. Or it may, and then
/// it goes on there: so this is no goodbye.
#[test]
fn whoever_is_replaced_leaves_its_world_too() {
    with_client_inside(8, |bench, main, world| {
        bench.say(main, &Bye { reason: ErrorCode::REPLACED });
        assert_eq!(bench.heard(world).last(), Some(&bye(ErrorCode::REPLACED)));
        assert_eq!(bench.ended(world), Some(ErrorCode::REPLACED));
        assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside));
    });
}

/// Its room is in another world.
#[cfg(feature = "moving")]
fn moved() -> crate::protocol::main_to_client::Moved<'static> {
    crate::protocol::main_to_client::Moved {
        world_addr: Text::new("world2:9").unwrap(),
        is_sealing: false,
        key_id: KeyId([7; 8]),
        handshake_key: KEY,
    }
}

#[cfg(feature = "moving")]
#[test]
fn who_hears_where_its_room_is_goes_there_at_once() {
    with_client_inside(8, |bench, main, world| {
        bench.say(main, &moved());
        assert_eq!(bench.ended(world), Some(ErrorCode::MOVED));
        let world = bench.connect_to("world2:9");
        assert_eq!(bench.heard(world), [joining()]);
        assert_eq!(bench.notes(), [Noted::WorldLost(ErrorCode::MOVED)]);
        bench.say(world, &join_ok());
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
        assert_eq!(bench.heard(main), [], "nothing was asked");
    });
}

/// The world's word may come before Main's, which is then of no use.
#[cfg(feature = "moving")]
#[test]
fn who_hears_that_its_room_has_moved_asks_where_it_is() {
    with_client_inside(8, |bench, main, world| {
        bench.say(world, &Bye { reason: ErrorCode::MOVED });
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
        assert_eq!(bench.heard(main), [asking()]);
        bench.say(main, &moved());
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
        bench.reach_world(main);
    });
}
