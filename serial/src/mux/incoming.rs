//! What comes in: bytes, frames, and what they are about.

use super::{
    Body, Channel, ChannelState, Effect, Frame, Greeting, Mux, News, Received, VERSION, follow,
    link,
};

impl Mux<'_> {
    /// Takes bytes of the line.
    pub fn received(&mut self, bytes: &[u8], now_ms: u32) {
        for byte in bytes {
            match self.receiver.push(*byte) {
                Received::Nothing => {}
                Received::Broken => self.stats.broken = self.stats.broken.wrapping_add(1),
                Received::Whole => self.hear(now_ms),
            }
        }
    }

    fn hear(&mut self, now_ms: u32) {
        // Whoever acts on the frame has all of the line at hand, so it is not in there meanwhile.
        let receiver = core::mem::replace(&mut self.receiver, super::Receiver::NEW);
        if let Some(frame) = receiver.frame() {
            self.stats.frames = self.stats.frames.wrapping_add(1);
            self.hear_frame(&frame, now_ms);
        }
    }

    fn hear_frame(&mut self, frame: &Frame<'_>, now_ms: u32) {
        let epoch = frame.link;
        match frame.body {
            Body::Hello(greeting) => {
                self.greet(frame, greeting, link::News::Hello { epoch }, now_ms);
            }
            Body::Welcome { greeting, heard } => {
                self.greet(frame, greeting, link::News::Welcome { epoch, heard }, now_ms);
            }
            Body::Open { window, address } => {
                let state = self.follow(frame, News::Open, window, now_ms);
                if state == Some(Effect::Begin)
                    && let Some(channel) = self.channel_of(frame)
                {
                    channel.address = address;
                }
            }
            Body::Data { offset, bytes } => self.hear_data(frame, offset, bytes, now_ms),
            Body::Ack { next, window } => self.hear_ack(frame, next, window, false, now_ms),
            Body::Again { next, window } => self.hear_ack(frame, next, window, true, now_ms),
            Body::Close { offset } => {
                if self.follow(frame, News::Data, 0, now_ms) == Some(Effect::Follow)
                    && let Some(channel) = self.channel_of(frame)
                {
                    channel.receiving.hear_close(offset);
                    channel.end_if_done();
                }
            }
            Body::Reset => {
                self.follow(frame, News::Reset, 0, now_ms);
            }
            Body::Gone => {
                self.follow(frame, News::Gone, 0, now_ms);
            }
        }
    }

    /// What hears itself, by a line that comes back, hears nobody; nor who hears another version.
    fn greet(&mut self, frame: &Frame<'_>, greeting: Greeting, news: link::News, now_ms: u32) {
        if greeting.end == self.greeting.end || frame.number != VERSION {
            return;
        }
        self.peer = Some(greeting);
        if self.link.hear(news, now_ms) == link::Effect::Lost {
            self.lose();
        }
    }

    pub(super) fn lose(&mut self) {
        self.stats.lost = self.stats.lost.wrapping_add(1);
        for channel in self.channels.iter_mut() {
            channel.gone_due = None;
            if channel.state != ChannelState::Listening {
                channel.end();
            }
        }
    }

    fn channel_of(&mut self, frame: &Frame<'_>) -> Option<&mut Channel> {
        self.channels.get_mut(usize::from(frame.channel))
    }

    /// What a frame of this line does to its channel; `None` for one of another line.
    fn follow(
        &mut self,
        frame: &Frame<'_>,
        news: News,
        window: u16,
        now_ms: u32,
    ) -> Option<Effect> {
        if self.link.number() != Some(frame.link) {
            return None;
        }
        self.link.note(now_ms);
        let channel = self.channel_of(frame)?;
        let is_same = channel.number == frame.number;
        let before = channel.state;
        let (state, effect) = follow(before, news, is_same);
        channel.state = state;
        match effect {
            Effect::Nothing | Effect::Follow => {}
            Effect::Begin => channel.begin(state, frame.number, window),
            Effect::Repeat => channel.receiving.answer_with(super::Answer::Ack),
            Effect::Deny => channel.gone_due = Some(frame.number),
            Effect::Part => channel.part(),
        }
        if state == ChannelState::Idle && before != state {
            channel.end();
        }
        Some(effect)
    }

    fn hear_data(&mut self, frame: &Frame<'_>, offset: u16, bytes: &[u8], now_ms: u32) {
        if self.follow(frame, News::Data, 0, now_ms) != Some(Effect::Follow) {
            return;
        }
        let capacity = self.capacity;
        let Some((channel, place, _)) = self.parts(usize::from(frame.channel)) else { return };
        let held = channel.receiving.held();
        let (from, to) = channel.receiving.hear_data(offset, bytes.len(), capacity);
        let new = bytes.get(from..to).unwrap_or_default();
        let free = place.get_mut(held..).unwrap_or_default();
        for (place, byte) in free.iter_mut().zip(new) {
            *place = *byte;
        }
    }

    fn hear_ack(&mut self, frame: &Frame<'_>, next: u16, window: u16, is_again: bool, now_ms: u32) {
        if self.follow(frame, News::Ack, 0, now_ms) != Some(Effect::Follow) {
            return;
        }
        let Some((channel, _, place)) = self.parts(usize::from(frame.channel)) else { return };
        let held = channel.sending.held();
        let heard = channel.sending.hear(next, window, is_again);
        super::forget(place, heard.bytes, held);
        channel.wait.is_due = false;
        if heard.is_progress {
            channel.wait.note_progress(now_ms);
        }
        channel.end_if_done();
        self.stats.resent = self.stats.resent.wrapping_add(u32::from(is_again));
    }
}
