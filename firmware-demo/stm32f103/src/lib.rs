//! A Blue Pill: an STM32F103C8 at 72 MHz, with a W5500 Ethernet chip on its first SPI.
//!
//! Purpose: the thin part that a board is, from the chip's registers: 20 KB of RAM and 64 KB of flash have no room for a
//! general HAL, nor for frames of 1,514 bytes.
//!
//! Contract: compiled, never run on a board here. [`start`] never returns. A panic or a fault resets the board; so does a
//! role that takes no turn for about twenty seconds.
#![no_std]

mod board;
mod interrupts;
mod memory_map;
mod spi;
mod timer;

#[cfg(feature = "log")]
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_board_parts::one_frame::OneFrame;
use tinyrealm_board_parts::packet_times::{self, PacketTimes};
use tinyrealm_board_parts::w5500::W5500;
use tinyrealm_board_parts::{Network, executor};
use tinyrealm_firmware::device::network::MAC;
use tinyrealm_firmware::links::SocketBuffers;

pub use board::BluePill;
use spi::Spi;

#[doc(hidden)]
pub use tinyrealm_board_parts;

/// The `main` of an image: the role whose macro stands before it (`tinyrealm_firmware::world!`) on this board.
#[macro_export]
macro_rules! entry {
    () => {
        $crate::tinyrealm_board_parts::entry!($crate);
    };
}

/// Brings the board up and runs what `spawn` spawns, with the network, for ever.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
    spawn: impl FnOnce(Spawner, Network<SOCKETS, BYTES>),
) -> ! {
    board::start();
    timer::start();
    let spi = Spi::start();
    board::release_ethernet();
    let ethernet = OneFrame::new(W5500::start(spi, MAC));
    let seed = packet_times::seed::<BluePill>() ^ board::chip_id();
    let (network, runner) = tinyrealm_board_parts::start(ethernet, resources, buffers, seed);
    executor::run(|spawner| {
        spawner.spawn(run_network(runner).expect("it is spawned once"));
        spawn(spawner, network);
        interrupts::enable();
    })
}

/// The board as the roles see it, once it has been started.
pub const fn board() -> BluePill {
    BluePill::new()
}

/// Its randomness.
pub fn randomness() -> PacketTimes<BluePill> {
    packet_times::stir(board::chip_id() as u32);
    PacketTimes::new()
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, OneFrame<W5500<Spi>>>) {
    runner.run().await;
}

#[cfg(feature = "log")]
defmt::timestamp!("{=u64:us}", embassy_time::Instant::now().as_micros());

/// Nobody is there to read why; the log has it, and the board begins anew.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "log")]
    defmt::error!("{}", defmt::Display2Format(_info));
    cortex_m::peripheral::SCB::sys_reset()
}
