//! `Server`: a game's server before it runs.

use std::process::ExitCode;

use tinyrealm_core::node::world::Game;

use crate::cli::Cli;
use crate::control::{Threads, WorldHandle};
use crate::games::Games;
use crate::say::HadEnough;

/// The command line of these games, with threads of the author's own beside their worlds.
///
/// ```no_run
/// use std::time::Duration;
/// use tinyrealm::{Server, WorldHandle};
/// use tinyrealm_core::node::world::Game;
/// use tinyrealm_core::protocol::{Bytes, RoomId, Uid};
///
/// #[derive(Default)]
/// struct Plaza;
/// impl Game for Plaza {
///     const NAME: &'static str = "plaza";
/// }
///
/// const BELL: u16 = 1;
///
/// fn main() -> std::process::ExitCode {
///     let server = Server::new(tinyrealm::games![Plaza]);
///     server.with_thread(|world: WorldHandle<Plaza>| {
///         while !world.has_ended() {
///             std::thread::sleep(Duration::from_secs(60));
///             // A world that takes no more now has no bell this time.
///             let _ = world.with_room(RoomId(0), |_, room| {
///                 room.broadcast(Uid::NOBODY, BELL, Bytes::EMPTY)
///             });
///         }
///     }).serve()
/// }
/// ```
#[derive(Debug)]
pub struct Server {
    games: Games,
    threads: Threads,
}

impl Server {
    /// With these games and nothing beside them.
    #[must_use]
    pub fn new(games: Games) -> Self {
        Self { games, threads: Threads::default() }
    }

    /// The same, with a thread for each world of `G` that the process runs. It begins with the world and gets its
    /// handle. Nobody waits for its end: when the world has ended its commands are answered so, and when all
    /// worlds have, so does the process.
    #[must_use]
    pub fn with_thread<G: Game + 'static>(
        mut self,
        run: impl Fn(WorldHandle<G>) + Send + Sync + 'static,
    ) -> Self {
        self.threads.add(run);
        self
    }

    /// Runs the command line of this process; see the [crate](crate).
    pub fn serve(self) -> ExitCode {
        let cli = Cli::parse_with(self.games);
        match crate::run(&cli, self.games, self.threads) {
            Ok(code) => code,
            Err(failure) if failure.is::<HadEnough>() => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("error: {failure:#}");
                ExitCode::FAILURE
            }
        }
    }
}
