//! The role `client` on this board.
#![no_std]
#![no_main]

use embassy_executor::Spawner;

tinyrealm_firmware::client!();

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    let (network, board, randomness) =
        tinyrealm_stm32h743::start(spawner, &STACK_RESOURCES, &SOCKET_BUFFERS);
    run(network, randomness, board).await
}
