//! WIZnet's W5500, an Ethernet controller on a SPI (data sheet, version 1.1.0).
//!
//! Purpose: a [`Controller`] with 16 KB of memory a direction, whatever SPI a board has. The chip's sockets are not used, but for
//! the one that hands over whole frames.
//!
//! Contract: frames longer than a buffer are dropped, and so are those for others, multicasts and IPv6, by the chip. A frame is
//! sent when the one before has been; a chip that never says so is set up anew.
//!
//! Bounds: frames of [`FRAME_BYTES`].

use crate::one_frame::{Controller, FRAME_BYTES, LinkState};

/// How a board reaches the chip: each is one transfer, with the chip selected from its beginning to its end.
pub trait Bus {
    /// Sends the header, and then receives.
    fn read(&mut self, header: [u8; 3], bytes: &mut [u8]);

    /// Sends the header, and then the bytes.
    fn write(&mut self, header: [u8; 3], bytes: &[u8]);
}

/// A block of the controller's memory, section 2.2.2, as it stands in a control byte.
type Block = u8;

const COMMON: Block = 0;
const SOCKET: Block = 1 << 3;
const TO_SEND: Block = 2 << 3;
const RECEIVED: Block = 3 << 3;
/// From the registers of a socket to those of the next one.
const NEXT_SOCKET: Block = 4 << 3;
const WRITES: u8 = 1 << 2;

/// The registers for all sockets, section 4.1.
mod common {
    pub(super) const ADDRESS: u16 = 0x09;
    pub(super) const INTERRUPT_MASK: u16 = 0x18;
    pub(super) const PHY: u16 = 0x2E;
    pub(super) const VERSION: u16 = 0x39;
}

/// The registers of one socket, section 4.2.
mod socket {
    pub(super) const MODE: u16 = 0x00;
    pub(super) const COMMAND: u16 = 0x01;
    pub(super) const INTERRUPTS: u16 = 0x02;
    pub(super) const RECEIVE_KB: u16 = 0x1E;
    pub(super) const SEND_KB: u16 = 0x1F;
    pub(super) const SEND_FREE: u16 = 0x20;
    pub(super) const SEND_END: u16 = 0x24;
    pub(super) const RECEIVED_AMOUNT: u16 = 0x26;
    pub(super) const RECEIVED_BEGIN: u16 = 0x28;
    pub(super) const INTERRUPT_MASK: u16 = 0x2C;
}

const VERSION: u8 = 4;
/// Whole frames, those for this address alone, without multicasts and IPv6.
const FRAMES_FOR_US: u8 = 1 << 7 | 1 << 5 | 1 << 4 | 4;
const OPEN: u8 = 0x01;
const CLOSE: u8 = 0x10;
const SEND: u8 = 0x20;
const HAS_READ: u8 = 0x40;
const FRAME_RECEIVED: u8 = 1 << 2;
const LINK_IS_UP: u8 = 1;
const MEMORY_KB: u8 = 16;
const MEMORY_BYTES: u16 = 16 * 1024;
const SOCKETS: u8 = 8;

/// A received frame has its length before it, which counts that in.
const LENGTH_BYTES: u16 = 2;
/// Ethernet's shortest and longest frame, with that.
const SHORTEST: u16 = 60 + LENGTH_BYTES;
const LONGEST: u16 = 1_518 + LENGTH_BYTES;

/// After so many looks at a frame that is not sent yet the chip has forgotten it: that takes longer than a frame does at 10 Mbit/s
/// among collisions.
const MOST_LOOKS: u16 = 10_000;

/// The controller; see the [module](self).
pub struct W5500<B> {
    bus: B,
    mac: [u8; 6],
    /// How often in a row it was not ready to send.
    looks: u16,
}

impl<B: Bus> W5500<B> {
    /// Lets the chip receive for `mac`. It has been reset by its pin, a millisecond ago.
    ///
    /// # Panics
    /// If it does not answer, now or later.
    pub fn start(bus: B, mac: [u8; 6]) -> Self {
        let mut this = Self { bus, mac, looks: 0 };
        this.open();
        this
    }

    /// Sets the chip up, whatever it did before: frames that wait in it are dropped.
    fn open(&mut self) {
        assert!(self.read_byte(COMMON, common::VERSION) == VERSION, "the Ethernet chip answers");
        self.command(CLOSE);
        let mac = self.mac;
        self.write(COMMON, common::ADDRESS, &mac);
        // All memory for the one socket, and first none for the others.
        for number in (0..SOCKETS).rev() {
            let kb = if number == 0 { MEMORY_KB } else { 0 };
            for register in [socket::RECEIVE_KB, socket::SEND_KB] {
                self.write(SOCKET + number * NEXT_SOCKET, register, &[kb]);
            }
        }
        self.write(SOCKET, socket::INTERRUPT_MASK, &[FRAME_RECEIVED]);
        self.write(COMMON, common::INTERRUPT_MASK, &[1]);
        self.write(SOCKET, socket::MODE, &[FRAMES_FOR_US]);
        self.command(OPEN);
    }

    fn read(&mut self, block: Block, offset: u16, bytes: &mut [u8]) {
        let [high, low] = offset.to_be_bytes();
        self.bus.read([high, low, block], bytes);
    }

    fn write(&mut self, block: Block, offset: u16, bytes: &[u8]) {
        let [high, low] = offset.to_be_bytes();
        self.bus.write([high, low, block | WRITES], bytes);
    }

    fn read_byte(&mut self, block: Block, offset: u16) -> u8 {
        let mut byte = [0];
        self.read(block, offset, &mut byte);
        byte[0]
    }

    fn read_number(&mut self, block: Block, offset: u16) -> u16 {
        let mut bytes = [0; 2];
        self.read(block, offset, &mut bytes);
        u16::from_be_bytes(bytes)
    }

    fn write_number(&mut self, offset: u16, number: u16) {
        self.write(SOCKET, offset, &number.to_be_bytes());
    }

    /// An amount that the controller changes meanwhile, between its two bytes too (section 4.2, Sn_RX_RSR).
    fn read_amount(&mut self, offset: u16) -> u16 {
        let mut amount = self.read_number(SOCKET, offset);
        loop {
            let again = self.read_number(SOCKET, offset);
            if again == amount {
                return amount;
            }
            amount = again;
        }
    }

    /// Gives a command, and waits until it has been taken.
    fn command(&mut self, command: u8) {
        self.write(SOCKET, socket::COMMAND, &[command]);
        while self.read_byte(SOCKET, socket::COMMAND) != 0 {}
    }
}

impl<B: Bus> Controller for W5500<B> {
    fn may_send(&mut self) -> bool {
        if self.read_amount(socket::SEND_FREE) == MEMORY_BYTES {
            self.looks = 0;
            return true;
        }
        self.looks += 1;
        if self.looks == MOST_LOOKS {
            self.looks = 0;
            self.open();
        }
        false
    }

    fn has_frame(&mut self) -> bool {
        self.read_amount(socket::RECEIVED_AMOUNT) != 0
    }

    fn expect_frame(&mut self) {
        // From here on one is an edge.
        self.write(SOCKET, socket::INTERRUPTS, &[FRAME_RECEIVED]);
    }

    fn take_frame(&mut self, frame: &mut [u8; FRAME_BYTES]) -> Option<usize> {
        let begin = self.read_number(SOCKET, socket::RECEIVED_BEGIN);
        let length = self.read_number(RECEIVED, begin);
        if !(SHORTEST..=LONGEST).contains(&length) {
            // No frame begins there.
            self.open();
            return None;
        }
        let bytes = usize::from(length - LENGTH_BYTES);
        let fits = frame.get_mut(..bytes).map(|frame| {
            self.read(RECEIVED, begin.wrapping_add(LENGTH_BYTES), frame);
        });
        self.write_number(socket::RECEIVED_BEGIN, begin.wrapping_add(length));
        self.command(HAS_READ);
        fits.map(|()| bytes)
    }

    fn send(&mut self, frame: &[u8]) {
        let begin = self.read_number(SOCKET, socket::SEND_END);
        self.write(TO_SEND, begin, frame);
        self.write_number(socket::SEND_END, begin.wrapping_add(frame.len() as u16));
        self.command(SEND);
    }

    fn link_state(&mut self) -> LinkState {
        match self.read_byte(COMMON, common::PHY) & LINK_IS_UP {
            0 => LinkState::Down,
            _ => LinkState::Up,
        }
    }

    fn address(&self) -> [u8; 6] {
        self.mac
    }
}
