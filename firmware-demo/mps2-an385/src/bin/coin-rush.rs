//! The role `world` on this board, with coin rush.
#![no_std]
#![no_main]

use tinyrealm_coin_rush::CoinRush;
use tinyrealm_firmware::world::ROOM_CAPACITY;

tinyrealm_firmware::world!(CoinRush<ROOM_CAPACITY>);
tinyrealm_mps2_an385::entry!();
