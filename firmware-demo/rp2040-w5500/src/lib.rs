//! An RP2040 with a W5500 Ethernet chip, wired as on the W5500-EVB-Pico.
//!
//! Purpose: the thin part that a board is; the processor and the chip are embassy's.
//!
//! Contract: compiled, never run on a board here. A panic resets the board; so does a role that takes
//! no turn for eight seconds, which is about the longest that this watchdog waits.
#![no_std]

#[cfg(feature = "log")]
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, State};
use embassy_rp::clocks::RoscRng;
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, SPI0};
use embassy_rp::spi::{self, Spi};
use embassy_rp::watchdog::Watchdog;
use embassy_rp::{bind_interrupts, dma};
use embassy_time::{Delay, Duration};
use embedded_hal_bus::spi::ExclusiveDevice;
use static_cell::ConstStaticCell;
use tinyrealm_core::entropy::Entropy;
use tinyrealm_firmware::links::SocketBuffers;
use tinyrealm_firmware::network::Network;
use tinyrealm_firmware::{Board, device};

const WATCHDOG: Duration = Duration::from_secs(8);
/// The chip promises 33 MHz; the processor's clock gives 31.25 MHz.
const SPI_HZ: u32 = 33_000_000;
/// Frames of 1,514 bytes that may wait in each direction here; more wait in the chip, which has 16 KB for them.
const FRAMES: usize = 1;

bind_interrupts!(struct Interrupts {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
});

type Bus = ExclusiveDevice<Spi<'static, SPI0, spi::Async>, Output<'static>, Delay>;
type Chip = embassy_net_wiznet::Runner<'static, W5500, Bus, Input<'static>, Output<'static>>;

/// Brings the board up: the network, the board as the roles see it, and its randomness.
///
/// # Panics
/// If the Ethernet chip does not answer.
pub async fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    spawner: Spawner,
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
) -> (Network<SOCKETS, BYTES>, Rp2040, RingOscillator) {
    let parts = embassy_rp::init(Default::default());
    let mut config = spi::Config::default();
    config.frequency = SPI_HZ;
    let (clock, output, input) = (parts.PIN_18, parts.PIN_19, parts.PIN_16);
    let (send, receive) = (parts.DMA_CH0, parts.DMA_CH1);
    let spi = Spi::new(parts.SPI0, clock, output, input, send, receive, Interrupts, config);
    let select = Output::new(parts.PIN_17, Level::High);
    let interrupt = Input::new(parts.PIN_21, Pull::Up);
    let reset = Output::new(parts.PIN_20, Level::High);
    let mut watchdog = Watchdog::new(parts.WATCHDOG);
    watchdog.start(WATCHDOG);
    let (ethernet, chip) = start_chip(spi, select, interrupt, reset).await;
    let (network, runner) =
        tinyrealm_board_parts::start(ethernet, resources, buffers, RoscRng.next_u64());
    spawner.spawn(run_chip(chip).expect("it is spawned once"));
    spawner.spawn(run_network(runner).expect("it is spawned once"));
    (network, Rp2040 { watchdog }, RingOscillator(()))
}

async fn start_chip(
    spi: Spi<'static, SPI0, spi::Async>,
    select: Output<'static>,
    interrupt: Input<'static>,
    reset: Output<'static>,
) -> (Device<'static>, Chip) {
    static FRAMES_MEMORY: ConstStaticCell<State<FRAMES, FRAMES>> =
        ConstStaticCell::new(State::new());
    let Ok(bus) = ExclusiveDevice::new(spi, select, Delay);
    embassy_net_wiznet::new(device::network::MAC, FRAMES_MEMORY.take(), bus, interrupt, reset)
        .await
        .expect("the Ethernet chip answers")
}

#[embassy_executor::task]
async fn run_chip(chip: Chip) -> ! {
    chip.run().await
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, Device<'static>>) -> ! {
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
