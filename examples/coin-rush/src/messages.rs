//! What the game says and shows to players. They only move, so there is nothing for them to say.

use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{Position, Uid};
use tinyrealm_core::wire::opcode::GAME;

protocol! {
    /// From the game to players.
    mod rush_to_client in GAME.server_to_client;

    /// A thing: a round goes on, or is over.
    1 round => Round {
        /// Which one, from 1.
        number: u16,
        /// Whether coins can be had; otherwise it is the pause behind the round.
        is_running: bool,
        /// Seconds until that changes.
        left_s: u16,
    }

    /// A thing: a coin lies there.
    2 coin => Coin {
        /// Where.
        pos: Position,
    }

    /// What a member shows: so many coins of this round.
    3 score => Score {
        /// How many.
        points: u16,
    }

    /// Your best round had so many coins, and that is kept.
    4 best => Best {
        /// How many.
        points: u16,
    }

    /// What somebody had when a round was over: recorded, and told to nobody.
    5 outcome => Outcome {
        /// Which round of its room.
        round: u16,
        /// Who.
        uid: Uid,
        /// How many coins.
        points: u16,
    }
}
