//! A Nucleo-H743ZI: an STM32H743 at 400 MHz with its own Ethernet.
//!
//! Purpose: the thin part that a board is; the processor and its Ethernet are embassy's.
//!
//! Contract: compiled, never run on a board here. A panic resets the board; so does a role that takes
//! no turn for twenty seconds.
#![no_std]

#[cfg(feature = "log")]
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_net::{Runner, StackResources};
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::peripherals::{ETH, ETH_SMA, IWDG1, RNG};
use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, HSIPrescaler, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk,
    VoltageScale,
};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{Config, bind_interrupts};
use static_cell::ConstStaticCell;
use tinyrealm_core::entropy::Entropy;
use tinyrealm_firmware::links::SocketBuffers;
use tinyrealm_firmware::network::Network;
use tinyrealm_firmware::{Board, device};

const WATCHDOG_US: u32 = 20_000_000;
/// Frames that may wait in each direction.
const FRAMES: usize = 2;

bind_interrupts!(struct Interrupts {
    ETH => eth::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
});

type Mac = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

/// Brings the board up: the network, the board as the roles see it, and its randomness.
pub async fn start<const SOCKETS: usize, const BYTES: usize, const ALL_SOCKETS: usize>(
    spawner: Spawner,
    resources: &'static ConstStaticCell<StackResources<ALL_SOCKETS>>,
    buffers: &'static ConstStaticCell<SocketBuffers<SOCKETS, BYTES>>,
) -> (Network<SOCKETS, BYTES>, Stm32, RandomBits) {
    // The linker puts it into the AXI SRAM, which the Ethernet's DMA reaches; the data cache is off.
    static QUEUE: ConstStaticCell<PacketQueue<FRAMES, FRAMES>> =
        ConstStaticCell::new(PacketQueue::new());
    let parts = embassy_stm32::init(clocks());
    let mut watchdog = IndependentWatchdog::new(parts.IWDG1, WATCHDOG_US);
    watchdog.unleash();
    // RMII as the Nucleo has it wired.
    let ethernet = Ethernet::new(
        QUEUE.take(),
        parts.ETH,
        Interrupts,
        parts.PA1,
        parts.PA7,
        parts.PC4,
        parts.PC5,
        parts.PG13,
        parts.PB13,
        parts.PG11,
        device::network::MAC,
        parts.ETH_SMA,
        parts.PA2,
        parts.PC1,
    );
    let mut random = Rng::new(parts.RNG, Interrupts);
    let (network, runner) =
        tinyrealm_board_parts::start(ethernet, resources, buffers, random.next_u64());
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
async fn run_network(mut runner: Runner<'static, Mac>) -> ! {
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
