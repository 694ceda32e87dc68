//! The two directions of a connection: what is on its way, and what has come.
//!
//! Contract: offsets count the bytes of a stream, modulo 2^16. The bytes themselves are in buffers of somebody else's, whose first byte is
//! the first that has not been heard (sending) or taken (receiving). Who hears of a gap begins again there (go-back-N), and so does
//! who has heard nothing for a while.

use crate::frame::DATA_MAX_BYTES;

/// How far the end of our direction is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Ending {
    /// More may be said.
    Open,
    /// It is to be told behind all that is held.
    Waiting,
    Sent,
    Heard,
}

/// Our direction.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Sending {
    /// Bytes that lie in the buffer.
    held: u16,
    /// Of them, those that are on their way.
    sent: u16,
    /// The offset of the first of them.
    first: u16,
    /// How many of them the peer has room for.
    window: u16,
    ending: Ending,
    /// To ask a peer without room whether it still has none.
    is_to_ask: bool,
}

/// What is to be sent next.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// Bytes of the buffer, and the offset of the first of them.
    Data {
        offset: u16,
        from: usize,
        to: usize,
    },
    Close {
        offset: u16,
    },
}

/// What an acknowledgement has brought.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// Bytes that the buffer may forget.
    pub(crate) bytes: usize,
    pub(crate) is_progress: bool,
}

impl Sending {
    pub(crate) const NEW: Self =
        Self { held: 0, sent: 0, first: 0, window: 0, ending: Ending::Open, is_to_ask: false };

    pub(crate) const fn with_window(window: u16) -> Self {
        Self { window, ..Self::NEW }
    }

    pub(crate) fn held(&self) -> usize {
        usize::from(self.held)
    }

    pub(crate) fn in_flight(&self) -> usize {
        usize::from(self.sent)
    }

    pub(crate) fn takes_more(&self) -> bool {
        self.ending == Ending::Open
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.ending == Ending::Heard
    }

    /// Nothing more will be answered.
    pub(crate) fn note_all_heard(&mut self) {
        *self = Self { ending: Ending::Heard, ..Self::NEW };
    }

    pub(crate) fn hold(&mut self, count: usize) {
        self.held = self.held.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
    }

    pub(crate) fn shut(&mut self) {
        if self.ending == Ending::Open {
            self.ending = Ending::Waiting;
        }
    }

    /// What goes next, if no more than `flight_room` bytes may be on their way besides.
    pub(crate) fn next(&self, flight_room: usize) -> Option<Piece> {
        let most = self.held.min(self.window);
        let left = usize::from(most.saturating_sub(self.sent)).min(DATA_MAX_BYTES);
        let offset = self.first.wrapping_add(self.sent);
        let from = self.in_flight();
        if left > 0 && left <= flight_room {
            Some(Piece::Data { offset, from, to: from + left })
        } else if left > 0 {
            None
        } else if self.is_to_ask {
            Some(Piece::Data { offset, from, to: from })
        } else if self.ending == Ending::Waiting && self.sent == self.held {
            Some(Piece::Close { offset })
        } else {
            None
        }
    }

    pub(crate) fn note_sent(&mut self, piece: Piece) {
        self.is_to_ask = false;
        match piece {
            Piece::Data { from, to, .. } => {
                self.sent += u16::try_from(to - from).unwrap_or(0);
            }
            Piece::Close { .. } => self.ending = Ending::Sent,
        }
    }

    pub(crate) fn hear(&mut self, next: u16, window: u16, is_again: bool) -> Heard {
        let advance = next.wrapping_sub(self.first);
        let has_end = matches!(self.ending, Ending::Waiting | Ending::Sent);
        let most = self.held + u16::from(has_end);
        if advance > most {
            // One of long ago.
            return Heard { bytes: 0, is_progress: false };
        }
        let bytes = advance.min(self.held);
        let was_open = self.held.min(self.window) > 0;
        self.held -= bytes;
        self.sent = self.sent.saturating_sub(bytes);
        self.first = next;
        self.window = window;
        if advance > bytes {
            self.ending = Ending::Heard;
        }
        if is_again {
            self.go_back();
        }
        let opens = !was_open && self.held.min(self.window) > 0;
        Heard { bytes: usize::from(bytes), is_progress: advance > 0 || opens }
    }

    /// Whether an answer is waited for, or room.
    pub(crate) fn waits(&self) -> bool {
        self.sent > 0 || self.ending == Ending::Sent || (self.held > 0 && self.window == 0)
    }

    /// Nothing has come for too long: all that is on its way is sent again.
    pub(crate) fn give_up_waiting(&mut self) {
        self.go_back();
        self.is_to_ask = self.held > 0 && self.window == 0;
    }

    fn go_back(&mut self) {
        self.sent = 0;
        if self.ending == Ending::Sent {
            self.ending = Ending::Waiting;
        }
    }
}

/// What the peer is to be told.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Nothing,
    Ack,
    Again,
}

/// The peer's direction.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Receiving {
    /// Bytes that lie in the buffer.
    held: u16,
    /// The offset of the byte behind them.
    next: u16,
    /// The offset that the peer may send up to, as far as it knows.
    told: u16,
    has_ended: bool,
    /// A gap is told once.
    has_complained: bool,
    answer: Answer,
}

impl Receiving {
    pub(crate) const NEW: Self = Self {
        held: 0,
        next: 0,
        told: 0,
        has_ended: false,
        has_complained: false,
        answer: Answer::Nothing,
    };

    pub(crate) fn held(&self) -> usize {
        usize::from(self.held)
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Of `count` bytes from `offset` on, those that are new and have room: the first and the one behind the last.
    pub(crate) fn hear_data(
        &mut self,
        offset: u16,
        count: usize,
        capacity: usize,
    ) -> (usize, usize) {
        let known = self.next.wrapping_sub(offset);
        if self.is_ahead(offset) || self.has_ended {
            return (0, 0);
        }
        self.answer_with(Answer::Ack);
        let from = usize::from(known).min(count);
        let to = count.min(from + capacity.saturating_sub(self.held()));
        let taken = u16::try_from(to - from).unwrap_or(0);
        self.held += taken;
        self.next = self.next.wrapping_add(taken);
        if taken > 0 {
            self.has_complained = false;
        }
        (from, to)
    }

    pub(crate) fn hear_close(&mut self, offset: u16) {
        if self.has_ended {
            self.answer_with(Answer::Ack);
        } else if !self.is_ahead(offset) {
            if offset == self.next {
                self.has_ended = true;
                self.next = self.next.wrapping_add(1);
            }
            self.answer_with(Answer::Ack);
        }
    }

    /// Whether something is missing before `offset`: then it is asked for.
    fn is_ahead(&mut self, offset: u16) -> bool {
        let ahead = offset.wrapping_sub(self.next);
        let is_ahead = ahead != 0 && ahead < 1 << 15;
        if is_ahead && !self.has_complained {
            self.has_complained = true;
            self.answer = Answer::Again;
        }
        if self.has_ended {
            self.answer_with(Answer::Ack);
        }
        is_ahead
    }

    pub(crate) fn answer_with(&mut self, answer: Answer) {
        if self.answer != Answer::Again {
            self.answer = answer;
        }
    }

    /// The reader has taken bytes. The peer is told when half of the buffer is free again that it took for full.
    pub(crate) fn take(&mut self, count: usize, capacity: usize) {
        self.held = self.held.saturating_sub(u16::try_from(count).unwrap_or(u16::MAX));
        let grown = self.edge(capacity).wrapping_sub(self.told);
        if usize::from(grown) * 2 >= capacity {
            self.answer_with(Answer::Ack);
        }
    }

    pub(crate) fn window(&self, capacity: usize) -> u16 {
        u16::try_from(capacity.saturating_sub(self.held())).unwrap_or(u16::MAX)
    }

    fn edge(&self, capacity: usize) -> u16 {
        self.next.wrapping_add(self.window(capacity))
    }

    pub(crate) fn note_told(&mut self, capacity: usize) {
        self.told = self.edge(capacity);
    }

    pub(crate) const fn answer(&self) -> Answer {
        self.answer
    }

    pub(crate) const fn next(&self) -> u16 {
        self.next
    }

    pub(crate) fn note_answered(&mut self, capacity: usize) {
        self.answer = Answer::Nothing;
        self.note_told(capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending(held: usize, window: u16) -> Sending {
        let mut sending = Sending::with_window(window);
        sending.hold(held);
        sending
    }

    #[test]
    fn both_sides_of_a_frame_of_a_window_and_of_the_flight() {
        let piece = |held, window, room| match sending(held, window).next(room) {
            Some(Piece::Data { from: 0, to, .. }) => Some(to),
            None => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(piece(DATA_MAX_BYTES, 500, 500), Some(DATA_MAX_BYTES));
        assert_eq!(piece(DATA_MAX_BYTES + 1, 500, 500), Some(DATA_MAX_BYTES));
        assert_eq!(piece(10, 10, 500), Some(10));
        assert_eq!(piece(11, 10, 500), Some(10));
        assert_eq!(piece(10, 10, 10), Some(10));
        assert_eq!(piece(10, 10, 9), None);
        assert_eq!(piece(10, 0, 500), None);
    }

    #[test]
    fn a_gap_or_silence_goes_back_and_what_was_heard_is_forgotten() {
        for is_again in [false, true] {
            let mut sending = sending(300, 300);
            for _ in 0..2 {
                sending.note_sent(sending.next(500).unwrap());
            }
            assert_eq!(sending.in_flight(), 240);
            assert_eq!(sending.hear(120, 180, is_again), Heard { bytes: 120, is_progress: true });
            if !is_again {
                sending.give_up_waiting();
            }
            assert_eq!(sending.next(500), Some(Piece::Data { offset: 120, from: 0, to: 120 }));
        }
    }

    #[test]
    fn what_was_never_said_is_not_heard() {
        let mut sending = sending(10, 10);
        assert!(!sending.hear(11, 10, false).is_progress, "the end was not said");
        sending.shut();
        assert!(sending.hear(11, 10, false).is_progress);
        assert!(sending.is_heard());
    }

    #[test]
    fn a_peer_without_room_is_asked() {
        let mut sending = sending(10, 0);
        assert!(sending.waits());
        sending.give_up_waiting();
        assert_eq!(sending.next(500), Some(Piece::Data { offset: 0, from: 0, to: 0 }));
        sending.note_sent(sending.next(500).unwrap());
        assert_eq!(sending.next(500), None);
        assert!(sending.hear(0, 5, false).is_progress);
        assert_eq!(sending.next(500), Some(Piece::Data { offset: 0, from: 0, to: 5 }));
    }

    #[test]
    fn what_comes_twice_or_overlaps_is_taken_once_and_a_gap_is_told_once() {
        let mut receiving = Receiving::NEW;
        assert_eq!(receiving.hear_data(0, 10, 15), (0, 10));
        assert_eq!(receiving.hear_data(0, 10, 15), (10, 10));
        receiving.note_answered(15);
        assert_eq!(receiving.hear_data(11, 1, 15), (0, 0));
        assert_eq!(receiving.answer(), Answer::Again);
        receiving.note_answered(15);
        assert_eq!(receiving.hear_data(12, 1, 15), (0, 0));
        assert_eq!(receiving.answer(), Answer::Nothing);
        assert_eq!(receiving.hear_data(8, 10, 15), (2, 7), "as much as there is room for");
        assert_eq!(receiving.next(), 15);
        receiving.hear_close(16);
        assert!(!receiving.has_ended());
        receiving.hear_close(15);
        assert!(receiving.has_ended());
    }

    #[test]
    fn half_a_buffer_of_new_room_is_told() {
        let mut receiving = Receiving::NEW;
        receiving.note_told(10);
        receiving.hear_data(0, 10, 10);
        receiving.note_answered(10);
        receiving.take(4, 10);
        assert_eq!(receiving.answer(), Answer::Nothing);
        receiving.take(1, 10);
        assert_eq!(receiving.answer(), Answer::Ack);
        assert_eq!(receiving.window(10), 5);
    }
}
