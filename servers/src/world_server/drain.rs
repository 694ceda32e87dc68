//! `DrainControl`: ends a world's node when its drain is over, as a signal ends a server.

use std::task::Context;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::{Game, World};
use tinyrealm_std::{Control, NextStep};

/// Around a control that is polled several times a second.
pub(super) struct DrainControl<C> {
    inner: C,
    is_over: bool,
}

impl<C> DrainControl<C> {
    pub(super) const fn new(inner: C) -> Self {
        Self { inner, is_over: false }
    }
}

impl<'a, G: Game, C: Control<'a, World<'a, G>>> Control<'a, World<'a, G>> for DrainControl<C> {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
    ) -> NextStep {
        let step = self.inner.poll_control(cx, turn, node);
        if !self.is_over && node.role().is_drain_over(turn.now) {
            self.is_over = true;
            tracing::info!("world {} is drained: the time is over", node.role().id().0);
        }
        if self.is_over { NextStep::ShutDown } else { step }
    }
}
