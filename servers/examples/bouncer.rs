//! A server with a thread of its own, which acts on its rooms from outside:
//!
//! ```text
//! cargo run --package tinyrealm-servers --example bouncer -- up
//! ```
//!
//! Whoever is rude on the plaza is put out, and the second time banned for a minute. Which words are rude is known
//! outside of the game, as by a service that is too slow to be asked within a room.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use tinyrealm::{ControlError, Server, WorldHandle};
use tinyrealm_core::node::world::{Game, Refusal, RoomContext};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{Bytes, EVENT_MAX_BYTES, Uid};
use tinyrealm_core::wire::Full;
use tinyrealm_core::wire::opcode::GAME;

const RUDE: &[u8] = b"rude";
const BAN: Duration = Duration::from_secs(60);

protocol! {
    /// What the plaza hands out.
    mod plaza_notices in GAME.server_to_client;

    /// Somebody has said something.
    1 said => Said<'a> {
        /// Who.
        uid: Uid,
        /// What.
        #[serde(borrow)]
        words: Bytes<'a, EVENT_MAX_BYTES>,
    }
}

use plaza_notices::Said;

/// The game: people who talk.
#[derive(Debug, Default)]
struct Plaza;

impl Game for Plaza {
    const NAME: &'static str = "plaza";

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        room.broadcast(uid, kind, data)?;
        // What the bouncer is too busy to hear is not rude.
        let _ = room.notice(&Said { uid, words: data });
        Ok(())
    }
}

/// Listens to one world until that ends.
fn watch(world: &WorldHandle<Plaza>) -> Result<(), ControlError> {
    let mut warned = HashSet::new();
    while let Some(notice) = world.next_notice() {
        let Some(Said { uid, words }) = notice.read() else { continue };
        if words.as_slice() != RUDE {
            continue;
        }
        let why = Refusal::new(1, "be kind");
        let put_out = match warned.insert(uid) {
            true => world.kick(uid, why)?.wait(),
            false => world.ban(uid, BAN, why)?.wait(),
        };
        println!("put out {}: {put_out:?}", uid.0);
    }
    Ok(())
}

fn main() -> ExitCode {
    let server = Server::new(tinyrealm::games![Plaza]);
    let bouncer = |world: WorldHandle<Plaza>| {
        if let Err(problem) = watch(&world) {
            eprintln!("the bouncer has gone: {problem}");
        }
    };
    server.with_thread(bouncer).serve()
}
