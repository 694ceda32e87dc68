//! WIZnet's W5500, an Ethernet controller on a SPI (data sheet, version 1.1.0).
//!
//! Purpose: an embassy-net driver with one frame buffer a direction. Frames wait in the controller's own memory, 16 KB a
//! direction, until there is time for them; its sockets are not used, but for the one that hands over whole frames.
//!
//! Contract: the interrupt only wakes the network task, which reads until nothing is left. Frames longer than a buffer are
//! dropped, and so are those for others, multicasts and IPv6, by the controller. A frame is sent when the one before has been.
//!
//! Bounds: frames of [`ETHERNET_FRAME_BYTES`].

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;
use static_cell::ConstStaticCell;
use tinyrealm_firmware::device::network::MAC;
use tinyrealm_firmware::links::ETHERNET_FRAME_BYTES;

use crate::{board, spi};

const FRAME_BYTES: usize = ETHERNET_FRAME_BYTES;

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
    pub(super) const MODE: u16 = 0x00;
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

const RESET: u8 = 1 << 7;
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

/// A millisecond of the processor's clock: longer than the reset takes, and than the chip does afterwards.
const RESET_CYCLES: u32 = 72_000;

static WAKER: AtomicWaker = AtomicWaker::new();
static FRAMES: ConstStaticCell<Frames> =
    ConstStaticCell::new(Frames { received: [0; FRAME_BYTES], to_send: [0; FRAME_BYTES] });

/// One buffer a direction: an answer is written while its question is still being read.
struct Frames {
    received: [u8; FRAME_BYTES],
    to_send: [u8; FRAME_BYTES],
}

/// Has the network look at the controller.
pub(crate) fn wake() {
    WAKER.wake();
}

/// The controller; see the [module](self).
pub(crate) struct W5500 {
    frames: &'static mut Frames,
}

fn begin(block: Block, offset: u16) {
    let [high, low] = offset.to_be_bytes();
    for byte in [high, low, block] {
        spi::transfer(byte);
    }
}

fn read(block: Block, offset: u16, bytes: &mut [u8]) {
    board::with_ethernet(|| {
        begin(block, offset);
        for byte in bytes {
            *byte = spi::transfer(0);
        }
    });
}

fn write(block: Block, offset: u16, bytes: &[u8]) {
    board::with_ethernet(|| {
        begin(block | WRITES, offset);
        for byte in bytes {
            spi::transfer(*byte);
        }
    });
}

fn read_byte(block: Block, offset: u16) -> u8 {
    let mut byte = [0];
    read(block, offset, &mut byte);
    byte[0]
}

fn read_number(block: Block, offset: u16) -> u16 {
    let mut bytes = [0; 2];
    read(block, offset, &mut bytes);
    u16::from_be_bytes(bytes)
}

fn write_number(offset: u16, number: u16) {
    write(SOCKET, offset, &number.to_be_bytes());
}

/// An amount that the controller changes meanwhile, between its two bytes too (section 4.2, Sn_RX_RSR).
fn read_amount(offset: u16) -> u16 {
    let mut amount = read_number(SOCKET, offset);
    loop {
        let again = read_number(SOCKET, offset);
        if again == amount {
            return amount;
        }
        amount = again;
    }
}

/// Gives a command, and waits until it has been taken.
fn command(command: u8) {
    write(SOCKET, socket::COMMAND, &[command]);
    while read_byte(SOCKET, socket::COMMAND) != 0 {}
}

fn has_frame() -> bool {
    read_amount(socket::RECEIVED_AMOUNT) != 0
}

fn may_send() -> bool {
    read_amount(socket::SEND_FREE) == MEMORY_BYTES
}

impl W5500 {
    /// Resets the controller and lets it receive for this device. To be called once.
    ///
    /// # Panics
    /// If it does not answer.
    pub(crate) fn start() -> Self {
        spi::start();
        cortex_m::asm::delay(RESET_CYCLES);
        board::release_ethernet();
        cortex_m::asm::delay(2 * RESET_CYCLES);
        write(COMMON, common::MODE, &[RESET]);
        assert!(read_byte(COMMON, common::VERSION) == VERSION, "the Ethernet chip answers");
        write(COMMON, common::ADDRESS, &MAC);
        // All memory for the one socket, and first none for the others.
        for number in (0..SOCKETS).rev() {
            let kb = if number == 0 { MEMORY_KB } else { 0 };
            for register in [socket::RECEIVE_KB, socket::SEND_KB] {
                write(SOCKET + number * NEXT_SOCKET, register, &[kb]);
            }
        }
        write(SOCKET, socket::INTERRUPT_MASK, &[FRAME_RECEIVED]);
        write(COMMON, common::INTERRUPT_MASK, &[1]);
        write(SOCKET, socket::MODE, &[FRAMES_FOR_US]);
        command(OPEN);
        Self { frames: FRAMES.take() }
    }

    /// Takes the oldest frame out of the controller, and answers its length if it is a good one.
    fn take_frame(&mut self) -> Option<usize> {
        let begin = read_number(SOCKET, socket::RECEIVED_BEGIN);
        let length = read_number(RECEIVED, begin);
        if !(SHORTEST..=LONGEST).contains(&length) {
            // No frame begins there: all that it has is dropped.
            command(CLOSE);
            command(OPEN);
            return None;
        }
        let bytes = usize::from(length - LENGTH_BYTES);
        let frame = self.frames.received.get_mut(..bytes);
        let fits = frame.map(|frame| read(RECEIVED, begin.wrapping_add(LENGTH_BYTES), frame));
        write_number(socket::RECEIVED_BEGIN, begin.wrapping_add(length));
        command(HAS_READ);
        fits.map(|()| bytes)
    }
}

/// A frame that has come.
pub(crate) struct Received<'d> {
    frame: &'d mut [u8],
}

/// A frame that may go.
pub(crate) struct ToSend<'d> {
    buffer: &'d mut [u8; FRAME_BYTES],
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, read: F) -> R {
        read(self.frame)
    }
}

impl TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, bytes: usize, fill: F) -> R {
        let (frame, _) = self.buffer.split_at_mut(bytes);
        let outcome = fill(frame);
        let begin = read_number(SOCKET, socket::SEND_END);
        write(TO_SEND, begin, frame);
        write_number(socket::SEND_END, begin.wrapping_add(bytes as u16));
        command(SEND);
        outcome
    }
}

impl Driver for W5500 {
    type RxToken<'d> = Received<'d>;
    type TxToken<'d> = ToSend<'d>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, ToSend<'_>)> {
        WAKER.register(cx.waker());
        if !may_send() {
            // It takes microseconds; the waiting frame has nobody else to wake us.
            cx.waker().wake_by_ref();
            return None;
        }
        loop {
            if !has_frame() {
                write(SOCKET, socket::INTERRUPTS, &[FRAME_RECEIVED]);
                // One may have come in between; from here on one is an edge.
                if !has_frame() {
                    return None;
                }
            }
            if let Some(bytes) = self.take_frame() {
                let Frames { received, to_send } = &mut *self.frames;
                let (frame, _) = received.split_at_mut(bytes);
                return Some((Received { frame }, ToSend { buffer: to_send }));
            }
        }
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<ToSend<'_>> {
        if !may_send() {
            cx.waker().wake_by_ref();
            return None;
        }
        Some(ToSend { buffer: &mut self.frames.to_send })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        WAKER.register(cx.waker());
        match read_byte(COMMON, common::PHY) & LINK_IS_UP {
            0 => LinkState::Down,
            _ => LinkState::Up,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_BYTES;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(MAC)
    }
}
