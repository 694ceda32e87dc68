//! Stopping, in every state: all sessions end, and nothing is tried again.

use super::*;
use crate::node::Node;
use crate::protocol::Outlook;

/// Leads a client into one of its states.
type Lead = (fn(&mut ClientBench<'_>), ClientState);

const STATES: [Lead; 9] = [
    (|_| {}, (MainState::Waiting, WorldState::Outside)),
    (|bench| bench.start(), (MainState::Connecting, WorldState::Outside)),
    (say_hello, (MainState::Greeting, WorldState::Outside)),
    (ask, (MainState::Ready, WorldState::Asking)),
    (be_refused, (MainState::Ready, WorldState::Outside)),
    (be_sent, (MainState::Ready, WorldState::Connecting)),
    (say_join, (MainState::Ready, WorldState::Joining)),
    (be_inside, (MainState::Ready, WorldState::Inside)),
    (lose_main, (MainState::Waiting, WorldState::Inside)),
];

fn say_hello(bench: &mut ClientBench<'_>) {
    bench.start();
    bench.connect_to("main:7");
}

fn ask(bench: &mut ClientBench<'_>) {
    bench.meet_main();
}

fn be_inside(bench: &mut ClientBench<'_>) {
    bench.go_inside();
}

fn be_refused(bench: &mut ClientBench<'_>) {
    let main = bench.meet_main();
    bench.say(main, &Error { code: ErrorCode::NO_WORLD, about: EnterWorldReq::OPCODE.0 });
}

fn be_sent(bench: &mut ClientBench<'_>) {
    let main = bench.meet_main();
    bench.send_to_world(main);
}

fn say_join(bench: &mut ClientBench<'_>) {
    let main = bench.meet_main();
    bench.reach_world(main);
}

fn lose_main(bench: &mut ClientBench<'_>) {
    let (main, _) = bench.go_inside();
    bench.disconnect(main);
}

/// `end`s a client in every state, and checks what must hold afterwards.
fn check_every_state(end: fn(&mut ClientBench<'_>), reason: ErrorCode) {
    for (lead, state) in STATES {
        with_client(|bench| {
            lead(bench);
            assert_eq!(bench.links(), state);
            bench.notes();
            let had_main = !matches!(state.0, MainState::Waiting);
            end(bench);
            assert_eq!(bench.links().1, WorldState::Outside);
            let notes = bench.notes();
            let stops = notes.iter().filter(|noted| **noted == Noted::Stopped(reason));
            assert_eq!(stops.count(), usize::from(had_main), "{state:?}: {notes:?}");
            bench.requests();
            bench.pass_ms(20 * MOST_MS);
            assert!(!bench.wants_to_connect(), "{state:?}");
            assert!(bench.node.sessions().is_empty(), "{state:?}");
            assert_eq!(bench.notes(), []);
        });
    }
}

#[test]
fn in_every_state_on_demand() {
    let stop = |bench: &mut ClientBench<'_>| bench.stop();
    check_every_state(stop, ErrorCode::GOODBYE);
}

#[test]
fn in_every_state_because_the_node_closes_down() {
    let shut_down = |bench: &mut ClientBench<'_>| {
        bench.turn(Node::handle_shutdown);
        bench.drive();
    };
    check_every_state(shut_down, ErrorCode::SHUTTING_DOWN);
}

#[test]
fn a_stopped_client_does_not_start_again() {
    with_client(|bench| {
        bench.go_inside();
        bench.stop();
        bench.stop();
        bench.start();
        bench.requests();
        bench.pass_ms(20 * MOST_MS);
        assert!(!bench.wants_to_connect());
        assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside));
    });
}

const FOR_GOOD: [ErrorCode; 7] = [
    ErrorCode::BAD_VERSION,
    ErrorCode::REMOVED,
    ErrorCode::REVOKED,
    ErrorCode::BANNED,
    ErrorCode::GAME_CHANGED,
    ErrorCode::BAD_NAME,
    ErrorCode::TLS_NEEDED,
];

/// Says goodbye, or refuses what was said and hangs up.
const WAYS: [fn(&mut ClientBench<'_>, SessionKey, ErrorCode); 2] = [
    |bench, server, code| bench.say(server, &Bye { reason: code }),
    |bench, server, code| {
        bench.say(server, &Error { code, about: 0 });
        bench.disconnect(server);
    },
];

fn expect_stopped(bench: &mut ClientBench<'_>, code: ErrorCode) {
    assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside), "{code:?}");
    let notes = bench.notes();
    let stops = notes.iter().filter(|noted| matches!(noted, Noted::Stopped(_)));
    assert_eq!(stops.collect::<Vec<_>>(), [&Noted::Stopped(code)], "{notes:?}");
    bench.requests();
    bench.pass_ms(60 * MOST_MS);
    assert!(!bench.wants_to_connect(), "{code:?}");
    assert!(bench.node.sessions().is_empty(), "{code:?}");
}

#[test]
fn what_main_says_for_good() {
    for (code, way) in FOR_GOOD.iter().flat_map(|code| WAYS.map(|way| (*code, way))) {
        for lead in [say_hello, ask, be_refused, be_sent, say_join, be_inside] {
            with_client(|bench| {
                lead(bench);
                bench.notes();
                let main = bench.role().machine().main_session;
                way(bench, main, code);
                expect_stopped(bench, code);
            });
        }
    }
}

#[test]
fn what_a_world_says_for_good_with_main_and_without() {
    for (code, way) in FOR_GOOD.iter().flat_map(|code| WAYS.map(|way| (*code, way))) {
        for lead in [say_join, be_inside, lose_main] {
            with_client(|bench| {
                lead(bench);
                bench.notes();
                let world = bench.role().machine().world_session;
                way(bench, world, code);
                expect_stopped(bench, code);
            });
        }
    }
}

#[test]
fn what_can_change_is_tried_again() {
    let all = ErrorCode::ALL.iter().copied().filter(|code| !FOR_GOOD.contains(code));
    // Who has a seat elsewhere asks for it at once: see `comeback`.
    for code in all.filter(|code| *code != ErrorCode::MOVED) {
        assert_ne!(code.outlook(), Outlook::Final);
        for way in WAYS {
            with_client(|bench| {
                let (_, world) = bench.go_inside();
                way(bench, world, code);
                assert_eq!(bench.links(), (MainState::Ready, WorldState::Outside), "{code:?}");
            });
        }
    }
}

#[test]
fn a_game_that_does_not_want_it_or_is_another_is_not_asked_again() {
    let no = [
        (JoinDenial::REFUSED, ErrorCode::REMOVED),
        (JoinDenial::BANNED, ErrorCode::BANNED),
        (JoinDenial::GAME_CHANGED, ErrorCode::GAME_CHANGED),
    ];
    let leads: [fn(&mut ClientBench<'_>); 2] = [say_join, be_inside];
    for ((reason, code), lead) in no.into_iter().flat_map(|no| leads.map(|lead| (no, lead))) {
        with_client(|bench| {
            lead(bench);
            bench.notes();
            let world = bench.role().machine().world_session;
            bench.say(world, &JoinDenied { reason, code: 7, text: Text::truncated("out") });
            let told = Noted::JoinDenied(reason, 7, "out".into());
            assert_eq!(bench.notes(), [told]);
            bench.disconnect(world);
            expect_stopped(bench, code);
        });
    }
}

/// Main refuses a wish with each code that there is, and with one that there is not.
#[test]
fn a_wish_that_stays_refused_is_not_made_again() {
    let new = ErrorCode(9_999);
    for code in ErrorCode::ALL.iter().copied().chain([new]) {
        with_client(|bench| {
            let main = bench.meet_main();
            bench.notes();
            bench.heard(main);
            bench.say(main, &Error { code, about: EnterWorldReq::OPCODE.0 });
            if code.outlook() != Outlook::Passing {
                let notes = [Noted::EnterRefused(code), Noted::Stopped(code)];
                assert_eq!(bench.notes(), notes);
                assert_eq!(bench.heard(main), [bye(ErrorCode::GOODBYE)], "{code:?}");
                bench.pass_ms(60 * MOST_MS);
                assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside));
                return assert!(!bench.wants_to_connect() && bench.node.sessions().is_empty());
            }
            assert_eq!(bench.notes(), [Noted::EnterRefused(code)]);
            assert_eq!(bench.heard(main), []);
            bench.pass_ms(FIRST_MS + TICK_MS);
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking), "{code:?}");
            assert_eq!(bench.heard(main).len(), 1, "{code:?}");
        });
    }
    let stay = ErrorCode::ALL.iter().filter(|code| code.outlook() == Outlook::FinalForWish);
    assert!(stay.eq(&[ErrorCode::WRONG_SECRET, ErrorCode::BAD_ROOM]));
}

#[test]
fn the_same_codes_about_anything_else_or_of_a_world_end_nothing() {
    for code in [ErrorCode::WRONG_SECRET, ErrorCode::BAD_ROOM] {
        with_client(|bench| {
            let (main, world) = bench.go_inside();
            bench.notes();
            let about = EnterWorldReq::OPCODE.0;
            bench.say(world, &Error { code, about });
            bench.say(main, &Error { code, about });
            bench.say(main, &Error { code, about: 0 });
            assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
            assert!(!bench.notes().contains(&Noted::Stopped(code)));
        });
    }
}

#[test]
fn a_realm_without_guests_is_not_asked_again_by_one() {
    with_client(|bench| {
        bench.start();
        let main = bench.connect_to("main:7");
        bench.say(main, &Error { code: ErrorCode::LOGIN_NEEDED, about: Hello::OPCODE.0 });
        bench.disconnect(main);
        expect_stopped(bench, ErrorCode::LOGIN_NEEDED);
    });
}
