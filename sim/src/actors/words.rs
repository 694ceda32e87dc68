//! The messages of the recorder and of its players.

use tinyrealm_core::protocol;
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::wire::opcode::GAME;

protocol! {
    /// What the game records, and what it shows.
    mod recorder_to_client in GAME.server_to_client, hears recorder_to_client;

    /// Somebody has left.
    1 departure => Departure {
        /// Who.
        uid: Uid,
    }

    /// A thing: who has said something the last time that it had to do with it.
    2 mark => Mark {
        /// Who.
        uid: Uid,
        /// The how manieth of its sayings that was.
        number: u32,
    }

    /// A member: what it has said last.
    3 tally => Tally {
        /// The how manieth of its sayings that was.
        number: u32,
    }

    /// The answer to a riddle.
    4 solved => Solved {
        /// Whose.
        uid: Uid,
        /// Which.
        number: u32,
    }

    /// A question to who has asked a riddle.
    5 counter => Counter {
        /// Who.
        uid: Uid,
        /// The how manieth of the room's.
        number: u32,
    }
}

protocol! {
    /// What members do.
    mod client_to_recorder in GAME.client_to_server, hears client_to_recorder;

    /// A member has done something.
    1 deed => Deed {
        /// Who.
        uid: Uid,
        /// At which of its ticks.
        tick: u32,
    }

    /// A question to the game.
    2 riddle => Riddle {
        /// Whose.
        uid: Uid,
        /// The how manieth of its riddles.
        number: u32,
    }

    /// The answer to a counter.
    3 retort => Retort {
        /// Whose answer.
        uid: Uid,
        /// To which.
        number: u32,
    }
}
