//! The role `chat` on this board.
#![no_std]
#![no_main]

use tinyrealm_firmware::device;

const _: () = assert!(
    device::HAS_OWN_CHAT_KEY,
    "device.toml: main.chat_key is the demonstration's, which everyone has: put what `tinyrealm key` prints there"
);

tinyrealm_firmware::chat!();
tinyrealm_stm32f103::entry!();
