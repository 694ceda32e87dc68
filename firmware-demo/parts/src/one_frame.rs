//! `OneFrame`: embassy-net's driver for an Ethernet controller in whose own memory frames wait until there is time for them.
//!
//! Purpose: a [`Controller`] is a chip; what embassy-net wants of a driver is here, once, with one buffer a direction.
//!
//! Contract: the controller's interrupt only calls [`wake`]; the network task reads until nothing is left. Frames that are spoilt or
//! longer than a buffer are the controller's to drop. An image has one controller.
//!
//! Bounds: frames of [`FRAME_BYTES`].

use core::task::Context;

pub use embassy_net::driver::LinkState;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;
use static_cell::ConstStaticCell;
use tinyrealm_firmware::links::ETHERNET_FRAME_BYTES;

/// The longest frame.
pub const FRAME_BYTES: usize = ETHERNET_FRAME_BYTES;

static WAKER: AtomicWaker = AtomicWaker::new();
static FRAMES: ConstStaticCell<Frames> =
    ConstStaticCell::new(Frames { received: [0; FRAME_BYTES], to_send: [0; FRAME_BYTES] });

/// One buffer a direction: an answer is written while its question is still being read.
struct Frames {
    received: [u8; FRAME_BYTES],
    to_send: [u8; FRAME_BYTES],
}

/// An Ethernet controller.
pub trait Controller {
    /// Whether it takes a frame of [`FRAME_BYTES`]. It is asked again soon, until it does.
    fn may_send(&mut self) -> bool;

    /// Whether a frame waits there.
    fn has_frame(&mut self) -> bool;

    /// Has the next frame that comes be an interrupt.
    fn expect_frame(&mut self);

    /// Takes the oldest frame, which waits, and answers its length if it is a good one.
    fn take_frame(&mut self, frame: &mut [u8; FRAME_BYTES]) -> Option<usize>;

    /// Sends a frame, which it has room for.
    fn send(&mut self, frame: &[u8]);

    /// Whether there is a cable.
    fn link_state(&mut self) -> LinkState;

    /// Its MAC address.
    fn address(&self) -> [u8; 6];
}

/// Has the network look at the controller.
pub fn wake() {
    WAKER.wake();
}

/// The driver; see the [module](self).
pub struct OneFrame<C> {
    controller: C,
    frames: &'static mut Frames,
}

impl<C: Controller> OneFrame<C> {
    /// Of this controller, which has been started. To be called once.
    pub fn new(controller: C) -> Self {
        Self { controller, frames: FRAMES.take() }
    }
}

/// A frame that has come.
pub struct Received<'d> {
    frame: &'d mut [u8],
}

/// A frame that may go.
pub struct ToSend<'d, C> {
    controller: &'d mut C,
    buffer: &'d mut [u8; FRAME_BYTES],
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, read: F) -> R {
        read(self.frame)
    }
}

impl<C: Controller> TxToken for ToSend<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, bytes: usize, fill: F) -> R {
        let (frame, _) = self.buffer.split_at_mut(bytes);
        let outcome = fill(frame);
        self.controller.send(frame);
        outcome
    }
}

impl<C: Controller> Driver for OneFrame<C> {
    type RxToken<'d>
        = Received<'d>
    where
        C: 'd;
    type TxToken<'d>
        = ToSend<'d, C>
    where
        C: 'd;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, ToSend<'_, C>)> {
        WAKER.register(cx.waker());
        if !self.controller.may_send() {
            // It takes microseconds; the waiting frame has nobody else to wake us.
            cx.waker().wake_by_ref();
            return None;
        }
        loop {
            if !self.controller.has_frame() {
                self.controller.expect_frame();
                // One may have come in between.
                if !self.controller.has_frame() {
                    return None;
                }
            }
            if let Some(bytes) = self.controller.take_frame(&mut self.frames.received) {
                let Frames { received, to_send } = &mut *self.frames;
                let (frame, _) = received.split_at_mut(bytes);
                let to_send = ToSend { controller: &mut self.controller, buffer: to_send };
                return Some((Received { frame }, to_send));
            }
        }
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<ToSend<'_, C>> {
        if !self.controller.may_send() {
            cx.waker().wake_by_ref();
            return None;
        }
        Some(ToSend { controller: &mut self.controller, buffer: &mut self.frames.to_send })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        WAKER.register(cx.waker());
        self.controller.link_state()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_BYTES;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.controller.address())
    }
}
