//! `DrainControl`: ends a world's node when its drain is over, as a signal ends a server; and what a world does when it is told to
//! end: its rooms may go to other worlds first.
//!
//! Contract: a world that is told to end closes down when nobody is left, when its time for that is over, or when it has no Main that could send
//! anybody elsewhere. Without such a time that is at once.

use std::task::Context;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::{Game, World};
use tinyrealm_core::time::Instant;
use tinyrealm_std::{Control, NextStep};

/// Around a control that is polled several times a second.
pub(super) struct DrainControl<C> {
    inner: C,
    /// How long rooms may take to go elsewhere.
    move_away_ms: u32,
    /// It has been told to end, and does by then.
    leaves_by: Option<Instant>,
    is_over: bool,
}

impl<C> DrainControl<C> {
    pub(super) const fn new(inner: C, move_away_ms: u32) -> Self {
        Self { inner, move_away_ms, leaves_by: None, is_over: false }
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
        if step == NextStep::ShutDown {
            self.is_over |= self.has_left(turn, node);
        }
        if self.is_over { NextStep::ShutDown } else { NextStep::Continue }
    }
}

impl<C> DrainControl<C> {
    /// Whether a world that has been told to end has nothing left to wait for; with the first question it begins to.
    fn has_left<'a, G: Game>(
        &mut self,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
    ) -> bool {
        let by = *self.leaves_by.get_or_insert_with(|| {
            if self.move_away_ms > 0 && node.role().rooms().users() > 0 {
                let id = node.role().id().0;
                tracing::info!("world {id} is told to end: rooms that can move go elsewhere first");
                node.act(turn, |world, cx| world.drain(cx, None));
            }
            turn.now.after_ms(self.move_away_ms)
        });
        let world = node.role();
        world.rooms().users() == 0 || !world.is_registered() || by <= turn.now
    }
}
