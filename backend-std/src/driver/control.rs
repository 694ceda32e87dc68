//! `Control`: what acts on a running node from outside.

use std::task::Context;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;

/// What a [`Control`] wants.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NextStep {
    /// Go on.
    Continue,
    /// Tell every peer goodbye, then end.
    ShutDown,
}

/// Acts on a running node from outside: signals, a keyboard, statistics. Polled once a turn.
pub trait Control<'a, R> {
    /// Looks at the node or acts on it; wakes through `cx` when it has more to do.
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, R>,
    ) -> NextStep;

    /// A turn is done: the moment to take what the node hands out of it; wakes through `cx` when it can take more.
    fn finish_turn(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut Node<'a, R>) {
        let _ = (cx, turn, node);
    }

    /// Whether a node without connections, which is to shut down, may end: it goes on being polled until then.
    fn may_end(&self, node: &Node<'a, R>) -> bool {
        let _ = node;
        true
    }
}
