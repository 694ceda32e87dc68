//! The chip's own Ethernet, RMII as the Nucleo has it wired (ST, RM0433, chapter 58).
//!
//! Purpose: a [`Controller`] whose DMA has frames wait in a few short buffers ([`Rings`]), where embassy-stm32's has 1,536 bytes
//! for each. It is set up as there, and the PHY is embassy-stm32's.
//!
//! Contract: the interrupt only wakes the network task, which reads until nothing is left. Multicasts, and frames for others or
//! longer than a buffer, are dropped.
//!
//! Bounds: frames of [`FRAME_BYTES`].

use embassy_net::driver::LinkState;
use embassy_stm32::eth::{GenericPhy, Phy, Sma, StationManagement};
use embassy_stm32::gpio::{AfType, Flex, OutputType, Speed};
use embassy_stm32::interrupt::{self, InterruptExt, typelevel};
use embassy_stm32::pac::syscfg::vals::EthSelPhy;
use embassy_stm32::pac::{ETH, RCC, SYSCFG};
use embassy_stm32::peripherals::ETH_SMA;
use embassy_time::{Duration, Timer};
use tinyrealm_board_parts::one_frame::{self, Controller, FRAME_BYTES};
use tinyrealm_firmware::device::network::MAC;

use crate::rings::{Descriptor, Rings};

/// Frames that may wait to be read.
const WAITING: usize = 2;
/// The DMA writes words.
const BUFFER_BYTES: usize = FRAME_BYTES.next_multiple_of(4);
/// All pins' function is this one.
const RMII: u8 = 11;

/// A place in the PHY of a Nucleo, and what says there that a cable is.
const PHY: u8 = 0;
const PHY_STATUS: u8 = 1;
const LINK_IS_UP: u16 = 1 << 2;
const LINK_IS_NEGOTIATED: u16 = 1 << 5;
/// How often to look for a cable, of which nothing tells by itself.
const LINK: Duration = Duration::from_millis(500);

/// The linker puts them into the AXI SRAM, which the DMA reaches; the data cache is off.
static RINGS: Rings<WAITING, BUFFER_BYTES> = Rings::new();

/// The interrupt's handler: a frame has come.
pub(crate) struct InterruptHandler(());

impl typelevel::Handler<typelevel::ETH> for InterruptHandler {
    unsafe fn on_interrupt() {
        let status = ETH.ethernet_dma().dmacsr();
        // What is read as one is cleared by being written so.
        status.modify(|_| ());
        // It takes two clocks of the bus.
        status.read();
        status.read();
        one_frame::wake();
    }
}

/// The controller; see the [module](self).
pub(crate) struct Ethernet {
    phy: GenericPhy<Sma<'static, ETH_SMA>>,
    /// Which frame comes next.
    next: usize,
}

impl Ethernet {
    /// Lets the chip receive for this device. To be called once.
    pub(crate) fn start(pins: [Flex<'static>; 7], management: Sma<'static, ETH_SMA>) -> Self {
        for mut pin in pins {
            pin.set_as_af_unchecked(RMII, AfType::output(OutputType::PushPull, Speed::VeryHigh));
            // Dropped, it would be disconnected.
            core::mem::forget(pin);
        }
        RCC.ahb1enr().modify(|clocks| {
            clocks.set_ethen(true);
            clocks.set_ethtxen(true);
            clocks.set_ethrxen(true);
        });
        SYSCFG.pmcr().modify(|mode| mode.set_eth_sel_phy(EthSelPhy::RMII));
        let dma = ETH.ethernet_dma();
        dma.dmamr().modify(|mode| mode.set_swr(true));
        while dma.dmamr().read().swr() {}
        set_mac_up();
        set_dma_up();
        let mut this = Self { phy: GenericPhy::new(management, PHY), next: 0 };
        this.phy.phy_reset();
        this.phy.phy_init();
        interrupt::ETH.unpend();
        // SAFETY: its handler is bound, and no critical section relies on the mask.
        unsafe { interrupt::ETH.enable() };
        this
    }
}

fn set_mac_up() {
    let (mac, queues) = (ETH.ethernet_mac(), ETH.ethernet_mtl());
    mac.maccr().modify(|config| {
        // 100 Mbit/s, both ways at once, without the checksum at the end.
        config.set_fes(true);
        config.set_dm(true);
        config.set_acs(true);
        config.set_cst(true);
    });
    let [a, b, c, d, e, f] = MAC;
    // The lower half takes both over.
    mac.maca0hr().modify(|high| high.set_addrhi(u16::from_le_bytes([e, f])));
    mac.maca0lr().write(|low| low.set_addrlo(u32::from_le_bytes([a, b, c, d])));
    have_counters_silent();
    // Whole frames, in either direction.
    queues.mtlrx_qomr().modify(|mode| mode.set_rsf(true));
    queues.mtltx_qomr().modify(|mode| mode.set_tsf(true));
    mac.maccr().modify(|config| {
        config.set_re(true);
        config.set_te(true);
    });
    queues.mtltx_qomr().modify(|mode| mode.set_ftq(true));
}

/// Nobody reads them.
fn have_counters_silent() {
    let mac = ETH.ethernet_mac();
    mac.mmc_rx_interrupt_mask().write(|mask| {
        mask.set_rxcrcerpim(true);
        mask.set_rxalgnerpim(true);
        mask.set_rxucgpim(true);
        mask.set_rxlpiuscim(true);
        mask.set_rxlpitrcim(true);
    });
    mac.mmc_tx_interrupt_mask().write(|mask| {
        mask.set_txscolgpim(true);
        mask.set_txmcolgpim(true);
        mask.set_txgpktim(true);
        mask.set_txlpiuscim(true);
        mask.set_txlpitrcim(true);
    });
}

fn set_dma_up() {
    let dma = ETH.ethernet_dma();
    dma.dmactx_cr().modify(|config| config.set_txpbl(1));
    dma.dmacrx_cr().modify(|config| {
        config.set_rxpbl(1);
        config.set_rbsz(BUFFER_BYTES as u16);
    });
    dma.dmactx_dlar().write(|list| list.0 = &raw const RINGS.to_send as u32);
    dma.dmactx_rlr().write(|last| last.set_tdrl(0));
    RINGS.start();
    dma.dmacrx_dlar().write(|list| list.0 = RINGS.received.as_ptr() as u32);
    dma.dmacrx_rlr().write(|last| last.set_rdrl(WAITING as u16 - 1));
    dma.dmactx_cr().modify(|config| config.set_st(true));
    dma.dmacrx_cr().modify(|config| config.set_sr(true));
    have_received_read();
    dma.dmacier().modify(|interrupts| {
        interrupts.set_nie(true);
        interrupts.set_rie(true);
    });
}

/// Has the DMA look whether it may go on. It stops where this says, which is behind the last one, so nowhere.
fn have_received_read() {
    let end = RINGS.received.as_ptr_range().end as u32;
    ETH.ethernet_dma().dmacrx_dtpr().write(|tail| tail.0 = end);
}

impl Controller for Ethernet {
    fn may_send(&mut self) -> bool {
        RINGS.may_send()
    }

    fn has_frame(&mut self) -> bool {
        RINGS.has_frame(self.next)
    }

    /// Each one is an interrupt.
    fn expect_frame(&mut self) {}

    fn take_frame(&mut self, frame: &mut [u8; FRAME_BYTES]) -> Option<usize> {
        let bytes = RINGS.take(self.next, frame);
        have_received_read();
        self.next = (self.next + 1) % WAITING;
        bytes
    }

    fn send(&mut self, frame: &[u8]) {
        RINGS.send(frame);
        let end = &raw const RINGS.to_send as u32 + size_of::<Descriptor>() as u32;
        ETH.ethernet_dma().dmactx_dtpr().write(|tail| tail.0 = end);
    }

    fn link_state(&mut self) -> LinkState {
        let status = self.phy.station_management().smi_read(PHY, PHY_STATUS);
        match status & (LINK_IS_UP | LINK_IS_NEGOTIATED) {
            both if both == LINK_IS_UP | LINK_IS_NEGOTIATED => LinkState::Up,
            _ => LinkState::Down,
        }
    }

    fn address(&self) -> [u8; 6] {
        MAC
    }
}

/// Has the network look for a cable now and then.
#[embassy_executor::task]
pub(crate) async fn watch() -> ! {
    loop {
        Timer::after(LINK).await;
        one_frame::wake();
    }
}
