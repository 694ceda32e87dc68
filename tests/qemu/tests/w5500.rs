//! The W5500's driver, which no board here has run, against a chip in memory, as its data sheet has it.

#[path = "../../../firmware-demo/parts/src/w5500.rs"]
#[expect(unreachable_pub, reason = "it is a board's part")]
mod w5500;

use std::cell::RefCell;
use std::rc::Rc;

use one_frame::{Controller, FRAME_BYTES, LinkState};
use w5500::{Bus, W5500};

/// What of the boards' parts the driver knows.
mod one_frame {
    pub(crate) const FRAME_BYTES: usize = 334;

    #[derive(PartialEq, Eq, Debug)]
    pub(crate) enum LinkState {
        Down,
        Up,
    }

    pub(crate) trait Controller {
        fn may_send(&mut self) -> bool;
        fn has_frame(&mut self) -> bool;
        fn expect_frame(&mut self);
        fn take_frame(&mut self, frame: &mut [u8; FRAME_BYTES]) -> Option<usize>;
        fn send(&mut self, frame: &[u8]);
        fn link_state(&mut self) -> LinkState;
        fn address(&self) -> [u8; 6];
    }
}

const MAC: [u8; 6] = [2, 0, 0, 0, 113, 3];
const MEMORY: usize = 16 * 1024;
/// Looks at a frame that is not sent, until the chip is set up anew.
const LOOKS: usize = 10_000;

/// The chip, with what of its registers has a meaning for whole frames.
struct Chip {
    common: [u8; 0x40],
    sockets: [[u8; 0x30]; 8],
    to_send: Vec<u8>,
    received: Vec<u8>,
    /// Where what is sent begins, and where what was received ends.
    send_begin: u16,
    receive_end: u16,
    is_open: bool,
    /// How often it was opened.
    opened: usize,
    is_deaf: bool,
    sent: Vec<Vec<u8>>,
}

impl Chip {
    fn new() -> Self {
        let mut common = [0; 0x40];
        common[0x39] = 4;
        // From a reset on, every socket has 2 KB a direction.
        let mut registers = [0; 0x30];
        registers[0x1E..0x20].fill(2);
        Self {
            common,
            sockets: [registers; 8],
            to_send: vec![0; MEMORY],
            received: vec![0; MEMORY],
            send_begin: 0,
            receive_end: 0,
            is_open: false,
            opened: 0,
            is_deaf: false,
            sent: Vec::new(),
        }
    }

    fn number(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.sockets[0][at], self.sockets[0][at + 1]])
    }

    fn set_number(&mut self, at: usize, number: u16) {
        self.sockets[0][at..at + 2].copy_from_slice(&number.to_be_bytes());
    }

    /// Amounts, as they are now.
    fn count(&mut self) {
        let waiting = self.receive_end.wrapping_sub(self.number(0x28));
        self.set_number(0x26, waiting);
        let unsent = self.number(0x24).wrapping_sub(self.send_begin);
        let memory = u16::from(self.sockets[0][0x1F]) * 1024;
        self.set_number(0x20, memory - unsent);
    }

    fn on_command(&mut self, command: u8) {
        match command {
            // Closed, opened: both memories are empty.
            0x10 => self.is_open = false,
            0x01 => {
                assert!(!self.is_open, "a socket is opened when it is closed");
                let sizes = self.sockets.map(|socket| [socket[0x1E], socket[0x1F]]);
                assert_eq!(sizes.as_flattened()[..2], [16, 16]);
                assert!(sizes.as_flattened()[2..].iter().all(|kb| *kb == 0));
                assert_eq!(self.sockets[0][0] & 0x8F, 0x84, "whole frames, those for this address");
                (self.is_open, self.opened) = (true, self.opened + 1);
                self.send_begin = 0;
                self.receive_end = 0;
                self.set_number(0x24, 0);
                self.set_number(0x28, 0);
            }
            0x20 if self.is_deaf => {}
            0x20 => {
                let end = self.number(0x24);
                let bytes = end.wrapping_sub(self.send_begin);
                let at = |number: u16| {
                    self.to_send[usize::from(self.send_begin.wrapping_add(number)) % MEMORY]
                };
                self.sent.push((0..bytes).map(at).collect());
                self.send_begin = end;
            }
            0x40 => {}
            _ => panic!("there is no command {command:#x}"),
        }
    }

    /// A frame comes whose length is said to be this.
    fn receive_as(&mut self, length: u16, frame: &[u8]) {
        for byte in length.to_be_bytes().iter().chain(frame) {
            self.received[usize::from(self.receive_end) % MEMORY] = *byte;
            self.receive_end = self.receive_end.wrapping_add(1);
        }
        self.sockets[0][2] |= 4;
    }

    fn receive(&mut self, frame: &[u8]) {
        self.receive_as(frame.len() as u16 + 2, frame);
    }
}

#[derive(Clone)]
struct Wires(Rc<RefCell<Chip>>);

impl Bus for Wires {
    fn read(&mut self, [high, low, control]: [u8; 3], bytes: &mut [u8]) {
        let mut chip = self.0.borrow_mut();
        assert_eq!(control & 0b111, 0, "it reads, as many bytes as are asked for");
        chip.count();
        let at = usize::from(u16::from_be_bytes([high, low]));
        for (number, byte) in bytes.iter_mut().enumerate() {
            *byte = match control >> 3 {
                0 => chip.common[at + number],
                3 => chip.received[(at + number) % MEMORY],
                block if block % 4 == 1 => chip.sockets[usize::from(block / 4)][at + number],
                block => panic!("nobody reads block {block}"),
            };
        }
    }

    fn write(&mut self, [high, low, control]: [u8; 3], bytes: &[u8]) {
        let mut chip = self.0.borrow_mut();
        assert_eq!(control & 0b111, 0b100, "it writes, as many bytes as are there");
        let at = usize::from(u16::from_be_bytes([high, low]));
        for (number, byte) in bytes.iter().enumerate() {
            match control >> 3 {
                0 => chip.common[at + number] = *byte,
                1 if at == 1 => chip.on_command(*byte),
                // An interrupt is cleared by a one.
                1 if at == 2 => chip.sockets[0][2] &= !byte,
                2 => chip.to_send[(at + number) % MEMORY] = *byte,
                block if block % 4 == 1 => {
                    chip.sockets[usize::from(block / 4)][at + number] = *byte;
                }
                block => panic!("nobody writes block {block}"),
            }
        }
    }
}

fn start() -> (Rc<RefCell<Chip>>, W5500<Wires>) {
    let chip = Rc::new(RefCell::new(Chip::new()));
    let driver = W5500::start(Wires(chip.clone()), MAC);
    (chip, driver)
}

/// A frame whose bytes tell one from another.
fn frame(bytes: usize, number: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 7 + number) as u8).collect()
}

fn taken(driver: &mut W5500<Wires>) -> Option<Vec<u8>> {
    let mut buffer = [0; FRAME_BYTES];
    assert!(driver.has_frame());
    driver.take_frame(&mut buffer).map(|bytes| buffer[..bytes].to_vec())
}

#[test]
fn it_is_set_up_for_its_address_and_tells_of_frames() {
    let (chip, driver) = start();
    let chip = chip.borrow();
    assert_eq!(chip.common[0x09..0x0F], MAC);
    assert_eq!(driver.address(), MAC);
    assert!(chip.is_open);
    assert_eq!((chip.common[0x18], chip.sockets[0][0x2C]), (1, 4), "its interrupts");
}

#[test]
#[should_panic(expected = "the Ethernet chip answers")]
fn nobody_there_is_a_panic() {
    let chip = Rc::new(RefCell::new(Chip::new()));
    chip.borrow_mut().common.fill(0xFF);
    W5500::start(Wires(chip), MAC);
}

#[test]
fn frames_come_whole_and_in_order_round_and_round_the_memory() {
    let (chip, mut driver) = start();
    for number in 0..500 {
        let frames = [frame(60 + number % 275, number), frame(334, number + 1)];
        for frame in &frames {
            chip.borrow_mut().receive(frame);
        }
        for frame in frames {
            assert_eq!(taken(&mut driver), Some(frame));
        }
        assert!(!driver.has_frame());
    }
    assert_eq!(chip.borrow().opened, 1);
}

#[test]
fn a_frame_longer_than_the_buffer_is_dropped_alone() {
    let (chip, mut driver) = start();
    for bytes in [FRAME_BYTES, FRAME_BYTES + 1, 1_514, 60] {
        chip.borrow_mut().receive(&frame(bytes, bytes));
    }
    assert_eq!(taken(&mut driver), Some(frame(FRAME_BYTES, FRAME_BYTES)));
    assert_eq!(taken(&mut driver), None);
    assert_eq!(taken(&mut driver), None);
    assert_eq!(taken(&mut driver), Some(frame(60, 60)));
    assert_eq!(chip.borrow().opened, 1);
}

#[test]
fn where_no_frame_begins_the_chip_is_set_up_anew() {
    for length in [0, 61, 1_521, u16::MAX] {
        let (chip, mut driver) = start();
        chip.borrow_mut().receive_as(length, &frame(60, 1));
        assert_eq!(taken(&mut driver), None, "{length}");
        assert!(!driver.has_frame());
        assert_eq!(chip.borrow().opened, 2);
        chip.borrow_mut().receive(&frame(60, 2));
        assert_eq!(taken(&mut driver), Some(frame(60, 2)));
    }
}

#[test]
fn an_interrupt_that_was_read_is_over() {
    let (chip, mut driver) = start();
    chip.borrow_mut().receive(&frame(60, 1));
    taken(&mut driver);
    driver.expect_frame();
    assert_eq!(chip.borrow().sockets[0][2], 0);
}

#[test]
fn frames_go_whole_and_in_order_round_and_round_the_memory() {
    let (chip, mut driver) = start();
    for number in 0..500 {
        let frame = frame(42 + number % 293, number);
        assert!(driver.may_send());
        driver.send(&frame);
        assert_eq!(chip.borrow_mut().sent.pop(), Some(frame));
    }
    assert!(driver.may_send());
}

#[test]
fn a_chip_that_never_says_that_it_has_sent_is_set_up_anew() {
    let (chip, mut driver) = start();
    // What was slow before is forgotten once it is sent.
    for _ in 0..2 {
        chip.borrow_mut().is_deaf = true;
        driver.send(&frame(60, 1));
        assert!((1..LOOKS).all(|_| !driver.may_send()));
        assert_eq!(chip.borrow().opened, 1);
        let mut chip = chip.borrow_mut();
        chip.is_deaf = false;
        chip.on_command(0x20);
        drop(chip);
        assert!(driver.may_send());
    }
    chip.borrow_mut().is_deaf = true;
    driver.send(&frame(60, 2));
    assert!((0..LOOKS).all(|_| !driver.may_send()));
    assert_eq!(chip.borrow().opened, 2);
    chip.borrow_mut().is_deaf = false;
    assert!(driver.may_send());
    driver.send(&frame(60, 3));
    assert_eq!(chip.borrow_mut().sent.pop(), Some(frame(60, 3)));
}

#[test]
fn a_chip_that_began_anew_by_itself_is_set_up_anew() {
    let (chip, mut driver) = start();
    *chip.borrow_mut() = Chip::new();
    // It has less memory than it was given.
    assert!((0..LOOKS).all(|_| !driver.may_send()) && driver.may_send());
    assert!(chip.borrow().is_open);
    assert_eq!(chip.borrow().common[0x09..0x0F], MAC);
}

#[test]
fn a_cable_is_seen() {
    let (chip, mut driver) = start();
    assert_eq!(driver.link_state(), LinkState::Down);
    chip.borrow_mut().common[0x2E] = 0xB9;
    assert_eq!(driver.link_state(), LinkState::Up);
}
