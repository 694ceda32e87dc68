//! The role `client` on this board.
#![no_std]
#![no_main]

tinyrealm_firmware::client!();
tinyrealm_mps2_an385::entry!();
