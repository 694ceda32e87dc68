//! What whoever runs a chat server asks of it: its channels.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::chat::Chat;

use crate::operating::{ChannelLine, List, Operated, Outcome, Question, Refused};

impl<'a> Operated<'a> for Chat<'a> {
    fn answer(
        node: &mut Node<'a, Self>,
        turn: &mut Turn<'_>,
        question: &Question,
    ) -> Result<Outcome, Refused> {
        match question {
            Question::Lines(List::Channels, search) => {
                let channels = node.role().channels();
                Ok(Outcome::Lines(search.among(channels.capacity(), |slot| {
                    let channel = channels.at(slot)?;
                    Some(ChannelLine { name: channel.name(), members: channel.members() })
                })))
            }
            Question::TakeNobody(takes_nobody) => {
                node.act(turn, |chat, _| chat.set_takes_nobody(*takes_nobody));
                Ok(Outcome::Done)
            }
            Question::Lines(..)
            | Question::Kick(..)
            | Question::Announce(_)
            | Question::OrderDrain { .. }
            | Question::MoveRoom { .. }
            | Question::Move(_) => Err(Refused::NotHere),
        }
    }
}
