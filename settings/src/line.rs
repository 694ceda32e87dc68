//! Lines: what a desktop and a board in set-up mode say to each other.
//!
//! ```text
//! NN hello CCCC                     NN board none|whole|broken NAME CCCC
//! NN put OOOO HEX… CCCC             NN done CCCC
//! NN save LLLL KKKKKKKK CCCC        NN no REASON CCCC
//! NN restart CCCC
//! ```
//! Numbers are hexadecimal digits. An answer has its request's number; the last four digits are the CRC-16/IBM-SDLC of what is before them
//! and their space. What is no such line, a log or noise, is passed over.

use crc::{CRC_16_IBM_SDLC, Crc, NoTable};

use crate::wrong::Wrong;

/// The longest line, without its end.
pub const LINE_MAX_BYTES: usize = 96;
/// Bytes of settings that a line carries.
pub(crate) const CHUNK_MAX_BYTES: usize = 32;
/// Of a board's name; a longer one is cut.
pub(crate) const NAME_MAX_BYTES: usize = 40;

const CRC: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_IBM_SDLC);
const CHECK_DIGITS: usize = 4;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What a board has.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// No settings yet.
    None,
    /// Settings.
    Whole,
    /// Some that are of no use.
    Broken,
}

/// Why a board takes no settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// They are not what has come: begin again.
    Torn,
    /// Its image does not know them.
    Unknown,
    /// This one it may not have.
    Wrong(Wrong),
    /// Its image can't ask the network for an address.
    NoDhcp,
    /// Its flash does not hold them.
    Flash,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chunk {
    bytes: [u8; CHUNK_MAX_BYTES],
    length: usize,
}

impl Chunk {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut chunk = Self { bytes: [0; CHUNK_MAX_BYTES], length: bytes.len() };
        chunk.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(chunk)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    Hello,
    Put { offset: u16, chunk: Chunk },
    Save { length: u16, check: u32 },
    Restart,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer<'l> {
    Board { state: State, name: &'l str },
    Done,
    No(Refusal),
}

/// Gathers the bytes of one line.
pub(crate) struct Incoming {
    bytes: [u8; LINE_MAX_BYTES],
    length: usize,
    is_ended: bool,
}

impl Incoming {
    pub(crate) const NEW: Self = Self { bytes: [0; LINE_MAX_BYTES], length: 0, is_ended: false };

    /// Takes a byte; answers whether it has ended a line that may be one.
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        if self.is_ended {
            (self.length, self.is_ended) = (0, false);
        }
        if matches!(byte, b'\r' | b'\n') {
            self.is_ended = true;
            return (1..=LINE_MAX_BYTES).contains(&self.length);
        }
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        self.length = (self.length + 1).min(LINE_MAX_BYTES + 1);
        false
    }

    /// The number and the words of the line that has ended, if it is whole.
    fn words(&self) -> Option<(u8, impl Iterator<Item = &str>)> {
        let text = core::str::from_utf8(self.bytes.get(..self.length)?).ok()?;
        let (checked, check) = text.rsplit_once(' ')?;
        if number(check, CHECK_DIGITS)? != u32::from(CRC.checksum(checked.as_bytes())) {
            return None;
        }
        let mut words = checked.split(' ');
        let number = number(words.next()?, 2)?;
        Some((number as u8, words))
    }

    pub(crate) fn request(&self) -> Option<(u8, Request)> {
        let (number_of_it, mut words) = self.words()?;
        let request = match words.next()? {
            "hello" => Request::Hello,
            "put" => {
                let offset = number(words.next()?, 4)? as u16;
                Request::Put { offset, chunk: chunk(words.next()?)? }
            }
            "save" => {
                let length = number(words.next()?, 4)? as u16;
                Request::Save { length, check: number(words.next()?, 8)? }
            }
            "restart" => Request::Restart,
            _ => return None,
        };
        words.next().is_none().then_some((number_of_it, request))
    }

    pub(crate) fn answer(&self) -> Option<(u8, Answer<'_>)> {
        let (number_of_it, mut words) = self.words()?;
        let answer = match words.next()? {
            "board" => Answer::Board { state: state(words.next()?)?, name: words.next()? },
            "done" => Answer::Done,
            "no" => Answer::No(match words.next()? {
                "torn" => Refusal::Torn,
                "unknown" => Refusal::Unknown,
                "wrong" => Refusal::Wrong(*Wrong::ALL.get(number(words.next()?, 2)? as usize)?),
                "dhcp" => Refusal::NoDhcp,
                "flash" => Refusal::Flash,
                _ => return None,
            }),
            _ => return None,
        };
        words.next().is_none().then_some((number_of_it, answer))
    }

    /// Forgets what it has gathered: it may have been a key.
    pub(crate) const fn forget(&mut self) {
        *self = Self::NEW;
    }
}

fn state(word: &str) -> Option<State> {
    Some(match word {
        "none" => State::None,
        "whole" => State::Whole,
        "broken" => State::Broken,
        _ => return None,
    })
}

fn number(digits: &str, count: usize) -> Option<u32> {
    let mut number = 0;
    for byte in digits.bytes() {
        number = number << 4 | char::from(byte).to_digit(16)?;
    }
    (digits.len() == count).then_some(number)
}

fn chunk(digits: &str) -> Option<Chunk> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let mut chunk = Chunk { bytes: [0; CHUNK_MAX_BYTES], length: pairs.len() };
    let places = chunk.bytes.get_mut(..pairs.len()).filter(|places| !places.is_empty())?;
    for (place, pair) in places.iter_mut().zip(pairs) {
        *place = number(core::str::from_utf8(pair).ok()?, 2)? as u8;
    }
    rest.is_empty().then_some(chunk)
}

/// A line that is on its way.
pub(crate) struct Outgoing {
    bytes: [u8; LINE_MAX_BYTES + 2],
    length: usize,
    sent: usize,
}

impl Outgoing {
    pub(crate) const NEW: Self = Self { bytes: [0; LINE_MAX_BYTES + 2], length: 0, sent: 0 };

    pub(crate) fn to_send(&self) -> &[u8] {
        self.bytes.get(self.sent..self.length).unwrap_or_default()
    }

    pub(crate) const fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent >= self.length {
            *self = Self::NEW;
        }
    }

    pub(crate) fn ask(&mut self, number: u8, request: &Request) {
        self.begin(number);
        match request {
            Request::Hello => self.put_word("hello"),
            Request::Put { offset, chunk } => {
                self.put_word("put");
                self.put_number(u32::from(*offset), 4);
                self.put(b" ");
                for byte in chunk.bytes() {
                    self.put_digits(u32::from(*byte), 2);
                }
            }
            Request::Save { length, check } => {
                self.put_word("save");
                self.put_number(u32::from(*length), 4);
                self.put_number(*check, 8);
            }
            Request::Restart => self.put_word("restart"),
        }
        self.end();
    }

    pub(crate) fn answer(&mut self, number: u8, answer: Answer<'_>) {
        self.begin(number);
        match answer {
            Answer::Board { state, name } => {
                self.put_word("board");
                self.put_word(match state {
                    State::None => "none",
                    State::Whole => "whole",
                    State::Broken => "broken",
                });
                self.put(b" ");
                for byte in name.bytes().take(NAME_MAX_BYTES) {
                    // One word of a line, whatever it is called.
                    self.put(&[if byte.is_ascii_graphic() { byte } else { b'-' }]);
                }
            }
            Answer::Done => self.put_word("done"),
            Answer::No(refusal) => {
                self.put_word("no");
                self.put_refusal(refusal);
            }
        }
        self.end();
    }

    fn put_refusal(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Torn => self.put_word("torn"),
            Refusal::Unknown => self.put_word("unknown"),
            Refusal::Wrong(wrong) => {
                self.put_word("wrong");
                let place = Wrong::ALL.iter().position(|known| *known == wrong);
                self.put_number(place.unwrap_or_default() as u32, 2);
            }
            Refusal::NoDhcp => self.put_word("dhcp"),
            Refusal::Flash => self.put_word("flash"),
        }
    }

    /// In front is an end of a line: so noise before it is no part of it.
    fn begin(&mut self, number: u8) {
        *self = Self::NEW;
        self.put(b"\n");
        self.put_digits(u32::from(number), 2);
    }

    fn end(&mut self) {
        let said = self.bytes.get(1..self.length).unwrap_or_default();
        let check = CRC.checksum(said);
        self.put_number(u32::from(check), CHECK_DIGITS);
        self.put(b"\n");
    }

    fn put(&mut self, bytes: &[u8]) {
        let free = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (place, byte) in free.iter_mut().zip(bytes) {
            *place = *byte;
            self.length += 1;
        }
    }

    fn put_word(&mut self, word: &str) {
        self.put(b" ");
        self.put(word.as_bytes());
    }

    fn put_number(&mut self, number: u32, digits: usize) {
        self.put(b" ");
        self.put_digits(number, digits);
    }

    fn put_digits(&mut self, number: u32, digits: usize) {
        for place in (0..digits).rev() {
            let digit = (number >> (4 * place) & 0xF) as usize;
            self.put(DIGITS.get(digit..=digit).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests;
