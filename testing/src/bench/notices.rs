//! What the game hands out of its room, to whoever runs the world: on a bench that is the test.
//!
//! Bounds: the newest [`HEARD_MAX`] are kept.

use std::collections::VecDeque;

use serde::Deserialize;
use tinyrealm_core::node::world::{Game, World};
use tinyrealm_core::protocol::{Message, decode};
use tinyrealm_core::wire::Opcode;

use super::GameBench;
use crate::ears::HEARD_MAX;
use crate::host::{Host, Tools};

/// The notices that the test has not forgotten, oldest first.
#[derive(Default)]
pub(super) struct Notices(VecDeque<(Opcode, Vec<u8>)>);

impl Notices {
    /// Takes what waits in the world.
    pub(super) fn take<G: Game>(
        &mut self,
        tools: &mut Tools<'_>,
        world: &mut Host<World<'static, G>>,
    ) {
        world.act(tools, |world, _| {
            while let Some((_, frame)) = world.next_notice() {
                self.keep((frame.opcode, frame.payload.to_vec()));
            }
        });
    }

    fn keep(&mut self, notice: (Opcode, Vec<u8>)) {
        if self.0.len() == HEARD_MAX {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl<G: Game + 'static> GameBench<G> {
    /// The notices of one type that the game has handed out, oldest first.
    ///
    /// # Panics
    /// If one of them does not decode.
    pub fn notices<'b, M: Message + Deserialize<'b>>(&'b self) -> Vec<M> {
        let of_type = self.notices.0.iter().filter(|(opcode, _)| *opcode == M::OPCODE);
        let read = |(_, payload): &'b (Opcode, Vec<u8>)| {
            decode(payload).unwrap_or_else(|| panic!("{}: {payload:?}", M::NAME))
        };
        of_type.map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_as_many_as_are_kept() {
        let mut notices = Notices::default();
        for number in 0..HEARD_MAX {
            notices.keep((Opcode(number as i32), Vec::new()));
        }
        assert_eq!((notices.0.len(), notices.0[0].0), (HEARD_MAX, Opcode(0)));
        notices.keep((Opcode(-1), Vec::new()));
        assert_eq!((notices.0.len(), notices.0[0].0), (HEARD_MAX, Opcode(1)));
        notices.forget();
        assert!(notices.0.is_empty());
    }
}
