//! The role `chat` on this board.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use tinyrealm_firmware_roles::chat::{
    self, SOCKET_BUFFERS, SOCKET_BYTES, SOCKETS, STACK_RESOURCES,
};
use tinyrealm_firmware_roles::network::Network;
use tinyrealm_mps2_an385::board::{Mps2, PacketTimes};

#[cortex_m_rt::entry]
fn main() -> ! {
    tinyrealm_mps2_an385::start(&STACK_RESOURCES, &SOCKET_BUFFERS, |spawner: Spawner, network| {
        spawner.spawn(role(network).expect("the role is spawned once"));
    })
}

#[embassy_executor::task]
async fn role(network: Network<SOCKETS, SOCKET_BYTES>) {
    chat::run(network, PacketTimes::new(), Mps2::new()).await;
}
