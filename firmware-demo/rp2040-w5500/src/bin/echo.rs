//! The role `echo` on this board.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use tinyrealm_firmware_roles::echo::{self, SOCKET_BUFFERS, STACK_RESOURCES};

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    let (network, board, _) =
        tinyrealm_rp2040_w5500::start(spawner, &STACK_RESOURCES, &SOCKET_BUFFERS).await;
    echo::run(network, board).await
}
