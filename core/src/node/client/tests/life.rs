//! A client's whole life, when everything goes well.

use super::*;
use crate::protocol::SendError;
use crate::protocol::Seq;
use crate::protocol::either_way::{Ping, Pong};
use crate::protocol::main_to_client::ChatBroadcast;
use crate::protocol::world_to_client::EventRefused;

#[test]
fn into_a_room_and_out_again() {
    with_client(|bench| {
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside));
        bench.start();
        assert_eq!(bench.links(), (MainState::Connecting, WorldState::Outside));
        let main = bench.connect_to("main:7");
        assert_eq!(bench.links(), (MainState::Greeting, WorldState::Outside));
        assert_eq!(bench.heard(main), [hello(None)]);
        bench.welcome(main);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
        assert_eq!((bench.heard(main), bench.notes()), (vec![asking()], vec![Noted::Welcome(UID)]));
        assert_eq!(bench.role().machine().uid(), Some(UID));

        bench.send_to_world(main);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Connecting));
        assert_eq!(bench.role().machine().world_address(), WORLD);
        let world = bench.connect_to(WORLD);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Joining));
        assert_eq!(bench.heard(world), [joining()]);
        bench.say(world, &join_ok());
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
        assert_eq!(bench.role().machine().room_id(), Some(RoomId(4)));
        assert_eq!(bench.notes(), [Noted::Joined(join_ok())]);

        bench.stop();
        let goodbye = bye(ErrorCode::GOODBYE);
        assert_eq!(bench.heard(world), [Said::of(&Leave {}), goodbye.clone()]);
        assert_eq!(bench.heard(main), [goodbye]);
        assert_eq!(bench.requests(), [Asked::Shutdown(world), Asked::Shutdown(main)]);
        assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside));
        assert_eq!(bench.role().machine().room_id(), None);
        let good = ErrorCode::GOODBYE;
        assert_eq!(bench.notes(), [Noted::WorldLost(good), Noted::Stopped(good)]);
    });
}

#[test]
fn what_the_room_says_is_told() {
    with_client(|bench| {
        let (_, world) = bench.go_inside();
        let (number, pos, dir) = (MemberNumber(2), Position { x: 1, y: 2, z: 3 }, Direction(4));
        let member = MemberState { number, uid: Uid(8), pos, dir };
        let members = heapless::Vec::from_slice(&[member]).unwrap();
        let snapshot = RoomSnapshot { pages_left: 0, members_left: 1, missed_events: 9, members };
        bench.say(world, &snapshot);
        bench.say(world, &UserEntered { member });
        bench.say(world, &MoveBroadcast { number, pos, dir });
        let data = Bytes::new(b"hi").unwrap();
        bench.say(world, &EventBroadcast { number, request: 9, kind: 6, data });
        bench.say(world, &EventRefused { request: 10, reason: ErrorCode::BUSY });
        bench.say(world, &UserLeft { number });
        bench.say(world, &Error { code: ErrorCode::BUSY, about: Event::OPCODE.0 });
        let expected = [
            Noted::Snapshot(Box::new(snapshot)),
            Noted::Entered(member),
            Noted::Moved(MoveBroadcast { number, pos, dir }),
            Noted::Said(number, 9, 6, b"hi".to_vec()),
            Noted::EventRefused(10, ErrorCode::BUSY),
            Noted::Left(number),
            Noted::Refused(ErrorCode::BUSY, Event::OPCODE.0),
        ];
        assert_eq!(bench.notes(), expected);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
    });
}

#[test]
fn what_the_client_does_reaches_the_room() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        let (pos, dir, data) =
            (Position { x: 9, y: 8, z: 7 }, Direction(6), Bytes::new(b"!").unwrap());
        assert_eq!(bench.act(|client, cx| client.move_to(cx, pos, dir)), Ok(()));
        assert_eq!(bench.act(|client, cx| client.say(cx, 3, data)), Ok(1));
        let expected =
            [Said::of(&Move { pos, dir }), Said::of(&Event { request: 1, kind: 3, data })];
        assert_eq!((bench.heard(world), bench.heard(main)), (expected.to_vec(), vec![]));
    });
}

#[test]
fn outside_of_a_room_there_is_nobody_to_talk_to() {
    with_client(|bench| {
        let closed = |bench: &mut ClientBench<'_>| {
            let moved = bench.act(|client, cx| client.move_to(cx, Position::ORIGIN, Direction(0)));
            let said = bench.act(|client, cx| client.say(cx, 0, Bytes::default()));
            assert_eq!((moved, said), (Err(SendError::Closed), Err(SendError::Closed)));
        };
        closed(bench);
        let main = bench.meet_main();
        closed(bench);
        let world = bench.reach_world(main);
        closed(bench);
        bench.say(world, &join_ok());
        bench.disconnect(world);
        closed(bench);
        assert_eq!(bench.heard(world), []);
    });
}

/// A room that is not read any more says so, and the link goes on when it is.
#[test]
fn a_full_link_to_the_room_is_backpressure() {
    with_client(|bench| {
        let (_, world) = bench.go_inside();
        bench.limit(world, 0);
        let data = [1; EVENT_MAX_BYTES];
        let say = |bench: &mut ClientBench<'_>| {
            bench.act(|client, cx| client.say(cx, 0, Bytes::new(&data).unwrap()))
        };
        let said = (0..1_000).take_while(|_| say(bench).is_ok()).count();
        assert!((1..1_000).contains(&said));
        assert_eq!(say(bench), Err(SendError::Full));
        bench.unblock(world, usize::MAX);
        assert_eq!(bench.heard(world).len(), said);
        assert!(say(bench).is_ok());
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
    });
}

#[test]
fn a_client_that_begins_with_a_token_shows_it() {
    let mut memory = Box::new(BenchMemory::NEW);
    let mut client = Client::new(text("main:7"), ClientConfig::DEFAULT, Diary::default());
    client.machine = RealmClient::new(0, ClientConfig::DEFAULT).with_token(TOKEN);
    let mut bench = Bench::new(Sizes::ALL.lend(&mut memory), BENCH_CONFIG, client);
    bench.start();
    let main = bench.connect_to("main:7");
    assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
    bench.finish();
}

#[test]
fn starting_twice_is_starting_once() {
    with_client(|bench| {
        bench.start();
        bench.start();
        let main = bench.connect_to("main:7");
        bench.start();
        bench.welcome(main);
        bench.start();
        assert!(!bench.wants_to_connect());
    });
}

#[test]
fn an_answer_that_was_not_asked_for_changes_nothing() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.send_to_world(main);
        bench.welcome(main);
        let (channel, msg) = (Text::new("all").unwrap(), Text::new("hi").unwrap());
        bench.say(main, &ChatBroadcast { channel, seq: Seq(1), uid: UID, request: 0, msg });
        bench.say_bytes(main, &[4, 0, 0x77, 0x77, 0, 0]);
        assert!(!bench.wants_to_connect());
        assert_eq!((bench.heard(main), bench.heard(world)), (vec![], vec![]));
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
    });
}

#[test]
fn servers_that_ask_are_answered_and_silent_ones_are_asked() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.say(main, &Ping { nonce: 3 });
        bench.say(world, &Ping { nonce: 4 });
        assert_eq!(bench.heard(main), [Said::of(&Pong { nonce: 3 })]);
        assert_eq!(bench.heard(world), [Said::of(&Pong { nonce: 4 })]);
        bench.pass_ms(BENCH_CONFIG.ping_interval_ms);
        assert!(bench.heard(main)[0].is::<Ping>() && bench.heard(world)[0].is::<Ping>());
        bench.pass_ms(BENCH_CONFIG.idle_timeout_ms - BENCH_CONFIG.ping_interval_ms);
        let silent = ErrorCode::SILENT;
        let notes = bench.notes();
        assert!(
            notes.contains(&Noted::MainLost(silent)) && notes.contains(&Noted::WorldLost(silent))
        );
    });
}
