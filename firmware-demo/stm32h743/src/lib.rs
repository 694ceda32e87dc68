//! A Nucleo-H743ZI: an STM32H743 at 400 MHz with its own Ethernet.
//!
//! Purpose: the thin part that a board is; the processor is embassy's.
//!
//! Contract: compiled, never run on a board here. A panic resets the board; so does a role that takes
//! no turn for twenty seconds.
#![no_std]

mod ethernet;
mod rings;

#[cfg(feature = "log")]
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use embassy_stm32::eth::Sma;
use embassy_stm32::gpio::Flex;
use embassy_stm32::peripherals::{IWDG1, RNG};
use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, HSIPrescaler, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk,
    VoltageScale,
};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{Config, bind_interrupts};
use static_cell::ConstStaticCell;
use tinyrealm_board_parts::one_frame::OneFrame;
use tinyrealm_core::entropy::Entropy;
use tinyrealm_firmware::Board;
use tinyrealm_firmware::links::SocketBuffers;
use tinyrealm_firmware::network::Network;

use ethernet::Ethernet;

const WATCHDOG_US: u32 = 20_000_000;

bind_interrupts!(struct Interrupts {
    ETH => ethernet::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
});

/// Brings the board up: the network, the board as the roles see it, and its randomness.
pub fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    spawner: Spawner,
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
) -> (Network<SOCKETS, BYTES>, Stm32, RandomBits) {
    let parts = embassy_stm32::init(clocks());
    let mut watchdog = IndependentWatchdog::new(parts.IWDG1, WATCHDOG_US);
    watchdog.unleash();
    // RMII as the Nucleo has it wired.
    let pins = [
        Flex::new(parts.PA1),
        Flex::new(parts.PA7),
        Flex::new(parts.PC4),
        Flex::new(parts.PC5),
        Flex::new(parts.PG13),
        Flex::new(parts.PB13),
        Flex::new(parts.PG11),
    ];
    let management = Sma::new(parts.ETH_SMA, parts.PA2, parts.PC1);
    let ethernet = OneFrame::new(Ethernet::start(pins, management));
    let mut random = Rng::new(parts.RNG, Interrupts);
    let (network, runner) =
        tinyrealm_board_parts::start(ethernet, resources, buffers, random.next_u64());
    spawner.spawn(ethernet::watch().expect("it is spawned once"));
    spawner.spawn(run_network(runner).expect("it is spawned once"));
    (network, Stm32 { watchdog }, RandomBits(random))
}

/// 400 MHz from the internal oscillator, and half of it for the buses: what every revision takes.
fn clocks() -> Config {
    let mut config = Config::default();
    let rcc = &mut config.rcc;
    rcc.hsi = Some(HSIPrescaler::DIV1);
    // The source of random bits runs on it.
    rcc.hsi48 = Some(Default::default());
    rcc.pll1 = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL50,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    rcc.sys = Sysclk::PLL1_P;
    rcc.voltage_scale = VoltageScale::Scale1;
    rcc.ahb_pre = AHBPrescaler::DIV2;
    for bus in [&mut rcc.apb1_pre, &mut rcc.apb2_pre, &mut rcc.apb3_pre, &mut rcc.apb4_pre] {
        *bus = APBPrescaler::DIV2;
    }
    config
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, OneFrame<Ethernet>>) -> ! {
    runner.run().await
}

/// The board as the roles see it.
pub struct Stm32 {
    watchdog: IndependentWatchdog<'static, IWDG1>,
}

impl Board for Stm32 {
    fn feed_watchdog(&mut self) {
        self.watchdog.pet();
    }
}

/// Randomness from the chip's own source.
pub struct RandomBits(Rng<'static, RNG>);

impl Entropy for RandomBits {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
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
