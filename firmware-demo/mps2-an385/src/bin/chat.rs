//! The role `chat` on this board.
#![no_std]
#![no_main]

tinyrealm_firmware::chat!();
tinyrealm_mps2_an385::entry!();
