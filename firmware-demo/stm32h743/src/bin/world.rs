//! The role `world` on this board.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use tinyrealm_firmware::device;
use tinyrealm_tag::Tag;

const _: () = assert!(
    device::HAS_OWN_WORLD_KEY,
    "device.toml: main.world_key is the demonstration's, which everyone has: put what `tinyrealm key` prints there"
);

tinyrealm_firmware::world!(Tag);

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    let (network, board, randomness) =
        tinyrealm_stm32h743::start(spawner, &STACK_RESOURCES, &SOCKET_BUFFERS);
    run(network, randomness, board).await
}
