//! `tinyrealm`: the servers of a realm, its bots and its terminal client, in one binary, with the games
//! of this repository.

use std::process::ExitCode;

use tinyrealm_coin_rush::{CoinRush, CoinRushBot};
use tinyrealm_core::node::world::Relay;
use tinyrealm_tag::Tag;

fn main() -> ExitCode {
    tinyrealm::serve(tinyrealm::games![Relay, Tag, CoinRush<64> => CoinRushBot])
}
