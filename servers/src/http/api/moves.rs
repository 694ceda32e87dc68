//! A room of Main's worlds that is to move to another one while it is played.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tinyrealm_core::node::main::{MOVE_TIMEOUT_MS, MoveState, RoomMove};
use tinyrealm_core::protocol::ErrorCode;
use tokio::time::{Instant, sleep};

use super::{Api, Problem, Told, read};
use crate::operating::{Outcome, Question, Refused, WhichRoom};
use crate::report::Shared;

/// Behind its time a world has a moment to say so.
const ANSWER_MOST: Duration = Duration::from_millis(MOVE_TIMEOUT_MS as u64 + 1_500);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Which room, `room` or `from` and `number`, and where to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    /// Its name.
    room: Option<String>,
    from: Option<u16>,
    /// What the world `from` calls it.
    number: Option<u16>,
    /// The least loaded that takes it, if it is left out.
    to: Option<u16>,
}

impl Api {
    pub(super) async fn move_room(&self, body: &[u8]) -> Told {
        let Moved { room, from, number, to } = read(body)?;
        let room = match (room, from, number) {
            (Some(name), None, None) if !name.is_empty() => WhichRoom::Named(name),
            (None, Some(world), Some(number)) => WhichRoom::Numbered { world, number },
            _ => return Err(Problem::bad("name the room: room, or from and number")),
        };
        let began = Instant::now();
        let Outcome::Moving(id) = self.ask_main(Question::MoveRoom { room, to }).await? else {
            return Err(Refused::NotHere.into());
        };
        loop {
            let Outcome::Move(it) = self.ask_main(Question::Move(id)).await? else {
                return Err(Refused::NotHere.into());
            };
            match it.state {
                MoveState::Moved => {
                    let ms = began.elapsed().as_millis() as u64;
                    return Ok(json!({ "from": it.from.0, "to": it.to.0, "ms": ms }));
                }
                MoveState::Stayed(code) => return Err(stays(&it, code)),
                MoveState::Moving if began.elapsed() > ANSWER_MOST => return Err(unknown(&it)),
                MoveState::Moving => sleep(LOOK_INTERVAL).await,
            }
        }
    }

    async fn ask_main(&self, question: Question) -> Result<Outcome, Refused> {
        let main = self.figures.main.as_ref().map(Shared::desk);
        main.ok_or(Refused::NotHere)?.ask(question).await
    }
}

/// It is where it was, and played.
fn stays(it: &RoomMove, code: ErrorCode) -> Problem {
    let (from, to) = (it.from.0, it.to.0);
    let why = match code {
        ErrorCode::FULL => format!(
            "world {to} is full, or has no free room: take another one with --to, or raise world.rooms or world.room_capacity there"
        ),
        ErrorCode::ROOM_EXISTS => format!("world {to} has a room of this name itself"),
        ErrorCode::GAME_CHANGED => format!("world {to} has another version of the game"),
        ErrorCode::NO_WORLD => format!("world {to} is gone: take another one with --to"),
        ErrorCode::BUSY => format!(
            "the room is not open any more, or world {from} or {to} has another one on its way: try again"
        ),
        ErrorCode::MALFORMED => format!("world {to} can't read it: see its log"),
        _ => {
            "somebody had to leave it meanwhile, or it took too long: try again, and see the log of both worlds".to_owned()
        }
    };
    Problem(StatusCode::CONFLICT, format!("the room stays in world {from}: {why}"))
}

fn unknown(it: &RoomMove) -> Problem {
    let text = format!(
        "worlds {} and {} have not said in time who has the room: see `ctl rooms`",
        it.from.0, it.to.0
    );
    Problem(StatusCode::GATEWAY_TIMEOUT, text)
}
