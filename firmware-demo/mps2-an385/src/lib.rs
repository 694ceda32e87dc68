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
mod memmove;
pub mod memory_map;
pub mod registers;

use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_firmware::links::SocketBuffers;
#[doc(hidden)]
pub use tinyrealm_firmware::network::Network;
use tinyrealm_firmware::{device, network};

use lan9118::Lan9118;

#[doc(hidden)]
pub use {cortex_m_rt, embassy_executor};

/// The `main` of an image: the role whose macro stands before it (`tinyrealm_firmware::world!`) on this board.
#[macro_export]
macro_rules! entry {
    () => {
        #[$crate::cortex_m_rt::entry]
        fn main() -> ! {
            $crate::start(&STACK_RESOURCES, &SOCKET_BUFFERS, |spawner, network| {
                spawner.spawn(role(network).expect("the role is spawned once"));
            })
        }

        #[$crate::embassy_executor::task(embassy_executor = $crate::embassy_executor)]
        async fn role(network: $crate::Network<SOCKETS, SOCKET_BYTES>) {
            run(network, $crate::board::PacketTimes::new(), $crate::board::Mps2::new()).await;
        }
    };
}

/// Brings the board up and runs what `spawn` spawns, with the network, for ever.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
    spawn: impl FnOnce(Spawner, Network<SOCKETS, BYTES>),
) -> ! {
    #[cfg(feature = "log")]
    log::start();
    board::start();
    let ethernet = Lan9118::start(memory_map::ETHERNET, device::network::MAC);
    let buffers = buffers.take();
    let start = || network::start(ethernet, resources, board::seed());
    let (stack, runner) = if may_borrow::<SOCKETS, BYTES>() {
        // SAFETY: an optimised start needs the sockets once, and 556 bytes more with an interrupt; the
        // budget reads it from each image, and fails if it is more than the buffers have.
        unsafe { borrowed_stack::call_on(buffers.scratch(), start) }
    } else {
        on_own_stack(start)
    };
    executor::run(|spawner| {
        spawner.spawn(run_network(runner).expect("it is spawned once"));
        spawn(spawner, Network { stack, buffers });
        board::enable_interrupts();
    })
}

/// Whether the sockets' buffers are a stack on which embassy-net can start. What is not optimised copies the
/// sockets several times, and whoever builds that has given it a stack for it.
const fn may_borrow<const SOCKETS: usize, const BYTES: usize>() -> bool {
    let needed = size_of::<StackResources<SOCKETS>>() + 1_024;
    !cfg!(debug_assertions) && size_of::<SocketBuffers<SOCKETS, BYTES>>() >= needed
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
