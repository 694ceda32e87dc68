//! What players of a bench have heard.

use std::collections::VecDeque;

use serde::Deserialize;
use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::{MemberNumber, Message, Position, decode};

use super::{GameBench, Player};
use crate::ears::{Answered, Heard};

impl<G: Game + 'static> GameBench<G> {
    /// Everything that the player has heard, oldest first.
    pub fn heard_all(&self, player: Player) -> &VecDeque<Heard> {
        &self.ears(player).heard
    }

    /// The game's own messages of one type that the player has heard, oldest first.
    ///
    /// # Panics
    /// If one of them does not decode.
    pub fn heard<'b, M: Message + Deserialize<'b>>(&'b self, player: Player) -> Vec<M> {
        let of_type = |heard: &'b Heard| match heard {
            Heard::Message(opcode, payload) if *opcode == M::OPCODE => {
                Some(decode(payload).unwrap_or_else(|| panic!("{}: {payload:?}", M::NAME)))
            }
            _ => None,
        };
        self.heard_all(player).iter().filter_map(of_type).collect()
    }

    /// What the game has asked the player in messages of one type, oldest first, each with the number that its answer
    /// is to have.
    pub fn asked<'b, M: Message + Deserialize<'b>>(&'b self, player: Player) -> Vec<(u32, M)> {
        let of_type = |heard: &'b Heard| match heard {
            Heard::Asked(ask, opcode, payload) if *opcode == M::OPCODE => {
                Some((*ask, decode(payload)?))
            }
            _ => None,
        };
        self.heard_all(player).iter().filter_map(of_type).collect()
    }

    /// The answers of one type that the player has had, oldest first, each with the number that asking answered.
    pub fn answers<'b, M: Message + Deserialize<'b>>(&'b self, player: Player) -> Vec<(u32, M)> {
        let of_type = |heard: &'b Heard| match heard {
            Heard::Answered(ask, Answered::Given(opcode, payload)) if *opcode == M::OPCODE => {
                Some((*ask, decode(payload)?))
            }
            _ => None,
        };
        self.heard_all(player).iter().filter_map(of_type).collect()
    }

    /// The events of one kind that the player has heard, oldest first: who has said it, and what.
    pub fn events(&self, player: Player, kind: u16) -> Vec<(MemberNumber, &[u8])> {
        let of_kind = |heard| match heard {
            &Heard::Said { number, kind: said, ref data, .. } if said == kind => {
                Some((number, data.as_slice()))
            }
            _ => None,
        };
        self.heard_all(player).iter().filter_map(of_kind).collect()
    }

    /// Where the game has put the player itself, oldest first: for moves that it has refused or corrected.
    pub fn corrections(&self, player: Player) -> Vec<Position> {
        let put = |heard: &Heard| match heard {
            Heard::Put(pos, _) => Some(*pos),
            _ => None,
        };
        self.heard_all(player).iter().filter_map(put).collect()
    }

    /// What everybody has heard so far does not count any more, nor what the game has handed out.
    pub fn forget_heard(&mut self) {
        self.notices.forget();
        for index in 0..self.players.len() {
            self.act(Player(index), |client, _| client.handler_mut().heard.clear());
        }
    }
}
