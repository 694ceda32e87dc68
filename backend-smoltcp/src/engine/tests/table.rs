//! The transition table: every state of a link, with every state of its socket.

use super::*;

const SOCKETS: [SocketState; 6] = [
    SocketState::Idle,
    SocketState::Listening,
    SocketState::Connecting,
    SocketState::Open,
    SocketState::Ended,
    SocketState::Resetting,
];

const LINKS: [&str; 7] =
    ["closed", "listening", "knocked", "dialing", "open", "finishing", "resetting"];

/// One row a link state, one column a socket state: the state after one step, what is asked of the
/// socket, what the role is told.
#[rustfmt::skip]
const TABLE: [[&str; 6]; 7] = [
    // Idle              Listening             Connecting            Open                  Ended                 Resetting
    ["listening listen", "resetting abort",    "resetting abort",    "resetting abort",    "resetting abort",    "closed"],
    ["listening listen", "listening",          "knocked",            "open accepted",      "open accepted",      "listening listen"],
    ["listening listen", "listening",          "knocked",            "open accepted",      "open accepted",      "listening listen"],
    ["closed ended",     "closed ended",       "dialing",            "open connected",     "open connected",     "closed ended"],
    [ENDS,               ENDS,                 ENDS,                 "open",               ENDS,                 ENDS],
    ["listening listen", "finishing",          "finishing",          "finishing",          "finishing",          "finishing"],
    ["listening listen", "resetting",          "resetting",          "resetting",          "resetting",          "resetting"],
];

const ENDS: &str = "finishing shut ended";

/// The same, when a link has waited for its peer as long as it may.
#[rustfmt::skip]
const OVERDUE: [(&str, [&str; 6]); 3] = [
    ("knocked",   ["listening listen", "listening",        "resetting abort",  "open accepted",    "open accepted",    "listening listen"]),
    ("finishing", ["listening listen", "resetting abort",  "resetting abort",  "resetting abort",  "resetting abort",  "resetting abort"]),
    ("resetting", ["listening listen"; 6]),
];

fn name(state: LinkState) -> &'static str {
    match state {
        LinkState::Closed => "closed",
        LinkState::Listening => "listening",
        LinkState::Knocked(_) => "knocked",
        LinkState::Dialing(_) => "dialing",
        LinkState::Open(_) => "open",
        LinkState::Finishing(_) => "finishing",
        LinkState::Resetting(_) => "resetting",
    }
}

/// The listening link's number, and that of the one for connections of our own.
const LISTENING: usize = 0;
const OWN: usize = 1;

/// A link in a state, and what the node knows of it then.
fn enter(bench: &mut Bench<'_>, state: &str) -> usize {
    let since = bench.now.stamp();
    let (number, state) = match state {
        "closed" => (LISTENING, LinkState::Closed),
        "listening" => (LISTENING, LinkState::Listening),
        "knocked" => (LISTENING, LinkState::Knocked(since)),
        "finishing" => (LISTENING, LinkState::Finishing(since)),
        "resetting" => (LISTENING, LinkState::Resetting(since)),
        "dialing" => {
            let key = bench.own_session();
            assert!(bench.engine.node.poll_request().is_some());
            (OWN, LinkState::Dialing(key))
        }
        "open" => {
            let address = PeerAddress::default();
            let accepted = bench.with(|engine, turn, _| engine.node.handle_accepted(turn, address));
            (LISTENING, LinkState::Open(accepted.unwrap()))
        }
        unknown => panic!("{unknown}"),
    };
    bench.engine.set(number, state);
    bench.seen();
    number
}

fn step_from(link: &str, socket: SocketState, waited_ms: u32) -> String {
    let mut outcome = String::new();
    with_bench(1, 1, |bench| {
        let number = enter(bench, link);
        bench.bank.sockets[number].state = socket;
        bench.pass_ms(waited_ms);
        bench.engine.now = bench.now;
        bench.with(|engine, turn, bank| engine.step(number, turn, bank));
        let state = bench.engine.links[number].state;
        let words = std::iter::once(name(state)).chain(bench.seen());
        outcome = words.collect::<Vec<_>>().join(" ");
    });
    outcome
}

#[test]
fn every_state_of_a_link_with_every_state_of_its_socket() {
    for (link, row) in LINKS.iter().zip(TABLE) {
        for (socket, expected) in SOCKETS.iter().zip(row) {
            assert_eq!(step_from(link, *socket, 0), expected, "{link}, {socket:?}");
        }
    }
}

#[test]
fn a_link_that_has_waited_too_long() {
    for (link, row) in OVERDUE {
        let limit_ms = match link {
            "knocked" => KNOCK_TIMEOUT_MS,
            "finishing" => FINISH_TIMEOUT_MS,
            _ => RESET_TIMEOUT_MS,
        };
        let index = LINKS.iter().position(|name| *name == link).unwrap();
        for ((socket, expected), in_time) in SOCKETS.iter().zip(row).zip(TABLE[index]) {
            assert_eq!(step_from(link, *socket, limit_ms), expected, "{link}, {socket:?}");
            assert_eq!(step_from(link, *socket, limit_ms - 1), in_time, "{link}, {socket:?}");
        }
    }
}
