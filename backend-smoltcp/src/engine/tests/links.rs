//! What links do over several turns.

use super::*;

/// A peer comes to the listening link `number`.
fn come(bench: &mut Bench<'_>, number: usize) -> SessionKey {
    assert_eq!(bench.bank.sockets[number].state, SocketState::Listening);
    bench.bank.sockets[number].state = SocketState::Open;
    bench.turn();
    bench.engine.links[number].state.key().expect("a session")
}

fn say(bench: &mut Bench<'_>, number: usize, bytes: &[u8]) {
    bench.bank.sockets[number].received.extend(bytes);
    bench.bank.sockets[number].received.make_contiguous();
}

#[test]
fn a_link_listens_again_after_its_peer_s_end() {
    with_bench(1, 0, |bench| {
        bench.turn();
        let key = come(bench, 0);
        bench.bank.sockets[0].state = SocketState::Ended;
        bench.turn();
        assert!(!bench.is_alive(key));
        assert_eq!(bench.seen(), ["listen", "shut", "accepted", "ended"]);
        bench.bank.sockets[0].state = SocketState::Idle;
        bench.turn();
        assert_eq!(bench.seen(), ["listen"]);
        assert_ne!(come(bench, 0), key);
    });
}

#[test]
fn what_a_peer_asks_before_its_end_is_answered() {
    with_bench(1, 0, |bench| {
        bench.turn();
        come(bench, 0);
        say(bench, 0, &ask_for(2));
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(2));
        // A question, and the end behind it, before the node has sent the answer.
        say(bench, 0, &ask_for(3));
        bench.with(|engine, turn, bank| engine.step(0, turn, bank));
        bench.bank.sockets[0].state = SocketState::Ended;
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, [pings(2), pings(3)].concat());
    });
}

#[test]
fn a_full_socket_gets_whole_frames_and_the_rest_later() {
    with_bench(1, 0, |bench| {
        bench.turn();
        come(bench, 0);
        bench.bank.sockets[0].room = 13; // a ping has 7 bytes
        say(bench, 0, &ask_for(3));
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(1));
        assert!(bench.engine.links()[0].is_blocked());
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(1), "no room has come");
        bench.bank.sockets[0].room = 7;
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(2));
        bench.bank.sockets[0].room = 6;
        bench.turn();
        bench.bank.sockets[0].room = 50;
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(3));
        assert!(!bench.engine.links()[0].is_blocked());
    });
}

#[test]
fn both_sides_of_the_shortest_send_buffer() {
    for (capacity, is_served) in [(7, true), (6, false)] {
        with_bench(1, 0, |bench| {
            bench.turn();
            bench.bank.sockets[0].capacity = capacity;
            bench.bank.sockets[0].room = capacity;
            let key = come(bench, 0);
            bench.seen();
            say(bench, 0, &ask_for(1));
            bench.turn();
            assert_eq!(bench.is_alive(key), is_served);
            assert_eq!(bench.engine.unsendable(), u32::from(!is_served));
            let expected: &[&str] = if is_served { &[] } else { &["abort", "ended"] };
            assert_eq!(bench.seen(), expected);
        });
    }
}

#[test]
fn an_end_with_an_answer_that_does_not_fit_is_one_end() {
    with_bench(1, 0, |bench| {
        bench.turn();
        bench.bank.sockets[0].capacity = 6;
        bench.bank.sockets[0].room = 6;
        come(bench, 0);
        bench.seen();
        say(bench, 0, &ask_for(1));
        bench.with(|engine, turn, bank| engine.step(0, turn, bank));
        bench.bank.sockets[0].state = SocketState::Ended;
        bench.turn();
        assert_eq!(bench.seen(), ["abort", "ended"]);
    });
}

#[test]
fn a_partial_frame_without_a_buffer_waits_in_its_socket_and_misses_no_wake() {
    with_bench(2, 0, |bench| {
        bench.turn();
        come(bench, 0);
        come(bench, 1);
        let question = ask_for(0);
        say(bench, 1, &question[..3]);
        bench.turn();
        assert_eq!(bench.engine.node().receive_buffers_in_use(), 1);
        say(bench, 0, &question[..3]);
        bench.turn();
        assert_eq!(bench.bank.sockets[0].received.len(), 3, "there is one buffer");
        assert!(bench.engine.next_turn() > Some(bench.now), "an idle engine rests");
        // The second link's turn comes after the first one's, and nothing else would wake that.
        say(bench, 1, &question[3..]);
        bench.turn();
        assert_eq!(bench.frames(), 1);
        assert_eq!(bench.engine.next_turn(), Some(Instant::ZERO));
        bench.turn();
        assert!(bench.bank.sockets[0].received.is_empty());
        assert!(bench.engine.next_turn() > Some(bench.now));
        say(bench, 0, &question[3..]);
        bench.turn();
        assert_eq!(bench.frames(), 2);
    });
}

#[test]
fn whole_frames_pass_while_there_is_no_buffer() {
    with_bench(2, 0, |bench| {
        bench.turn();
        come(bench, 0);
        come(bench, 1);
        say(bench, 1, &ask_for(0)[..3]);
        bench.turn();
        say(bench, 0, &ask_for(1));
        bench.turn();
        assert_eq!(bench.bank.sockets[0].sent, pings(1));
    });
}

#[test]
fn more_peers_than_sessions_are_reset() {
    with_bench(5, 0, |bench| {
        bench.turn();
        for number in 0..4 {
            come(bench, number);
        }
        bench.seen();
        bench.bank.sockets[4].state = SocketState::Open;
        bench.turn();
        assert_eq!(bench.seen(), ["abort"]);
        bench.bank.sockets[4].state = SocketState::Idle;
        bench.turn();
        assert_eq!(bench.seen(), ["listen"]);
    });
}

#[test]
fn a_half_open_connection_frees_its_listener() {
    with_bench(1, 0, |bench| {
        bench.turn();
        bench.bank.sockets[0].state = SocketState::Connecting;
        bench.turn();
        assert_eq!(bench.engine.next_turn(), Some(bench.now.after_ms(KNOCK_TIMEOUT_MS)));
        bench.pass_ms(KNOCK_TIMEOUT_MS);
        bench.turn();
        assert_eq!(bench.seen(), ["listen", "abort"]);
        bench.pass_ms(RESET_TIMEOUT_MS);
        bench.turn();
        assert_eq!(bench.seen(), ["listen"], "though its peer can't be told");
    });
}

#[test]
fn a_connection_of_our_own_takes_a_free_link_or_fails() {
    with_bench(1, 1, |bench| {
        bench.turn();
        let first = bench.own_session();
        bench.turn();
        assert_eq!(bench.seen(), ["listen", "connect"]);
        let second = bench.own_session();
        bench.turn();
        assert!(!bench.is_alive(second), "the listening link is not for it");
        assert_eq!(bench.seen(), ["ended"]);
        say(bench, 1, &ask_for(1));
        bench.bank.sockets[1].state = SocketState::Open;
        bench.turn();
        assert!(bench.is_alive(first));
        assert_eq!(bench.bank.sockets[1].sent, pings(1), "what came with it is answered at once");
    });
}

#[test]
fn a_connection_without_a_way_fails_at_once() {
    with_bench(0, 1, |bench| {
        bench.bank.connects = false;
        let key = bench.own_session();
        bench.turn();
        assert!(!bench.is_alive(key));
        assert_eq!(bench.engine.links[0].state, LinkState::Closed);
    });
}

#[test]
fn closing_down_ends_when_the_last_words_have_arrived() {
    with_bench(1, 0, |bench| {
        bench.turn();
        come(bench, 0);
        bench.seen();
        bench.with(|engine, turn, _| engine.node_mut().handle_shutdown(turn));
        bench.turn();
        assert_eq!(bench.seen(), ["shut", "ended"]);
        bench.bank.sockets[0].state = SocketState::Ended;
        bench.turn();
        assert!(bench.engine.node().is_finished() && !bench.engine.is_finished());
        bench.bank.sockets[0].state = SocketState::Idle;
        bench.turn();
        assert!(bench.engine.is_finished());
        assert_eq!(bench.seen(), ["shut"], "it does not listen any more");
    });
}
