//! `HostedGame`: a game as a server starts it.
//!
//! Purpose: worlds are compiled for one game each; this is the table in which a configuration's name
//! finds its own.
//!
//! Contract: names differ, and are 1 to 16 lower-case letters, digits and `-`: [`games!`](crate::games)
//! does not compile otherwise. A game's settings are tried on one of its rooms before anything starts.
//!
//! Bounds: one entry a game, made at compile time.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tinyrealm_core::node::client::{Bot, BotSeat};
use tinyrealm_core::node::world::{GAME_NAME_MAX_BYTES, Game, StateSizes};
use tinyrealm_core::protocol::schema::GameSchema;
use toml::Table;

use crate::control::Threads;
use crate::game_settings::configure;
use crate::world_server::node::{self, WorldStart};

/// The games of a binary; [`games!`](crate::games) makes it.
pub type Games = &'static [HostedGame];

type Serving = Pin<Box<dyn Future<Output = ()>>>;

/// A bot of some game, at its client.
pub(crate) type HostedBot = Box<BotSeat<dyn Bot + Send>>;

/// A game, and how its worlds are run.
#[derive(Copy, Clone)]
pub struct HostedGame {
    name: &'static str,
    type_id: fn() -> TypeId,
    version: u16,
    fingerprint: u32,
    message_max_bytes: usize,
    states: StateSizes,
    timers: usize,
    keeps_things: bool,
    schema: GameSchema,
    try_settings: fn(&Table) -> Result<(), String>,
    serve: fn(WorldStart) -> Serving,
    make_bot: Option<fn() -> HostedBot>,
}

impl HostedGame {
    /// The entry of one game.
    #[must_use]
    pub const fn of<G: Game + Default + Send + 'static>() -> Self {
        const { assert!(is_name(G::NAME), "a game's name is 1 to 16 of a-z, 0-9 and -") };
        Self {
            name: G::NAME,
            type_id: TypeId::of::<G>,
            version: G::VERSION,
            fingerprint: G::FINGERPRINT,
            message_max_bytes: G::MESSAGE_MAX_BYTES,
            states: StateSizes::of::<G>(),
            timers: G::TIMERS,
            keeps_things: G::SAVES_IN_FLIGHT > 0 || G::ROOM_SAVE_BYTES > 0,
            schema: G::SCHEMA,
            try_settings: |table| configure(&mut G::default(), table),
            serve: |start| Box::pin(node::serve::<G>(start)),
            make_bot: None,
        }
    }

    /// The same, played by this bot.
    #[must_use]
    pub const fn with_bot<B: Bot + Default + Send + 'static>(self) -> Self {
        Self { make_bot: Some(|| Box::new(BotSeat::new(B::default()))), ..self }
    }

    /// What configurations call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Which version of its rules it is.
    pub(crate) const fn version(&self) -> u16 {
        self.version
    }

    /// Whether its rooms keep anything.
    pub(crate) const fn keeps_things(&self) -> bool {
        self.keeps_things
    }

    /// What tells it from others, and from other versions of itself.
    pub(crate) const fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    /// How much its rooms and members show.
    pub(crate) const fn states(&self) -> StateSizes {
        self.states
    }

    /// The longest message that it says.
    pub(crate) const fn message_max_bytes(&self) -> usize {
        self.message_max_bytes
    }

    /// Timers of one of its rooms.
    pub(crate) const fn timers(&self) -> usize {
        self.timers
    }

    /// The messages of its own.
    pub(crate) const fn schema(&self) -> GameSchema {
        self.schema
    }

    /// What makes its bots, if it has any.
    pub(crate) const fn make_bot(&self) -> Option<fn() -> HostedBot> {
        self.make_bot
    }

    /// Runs one world of this game until its end.
    pub(crate) fn serve(&self, start: WorldStart) -> Serving {
        (self.serve)(start)
    }

    /// Tries a table of its settings.
    pub(crate) fn try_settings(&self, table: &Table) -> Result<(), String> {
        (self.try_settings)(table)
    }
}

impl fmt::Debug for HostedGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostedGame").field(&self.name).finish()
    }
}

/// The names of games, as one would say them.
pub(crate) fn names(games: Games) -> String {
    games.iter().map(HostedGame::name).collect::<Vec<_>>().join(", ")
}

/// The game of this name; of an empty one, the first.
///
/// # Errors
/// Which games there are.
pub(crate) fn find(games: Games, name: &str) -> anyhow::Result<HostedGame> {
    let found = games.iter().find(|game| name.is_empty() || game.name == name);
    let unknown = || anyhow::anyhow!("there is no game {name:?} here, only {}", names(games));
    found.copied().ok_or_else(unknown)
}

/// Refuses threads for a game that is not among these.
///
/// # Errors
/// Which game is missing.
pub(crate) fn ensure_threads(games: Games, threads: &Threads) -> anyhow::Result<()> {
    let is_there = |id| games.iter().any(|game| (game.type_id)() == id);
    match threads.without_game(is_there) {
        Some(name) => Err(anyhow::anyhow!(
            "`with_thread` has a thread for worlds of {name:?}, whose type is not in `games![…]`: name it there"
        )),
        None => Ok(()),
    }
}

const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        if !matches!(bytes[place], b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        place += 1;
    }
    !bytes.is_empty() && bytes.len() <= GAME_NAME_MAX_BYTES
}

/// Whether no two names are the same; for [`games!`](crate::games).
#[doc(hidden)]
#[must_use]
pub const fn names_differ(games: &[HostedGame]) -> bool {
    let mut one = 0;
    while one < games.len() {
        let mut other = 0;
        while other < one {
            if is_same(games[one].name.as_bytes(), games[other].name.as_bytes()) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// The games of a server, the first of which is what worlds run that are told no other: each with its
/// [`Bot`] behind `=>`, if it has one.
#[macro_export]
macro_rules! games {
    ($($Game:ty $(=> $Bot:ty)?),+ $(,)?) => {{
        const GAMES: $crate::Games =
            &[$($crate::HostedGame::of::<$Game>()$(.with_bot::<$Bot>())?),+];
        const { assert!($crate::names_differ(GAMES), "two games have one name") };
        GAMES
    }};
}

#[cfg(test)]
mod tests {
    use tinyrealm_core::node::world::Setting;

    use super::*;

    #[derive(Default)]
    struct Coins(i64);

    impl Game for Coins {
        const NAME: &'static str = "coins";

        fn configure(&mut self, key: &str, value: Setting<'_>) -> Result<(), &'static str> {
            match (key, value) {
                ("coins", Setting::Integer(coins @ 1..=100)) => self.0 = coins,
                ("coins", _) => return Err("must be between 1 and 100"),
                _ => return Err("is not known"),
            }
            Ok(())
        }
    }

    #[test]
    fn every_new_game_has_its_settings() {
        let maker = crate::game_settings::new_game::<Coins>(table("coins = 7"));
        assert_eq!([(maker.0)().0, (maker.0)().0], [7, 7]);
    }

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn settings_reach_the_game_or_are_named() {
        let mut game = Coins::default();
        configure(&mut game, &table("coins = 100")).unwrap();
        assert_eq!(game.0, 100);
        let entry = HostedGame::of::<Coins>();
        let problem = |text| entry.try_settings(&table(text)).unwrap_err();
        assert_eq!(problem("coins = 101"), "game.coins.coins must be between 1 and 100");
        assert_eq!(problem("cions = 1"), "game.coins.cions is not known");
        assert!(problem("coins = [1]").contains("a number"));
    }

    #[derive(Default)]
    struct Idler;

    impl Bot for Idler {
        fn on_turn(&mut self, _: &mut tinyrealm_core::node::client::BotTurn<'_, '_, '_>) {}
    }

    #[test]
    fn a_game_has_the_bot_behind_it() {
        use tinyrealm_core::node::world::Relay;
        let [relay, coins] = crate::games![Relay, Coins => Idler] else { panic!("two games") };
        assert!(relay.make_bot().is_none());
        let bot = coins.make_bot().expect("it has one")();
        assert_eq!(bot.bot().check(), Ok(()));
    }

    #[test]
    fn both_sides_of_a_name() {
        assert!(is_name("coin-rush-2") && is_name("0123456789abcdef"));
        assert!(
            !is_name("") && !is_name("0123456789abcdefg") && !is_name("Tag") && !is_name("a b")
        );
        assert!(is_same(b"tag", b"tag") && !is_same(b"tag", b"tags") && !is_same(b"tag", b"tap"));
    }

    #[test]
    fn a_game_is_found_by_name_and_the_first_without() {
        use tinyrealm_core::node::world::Relay;
        let games = crate::games![Relay, Coins];
        assert_eq!(find(games, "coins").unwrap().name(), "coins");
        assert_eq!(find(games, "").unwrap().name(), "relay");
        let problem = find(games, "chess").unwrap_err().to_string();
        assert!(problem.contains("chess") && problem.contains("relay, coins"), "{problem}");
    }
}
