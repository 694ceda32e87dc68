//! What boards with an Arm processor share below the roles.
//!
//! Purpose: [`start`], where the network stack needs no more of the stack than the roles do later. For boards without a HAL, with
//! the feature `executor`: an executor that sleeps until an interrupt, registers of devices, and randomness from the times of
//! packets; their `entry!` is this crate's. With the feature `one-frame`, the driver of Ethernet controllers that have memory of
//! their own, and with `w5500` such a one.
#![no_std]

mod borrowed_stack;
#[cfg(feature = "executor")]
pub mod executor;
mod memmove;
#[cfg(feature = "one-frame")]
pub mod one_frame;
#[cfg(feature = "executor")]
pub mod packet_times;
#[cfg(feature = "executor")]
pub mod registers;
#[cfg(feature = "w5500")]
pub mod w5500;

use embassy_net::driver::Driver;
use embassy_net::{Runner, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_firmware::links::SocketBuffers;
pub use tinyrealm_firmware::network::Network;
use tinyrealm_firmware::network::{self, STACK_SOCKETS};

#[cfg(feature = "executor")]
#[doc(hidden)]
pub use {cortex_m_rt, embassy_executor};

/// The `main` of an image: the role whose macro stands before it (`tinyrealm_firmware::world!`) on the board whose crate is
/// named. That has `start`, which takes the role's statics and what spawns it and never returns; `randomness`, an `Entropy`; and
/// `board`, a `Board`.
#[cfg(feature = "executor")]
#[macro_export]
macro_rules! entry {
    ($board:tt) => {
        #[$crate::cortex_m_rt::entry]
        fn main() -> ! {
            $board::start(&STACK_RESOURCES, &SOCKET_BUFFERS, |spawner, network| {
                spawner.spawn(role(network).expect("the role is spawned once"));
            })
        }

        #[$crate::embassy_executor::task(embassy_executor = $crate::embassy_executor)]
        async fn role(network: $crate::Network<SOCKETS, SOCKET_BYTES>) {
            run(network, $board::randomness(), $board::board()).await;
        }
    };
}

/// Starts the network stack on the sockets' buffers, which nobody needs until then: what it needs of the stack is borrowed there.
/// The runner is for a task of its own; `random_seed` is another one at each start, if the board can.
///
/// # Panics
/// If `resources` or `buffers` are in use already.
pub fn start<D: Driver, const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    driver: D,
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
    random_seed: u64,
) -> (Network<SOCKETS, BYTES>, Runner<'static, D>) {
    let buffers = buffers.take();
    let start = || network::start(driver, resources, random_seed);
    let (stack, runner) = if may_borrow::<SOCKETS, BYTES, ALL_SOCKETS>() {
        // SAFETY: an optimised start needs the sockets once, and 556 bytes more with an interrupt, or 1,060 with DHCP and
        // floats; the budget reads it from each image, and fails if it is more than the buffers have.
        unsafe { borrowed_stack::call_on(buffers.scratch(), start) }
    } else {
        on_own_stack(start)
    };
    (Network { stack, buffers }, runner)
}

/// Whether the sockets' buffers are a stack on which embassy-net can start. What is not optimised copies the
/// sockets several times, and whoever builds that has given it a stack for it.
const fn may_borrow<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>() -> bool {
    let needed = size_of::<StackResources<ALL_SOCKETS>>() + 1_024 + STACK_SOCKETS * 256;
    !cfg!(debug_assertions) && size_of::<SocketBuffers<SOCKETS, BYTES>>() >= needed
}

/// Not inlined: what the call needs of the stack is free again afterwards.
#[inline(never)]
fn on_own_stack<T>(call: impl FnOnce() -> T) -> T {
    call()
}
