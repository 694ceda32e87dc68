//! What players and the game say to each other.

use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{MemberNumber, Position, Uid};
use tinyrealm_core::wire::opcode::GAME;

protocol! {
    /// From a player to the game.
    mod client_to_rush in GAME.client_to_server, hears rush_to_client;

    /// I'd like to know everything anew: where the coins are, who has how many, how long the round goes on.
    1 look => Look {}
}

protocol! {
    /// From the game to players.
    mod rush_to_client in GAME.server_to_client, hears client_to_rush;

    /// A round begins, goes on, or is over.
    1 round => Round {
        /// Which one, from 1.
        number: u16,
        /// Whether coins can be had; otherwise it is the pause behind the round.
        is_running: bool,
        /// When that changes.
        ends_in_ms: u32,
    }

    /// A coin lies there; one of the same id does not lie where it did.
    2 coin => Coin {
        /// Its id, below the number of coins.
        id: u8,
        /// Where.
        pos: Position,
    }

    /// Somebody has so many coins of this round.
    3 score => Score {
        /// Who.
        number: MemberNumber,
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
