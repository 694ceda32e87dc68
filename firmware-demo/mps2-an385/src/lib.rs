//! The MPS2 board with its AN385 image: a Cortex-M3 at 25 MHz, Ethernet, and QEMU to run it in.
//!
//! Purpose: the thin part that a board is, and what `tinyrealm new --board` writes for another one: there this file is what is
//! yours, and a HAL has what the others do. [`lan9118`] and [`dual_timer`] are written to be reused: they know their device,
//! not this board.
//!
//! Contract: [`start`] never returns. A panic or a fault resets the board; so does a role that takes
//! no turn for twenty seconds.
#![no_std]

pub mod board;
pub mod dual_timer;
pub mod lan9118;
mod log;
pub mod memory_map;
mod settings;
mod uart;

use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_board_parts::one_frame::OneFrame;
use tinyrealm_board_parts::packet_times::{self, PacketTimes};
use tinyrealm_board_parts::{Network, executor};
use tinyrealm_firmware::links::SocketBuffers;
use tinyrealm_firmware::unit;

use board::Mps2;
use lan9118::Lan9118;

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
///
/// Another board has its clocks, its driver and its seed here. A driver whose start is an `async fn` is waited for with
/// `embassy_futures::block_on`, and what it has to run beside the network is one more task.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
    spawn: impl FnOnce(Spawner, Network<SOCKETS, BYTES>),
) -> ! {
    board::start();
    #[cfg(feature = "settings")]
    settings::start();
    let ethernet = Lan9118::start(memory_map::ETHERNET, unit::mac());
    let ethernet = OneFrame::new(ethernet);
    let seed = packet_times::seed::<Mps2>();
    let (network, runner) = tinyrealm_board_parts::start(ethernet, resources, buffers, seed);
    executor::run(|spawner| {
        spawner.spawn(run_network(runner).expect("it is spawned once"));
        spawn(spawner, network);
        board::enable_interrupts();
    })
}

/// The board as the roles see it, once it has been started.
pub const fn board() -> Mps2 {
    Mps2::new()
}

/// Its randomness. A source of the chip's is better, if it has one: any [`Entropy`](tinyrealm_firmware::Entropy).
pub fn randomness() -> PacketTimes<Mps2> {
    PacketTimes::new()
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, OneFrame<Lan9118>>) {
    runner.run().await;
}

/// Nobody is there to read why; the log has it, and the board begins anew.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "log")]
    defmt::error!("{}", defmt::Display2Format(_info));
    cortex_m::peripheral::SCB::sys_reset()
}
