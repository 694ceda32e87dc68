//! What whoever runs a Main asks of it: its users, rooms and channels.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::main::{Main, MoveProblem, Place};
use tinyrealm_core::node::{Context, Node};
use tinyrealm_core::protocol::{RoomId, Text, WorldId};

use super::Doorkeeper;
use crate::operating::{
    ChannelLine, List, Operated, Outcome, Piece, Question, Refused, RoomLine, Search, UserLine,
    WhichRoom, shown,
};

impl<'a> Operated<'a> for Main<'a, Doorkeeper> {
    fn answer(
        node: &mut Node<'a, Self>,
        turn: &mut Turn<'_>,
        question: &Question,
    ) -> Result<Outcome, Refused> {
        match question {
            Question::Lines(List::Users, search) => Ok(Outcome::Lines(users(node, search))),
            Question::Lines(List::Rooms, search) => Ok(Outcome::Lines(rooms(node, search))),
            Question::Lines(List::Channels, search) => Ok(Outcome::Lines(channels(node, search))),
            // Its last word has no place for a reason.
            Question::Kick(uid, _) => match node.act(turn, |main, cx| main.kick(cx, *uid)) {
                true => Ok(Outcome::Done),
                false => Err(Refused::NoSuchUser),
            },
            Question::Announce(text) => {
                let text = Text::truncated(text);
                Ok(Outcome::Told(node.act(turn, |main, cx| main.announce(cx, text))))
            }
            Question::TakeNobody(is_closed) => {
                node.act(turn, |main, _| main.authenticator_mut().is_closed = *is_closed);
                Ok(Outcome::Done)
            }
            &Question::OrderDrain { world, is_draining, within_ms } => {
                let order = |main: &mut Self, cx: &mut Context<'_, 'a>| {
                    main.order_drain(cx, WorldId(world), is_draining, within_ms)
                };
                match node.act(turn, order) {
                    true => Ok(Outcome::Done),
                    false => Err(Refused::NoSuchWorld),
                }
            }
            Question::MoveRoom { room, to } => move_room(node, turn, room, *to),
            Question::Move(id) => match node.role().moves().find(|it| it.id == *id) {
                Some(it) => Ok(Outcome::Move(*it)),
                None => Err(Refused::MovesBusy),
            },
        }
    }
}

fn move_room<'a>(
    node: &mut Node<'a, Main<'a, Doorkeeper>>,
    turn: &mut Turn<'_>,
    room: &WhichRoom,
    to: Option<u16>,
) -> Result<Outcome, Refused> {
    let place = match room {
        WhichRoom::Named(name) => node.role().find_room(turn.now, name),
        WhichRoom::Numbered { world, number } => Some((WorldId(*world), RoomId(*number))),
    };
    let place = place.ok_or(Refused::NoSuchRoom)?;
    let began = node.act(turn, |main, cx| main.move_room(cx, place, to.map(WorldId)));
    began.map(Outcome::Moving).map_err(|problem| match problem {
        MoveProblem::NoSuchWorld => Refused::NoSuchWorld,
        MoveProblem::Fixed => Refused::RoomsStay,
        MoveProblem::NotThere => Refused::NotThere,
        MoveProblem::NoTarget => Refused::NoTarget,
        MoveProblem::TooLarge => Refused::TooLarge,
        MoveProblem::Full => Refused::NoRoomThere,
        MoveProblem::Busy => Refused::MovesBusy,
    })
}

fn users(node: &Node<'_, Main<'_, Doorkeeper>>, search: &Search) -> Piece {
    let (main, sessions) = (node.role(), node.sessions());
    search.among(main.users().capacity(), |slot| {
        let user = main.user_line(slot)?;
        Some(UserLine {
            uid: user.uid.0,
            account: user.names.account(),
            nickname: user.names.nickname(),
            address: sessions.address(user.session).map(shown),
            world: user.world.map(|world| world.0),
            room: user.room.filter(|name| !name.is_empty()),
            state: match user.place {
                Place::Outside => "outside",
                Place::Detaching(_) => "leaving",
                Place::Attaching(_) | Place::Attached(_) => "entering",
                Place::Inside(_) => "inside",
            },
        })
    })
}

fn rooms(node: &Node<'_, Main<'_, Doorkeeper>>, search: &Search) -> Piece {
    let main = node.role();
    search.among(main.rooms().capacity(), |slot| {
        let (room, world) = main.room_line(slot)?;
        Some(RoomLine {
            world: world.map(|world| world.0),
            number: None,
            name: room.name.as_str(),
            mode: room.mode.as_str(),
            members: room.members,
            capacity: room.capacity,
        })
    })
}

fn channels(node: &Node<'_, Main<'_, Doorkeeper>>, search: &Search) -> Piece {
    let main = node.role();
    search.among(main.chat().channel_slots(), |slot| {
        let (name, members) = main.channel_line(slot)?;
        Some(ChannelLine { name, members })
    })
}
