//! The role `echo` on this board.
#![no_std]
#![no_main]

tinyrealm_firmware::echo!();
tinyrealm_stm32f103::entry!();
