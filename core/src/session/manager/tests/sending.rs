//! What goes out: allowances of buffers, and when input waits for the output.

use super::*;
use crate::config::NetConfig;
use crate::node::Taken;
use crate::node::testing::{Said, frame_of};
use crate::protocol::SendError;
use crate::protocol::either_way::{Ping, Pong};

/// Seven bytes as a frame; nine of them fill a buffer of 64.
const PING: Ping = Ping { nonce: 1 };
const PINGS_PER_BUFFER: usize = 9;

const SIZES: Sizes = Sizes { send_buffer_bytes: 64, send_buffers: 10, ..Sizes::ALL };
const CONFIG: NetConfig =
    NetConfig { send_buffers_per_session: 2, send_buffers_per_server: 4, ..BENCH_CONFIG };

fn with_small_buffers(test: impl FnOnce(&mut Bench<'_, Recorder>)) {
    with_recorder(SIZES, CONFIG, Recorder::default(), test);
}

impl Bench<'_, Recorder> {
    /// Sends pings until it does not go on, transmits nothing, and answers how many went.
    fn fill(&mut self, key: SessionKey) -> usize {
        self.turn(|node, turn| {
            node.act(turn, |_, cx| {
                let sent = (0..1_000).take_while(|_| cx.sessions.send(key, &PING).is_ok()).count();
                assert_eq!(cx.sessions.send(key, &PING), Err(SendError::Full));
                sent
            })
        })
    }

    /// Sends pings and transmits nothing.
    fn send_silently(&mut self, key: SessionKey, pings: usize) {
        self.turn(|node, turn| {
            node.act(turn, |_, cx| {
                for _ in 0..pings {
                    assert_eq!(cx.sessions.send(key, &PING), Ok(()));
                }
            });
        });
    }

    /// Offers a frame, and answers how much of it is taken.
    fn offer(&mut self, key: SessionKey) -> Taken {
        let frame = frame_of(&Pong { nonce: 0 });
        self.turn(|node, turn| node.handle_received(turn, key, &frame))
    }
}

#[test]
fn a_client_may_hold_so_many_buffers_and_a_server_more() {
    with_small_buffers(|bench| {
        let client = bench.accept_proven(Trust::Client);
        assert_eq!(bench.fill(client), 2 * PINGS_PER_BUFFER);
        let server = bench.accept_proven(Trust::Server);
        assert_eq!(bench.fill(server), 4 * PINGS_PER_BUFFER);
        let stranger = bench.accept();
        assert_eq!(bench.fill(stranger), 2 * PINGS_PER_BUFFER);
        bench.drive();
        for (key, buffers) in [(client, 2), (server, 4), (stranger, 2)] {
            assert_eq!(bench.heard(key).len(), buffers * PINGS_PER_BUFFER);
        }
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
        assert_eq!(bench.stats().overflows, 0);
    });
}

#[test]
fn nothing_is_lost_when_sending_goes_on_after_full() {
    with_small_buffers(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.limit(key, 30);
        bench.fill(key);
        bench.drive(); // 30 bytes go, and the first buffer with them only when it is empty
        assert_eq!(bench.fill(key), 0);
        bench.unblock(key, 40); // the rest of the first buffer, and a little
        assert_eq!(bench.fill(key), PINGS_PER_BUFFER);
        bench.unblock(key, usize::MAX);
        let expected = std::vec![Said::of(&PING); 3 * PINGS_PER_BUFFER];
        assert_eq!(bench.heard(key), expected);
    });
}

#[test]
fn what_a_peer_can_t_do_without_closes_it_when_it_does_not_fit() {
    with_small_buffers(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.limit(key, 0);
        bench.fill(key);
        assert_eq!(bench.stats().overflows, 0);
        bench.act(|_, cx| cx.sessions.send_or_close(cx.now, key, &PING));
        assert_eq!(bench.state(key), Some(SessionState::Draining));
        assert_eq!(bench.ended(key), Some(ErrorCode::TOO_SLOW));
        assert_eq!((bench.stats().overflows, bench.stats().violations), (1, 0));
        // What it was promised before, it still gets.
        bench.unblock(key, usize::MAX);
        assert_eq!(bench.heard(key).len(), 2 * PINGS_PER_BUFFER);
    });
}

#[test]
fn one_session_can_t_have_what_the_others_hold() {
    with_small_buffers(|bench| {
        let hogs = [0; 5].map(|_| bench.accept_proven(Trust::Client));
        for hog in hogs {
            bench.limit(hog, 0);
            assert_eq!(bench.fill(hog), 2 * PINGS_PER_BUFFER);
        }
        let late = bench.accept_proven(Trust::Client);
        assert_eq!(bench.fill(late), 0);
        assert_eq!(bench.node.sessions().buffers_available(), 0);
        bench.disconnect(hogs[0]);
        assert_eq!(bench.fill(late), 2 * PINGS_PER_BUFFER);
    });
}

#[test]
fn nothing_is_sent_to_a_session_that_is_not_open() {
    with_small_buffers(|bench| {
        use SessionState as S;
        for state in [S::Connecting, S::Draining, S::Lingering, S::Gone] {
            let key = bench.session_in(state);
            let held = bench.node.sessions().buffers_in_use();
            let refused = bench.act(|_, cx| {
                cx.sessions.send_or_close(cx.now, key, &PING);
                cx.sessions.send(key, &PING)
            });
            assert_eq!(refused, Err(SendError::Closed), "{state:?}");
            assert_eq!(bench.node.sessions().buffers_in_use(), held);
        }
        assert_eq!(bench.stats().overflows, 0);
    });
}

#[test]
fn the_sink_of_a_session_is_its_queue() {
    use crate::protocol::either_way::Proxy;
    with_small_buffers(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench
            .act(|_, cx| {
                let mut proxy = Proxy { sink: cx.sessions.sink(key) };
                proxy.ping(&PING)
            })
            .unwrap();
        assert_eq!(bench.heard(key), [Said::of(&PING)]);
    });
}

/// Half of four buffers may be taken; one byte more, and everyone's input waits.
#[test]
fn both_sides_of_the_crowd_at_a_link_to_a_server() {
    with_small_buffers(|bench| {
        let server = bench.accept_proven(Trust::Server);
        let client = bench.accept_proven(Trust::Client);
        bench.send_silently(server, 2 * PINGS_PER_BUFFER);
        assert_eq!(bench.offer(client), Taken::All);
        bench.send_silently(server, 1);
        for key in [client, server] {
            assert_eq!(bench.offer(key), Taken::Part(0));
        }
        bench.transmit();
        assert_eq!(bench.offer(client), Taken::All);
        assert_eq!(bench.heard(server).len(), 2 * PINGS_PER_BUFFER + 1);
    });
}

/// A burst that is answered packet by packet does not close the one who sends it.
#[test]
fn a_client_s_crowd_is_waited_for_by_its_own_input_alone() {
    with_small_buffers(|bench| {
        let client = bench.accept_proven(Trust::Client);
        let other = bench.accept_proven(Trust::Client);
        bench.send_silently(client, PINGS_PER_BUFFER);
        assert_eq!(bench.offer(client), Taken::All);
        bench.send_silently(client, 1);
        assert_eq!(bench.offer(client), Taken::Part(0));
        assert_eq!(bench.offer(other), Taken::All);
        bench.transmit();
        assert_eq!(bench.offer(client), Taken::All);
        assert_eq!(bench.stats().overflows, 0);
    });
}

#[test]
fn a_client_that_takes_nothing_is_not_waited_for() {
    with_small_buffers(|bench| {
        let client = bench.accept_proven(Trust::Client);
        bench.limit(client, 0);
        bench.send_silently(client, 2 * PINGS_PER_BUFFER);
        bench.transmit();
        assert_eq!(bench.offer(client), Taken::All);
    });
}

#[test]
fn a_link_that_takes_nothing_is_not_waited_for() {
    with_small_buffers(|bench| {
        let server = bench.accept_proven(Trust::Server);
        let client = bench.accept_proven(Trust::Client);
        bench.limit(server, 5);
        bench.send_silently(server, 3 * PINGS_PER_BUFFER);
        assert_eq!(bench.offer(client), Taken::Part(0));
        bench.transmit(); // five bytes, and then it is full
        assert_eq!(bench.offer(client), Taken::All);
        bench.send_silently(server, 1);
        assert_eq!(bench.offer(client), Taken::All);
        bench.unblock(server, usize::MAX);
        assert_eq!(bench.heard(server).len(), 3 * PINGS_PER_BUFFER + 1);
    });
}

#[test]
fn a_crowded_link_that_ends_is_not_waited_for() {
    with_small_buffers(|bench| {
        let server = bench.accept_proven(Trust::Server);
        let client = bench.accept_proven(Trust::Client);
        bench.send_silently(server, 3 * PINGS_PER_BUFFER);
        bench.turn(|node, turn| node.handle_disconnected(turn, server));
        assert_eq!(bench.offer(client), Taken::All);
    });
}

/// What waited is taken by the step that follows, in order and once.
#[test]
fn waiting_input_is_heard_after_the_transmission() {
    with_small_buffers(|bench| {
        let server = bench.accept_proven(Trust::Server);
        let client = bench.accept_proven(Trust::Client);
        bench.send_silently(server, 3 * PINGS_PER_BUFFER);
        let input = [frame_of(&Ping { nonce: 1 }), frame_of(&Ping { nonce: 2 })].concat();
        bench.say_silently(client, &input);
        assert_eq!(bench.unheard_bytes(client), input.len());
        bench.drive();
        assert_eq!(bench.unheard_bytes(client), 0);
        let pongs = [Said::of(&Pong { nonce: 1 }), Said::of(&Pong { nonce: 2 })];
        assert_eq!(bench.heard(client), pongs);
    });
}
