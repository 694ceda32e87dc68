//! What whoever runs a world asks of it: its users and rooms.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::{Game, Refusal, World};
use tinyrealm_core::protocol::{RoomId, Uid};

use crate::operating::{
    List, Operated, Outcome, Piece, Question, Refused, RoomLine, Search, UserLine, shown,
};

impl<'a, G: Game> Operated<'a> for World<'a, G> {
    fn answer(
        node: &mut Node<'a, Self>,
        turn: &mut Turn<'_>,
        question: &Question,
    ) -> Result<Outcome, Refused> {
        match question {
            Question::Lines(List::Users, search) => Ok(Outcome::Lines(users(node, search))),
            Question::Lines(List::Rooms, search) => Ok(Outcome::Lines(rooms(node, search))),
            Question::Lines(List::Channels, _) => Err(Refused::NotHere),
            Question::Kick(uid, reason) => kick(node, turn, *uid, reason),
            Question::TakeNobody(takes_nobody) => {
                node.act(turn, |world, cx| match takes_nobody {
                    true => world.drain(cx, None),
                    false => world.take_again(cx),
                });
                Ok(Outcome::Done)
            }
            Question::Announce(_)
            | Question::OrderDrain { .. }
            | Question::MoveRoom { .. }
            | Question::Move(_) => Err(Refused::NotHere),
        }
    }
}

fn kick<'a, G: Game>(
    node: &mut Node<'a, World<'a, G>>,
    turn: &mut Turn<'_>,
    uid: Uid,
    reason: &str,
) -> Result<Outcome, Refused> {
    let room: RoomId = node.role().room_of(uid).ok_or(Refused::NoSuchUser)?;
    let why = Refusal::new(0, reason);
    let kicked =
        node.act(turn, |world, cx| world.with_room(cx, room, |_, room| room.kick(uid, &why)));
    kicked.map(|()| Outcome::Done).ok_or(Refused::NoSuchUser)
}

fn users<'a, G: Game>(node: &Node<'a, World<'a, G>>, search: &Search) -> Piece {
    let (world, sessions) = (node.role(), node.sessions());
    search.among(world.user_slots(), |slot| {
        let (uid, user) = world.user_line(slot)?;
        let room = world.room_line(user.room()).map(|room| room.name);
        Some(UserLine {
            uid: uid.0,
            account: user.names().account(),
            nickname: user.names().nickname(),
            address: sessions.address(user.session()).map(shown),
            world: Some(world.id().0),
            room: room.filter(|name| !name.is_empty()),
            state: match user.is_away() {
                true => "away",
                false if user.is_spectator() => "watching",
                false => "inside",
            },
        })
    })
}

fn rooms<'a, G: Game>(node: &Node<'a, World<'a, G>>, search: &Search) -> Piece {
    let world = node.role();
    search.among(world.rooms().rooms(), |slot| {
        let room = world.room_line(slot)?;
        Some(RoomLine {
            world: Some(world.id().0),
            number: Some(slot),
            name: room.name,
            mode: room.mode,
            members: room.members,
            capacity: room.capacity,
        })
    })
}
