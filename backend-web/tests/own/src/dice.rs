//! A protocol of one's own: a player has dice thrown, and hears what has fallen. A wasm module and a test on the host
//! speak it.

use tinyrealm_core::protocol;

protocol! {
    /// To a server that throws dice.
    mod to_dice in Band { first: 100, count: 10 }, hears from_dice;

    /// Throws so many.
    0 throw => Throw {
        /// How many.
        count: u8,
    }
}

protocol! {
    /// From a server that throws dice.
    mod from_dice in Band { first: 110, count: 10 }, hears to_dice;

    /// What has fallen.
    0 fallen => Fallen {
        /// The sum of all.
        sum: u16,
    }
}
