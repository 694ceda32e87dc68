//! The MPS2 board with its AN385 image: a Cortex-M3 at 25 MHz, Ethernet, and QEMU to run it in.
//!
//! Purpose: the thin part that a board is. [`lan9118`] and [`dual_timer`] are written to be reused:
//! they know their device, not this board.
//!
//! Contract: [`start`] never returns. A panic or a fault resets the board; so does a role that takes
//! no turn for twenty seconds.
#![no_std]

pub mod board;
mod borrowed_stack;
pub mod dual_timer;
pub mod executor;
pub mod lan9118;
#[cfg(feature = "log")]
mod log;
pub mod registers;

use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_firmware_roles::links::SocketBuffers;
use tinyrealm_firmware_roles::network::Network;
use tinyrealm_firmware_roles::{device, network};

use lan9118::Lan9118;

/// Brings the board up and runs what `spawn` spawns, with the network, for ever.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
    spawn: impl FnOnce(Spawner, Network<SOCKETS, BYTES>),
) -> ! {
    #[cfg(feature = "log")]
    log::start();
    board::start();
    let ethernet = Lan9118::start(board::ETHERNET, device::network::MAC);
    let buffers = buffers.take();
    let start = || network::start(ethernet, resources, board::seed());
    let (stack, runner) = if size_of::<SocketBuffers<SOCKETS, BYTES>>() >= start_bytes::<SOCKETS>()
    {
        borrowed_stack::call_on(buffers.scratch(), start)
    } else {
        on_own_stack(start)
    };
    executor::run(|spawner| {
        spawner.spawn(run_network(runner).expect("it is spawned once"));
        spawn(spawner, Network { stack, buffers });
    })
}

/// What embassy-net's start needs of a stack: all of its sockets, and what it calls.
const fn start_bytes<const SOCKETS: usize>() -> usize {
    size_of::<StackResources<SOCKETS>>() + 448
}

/// Not inlined: what the call needs of the stack is free again afterwards.
#[inline(never)]
fn on_own_stack<T>(call: impl FnOnce() -> T) -> T {
    call()
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, Lan9118>) {
    runner.run().await;
}

/// Nobody is there to read why; the log has it, and the board begins anew.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "log")]
    defmt::error!("{}", defmt::Display2Format(_info));
    cortex_m::peripheral::SCB::sys_reset()
}
