//! An RP2040 with a W5500 Ethernet chip, wired as on the W5500-EVB-Pico.
//!
//! Purpose: the thin part that a board is; the processor is embassy's.
//!
//! Contract: compiled, never run on a board here. A panic resets the board; so does a role that takes
//! no turn for eight seconds, which is about the longest that this watchdog waits.
#![no_std]

mod ethernet;

#[cfg(feature = "log")]
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use embassy_rp::clocks::RoscRng;
use embassy_rp::watchdog::Watchdog;
use embassy_time::Duration;
use static_cell::ConstStaticCell;
use tinyrealm_board_parts::one_frame::OneFrame;
use tinyrealm_board_parts::w5500::W5500;
use tinyrealm_core::entropy::Entropy;
use tinyrealm_firmware::Board;
use tinyrealm_firmware::device::network::MAC;
use tinyrealm_firmware::links::SocketBuffers;
use tinyrealm_firmware::network::Network;

use ethernet::Spi0;

const WATCHDOG: Duration = Duration::from_secs(8);

/// Brings the board up: the network, the board as the roles see it, and its randomness.
///
/// # Panics
/// If the Ethernet chip does not answer.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    spawner: Spawner,
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
) -> (Network<SOCKETS, BYTES>, Rp2040, RingOscillator) {
    let parts = embassy_rp::init(Default::default());
    let mut watchdog = Watchdog::new(parts.WATCHDOG);
    watchdog.start(WATCHDOG);
    let spi = Spi0::new(parts.SPI0, parts.PIN_18, parts.PIN_19, parts.PIN_16, parts.PIN_17);
    ethernet::reset(parts.PIN_20);
    let chip = OneFrame::new(W5500::start(spi, MAC));
    let (network, runner) =
        tinyrealm_board_parts::start(chip, resources, buffers, RoscRng.next_u64());
    spawner.spawn(ethernet::watch(parts.PIN_21).expect("it is spawned once"));
    spawner.spawn(run_network(runner).expect("it is spawned once"));
    (network, Rp2040 { watchdog }, RingOscillator(()))
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, OneFrame<W5500<Spi0>>>) -> ! {
    runner.run().await
}

/// The board as the roles see it.
pub struct Rp2040 {
    watchdog: Watchdog,
}

impl Board for Rp2040 {
    fn feed_watchdog(&mut self) {
        self.watchdog.feed(WATCHDOG);
    }
}

/// Randomness from the ring oscillator's phase.
///
/// It is what this chip has; its data sheet says that it does not meet the demands of secrets.
pub struct RingOscillator(());

impl Entropy for RingOscillator {
    fn fill(&mut self, bytes: &mut [u8]) {
        RoscRng.fill_bytes(bytes);
    }
}

#[cfg(feature = "log")]
defmt::timestamp!("{=u64:us}", embassy_time::Instant::now().as_micros());

/// Nobody is there to read why; the log has it, and the board begins anew.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "log")]
    {
        defmt::error!("{}", defmt::Display2Format(_info));
        // Until the probe has read it; the watchdog ends it if there is none.
        defmt::flush();
    }
    cortex_m::peripheral::SCB::sys_reset()
}
