//! What goes out: one frame at a time, of whatever is most urgent.

use super::{
    Answer, Body, ChannelState, Frame, IN_FLIGHT_MAX_BYTES, Mux, Piece, VERSION, encode, link,
};

/// The zero that ends what noise may have begun, and the one behind a frame.
const ZEROS: usize = 2;

impl Mux<'_> {
    /// The next bytes for the line, of which [`Mux::sent`] says how many it has taken. None, if nothing is to be said.
    pub fn to_send(&mut self, now_ms: u32) -> &[u8] {
        if self.frame_from == self.frame_to {
            self.pass(now_ms);
            self.frame_from = 0;
            self.frame_to = 0;
            self.fill(now_ms);
        }
        self.frame.get(self.frame_from..self.frame_to).unwrap_or_default()
    }

    /// The line has taken so many.
    pub fn sent(&mut self, count: usize) {
        self.frame_from = (self.frame_from + count).min(self.frame_to);
    }

    /// In how many milliseconds to call [`Mux::to_send`] again, if nothing happens before. While the line has not taken
    /// what it was given, there is nothing else to wait for.
    pub fn next_ms(&self, now_ms: u32) -> u32 {
        if self.frame_from < self.frame_to {
            return u32::MAX;
        }
        let channels = self.channels.iter().filter(|_| self.is_up());
        let waits = channels.filter_map(|channel| channel.next_ms(now_ms, self.resend_ms));
        waits.chain([self.link.next_ms(now_ms)]).min().unwrap_or(u32::MAX)
    }

    fn pass(&mut self, now_ms: u32) {
        if self.link.pass(now_ms) == link::Effect::Lost {
            self.lose();
        }
        if self.is_up() {
            let resend_ms = self.resend_ms;
            let channels = self.channels.iter_mut();
            let resent = channels.filter_map(|it| it.pass(now_ms, resend_ms).then_some(())).count();
            self.stats.resent = self.stats.resent.wrapping_add(resent as u32);
        }
    }

    fn fill(&mut self, now_ms: u32) {
        let epoch = self.link.epoch();
        let of_line = |body| Frame { channel: 0, link: epoch, number: VERSION, body };
        if let Some(heard) = self.link.take_welcome() {
            self.put(&of_line(Body::Welcome { greeting: self.greeting, heard }));
        } else if self.link.take_call(now_ms) {
            self.put(&of_line(Body::Hello(self.greeting)));
        } else if let Some(link) = self.link.number() {
            let has_answered = (0..self.channels.len()).any(|it| self.put_answer(it, link, now_ms));
            if !has_answered {
                self.put_data(link, now_ms);
            }
        }
    }

    /// Puts a frame on its way. A greeting ends what noise may have begun.
    fn put(&mut self, frame: &Frame<'_>) {
        let from = usize::from(!matches!(frame.body, Body::Hello(_) | Body::Welcome { .. }));
        let end = self.frame.len() - 1;
        let place = self.frame.get_mut(1..end).unwrap_or_default();
        let length = encode(frame, place);
        for zero in [0, length + 1] {
            if let Some(place) = self.frame.get_mut(zero) {
                *place = 0;
            }
        }
        self.frame_from = from;
        self.frame_to = length + ZEROS;
    }

    /// What a channel has to say that is no data; answers whether there was any.
    fn put_answer(&mut self, channel_number: usize, link: u16, now_ms: u32) -> bool {
        let capacity = self.capacity;
        let Some(channel) = self.channels.get_mut(channel_number) else { return false };
        let state = channel.state;
        let (mut number, window) = (channel.number, channel.receiving.window(capacity));
        let next = channel.receiving.next();
        let body = if let Some(gone) = channel.gone_due.take() {
            number = gone;
            Body::Gone
        } else if channel.wait.is_due && state == ChannelState::Opening {
            channel.wait.begin(now_ms);
            channel.receiving.note_told(capacity);
            Body::Open { window, address: channel.address }
        } else if channel.wait.is_due && state == ChannelState::Resetting {
            channel.wait.begin(now_ms);
            Body::Reset
        } else if state == ChannelState::Open && channel.receiving.answer() != Answer::Nothing {
            let is_again = channel.receiving.answer() == Answer::Again;
            channel.receiving.note_answered(capacity);
            if is_again { Body::Again { next, window } } else { Body::Ack { next, window } }
        } else {
            return false;
        };
        self.put(&Frame { channel: channel_number as u8, link, number, body });
        true
    }

    /// The next piece of the next channel that has one.
    fn put_data(&mut self, link: u16, now_ms: u32) {
        let in_flight: usize = self.channels.iter().map(|it| it.sending.in_flight()).sum();
        let flight_room = IN_FLIGHT_MAX_BYTES.saturating_sub(in_flight);
        let count = self.channels.len();
        let mut turns = (0..count).filter_map(|step| (self.turn + step).checked_rem(count));
        let found = turns.find_map(|number| {
            let channel = self.channels.get(number)?;
            let is_open = channel.state == ChannelState::Open;
            is_open.then(|| channel.sending.next(flight_room)).flatten().map(|it| (number, it))
        });
        let Some((number, piece)) = found else { return };
        self.turn = number + 1;
        self.put_piece(number, piece, link);
        if let Some(channel) = self.channels.get_mut(number) {
            channel.sending.note_sent(piece);
            channel.wait.begin(now_ms);
        }
    }

    fn put_piece(&mut self, channel_number: usize, piece: Piece, link: u16) {
        let mut bytes = [0; super::DATA_MAX_BYTES];
        let Some((channel, _, held)) = self.parts(channel_number) else { return };
        let number = channel.number;
        let body = match piece {
            Piece::Close { offset } => Body::Close { offset },
            Piece::Data { offset, from, to } => {
                let data = held.get(from..to).unwrap_or_default();
                for (place, byte) in bytes.iter_mut().zip(data) {
                    *place = *byte;
                }
                Body::Data { offset, bytes: bytes.get(..to - from).unwrap_or_default() }
            }
        };
        self.put(&Frame { channel: channel_number as u8, link, number, body });
    }
}
