//! The Ethernet chip's pins: its SPI, its reset, and its interrupt.

use embassy_futures::yield_now;
use embassy_rp::Peri;
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{PIN_16, PIN_17, PIN_18, PIN_19, PIN_20, PIN_21, SPI0};
use embassy_rp::spi::{Blocking, Config, Spi};
use embassy_time::{Duration, block_for, with_timeout};
use tinyrealm_board_parts::one_frame;
use tinyrealm_board_parts::w5500::Bus;

/// The chip promises 33 MHz; the processor's clock gives 31.25 MHz.
const SPI_HZ: u32 = 33_000_000;
/// Longer than its reset takes, and than the chip does afterwards.
const RESET: Duration = Duration::from_millis(1);
/// How often to look for a cable, of which the chip says nothing by itself.
const LINK: Duration = Duration::from_millis(500);

/// The SPI with the chip alone at it.
pub(crate) struct Spi0 {
    spi: Spi<'static, SPI0, Blocking>,
    select: Output<'static>,
}

impl Spi0 {
    pub(crate) fn new(
        spi: Peri<'static, SPI0>,
        clock: Peri<'static, PIN_18>,
        output: Peri<'static, PIN_19>,
        input: Peri<'static, PIN_16>,
        select: Peri<'static, PIN_17>,
    ) -> Self {
        let mut config = Config::default();
        config.frequency = SPI_HZ;
        let spi = Spi::new_blocking(spi, clock, output, input, config);
        Self { spi, select: Output::new(select, Level::High) }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.spi.blocking_write(bytes).expect("this SPI has no errors");
    }
}

impl Bus for Spi0 {
    fn read(&mut self, header: [u8; 3], bytes: &mut [u8]) {
        self.select.set_low();
        self.send(&header);
        self.spi.blocking_read(bytes).expect("this SPI has no errors");
        self.select.set_high();
    }

    fn write(&mut self, header: [u8; 3], bytes: &[u8]) {
        self.select.set_low();
        self.send(&header);
        self.send(bytes);
        self.select.set_high();
    }
}

/// Resets the chip.
pub(crate) fn reset(pin: Peri<'static, PIN_20>) {
    let mut pin = Output::new(pin, Level::Low);
    block_for(RESET);
    pin.set_high();
    block_for(RESET * 2);
    // Dropped, it would float.
    core::mem::forget(pin);
}

/// Has the network look at the chip whenever that has an interrupt, and now and then.
#[embassy_executor::task]
pub(crate) async fn watch(pin: Peri<'static, PIN_21>) -> ! {
    let mut interrupt = Input::new(pin, Pull::Up);
    loop {
        // It is over, or has not come; either is a reason.
        let _ = with_timeout(LINK, interrupt.wait_for_low()).await;
        one_frame::wake();
        // It is low until the network has looked.
        yield_now().await;
    }
}
