//! The role `world` on this board.
#![no_std]
#![no_main]

use tinyrealm_firmware::device;
use tinyrealm_tag::Tag;

const _: () = assert!(
    device::HAS_OWN_WORLD_KEY,
    "device.toml: main.world_key is the demonstration's, which everyone has: put what `tinyrealm key` prints there"
);

tinyrealm_firmware::world!(Tag);
tinyrealm_stm32f103::entry!();
