//! What a client knows of its channel: the line that is being typed, and what was said.
//!
//! Contract: what others type can't steer this terminal. What was on its way from a channel that was left is not shown.

use std::time::Instant;

use tinyrealm_core::node::client::ChatEvent;
use tinyrealm_core::protocol::client_to_main::{ChatJoin, ChatSay};
use tinyrealm_core::protocol::{CHANNEL_MAX_BYTES, CHAT_MAX_BYTES};

use super::view::{ASK_AGAIN, MESSAGE_LINES, RoomView, push, short_name};

impl RoomView {
    /// One more character of the line, if it has room.
    pub(super) fn type_character(&mut self, character: char) {
        if let Some(line) = &mut self.line
            && line.len() + character.len_utf8() <= CHAT_MAX_BYTES
            && !character.is_control()
        {
            line.push(character);
        }
    }

    pub(super) fn erase_character(&mut self) {
        if let Some(line) = &mut self.line {
            line.pop();
        }
    }

    /// Whether it is time to ask to come into the channel.
    pub(super) fn wants_channel(&mut self, now: Instant) -> bool {
        let is_asked = self.asked_at.is_some_and(|at| now.duration_since(at) < ASK_AGAIN);
        if self.uid.is_none() || self.is_in_channel || is_asked {
            return false;
        }
        self.asked_at = Some(now);
        true
    }

    /// Whether what is said now is heard.
    pub(super) const fn is_in_channel(&self) -> bool {
        self.is_in_channel
    }

    /// Wants to be in another channel; answers the one to leave, if it is in one.
    ///
    /// # Errors
    /// Why that can't be, for the user.
    pub(super) fn switch_to(&mut self, channel: &str) -> Result<Option<String>, String> {
        if channel.is_empty() {
            return Err(
                "/join CHANNEL goes to another channel, /rooms shows the open rooms".to_owned()
            );
        }
        if channel.len() > CHANNEL_MAX_BYTES {
            return Err(format!("a channel's name has at most {CHANNEL_MAX_BYTES} bytes"));
        }
        if channel == self.channel {
            return Err(format!("that is where you are: {channel}"));
        }
        let before = std::mem::replace(&mut self.channel, channel.to_owned());
        self.asked_at = None;
        Ok(std::mem::take(&mut self.is_in_channel).then_some(before))
    }

    pub(super) fn note_message(&mut self, message: String) {
        // What others type can't steer this terminal.
        push(&mut self.messages, message.replace(char::is_control, " "), MESSAGE_LINES);
    }

    pub(super) fn chat(&mut self, event: &ChatEvent<'_>) {
        if event.channel().as_str() != self.channel {
            // It was on its way when we left that channel.
            return;
        }
        match event {
            ChatEvent::Joined(joined) => {
                self.is_in_channel = true;
                self.messages.clear();
                let (channel, members) = (joined.channel.as_str(), joined.members);
                self.note_message(format!("* you are in {channel}, with {members} in all"));
            }
            ChatEvent::Left(left) => {
                self.is_in_channel = false;
                self.note_message(format!("* you left ({})", left.reason.name()));
            }
            ChatEvent::Said(said) => {
                self.note_message(format!("{}: {}", short_name(said.uid), said.msg.as_str()));
            }
            ChatEvent::Past(past) => {
                self.note_message(format!("{}: {}", short_name(past.uid), past.msg.as_str()));
            }
            ChatEvent::Gap(gap) if gap.missed == u32::MAX => {
                self.note_message(
                    "* the chat server was away; something may be missing".to_owned(),
                );
            }
            ChatEvent::Gap(gap) => {
                self.note_message(format!("* you missed {} messages", gap.missed));
            }
            ChatEvent::Entered(entered) => {
                self.note_message(format!("* {} is here", short_name(entered.uid)));
            }
            ChatEvent::Exited(exited) => {
                self.note_message(format!("* {} has gone", short_name(exited.uid)));
            }
            ChatEvent::Census(census) => {
                self.note_message(format!("* {} are here", census.members));
            }
            ChatEvent::Refused(refused) if refused.about == ChatSay::OPCODE.0 => {
                self.note_message(format!("* not said: {}", refused.reason.name()));
            }
            ChatEvent::Refused(refused) if refused.about == ChatJoin::OPCODE.0 => {
                let (channel, reason) = (refused.channel.as_str(), refused.reason.name());
                self.tell(format!("can't come into {channel} ({reason}); trying again"));
            }
            ChatEvent::Refused(_) | ChatEvent::PastEnd(_) | ChatEvent::Members(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tinyrealm_core::node::client::{ClientEvent, ClientHandler as _};
    use tinyrealm_core::protocol::Uid;

    use super::*;
    use crate::client::keys::Mode;

    #[test]
    fn a_line_is_typed_and_what_is_said_is_shown_without_control_characters() {
        let mut view = RoomView::new("main", None);
        (view.line, view.channel) = (Some(String::new()), String::new());
        for character in "hi!\x1b".chars() {
            view.type_character(character);
        }
        view.erase_character();
        assert_eq!((view.line.as_deref(), view.mode()), (Some("hi"), Mode::Typing));
        let text = |text| tinyrealm_core::protocol::Text::new(text).unwrap();
        let (channel, msg) = (tinyrealm_core::protocol::Text::EMPTY, text("a\x1b[2Jb"));
        let said = tinyrealm_core::protocol::main_to_client::ChatBroadcast {
            channel,
            seq: tinyrealm_core::protocol::Seq(1),
            uid: Uid(0xAB),
            request: 0,
            msg,
        };
        view.on_event(0, ClientEvent::Chat(ChatEvent::Said(said)));
        assert_eq!(view.messages, ["#00ab: a [2Jb"]);
    }

    #[test]
    fn who_goes_to_another_channel_leaves_the_one_before() {
        let mut view = RoomView::new("main", None);
        assert_eq!(view.switch_to("trade"), Ok(None), "it was in none yet");
        view.is_in_channel = true;
        assert_eq!(view.switch_to("lobby"), Ok(Some("trade".to_owned())));
        assert!(!view.is_in_channel());
        for wrong in ["", "lobby", &"x".repeat(CHANNEL_MAX_BYTES + 1)] {
            assert!(view.switch_to(wrong).is_err(), "{wrong}");
        }
        assert_eq!(view.switch_to(&"x".repeat(CHANNEL_MAX_BYTES)), Ok(None));
    }
}
