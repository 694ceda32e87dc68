//! Whatever fails: the client waits a little, longer each time, and comes back.

use super::*;
use crate::protocol::either_way::Pong;

const GREETING_MS: u32 = BENCH_CONFIG.greeting_timeout_ms;

#[test]
fn main_can_t_be_reached() {
    with_client(|bench| {
        bench.start();
        for attempt in 0..5 {
            let asked = bench.requests();
            let Some(Asked::Connect { key, .. }) = asked.first() else { panic!("{asked:?}") };
            bench.connect_failed(*key);
            assert_eq!(bench.notes(), [Noted::MainLost(ErrorCode::UNREACHABLE)]);
            assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside));
            let whole_ms = (FIRST_MS << attempt).min(MOST_MS);
            bench.pass_ms(whole_ms / 2 - 1);
            assert_eq!(bench.requests(), []);
            bench.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
        }
        // A welcome starts the waits anew.
        let main = bench.connect_to("main:7");
        bench.welcome(main);
        bench.disconnect(main);
        bench.wait_about(FIRST_MS);
        bench.connect_to("main:7");
    });
}

/// Each of these loses Main before or behind its welcome; the next hello shows the last token.
#[test]
fn main_is_lost() {
    type Way = (fn(&mut ClientBench<'_>, SessionKey), ErrorCode, Option<Token>);
    let ways: [Way; 5] = [
        (|bench, main| bench.disconnect(main), ErrorCode::LOST, None),
        (|bench, _| bench.pass_ms(GREETING_MS), ErrorCode::GREETING_TIMEOUT, None),
        (
            |bench, main| {
                bench.say(main, &Bye { reason: ErrorCode::SHUTTING_DOWN });
            },
            ErrorCode::SHUTTING_DOWN,
            None,
        ),
        (|bench, main| bench.say_bytes(main, &[0, 0]), ErrorCode::BAD_FRAME, None),
        (
            |bench, main| {
                bench.welcome(main);
                bench.disconnect(main);
            },
            ErrorCode::LOST,
            Some(TOKEN),
        ),
    ];
    for (lose, reason, token) in ways {
        with_client(|bench| {
            bench.start();
            let main = bench.connect_to("main:7");
            lose(bench, main);
            assert_eq!(bench.notes().last(), Some(&Noted::MainLost(reason)));
            assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside));
            bench.pass_ms(FIRST_MS + TICK_MS);
            let main = bench.connect_to("main:7");
            assert_eq!(bench.heard(main), [hello(token)]);
        });
    }
}

#[test]
fn a_token_that_is_refused_is_dropped() {
    with_client(|bench| {
        let (main, _) = bench.go_inside();
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
        bench.say(main, &Error { code: ErrorCode::BAD_TOKEN, about: Hello::OPCODE.0 });
        bench.disconnect(main);
        let refused = Noted::Refused(ErrorCode::BAD_TOKEN, Hello::OPCODE.0);
        assert!(bench.notes().contains(&refused));
        bench.pass_ms(2 * FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        assert_eq!(bench.heard(main), [hello(None)]);
    });
}

/// A newcomer has another uid: what the old one was in a room would stay there as a ghost.
#[test]
fn a_guest_whose_token_is_refused_leaves_its_world_before_it_says_hello_anew() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        bench.heard(main);
        bench.say(main, &Error { code: ErrorCode::BAD_TOKEN, about: Hello::OPCODE.0 });
        assert_eq!(bench.heard(world), [Said::of(&Leave {}), bye(ErrorCode::GOODBYE)]);
        assert_eq!(bench.links().1, WorldState::Outside);
        bench.disconnect(world);
        bench.disconnect(main);
        bench.pass_ms(2 * FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        bench.say(main, &Welcome { version: 2, uid: Uid(8), token: TOKEN });
        assert_eq!(bench.heard(main), [hello(None), asking()]);
        bench.send_to_world(main);
        let world = bench.connect_to(WORLD);
        let join = Join {
            versions: Versions::OURS,
            uid: Uid(8),
            handshake_key: Some(KEY),
            fingerprint: 0,
        };
        assert_eq!(bench.heard(world), [Said::of(&join)]);
    });
}

/// However it comes: with another uid nobody stays in a world, nor on the way to one.
#[test]
fn another_uid_leaves_the_world_of_the_former() {
    for goes_inside in [true, false] {
        with_client(|bench| {
            let main = bench.meet_main();
            let world = bench.reach_world(main);
            if goes_inside {
                bench.say(world, &join_ok());
            }
            bench.disconnect(main);
            bench.pass_ms(FIRST_MS + TICK_MS);
            let main = bench.connect_to("main:7");
            bench.say(main, &Welcome { version: 2, uid: Uid(8), token: TOKEN });
            assert_eq!(bench.heard(world).last(), Some(&bye(ErrorCode::GOODBYE)));
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside));
            bench.disconnect(world);
            bench.pass_ms(2 * FIRST_MS + TICK_MS);
            assert_eq!(bench.heard(main), [hello(Some(TOKEN)), asking()]);
        });
    }
}

/// Other refusals say nothing about the token, and neither does a world.
#[test]
fn a_token_that_is_not_refused_is_kept() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.say(main, &Error { code: ErrorCode::FULL, about: Hello::OPCODE.0 });
        bench.say(world, &Error { code: ErrorCode::BAD_TOKEN, about: 0 });
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
    });
}

#[test]
fn whoever_is_replaced_stops_for_good() {
    for code in [ErrorCode::REPLACED, ErrorCode::DETACHED] {
        with_client(|bench| {
            let (main, world) = bench.go_inside();
            bench.say(main, &Bye { reason: code });
            let stops = code == ErrorCode::REPLACED;
            assert_eq!(bench.notes().contains(&Noted::Stopped(code)), stops);
            assert_eq!(bench.links().0 == MainState::Stopped, stops);
            assert_eq!(bench.ended(world).is_some(), stops);
            bench.requests();
            bench.pass_ms(10 * MOST_MS);
            assert_eq!(bench.wants_to_connect(), !stops);
        });
    }
}

/// A world that shows it out because of a second login is lost like any other: Main decides.
#[test]
fn a_world_can_t_stop_a_client() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.say(world, &Bye { reason: ErrorCode::REPLACED });
        assert_eq!(bench.notes(), [Noted::WorldLost(ErrorCode::REPLACED)]);
        bench.pass_ms(FIRST_MS + TICK_MS);
        assert_eq!(bench.heard(main), [asking()]);
    });
}

#[test]
fn main_has_no_world() {
    with_client(|bench| {
        let main = bench.meet_main();
        bench.notes();
        for attempt in 0..5 {
            bench.say(main, &Error { code: ErrorCode::FULL, about: EnterWorldReq::OPCODE.0 });
            assert_eq!(bench.notes(), [Noted::EnterRefused(ErrorCode::FULL)]);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside));
            let whole_ms = (FIRST_MS << attempt).min(MOST_MS);
            bench.pass_ms(whole_ms / 2 - 1);
            assert_eq!(bench.heard(main), []);
            bench.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
            assert_eq!(bench.heard(main), [asking()]);
        }
        // Being inside starts the waits anew.
        let world = bench.reach_world(main);
        bench.say(world, &join_ok());
        bench.disconnect(world);
        bench.pass_ms(FIRST_MS + TICK_MS);
        assert_eq!(bench.heard(main), [asking()]);
    });
}

/// Each of these loses the world on the way to it or in it; then Main is asked for another.
#[test]
fn the_world_is_lost() {
    type Way = (fn(&mut ClientBench<'_>, SessionKey), Vec<Noted>);
    let lost = ErrorCode::LOST;
    let denied = Noted::JoinDenied(JoinDenial::KEY_EXPIRED, 0, std::string::String::new());
    let ways: [Way; 6] = [
        (fail_to_reach_world, vec![Noted::WorldLost(ErrorCode::UNREACHABLE)]),
        (hang_up_while_joining, vec![Noted::WorldLost(lost)]),
        (never_answer_the_join, vec![Noted::WorldLost(ErrorCode::GREETING_TIMEOUT)]),
        (deny_the_join, vec![denied, Noted::WorldLost(lost)]),
        (hang_up_inside, vec![Noted::Joined(join_ok()), Noted::WorldLost(lost)]),
        (
            say_nonsense_inside,
            vec![Noted::Joined(join_ok()), Noted::WorldLost(ErrorCode::MALFORMED)],
        ),
    ];
    for (lose, expected) in ways {
        with_client(|bench| {
            let main = bench.meet_main();
            bench.notes();
            lose(bench, main);
            assert_eq!(bench.notes(), expected);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside));
            assert_eq!(bench.heard(main), []);
            bench.pass_ms(FIRST_MS + TICK_MS);
            assert_eq!(bench.heard(main), [asking()]);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
            bench.pass_ms(BENCH_CONFIG.drain_timeout_ms + TICK_MS);
            let world = bench.reach_world(main);
            bench.say(world, &join_ok());
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
        });
    }
}

fn fail_to_reach_world(bench: &mut ClientBench<'_>, main: SessionKey) {
    bench.send_to_world(main);
    let asked = bench.requests();
    let Some(Asked::Connect { key, .. }) = asked.first() else { panic!("{asked:?}") };
    bench.connect_failed(*key);
}

fn hang_up_while_joining(bench: &mut ClientBench<'_>, main: SessionKey) {
    let world = bench.reach_world(main);
    bench.disconnect(world);
}

fn never_answer_the_join(bench: &mut ClientBench<'_>, main: SessionKey) {
    bench.reach_world(main);
    bench.say(main, &Pong { nonce: 0 });
    bench.pass_ms(GREETING_MS);
}

fn deny_the_join(bench: &mut ClientBench<'_>, main: SessionKey) {
    let world = bench.reach_world(main);
    bench.say(world, &JoinDenied { reason: JoinDenial::KEY_EXPIRED, code: 0, text: Text::EMPTY });
    bench.disconnect(world);
}

fn hang_up_inside(bench: &mut ClientBench<'_>, main: SessionKey) {
    let world = bench.reach_world(main);
    bench.say(world, &join_ok());
    bench.disconnect(world);
}

fn say_nonsense_inside(bench: &mut ClientBench<'_>, main: SessionKey) {
    let world = bench.reach_world(main);
    bench.say(world, &join_ok());
    bench.say_bytes(world, &[5, 0, 0x01, 0x21, 0, 0, 0xFF]);
}

#[test]
fn a_room_outlives_the_loss_of_main() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.disconnect(main);
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Inside));
        let moved = bench.act(|client, cx| client.move_to(cx, Position::ORIGIN, Direction(0)));
        assert_eq!((moved, bench.heard(world).len()), (Ok(()), 1));
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        bench.welcome(main);
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]); // and no question for a world
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
        bench.disconnect(world);
        bench.pass_ms(FIRST_MS + TICK_MS);
        assert_eq!(bench.heard(main), [asking()]);
    });
}

#[test]
fn a_way_to_a_room_outlives_the_loss_of_main() {
    with_client(|bench| {
        let main = bench.meet_main();
        bench.send_to_world(main);
        bench.disconnect(main);
        let world = bench.connect_to(WORLD);
        assert_eq!(bench.heard(world), [joining()]);
        bench.say(world, &join_ok());
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Inside));
    });
}

#[test]
fn a_question_that_main_took_with_it_is_asked_anew() {
    with_client(|bench| {
        let main = bench.meet_main();
        bench.disconnect(main);
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside));
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        bench.welcome(main);
        assert_eq!(bench.heard(main), [hello(Some(TOKEN)), asking()]);
    });
}

#[test]
fn both_are_lost_and_both_come_back() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.disconnect(main);
        bench.disconnect(world);
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside));
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_to("main:7");
        bench.welcome(main);
        assert_eq!(bench.heard(main), [hello(Some(TOKEN)), asking()]);
        let world = bench.reach_world(main);
        bench.say(world, &join_ok());
        bench.pass_ms(2 * MOST_MS);
        assert_eq!((bench.heard(main), bench.heard(world)), (vec![], vec![]));
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
    });
}

#[test]
fn a_client_without_a_session_for_the_world_asks_again() {
    with_sizes(Sizes { sessions: 1, ..Sizes::ALL }, |bench| {
        let main = bench.meet_main();
        for _ in 0..3 {
            bench.send_to_world(main);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside));
            bench.pass_ms(MOST_MS + TICK_MS);
            assert_eq!(bench.heard(main), [asking()]);
        }
    });
}

#[test]
fn a_client_without_a_session_for_main_tries_again() {
    with_sizes(Sizes { sessions: 1, ..Sizes::ALL }, |bench| {
        let other = bench.accept();
        bench.start();
        assert_eq!((bench.links().0, bench.requests()), (MainState::Waiting, vec![]));
        bench.disconnect(other);
        bench.pass_ms(FIRST_MS + TICK_MS);
        bench.connect_to("main:7");
    });
}
