//! What the numbers of a configuration may be.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use tinyrealm_core::node::chat::{CHAT_MAIN_COUNT_MAX, PAST_PAGE_MAX};
use tinyrealm_core::node::main::chat::CHANNEL_RING_MIN_BYTES;
use tinyrealm_core::node::main::{WORLD_COUNT_MAX, main_timers};
use tinyrealm_core::node::world::{
    MAINS_MAX, ROOM_CAPACITY_MAX, ROOM_RING_MAX_BYTES, StateSizes, ring_min_bytes_for,
    world_timers_for,
};
use tinyrealm_core::protocol::{
    ADDRESS_MAX_BYTES, CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, REGION_MAX_BYTES, is_address, is_place,
};
use tinyrealm_core::storage::link::INDEX_COUNT_MAX;
use tinyrealm_std::Scheme;

use crate::games;

use super::place::port_of;
use super::{ChatSettings, Config, MainSettings, NetSettings, WorldSettings};

/// So much of a channel's past is enough for a day of talk, and finding a message in it is quick.
const HISTORY_MAX_BYTES: u32 = 1 << 20;
/// Keys that are remembered besides one a place, so that refusals say the right reason for longer.
const SPARE_ATTACHES: usize = 64;

/// What a world's storage depends on besides its settings.
#[derive(Copy, Clone)]
struct GameNeeds {
    message_max_bytes: usize,
    states: StateSizes,
    timers: usize,
}

/// As much of everything as either has.
fn larger(one: StateSizes, other: StateSizes) -> StateSizes {
    StateSizes {
        things: one.things.max(other.things),
        thing_bytes: one.thing_bytes.max(other.thing_bytes),
        member_bytes: one.member_bytes.max(other.member_bytes),
    }
}

impl Config {
    /// Looks for the first thing that can't be.
    ///
    /// # Errors
    /// What it is, in the words of the configuration.
    pub(crate) fn validate(&self) -> anyhow::Result<()> {
        self.log.validate()?;
        self.net.validate()?;
        crate::main_server::allowed_worlds(&self.main)?;
        ensure!(
            (0.1..=1_000.0).contains(&self.up.bots_hz),
            "up.bots_hz must be between 0.1 and 1000"
        );
        ensure!(
            (0.0..=1_000.0).contains(&self.up.bots_chat_hz),
            "up.bots_chat_hz must be between 0 and 1000"
        );
        ensure!(
            (1..=WORLD_COUNT_MAX).contains(&usize::from(self.main.worlds)),
            "main.worlds must be between 1 and {WORLD_COUNT_MAX}"
        );
        ensure!(
            self.main.sessions > 0 && self.main.users > 0,
            "main.sessions and main.users must be at least 1"
        );
        let timers = main_timers(usize::from(self.main.users));
        ensure!(
            usize::from(self.main.sessions) + timers <= INDEX_COUNT_MAX,
            "main.sessions and main.users must be at most {} together",
            INDEX_COUNT_MAX - main_timers(0)
        );
        self.main.validate_login(&self.net)?;
        self.main.validate_advertise()?;
        self.directory.validate(self.main.hello_timeout_ms, &self.net)?;
        self.main.relay.validate()?;
        self.login.validate()?;
        ensure!(
            self.main.chat_is_announced()
                || self.main.chat.is_empty()
                || port_of(&self.main.chat).is_some(),
            "main.chat must be HOST:PORT, \"announced\" or empty, not {:?}",
            self.main.chat
        );
        ensure!(
            !self.main.chat_is_announced() || self.directory.is_used(),
            "main.chat is \"announced\", and nobody announces anything without directory.servers"
        );
        ensure!(
            self.main.chat.len() <= ADDRESS_MAX_BYTES,
            "main.chat must be at most {ADDRESS_MAX_BYTES} bytes"
        );
        self.chat.validate()?;
        ensure!(
            self.http.connections > 0 && self.http.connections_per_address > 0,
            "http.connections and http.connections_per_address must be at least 1"
        );
        ensure!(
            self.http.head_timeout_ms > 0 && self.http.stall_timeout_ms > 0,
            "http.head_timeout_ms and http.stall_timeout_ms must be at least 1"
        );
        self.validate_games()?;
        self.world.validate(self.games_need()?)
    }

    /// The most that any of the games needs which this process' worlds run.
    fn games_need(&self) -> anyhow::Result<GameNeeds> {
        let mut most = GameNeeds { message_max_bytes: 0, states: StateSizes::NONE, timers: 0 };
        for region in self.world.regions() {
            let game = self.game_of(region)?;
            most.message_max_bytes = most.message_max_bytes.max(game.message_max_bytes());
            most.states = larger(most.states, game.states());
            most.timers = most.timers.max(game.timers());
        }
        Ok(most)
    }

    /// Every game that is named is there, and takes its settings.
    fn validate_games(&self) -> anyhow::Result<()> {
        games::find(self.games, &self.world.game).context("world.game")?;
        for (region, name) in &self.regions {
            games::find(self.games, name).with_context(|| format!("regions.{region}"))?;
        }
        for (name, settings) in &self.game {
            let game = games::find(self.games, name).with_context(|| format!("game.{name}"))?;
            let table = settings
                .as_table()
                .with_context(|| format!("game.{name} is a table of settings"))?;
            game.try_settings(table).map_err(anyhow::Error::msg)?;
        }
        Ok(())
    }
}

impl MainSettings {
    /// Whatever others are told leads somewhere.
    fn validate_advertise(&self) -> anyhow::Result<()> {
        let is_everywhere = |place: &str| {
            place.parse().is_ok_and(|address: SocketAddr| address.ip().is_unspecified())
        };
        let place = self.advertise.split_once("://").map_or(&*self.advertise, |(_, place)| place);
        let is_short = |text: &str| text.len() <= ADDRESS_MAX_BYTES;
        ensure!(
            self.advertise.is_empty()
                || (is_address(&self.advertise)
                    && is_short(&self.advertise)
                    && !is_everywhere(place)),
            "main.advertise must be HOST:PORT where clients find this Main, or that behind tcp://, tls://, ws:// or wss://, of \
             at most {ADDRESS_MAX_BYTES} bytes, not {:?}",
            self.advertise
        );
        let place = self.advertise_servers.as_str();
        ensure!(
            place.is_empty() || (is_place(place) && is_short(place) && !is_everywhere(place)),
            "main.advertise_servers must be HOST:PORT where worlds find this Main, of at most {ADDRESS_MAX_BYTES} bytes, not \
             {place:?}"
        );
        Ok(())
    }

    fn validate_login(&self, net: &NetSettings) -> anyhow::Result<()> {
        ensure!(
            port_of(&self.login).is_some() && self.login.len() <= ADDRESS_MAX_BYTES,
            "main.login must be HOST:PORT, at most {ADDRESS_MAX_BYTES} bytes, not {:?}",
            self.login
        );
        ensure!(
            (1..net.greeting_timeout_ms).contains(&self.hello_timeout_ms),
            "main.hello_timeout_ms must be at least 1 and below net.greeting_timeout_ms"
        );
        ensure!(self.hellos > 0, "main.hellos must be at least 1");
        Ok(())
    }
}

impl ChatSettings {
    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.advertise.is_empty()
                || (is_place(&self.advertise) && self.advertise.len() <= ADDRESS_MAX_BYTES),
            "chat.advertise must be HOST:PORT where Mains find this chat server, of at most {ADDRESS_MAX_BYTES} bytes, not {:?}",
            self.advertise
        );
        ensure!(
            (1..=CHAT_MAIN_COUNT_MAX).contains(&usize::from(self.mains)),
            "chat.mains must be between 1 and {CHAT_MAIN_COUNT_MAX}"
        );
        ensure!(
            self.channels > 0 && self.memberships > 0 && self.channel_members > 0,
            "chat.channels, chat.memberships and chat.channel_members must be at least 1"
        );
        let names = &self.reserved;
        ensure!(
            names.len() <= usize::from(self.channels)
                && names.iter().all(|name| (1..=CHANNEL_MAX_BYTES).contains(&name.len())),
            "chat.reserved: at most chat.channels names, of 1 to {CHANNEL_MAX_BYTES} bytes each"
        );
        ensure!(
            (1..=PAST_PAGE_MAX).contains(&self.past_page),
            "chat.past_page must be between 1 and {PAST_PAGE_MAX}"
        );
        ensure!(
            self.ring_bytes.is_power_of_two() && self.ring_bytes as usize >= CHANNEL_RING_MIN_BYTES,
            "chat.ring_bytes must be a power of two of at least {CHANNEL_RING_MIN_BYTES}"
        );
        ensure!(
            self.history_bytes <= HISTORY_MAX_BYTES,
            "chat.history_bytes must be at most {HISTORY_MAX_BYTES}"
        );
        ensure!(
            (1..=CHAT_MAX_BYTES).contains(&usize::from(self.message_bytes)),
            "chat.message_bytes must be between 1 and {CHAT_MAX_BYTES}"
        );
        ensure!(
            self.channels_per_user > 0 && self.requests_per_second > 0 && self.request_burst > 0,
            "chat.channels_per_user, chat.requests_per_second and chat.request_burst must be at \
             least 1"
        );
        Ok(())
    }
}

impl WorldSettings {
    /// Whatever clients are told leads somewhere.
    fn validate_advertise(&self) -> anyhow::Result<()> {
        if self.advertise.is_empty() {
            let address = self.address(0);
            ensure!(
                !address.ip().is_unspecified(),
                "world.listen is {address}, where no client finds anybody: set world.advertise to \
                 the HOST:PORT that clients are told"
            );
            return Ok(());
        }
        let place = Scheme::split(&self.advertise).map(|(_, place)| place);
        let port = place.and_then(port_of);
        let is_address = port.is_some_and(|port| port.checked_add(self.nodes).is_some());
        ensure!(
            is_address,
            "world.advertise must be HOST:PORT, or that behind tcp://, tls://, ws:// or wss://, not {:?}",
            self.advertise
        );
        let is_everywhere = place.is_some_and(|place| {
            place.parse().is_ok_and(|address: SocketAddr| address.ip().is_unspecified())
        });
        ensure!(
            !is_everywhere,
            "world.advertise is {}, where no client finds anybody",
            self.advertise
        );
        Ok(())
    }

    fn validate_mains(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=MAINS_MAX).contains(&self.mains.len()),
            "world.mains must be 1 to {MAINS_MAX} addresses"
        );
        for (place, main) in self.mains.iter().enumerate() {
            ensure!(
                port_of(main).is_some() && main.len() <= ADDRESS_MAX_BYTES,
                "world.mains must be HOST:PORT of at most {ADDRESS_MAX_BYTES} bytes each, not {main:?}"
            );
            ensure!(
                !self.mains.iter().take(place).any(|other| other == main),
                "world.mains has {main} twice"
            );
        }
        Ok(())
    }

    fn validate(&self, games: GameNeeds) -> anyhow::Result<()> {
        let GameNeeds { message_max_bytes, states, timers } = games;
        self.validate_advertise()?;
        ensure!(self.id > 0, "world.id must be at least 1");
        ensure!(
            self.regions().all(|region| region.len() <= REGION_MAX_BYTES),
            "world.region must be at most {REGION_MAX_BYTES} bytes, or several such with commas"
        );
        ensure!(
            self.advertise.len() <= ADDRESS_MAX_BYTES,
            "world.advertise must be at most {ADDRESS_MAX_BYTES} bytes"
        );
        self.validate_mains()?;
        ensure!(
            self.nodes > 0 && self.rooms > 0 && self.room_capacity > 0,
            "world.nodes, world.rooms and world.room_capacity must be at least 1"
        );
        ensure!(self.status_interval_ms > 0, "world.status_interval_ms must be at least 1");
        ensure!(
            self.sessions() + self.timers(timers) <= INDEX_COUNT_MAX,
            "world.rooms × (world.room_capacity + world.room_spectators) is too much for one world: at most {} \
             beside world.spare_sessions = {}; use more nodes",
            self.capacity_max(timers),
            self.spare_sessions
        );
        ensure!(
            usize::from(self.room_capacity) <= ROOM_CAPACITY_MAX,
            "world.room_capacity must be at most {ROOM_CAPACITY_MAX}"
        );
        let least = ring_min_bytes_for(usize::from(self.room_capacity), message_max_bytes, states);
        ensure!(
            least <= ROOM_RING_MAX_BYTES,
            "world.room_capacity is too much for a game with messages of {message_max_bytes} bytes and {} things",
            states.things
        );
        ensure!(
            self.ring_bytes == 0
                || (self.ring_bytes.is_power_of_two()
                    && (least..=ROOM_RING_MAX_BYTES).contains(&(self.ring_bytes as usize))),
            "world.ring_bytes must be 0 or a power of two of at least {least} and at most \
             {ROOM_RING_MAX_BYTES}"
        );
        Ok(())
    }

    /// How many members a world can have, of each of whose rooms a game wants so many timers.
    fn capacity_max(&self, of_room: usize) -> usize {
        let others = usize::from(self.spare_sessions) + self.mains.len();
        let timers = world_timers_for(SPARE_ATTACHES, usize::from(self.rooms), of_room);
        INDEX_COUNT_MAX.saturating_sub(others + timers) / 2
    }

    /// Connections of one world.
    pub(crate) const fn sessions(&self) -> usize {
        self.listeners() + self.spare_sessions as usize + self.mains.len()
    }

    /// Keys that a world remembers: one a place, and some that have been used.
    pub(crate) const fn attaches(&self) -> usize {
        self.listeners() + SPARE_ATTACHES
    }

    /// Timers of a world, besides one a session, if each of its rooms has so many.
    pub(crate) const fn timers(&self, of_room: usize) -> usize {
        world_timers_for(self.attaches(), self.rooms as usize, of_room)
    }

    /// Bytes of one room's ring, for a game with messages of so many bytes, and with these states.
    pub(crate) const fn ring_bytes(&self, message_max_bytes: usize, states: StateSizes) -> usize {
        if self.ring_bytes == 0 {
            let members = self.room_capacity as usize;
            let roomy = ring_min_bytes_for(members, message_max_bytes, states) * 8;
            if roomy < ROOM_RING_MAX_BYTES { roomy } else { ROOM_RING_MAX_BYTES }
        } else {
            self.ring_bytes as usize
        }
    }
}
