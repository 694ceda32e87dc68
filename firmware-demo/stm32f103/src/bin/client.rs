//! The role `client` on this board.
#![no_std]
#![no_main]

tinyrealm_firmware::client!();
tinyrealm_stm32f103::entry!();
