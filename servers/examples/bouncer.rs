//! A server with a thread of its own, which acts on its rooms from outside:
//!
//! ```text
//! cargo run --package tinyrealm-servers --example bouncer -- up
//! ```
//!
//! Whoever is rude on the plaza is put out, and the second time banned for a minute. Which words are rude is known
//! outside of the game, as by a service that is too slow to be asked within a room.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::time::Duration;

use tinyrealm::{ControlError, Server, WorldHandle};
use tinyrealm_core::node::world::{Game, Refusal, RoomContext};
use tinyrealm_core::protocol::{Bytes, EVENT_MAX_BYTES, RoomId, Uid};
use tinyrealm_core::wire::Full;

const RUDE: &[u8] = b"rude";
const BAN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What has been said since the bouncer looked, at most.
const SAID_MAX: usize = 256;

/// The game: people who talk.
#[derive(Debug, Default)]
struct Plaza {
    said: VecDeque<(Uid, Vec<u8>)>,
}

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
        if self.said.len() == SAID_MAX {
            self.said.pop_front();
        }
        self.said.push_back((uid, data.as_slice().to_vec()));
        Ok(())
    }
}

/// Listens to the first room of one world until that ends.
fn watch(world: &WorldHandle<Plaza>) -> Result<(), ControlError> {
    let mut warned = HashSet::new();
    loop {
        std::thread::sleep(LOOK_AGAIN);
        let said =
            world.with_room(RoomId(0), |plaza, _| std::mem::take(&mut plaza.said))?.wait()?;
        for (uid, _) in said.into_iter().filter(|(_, words)| words == RUDE) {
            let why = Refusal::new(1, "be kind");
            let put_out = match warned.insert(uid) {
                true => world.kick(uid, why)?.wait(),
                false => world.ban(uid, BAN, why)?.wait(),
            };
            println!("put out {}: {put_out:?}", uid.0);
        }
    }
}

fn main() -> ExitCode {
    let server = Server::new(tinyrealm::games![Plaza]);
    let bouncer = |world: WorldHandle<Plaza>| {
        if let Err(end) = watch(&world) {
            println!("the bouncer goes home: {end}");
        }
    };
    server.with_thread(bouncer).serve()
}
