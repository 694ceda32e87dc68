//! What sessions do under a role that only looks on: who is taken, what time does, how sessions end,
//! what is sent.

mod admission;
mod closing;
mod deadlines;
mod sending;
#[cfg(feature = "shares")]
mod strangers;

use super::{Farewell, TransportRequest};
use crate::node::testing::{Asked, BENCH_CONFIG, Bench, Recorder, Sizes, with_recorder};
use crate::protocol::ErrorCode;
use crate::session::{LinkTag, SessionKey, SessionState, Trust};

/// Runs `test` at a bench with the usual limits.
fn with_sessions(test: impl FnOnce(&mut Bench<'_, Recorder>)) {
    with_recorder(Sizes::ALL, BENCH_CONFIG, Recorder::default(), test);
}

impl Bench<'_, Recorder> {
    fn prove(&mut self, key: SessionKey, trust: Trust) {
        self.act(|_, cx| cx.sessions.prove(cx.now, key, trust));
    }

    fn accept_proven(&mut self, trust: Trust) -> SessionKey {
        let key = self.accept();
        self.prove(key, trust);
        key
    }

    fn close(&mut self, key: SessionKey, farewell: Farewell) {
        self.act(|_, cx| cx.sessions.close(cx.now, key, farewell));
    }

    /// A session that the driver has been asked to connect.
    fn dial(&mut self) -> SessionKey {
        let tag = LinkTag { kind: 9, index: 9 };
        let key = self.act(|_, cx| cx.sessions.connect(cx.now, tag)).expect("there is a slot");
        let address = self.role().address.clone();
        assert_eq!(self.requests(), [Asked::Connect { key, address }]);
        key
    }

    /// A session in `state`; one that is `Gone` waits for the driver to let go of it.
    fn session_in(&mut self, state: SessionState) -> SessionKey {
        let goodbye = Farewell::Bye(ErrorCode::GOODBYE);
        let key = match state {
            SessionState::Connecting | SessionState::Gone => self.dial(),
            SessionState::Greeting => self.accept(),
            SessionState::Ready | SessionState::Draining | SessionState::Lingering => {
                self.accept_proven(Trust::Client)
            }
        };
        if state == SessionState::Draining {
            self.limit(key, 0);
        }
        if matches!(state, SessionState::Draining | SessionState::Lingering) {
            self.close(key, goodbye);
            self.heard(key);
            self.requests();
        }
        if state == SessionState::Gone {
            self.turn(|node, turn| {
                node.act(turn, |_, cx| cx.sessions.close(cx.now, key, goodbye));
            });
        }
        assert_eq!(self.state(key), Some(state));
        key
    }
}

#[test]
fn requests_come_in_the_order_of_their_reasons() {
    with_sessions(|bench| {
        let second = bench.accept();
        let first = bench.session_in(SessionState::Gone);
        bench.turn(|node, turn| {
            node.act(turn, |_, cx| {
                cx.sessions.close(cx.now, second, Farewell::Nothing(ErrorCode::GOODBYE));
                let asked = cx.sessions.pop_request().map(|(key, _, request)| (key, request));
                assert_eq!(asked, Some((first, TransportRequest::Drop)));
                assert_eq!(cx.sessions.pop_request(), None); // the other one drains first
            });
        });
        bench.drive();
        assert_eq!(bench.requests(), [Asked::Shutdown(second)]);
    });
}
