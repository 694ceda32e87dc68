//! SMSC's LAN9118, an Ethernet controller on a memory bus (data sheet, revision 1.5).
//!
//! Purpose: a [`Controller`] with 16 KB of memory.
//!
//! Contract: the interrupt only masks itself and wakes the network task, which unmasks it when nothing is left. Frames longer than a
//! buffer, or spoilt, are dropped.
//!
//! Bounds: frames of [`FRAME_BYTES`].

use core::sync::atomic::{AtomicBool, Ordering};

use embassy_net::driver::LinkState;
use tinyrealm_board_parts::one_frame::{self, Controller, FRAME_BYTES};
use tinyrealm_board_parts::registers::Registers;

/// Bytes of the block of registers.
pub const REGISTERS_BYTES: usize = 0x100;

/// The registers, section 5.3 of the data sheet.
mod register {
    pub(super) const RECEIVED_DATA: usize = 0x00;
    pub(super) const DATA_TO_SEND: usize = 0x20;
    pub(super) const RECEIVED_STATUS: usize = 0x40;
    pub(super) const INTERRUPT_CONFIG: usize = 0x54;
    pub(super) const INTERRUPT_STATUS: usize = 0x58;
    pub(super) const INTERRUPT_ENABLE: usize = 0x5C;
    pub(super) const FIFO_LEVELS: usize = 0x68;
    pub(super) const SEND_CONFIG: usize = 0x70;
    pub(super) const HARDWARE_CONFIG: usize = 0x74;
    pub(super) const RECEIVED_AMOUNT: usize = 0x7C;
    pub(super) const SENDING_AMOUNT: usize = 0x80;
    pub(super) const POWER: usize = 0x84;
    pub(super) const MAC_COMMAND: usize = 0xA4;
    pub(super) const MAC_DATA: usize = 0xA8;
}

/// The MAC's own registers, section 5.4, reached through `MAC_COMMAND`.
mod mac {
    pub(super) const CONTROL: u32 = 1;
    pub(super) const ADDRESS_HIGH: u32 = 2;
    pub(super) const ADDRESS_LOW: u32 = 3;
    pub(super) const PHY_ACCESS: u32 = 6;
    pub(super) const PHY_DATA: u32 = 7;
}

/// The PHY's registers, section 5.5.
mod phy {
    pub(super) const STATUS: u32 = 1;
    pub(super) const INTERRUPT_SOURCE: u32 = 29;
    pub(super) const INTERRUPT_MASK: u32 = 30;
}

const RESET: u32 = 1;
/// A bit that has to be one, and 5 KB of the memory for frames to be sent.
const MEMORY_SPLIT: u32 = 1 << 20 | 5 << 16;
/// Interrupts go out, active high, driven both ways.
const INTERRUPT_PIN: u32 = 0x111;
const FRAME_RECEIVED: u32 = 1 << 3;
const PHY_CHANGED: u32 = 1 << 18;
const SENDING_ON: u32 = 1 << 1;
/// What became of a frame that was sent need not be read.
const STATUS_MAY_OVERRUN: u32 = 1 << 2;
const FULL_DUPLEX: u32 = 1 << 20;
const SENDER_ON: u32 = 1 << 3;
const RECEIVER_ON: u32 = 1 << 2;
const MAC_BUSY: u32 = 1 << 31;
const MAC_READS: u32 = 1 << 30;
const PHY_BUSY: u32 = 1;
const PHY_WRITES: u32 = 2;
const PHY_ADDRESS: u32 = 1 << 11;
const LINK_IS_UP: u32 = 1 << 2;
/// Link down, and negotiation done.
const LINK_EVENTS: u32 = 1 << 4 | 1 << 6;
const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
const HAS_ERROR: u32 = 1 << 15;
/// Bytes of the checksum behind a received frame.
const CHECKSUM_BYTES: usize = 4;
/// Two command words before a frame, and what it may be padded by.
const SENDING_EXTRA_BYTES: usize = 12;

static HAS_LINK_NEWS: AtomicBool = AtomicBool::new(true);

/// The controller; see the [module](self).
pub struct Lan9118 {
    registers: Registers<REGISTERS_BYTES>,
    mac: [u8; 6],
    link: LinkState,
}

/// To be called when its interrupt comes.
pub fn on_interrupt(registers: Registers<REGISTERS_BYTES>) {
    let raised = registers.read::<{ register::INTERRUPT_STATUS }>();
    if raised & PHY_CHANGED != 0 {
        HAS_LINK_NEWS.store(true, Ordering::Relaxed);
    }
    let enabled = registers.read::<{ register::INTERRUPT_ENABLE }>();
    registers.write::<{ register::INTERRUPT_ENABLE }>(enabled & !raised);
    one_frame::wake();
}

impl Lan9118 {
    /// Resets the controller and lets it receive for `mac`. To be called once.
    pub fn start(registers: Registers<REGISTERS_BYTES>, mac: [u8; 6]) -> Self {
        registers.write::<{ register::HARDWARE_CONFIG }>(RESET);
        while registers.read::<{ register::HARDWARE_CONFIG }>() & RESET != 0 {}
        while registers.read::<{ register::POWER }>() & 1 == 0 {}
        let this = Self { registers, mac, link: LinkState::Down };
        registers.write::<{ register::HARDWARE_CONFIG }>(MEMORY_SPLIT);
        let [a, b, c, d, e, f] = mac;
        this.write_mac(mac::ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        this.write_mac(mac::ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        registers.write::<{ register::FIFO_LEVELS }>(0);
        registers.write::<{ register::SEND_CONFIG }>(SENDING_ON | STATUS_MAY_OVERRUN);
        this.write_mac(mac::CONTROL, FULL_DUPLEX | SENDER_ON | RECEIVER_ON);
        this.write_phy(phy::INTERRUPT_MASK, LINK_EVENTS);
        registers.write::<{ register::INTERRUPT_STATUS }>(u32::MAX);
        registers.write::<{ register::INTERRUPT_CONFIG }>(INTERRUPT_PIN);
        registers.write::<{ register::INTERRUPT_ENABLE }>(FRAME_RECEIVED | PHY_CHANGED);
        this
    }

    fn wait_for_mac(&self) {
        while self.registers.read::<{ register::MAC_COMMAND }>() & MAC_BUSY != 0 {}
    }

    fn write_mac(&self, index: u32, value: u32) {
        self.registers.write::<{ register::MAC_DATA }>(value);
        self.registers.write::<{ register::MAC_COMMAND }>(MAC_BUSY | index);
        self.wait_for_mac();
    }

    fn read_mac(&self, index: u32) -> u32 {
        self.registers.write::<{ register::MAC_COMMAND }>(MAC_BUSY | MAC_READS | index);
        self.wait_for_mac();
        self.registers.read::<{ register::MAC_DATA }>()
    }

    fn access_phy(&self, command: u32) {
        self.write_mac(mac::PHY_ACCESS, PHY_ADDRESS | command | PHY_BUSY);
        while self.read_mac(mac::PHY_ACCESS) & PHY_BUSY != 0 {}
    }

    fn read_phy(&self, index: u32) -> u32 {
        self.access_phy(index << 6);
        self.read_mac(mac::PHY_DATA)
    }

    fn write_phy(&self, index: u32, value: u32) {
        self.write_mac(mac::PHY_DATA, value);
        self.access_phy(index << 6 | PHY_WRITES);
    }

    /// Lets these interrupts come again.
    fn unmask(&self, interrupts: u32) {
        critical_section::with(|_| {
            self.registers.write::<{ register::INTERRUPT_STATUS }>(interrupts);
            let enabled = self.registers.read::<{ register::INTERRUPT_ENABLE }>();
            self.registers.write::<{ register::INTERRUPT_ENABLE }>(enabled | interrupts);
        });
    }
}

impl Controller for Lan9118 {
    fn may_send(&mut self) -> bool {
        let free = self.registers.read::<{ register::SENDING_AMOUNT }>() & 0xFFFF;
        free as usize >= FRAME_BYTES + SENDING_EXTRA_BYTES
    }

    fn has_frame(&mut self) -> bool {
        self.registers.read::<{ register::RECEIVED_AMOUNT }>() >> 16 & 0xFF > 0
    }

    fn expect_frame(&mut self) {
        self.unmask(FRAME_RECEIVED);
    }

    fn take_frame(&mut self, frame: &mut [u8; FRAME_BYTES]) -> Option<usize> {
        let status = self.registers.read::<{ register::RECEIVED_STATUS }>();
        let stored_bytes = (status >> 16 & 0x3FFF) as usize;
        let bytes = stored_bytes.saturating_sub(CHECKSUM_BYTES);
        let mut words = stored_bytes.div_ceil(4);
        for place in frame.chunks_mut(4).take(bytes.div_ceil(4)) {
            let word = self.registers.read::<{ register::RECEIVED_DATA }>().to_le_bytes();
            for (place, byte) in place.iter_mut().zip(word) {
                *place = byte;
            }
            words -= 1;
        }
        for _ in 0..words {
            self.registers.read::<{ register::RECEIVED_DATA }>();
        }
        (status & HAS_ERROR == 0 && bytes <= FRAME_BYTES).then_some(bytes)
    }

    fn send(&mut self, frame: &[u8]) {
        let bytes = frame.len() as u32;
        self.registers.write::<{ register::DATA_TO_SEND }>(FIRST_AND_LAST | bytes);
        self.registers.write::<{ register::DATA_TO_SEND }>(bytes);
        for part in frame.chunks(4) {
            let mut word = [0; 4];
            for (place, byte) in word.iter_mut().zip(part) {
                *place = *byte;
            }
            self.registers.write::<{ register::DATA_TO_SEND }>(u32::from_le_bytes(word));
        }
    }

    fn link_state(&mut self) -> LinkState {
        if HAS_LINK_NEWS.swap(false, Ordering::Relaxed) {
            self.read_phy(phy::INTERRUPT_SOURCE);
            // The first read tells of a link that was lost meanwhile, the second one what is.
            self.read_phy(phy::STATUS);
            let is_up = self.read_phy(phy::STATUS) & LINK_IS_UP != 0;
            self.link = if is_up { LinkState::Up } else { LinkState::Down };
            self.unmask(PHY_CHANGED);
        }
        self.link
    }

    fn address(&self) -> [u8; 6] {
        self.mac
    }
}
