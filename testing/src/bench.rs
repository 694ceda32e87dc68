//! `GameBench`: one room with a game, and the players that a test makes.

mod acting;
mod bots;
mod coming;
mod hearing;
mod keeping;
mod notices;

use serde::Deserialize;
use tinyrealm_core::node::client::{Client, WorldState};
use tinyrealm_core::node::main::{Guests, Main};
use tinyrealm_core::node::world::{Game, RoomContext, Setting, World, WorldUser};
use tinyrealm_core::protocol::{MemberNumber, MemberState, Message, Position, RoomId, Uid};
use tinyrealm_core::time::Instant;

use crate::Random;
use crate::ears::Ears;
use crate::host::{Host, Tools};
use crate::network::{Delivery, Network, Weather};
use crate::place;
use crate::realm::{self, PLAYERS_MAX};
use crate::store::{MemoryStore, StoreWeather};

/// More rounds than any moment has a reason for: a node that keeps wanting more is in a livelock.
const ROUNDS_MAX: u32 = 100_000;
/// How long somebody who comes is waited for.
const COMING_MS: u32 = 20_000;
const STEP_MS: u32 = 10;
/// How long a room is waited for that goes on speaking.
const HEARING_MS: u32 = 1_000;
/// When a bench's clock starts: what is 0 is not now.
const START_MS: u64 = 10_000;

/// What a bench is like.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct BenchConfig {
    /// Every accident, and the room's seed.
    pub seed: u64,
    /// Members that the room takes, [`PLAYERS_MAX`] at most. Its ring is the smallest for them.
    pub players: usize,
    /// How long moves and events wait for each other, as `world.flush_interval_ms`.
    pub flush_interval_ms: u32,
    /// The network.
    pub weather: Weather,
    /// Where the room keeps things.
    pub store: StoreWeather,
}

impl BenchConfig {
    /// Sixteen players in fine weather, and a server's default flush interval.
    pub const DEFAULT: Self = Self {
        seed: 1,
        players: 16,
        flush_interval_ms: 20,
        weather: Weather::FINE,
        store: StoreWeather::FINE,
    };
}

/// A player of a bench.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Player(usize);

/// A room with its players; see the [crate](crate).
pub struct GameBench<G: Game + 'static> {
    now: Instant,
    random: Random,
    network: Network,
    main: Host<Main<'static, Guests>>,
    world: Host<World<'static, G>>,
    /// What a world is made with.
    sizes: (usize, u32),
    /// How its room's games are made, if it is opened by name.
    new_game: Option<fn() -> G>,
    store: MemoryStore,
    notices: notices::Notices,
    players: Vec<Host<Client<Ears>>>,
    /// When bots have their next turn, once there are any.
    bots_at: Option<Instant>,
}

impl<G: Game + 'static> GameBench<G> {
    /// A room with `game` as it is, and nobody in it.
    pub fn new(game: G) -> Self {
        Self::with(game, BenchConfig::DEFAULT)
    }

    /// A room with `game`, which is handed these settings as a server hands it its table.
    ///
    /// # Panics
    /// If a setting is none, with what a server would say.
    pub fn configured(mut game: G, settings: &[(&str, Setting<'_>)]) -> Self {
        for (key, value) in settings {
            if let Err(problem) = game.configure(key, *value) {
                panic!("game.{}.{key} {problem}", G::NAME);
            }
        }
        Self::new(game)
    }

    /// A room as `config` says.
    ///
    /// # Panics
    /// If it is to have more than [`PLAYERS_MAX`] players, or none.
    pub fn with(game: G, config: BenchConfig) -> Self {
        Self::made((game, None), config)
    }

    /// A bench whose room is opened by name: by the first [`GameBench::join_room`], with a game that `new_game` makes.
    ///
    /// # Panics
    /// As [`GameBench::with`].
    pub fn with_named_room(new_game: fn() -> G, config: BenchConfig) -> Self {
        Self::made((new_game(), Some(new_game)), config)
    }

    fn made((game, new_game): (G, Option<fn() -> G>), config: BenchConfig) -> Self {
        let BenchConfig { seed, players, flush_interval_ms, weather, store } = config;
        assert!((1..=PLAYERS_MAX).contains(&players), "players: 1 to {PLAYERS_MAX}");
        let now = Instant::from_millis(START_MS);
        let mut random = Random::new(seed);
        let mut network = Network::new(Weather::FINE, Random::new(random.next()));
        let tools = &mut Tools { now, random: &mut random, network: &mut network };
        let main = realm::main::<G>(tools);
        let sizes = (players, flush_interval_ms);
        // Its accidents are its own: those of the network are the same without it.
        let store = MemoryStore::new(store, Random::new(!seed));
        let world = realm::world(tools, (game, new_game), sizes, &store);
        let mut bench = Self {
            now,
            random,
            network,
            main,
            world,
            sizes,
            new_game,
            store,
            notices: notices::Notices::default(),
            players: Vec::new(),
            bots_at: None,
        };
        // The servers find each other in fine weather.
        bench.settle();
        bench.network.weather = weather;
        bench
    }

    /// From now on the network is like that.
    pub const fn set_weather(&mut self, weather: Weather) {
        self.network.weather = weather;
    }

    /// How the network is.
    pub const fn weather(&self) -> Weather {
        self.network.weather
    }

    // Who is there.

    /// Everybody who has ever joined, in that order.
    pub fn players(&self) -> impl Iterator<Item = Player> + use<G> {
        (0..self.players.len()).map(Player)
    }

    /// Whether the player knows itself in the room.
    pub fn is_in_room(&self, player: Player) -> bool {
        self.client(player).machine().state().1 == WorldState::Inside
    }

    /// Whether the player is in the room, and looks on only.
    pub fn is_spectator(&self, player: Player) -> bool {
        self.is_in_room(player) && self.number(player) == MemberNumber::GAME
    }

    /// What the player knows a member by, if that has a name.
    pub fn name_of(&self, player: Player, number: MemberNumber) -> Option<&str> {
        self.ears(player).names.get(&number).map(String::as_str)
    }

    /// Whether the player was cut off, and has not come back.
    pub fn is_cut(&self, player: Player) -> bool {
        self.network.is_cut(place::host_of_player(player.0))
    }

    /// Whether the player has left, or was sent away for good.
    pub fn is_over(&self, player: Player) -> bool {
        self.ears(player).is_over
    }

    /// Who it is; [`Uid::NOBODY`] before Main has said so.
    pub fn uid(&self, player: Player) -> Uid {
        self.ears(player).me.uid
    }

    /// What it is called in the room that it is in, or was in last.
    pub fn number(&self, player: Player) -> MemberNumber {
        self.ears(player).me.number
    }

    /// Where it takes itself to be. Whoever says inputs is told which of them that is about. A correction of a move
    /// alone names none: one that has crossed a later move, which was
    /// accepted, leaves a player in error until it moves again.
    pub fn position(&self, player: Player) -> Position {
        self.ears(player).me.pos
    }

    /// Who plays in the room, as the player sees it: itself as well, by number.
    pub fn members(&self, player: Player) -> Vec<MemberState> {
        self.ears(player).members()
    }

    /// The things of the room of this kind, as the player sees them, by their ids.
    pub fn things<'b, M: Message + Deserialize<'b>>(&'b self, player: Player) -> Vec<(u16, M)> {
        let things = self.ears(player).things.iter();
        things.filter_map(|(id, thing)| Some((*id, thing.read()?))).collect()
    }

    /// What the members of the room show, if it is of this kind, as the player sees it, by their numbers.
    pub fn member_states<'b, M: Message + Deserialize<'b>>(
        &'b self,
        player: Player,
    ) -> Vec<(MemberNumber, M)> {
        let states = self.ears(player).member_states.iter();
        states.filter_map(|(number, state)| Some((*number, state.read()?))).collect()
    }

    /// Whether the player has all things and states of the room that it came into, or fell behind in.
    pub fn has_all_states(&self, player: Player) -> bool {
        self.ears(player).is_complete
    }

    /// Who is in the room, as the server has it, by number.
    pub fn room(&self) -> Vec<MemberState> {
        let rooms = self.world.node.role().rooms();
        let players = rooms.iter().map(|(_, user)| user).filter(|user| !user.is_spectator());
        let mut members: Vec<_> = players.map(WorldUser::state).collect();
        members.sort_by_key(|member| member.number);
        members
    }

    /// The game as it is now.
    pub fn game(&self) -> &G {
        self.world.node.role().game(RoomId(0)).expect("a bench has one room")
    }

    /// Acts on the room from outside, as `World::with_room` lets a server do it.
    pub fn with_room<T>(
        &mut self,
        act: impl FnOnce(&mut G, &mut RoomContext<'_, 'static>) -> T,
    ) -> T {
        let Self { now, random, network, world, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        let outcome = world.act(tools, |world, cx| world.with_room(cx, RoomId(0), act));
        self.settle();
        outcome.expect("a bench has one room")
    }

    /// What the room's random numbers come from.
    pub fn room_seed(&self) -> u64 {
        self.world.node.role().seed(RoomId(0)).expect("a bench has one room")
    }

    /// From now on the room's random numbers come from this seed: with the same one, and the same done by players at
    /// the same times, the game says the same again.
    pub fn set_room_seed(&mut self, seed: u64) {
        let Self { now, random, network, world, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        world.act(tools, |world, _| world.set_seed(RoomId(0), seed));
    }

    // Time.

    /// Milliseconds since the bench's beginning.
    pub const fn now_ms(&self) -> u64 {
        self.now.millis() - START_MS
    }

    /// Lets time pass, with a stop at everything that is due on the way.
    ///
    /// # Panics
    /// If a bot finds a rule broken.
    pub fn advance_ms(&mut self, ms: u32) {
        let end = self.now.after_ms(ms);
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.settle();
            self.play_bots();
        }
        self.now = end;
    }

    /// Lets time pass until everybody has heard what was said, but no longer than a second: a game may be one that
    /// is never silent.
    pub fn hear_out(&mut self) {
        for _ in 0..HEARING_MS {
            let is_told = self.world.node.role().rooms().next_flush().is_none();
            if is_told && self.network.next_at().is_none() {
                return;
            }
            self.advance_ms(1);
        }
    }

    fn next_at(&self) -> Option<Instant> {
        let servers = [
            self.main.next_at(),
            self.world.next_at(),
            self.network.next_at(),
            self.bots_at,
            self.store.next_at(),
        ];
        let players = self.players.iter().map(Host::next_at);
        servers.into_iter().chain(players).flatten().min()
    }

    /// Does everything that is to be done now.
    fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            if !self.deliver() & !self.turn_all() {
                return;
            }
        }
        panic!("no end of work at {} ms", self.now_ms());
    }

    fn deliver(&mut self) -> bool {
        let mut is_busy = false;
        let Self { now, random, network, main, world, players, .. } = self;
        while let Some(Delivery { host, end, letter }) = network.next_due(*now) {
            let tools = &mut Tools { now: *now, random, network };
            match place::player_at(host) {
                Some(player) => players[player].take(tools, end, letter),
                None if place::is_main(host) => main.take(tools, end, letter),
                None => world.take(tools, end, letter),
            }
            is_busy = true;
        }
        is_busy
    }

    fn turn_all(&mut self) -> bool {
        let Self { now, random, network, main, world, store, notices, players, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        let mut is_busy = main.turn(tools) | world.turn(tools);
        is_busy |= store.serve(&mut tools.turn(), &mut world.node);
        notices.take(tools, world);
        for player in players {
            is_busy |= player.turn(tools);
        }
        is_busy
    }

    fn client(&self, player: Player) -> &Client<Ears> {
        self.players[player.0].node.role()
    }

    fn ears(&self, player: Player) -> &Ears {
        self.client(player).handler()
    }

    fn act<T>(
        &mut self,
        player: Player,
        act: impl FnOnce(&mut Client<Ears>, &mut tinyrealm_core::node::Context<'_, 'static>) -> T,
    ) -> T {
        let Self { now, random, network, players, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        let outcome = players[player.0].act(tools, act);
        self.settle();
        outcome
    }
}
