//! `Piece`: a whole room as pieces, and blocks of them.
//!
//! Purpose: what there is to say of a room is cut where pieces end, so that neither side ever holds more of it than a
//! block, and a block can be written again from where it began.
//!
//! Contract: a block has whole pieces alone, in postcard's format, each behind the number of its kind. The pieces of a room
//! come as they stand in [`Piece`]. What is no piece, to the last byte, is [`BadBlock`].
//!
//! Bounds: [`PIECE_MAX_BYTES`] a piece; [`ROOM_BLOCK_BYTES`] a block.
//!
//! ```
//! use tinyrealm_core::node::world::moving::{BlockWriter, Piece, TimerPiece, pieces};
//! let timer = Piece::Timer(TimerPiece { id: 3, ms: 1_500 });
//! let mut bytes = [0; 16];
//! let mut block = BlockWriter::new(&mut bytes);
//! block.add(&timer).unwrap();
//! let written = block.written();
//! assert_eq!(pieces(&bytes[..written]).next(), Some(Ok(timer)));
//! ```

use serde::{Deserialize, Serialize};

use crate::protocol::{
    ACCOUNT_MAX_BYTES, Bytes, ClaimNumber, Direction, MemberNumber, NICKNAME_MAX_BYTES, Position,
    ROOM_BLOCK_BYTES, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_OPTIONS_MAX_BYTES,
    ROOM_PROPERTIES_MAX_BYTES, ROOM_SECRET_MAX_BYTES, THING_MAX_BYTES, Text, Uid, take_first,
};
use crate::wire::{BinaryWriter, Full};

/// The longest piece, which is a [`Head`]: what a block has to hold.
pub const PIECE_MAX_BYTES: usize = 321;

/// How pieces are written; another number is another room's.
pub const PIECES_VERSION: u8 = 2;

/// What a room is, before what is in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head<'a> {
    /// [`PIECES_VERSION`].
    pub pieces_version: u8,
    /// Of the game.
    pub fingerprint: u32,
    /// Of the game, as what its rooms keep has it.
    pub game_version: u16,
    /// Empty for a room that nobody has named.
    #[serde(borrow)]
    pub name: Text<'a, ROOM_NAME_MAX_BYTES>,
    /// What kind of room its opener wanted.
    #[serde(borrow)]
    pub mode: Text<'a, ROOM_MODE_MAX_BYTES>,
    /// What who comes in has to know.
    #[serde(borrow)]
    pub secret: Text<'a, ROOM_SECRET_MAX_BYTES>,
    /// What its game was opened with.
    #[serde(borrow)]
    pub options: Bytes<'a, ROOM_OPTIONS_MAX_BYTES>,
    /// What its game says of it.
    #[serde(borrow)]
    pub properties: Bytes<'a, ROOM_PROPERTIES_MAX_BYTES>,
    /// How many it takes.
    pub capacity: u16,
    /// For how long it stays open from now, though nobody is in it.
    pub kept_ms: u32,
    /// What its name is claimed under; 0 if that is not known.
    pub claim: ClaimNumber,
    /// Whether listings show it.
    pub is_listed: bool,
    /// Whether it lets nobody more in.
    pub is_locked: bool,
    /// What its random numbers come from,
    pub seed: u64,
    /// and how many were drawn.
    pub drawn: u32,
    /// What the newest member is called.
    pub last_number: MemberNumber,
    /// How many members there are.
    pub members: u16,
    /// How many bytes its game has written.
    pub state_bytes: u16,
}

/// The next bytes of what its game has written.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatePiece<'a> {
    /// Behind those of the piece before.
    #[serde(borrow)]
    pub bytes: Bytes<'a, ROOM_BLOCK_BYTES>,
}

/// A thing of the room.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ThingPiece<'a> {
    /// Which.
    pub id: u16,
    /// Which of the game's messages it is.
    pub kind: u8,
    /// Its payload.
    #[serde(borrow)]
    pub data: Bytes<'a, THING_MAX_BYTES>,
}

/// A timer of the room that is armed.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimerPiece {
    /// Which.
    pub id: u16,
    /// When it is due, from now.
    pub ms: u32,
}

/// A member of the room, and its seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MemberPiece<'a> {
    /// What the room calls it.
    pub number: MemberNumber,
    /// Who.
    pub uid: Uid,
    /// Where it is.
    pub pos: Position,
    /// Where it looks.
    pub dir: Direction,
    /// The name of its account.
    #[serde(borrow)]
    pub account: Text<'a, ACCOUNT_MAX_BYTES>,
    /// What it wants to be called.
    #[serde(borrow)]
    pub nickname: Text<'a, NICKNAME_MAX_BYTES>,
    /// The claim that it is here by.
    pub claim: ClaimNumber,
    /// How many of the events that were said it has not got.
    pub missed_events: u32,
    /// Whether it shows something besides its place,
    pub has_state: bool,
    /// as which of the game's messages,
    pub kind: u8,
    /// and what.
    #[serde(borrow)]
    pub state: Bytes<'a, THING_MAX_BYTES>,
}

/// Something of a room; they come in this order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Piece<'a> {
    /// First, and once.
    Head(#[serde(borrow)] Head<'a>),
    /// As many as it takes.
    State(#[serde(borrow)] StatePiece<'a>),
    /// Those that are there.
    Thing(#[serde(borrow)] ThingPiece<'a>),
    /// Those that are armed.
    Timer(TimerPiece),
    /// Whoever has come first, first.
    Member(#[serde(borrow)] MemberPiece<'a>),
}

/// What is no block.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct BadBlock;

/// Writes a block.
#[derive(Debug)]
pub struct BlockWriter<'b> {
    writer: BinaryWriter<'b>,
    most: usize,
}

impl<'b> BlockWriter<'b> {
    /// At the start of `out`.
    pub const fn new(out: &'b mut [u8]) -> Self {
        let most = out.len();
        Self { writer: BinaryWriter::new(out), most }
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// [`Full`] if it does not fit: it is for the next block.
    pub fn add(&mut self, piece: &Piece<'_>) -> Result<(), Full> {
        self.writer.postcard(piece)
    }

    /// How long the block is.
    pub const fn written(&self) -> usize {
        self.writer.written()
    }

    /// How much more there is room for.
    pub const fn free(&self) -> usize {
        self.most - self.writer.written()
    }
}

/// Reads a block; what is behind a bad piece is not looked at.
pub fn pieces(block: &[u8]) -> impl Iterator<Item = Result<Piece<'_>, BadBlock>> {
    let mut rest = Some(block);
    core::iter::from_fn(move || {
        let block = rest.filter(|block| !block.is_empty())?;
        match take_first(block) {
            Some((piece, behind)) => {
                rest = Some(behind);
                Some(Ok(piece))
            }
            None => {
                rest = None;
                Some(Err(BadBlock))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    use super::*;

    /// What a piece is made of; it owns what pieces borrow.
    #[derive(Clone, Debug)]
    struct Made {
        kind: u8,
        texts: [String; 3],
        bytes: Vec<u8>,
        numbers: [u32; 4],
        is: bool,
    }

    fn made() -> impl Strategy<Value = Made> {
        let texts = ["[a-z]{0,24}", "[a-zöä]{0,8}", ".{0,6}"];
        let bytes = prop::collection::vec(any::<u8>(), 0..=THING_MAX_BYTES);
        (0_u8..5, texts, bytes, any::<[u32; 4]>(), any::<bool>())
            .prop_map(|(kind, texts, bytes, numbers, is)| Made { kind, texts, bytes, numbers, is })
    }

    impl Made {
        fn bytes<const MOST: usize>(&self) -> Bytes<'_, MOST> {
            Bytes::new(&self.bytes[..self.bytes.len().min(MOST)]).expect("no more than that")
        }

        fn piece(&self) -> Piece<'_> {
            let [one, two, three, four] = self.numbers;
            let [first, second, third] = &self.texts;
            match self.kind {
                0 => Piece::Head(Head {
                    pieces_version: one as u8,
                    fingerprint: two,
                    game_version: three as u16,
                    name: Text::truncated(first),
                    mode: Text::truncated(second),
                    secret: Text::truncated(third),
                    options: self.bytes(),
                    properties: self.bytes(),
                    capacity: four as u16,
                    kept_ms: one,
                    claim: ClaimNumber(three.into()),
                    is_listed: self.is,
                    is_locked: !self.is,
                    seed: u64::from(two) << 32 | u64::from(three),
                    drawn: four,
                    last_number: MemberNumber(two as u16),
                    members: three as u16,
                    state_bytes: one as u16,
                }),
                1 => Piece::State(StatePiece { bytes: self.bytes() }),
                2 => {
                    Piece::Thing(ThingPiece { id: one as u16, kind: two as u8, data: self.bytes() })
                }
                3 => Piece::Timer(TimerPiece { id: one as u16, ms: two }),
                _ => Piece::Member(MemberPiece {
                    number: MemberNumber(one as u16),
                    uid: Uid(u64::from(two)),
                    pos: Position { x: one as i32, y: two as i32, z: three as i32 },
                    dir: Direction(four as u16),
                    account: Text::truncated(first),
                    nickname: Text::truncated(second),
                    claim: ClaimNumber(u64::from(three)),
                    missed_events: four,
                    has_state: self.is,
                    kind: one as u8,
                    state: self.bytes(),
                }),
            }
        }
    }

    /// Blocks of at most so many bytes each.
    fn cut(all: &[Made], most: &[usize]) -> Vec<Vec<u8>> {
        let mut blocks = vec![];
        let mut most = most.iter().cycle();
        let mut left = all;
        while !left.is_empty() {
            let mut bytes = vec![0; *most.next().expect("they go round")];
            let mut block = BlockWriter::new(&mut bytes);
            let fitting = left.iter().take_while(|made| block.add(&made.piece()).is_ok()).count();
            let written = block.written();
            assert_eq!(block.free(), bytes.len() - written);
            bytes.truncate(written);
            left = &left[fitting..];
            blocks.push(bytes);
        }
        blocks
    }

    proptest! {
        #[test]
        fn blocks_that_are_cut_anywhere_are_the_same_pieces(
            all in prop::collection::vec(made(), 0..40),
            most in prop::collection::vec(ROOM_BLOCK_BYTES..2 * ROOM_BLOCK_BYTES, 1..5),
        ) {
            let blocks = cut(&all, &most);
            let read: Result<Vec<_>, _> = blocks.iter().flat_map(|block| pieces(block)).collect();
            let expected: Vec<_> = all.iter().map(Made::piece).collect();
            prop_assert_eq!(read, Ok(expected));
        }

        #[test]
        fn what_is_cut_short_is_no_block(made in made(), at in any::<prop::sample::Index>()) {
            let mut bytes = [0; ROOM_BLOCK_BYTES];
            let mut block = BlockWriter::new(&mut bytes);
            block.add(&made.piece()).expect("any piece fits a block");
            let written = block.written();
            let short = &bytes[..1 + at.index(written - 1)];
            let read: Vec<_> = pieces(short).collect();
            prop_assert_eq!(read, [Err(BadBlock)]);
        }

        #[test]
        fn hostile_bytes_are_refused_or_mean_what_they_say(
            hostile in prop::collection::vec(any::<u8>(), 0..ROOM_BLOCK_BYTES)
        ) {
            let mut again = vec![0; ROOM_BLOCK_BYTES];
            let mut block = BlockWriter::new(&mut again);
            let is_all = pieces(&hostile).all(|piece| piece.is_ok_and(|piece| block.add(&piece).is_ok()));
            let written = block.written();
            // One room has one form.
            prop_assert!(!is_all || again[..written] == hostile[..]);
            prop_assert_eq!(&again[..written], &hostile[..written]);
        }
    }

    /// The longest of each kind, in bytes.
    #[test]
    fn the_longest_pieces_fit_a_block() {
        let (long, most) = ("x".repeat(64), [0xFF; ROOM_BLOCK_BYTES]);
        let mut made = Made {
            kind: 0,
            texts: [long.clone(), long.clone(), long],
            bytes: most[..THING_MAX_BYTES].to_vec(),
            numbers: [u32::MAX; 4],
            is: true,
        };
        for (kind, longest) in [(0, PIECE_MAX_BYTES), (2, 135), (4, 242)] {
            made.kind = kind;
            let mut bytes = [0; ROOM_BLOCK_BYTES];
            let mut block = BlockWriter::new(&mut bytes);
            block.add(&made.piece()).expect("it fits");
            assert!(block.written() <= longest, "{kind}: {}", block.written());
        }
    }
}
