//! What the numbers of a configuration may be.

use anyhow::ensure;
use tinyrealm_core::node::main::{WORLD_COUNT_MAX, main_timers};
use tinyrealm_core::node::world::{ring_min_bytes, world_timers};
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, REGION_MAX_BYTES};
use tinyrealm_core::storage::link::INDEX_COUNT_MAX;

use super::{Config, MainSettings, NetSettings, WorldSettings};

const LOG_LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// Sessions of a world that are not clients': the link to Main.
const MAIN_LINKS: usize = 1;
/// Keys that are remembered besides one a place, so that refusals say the right reason for longer.
const SPARE_ATTACHES: usize = 64;

impl Config {
    /// Looks for the first thing that can't be.
    ///
    /// # Errors
    /// What it is, in the words of the configuration.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            LOG_LEVELS.contains(&self.log.as_str()),
            "log must be one of {}, not {:?}",
            LOG_LEVELS.join(", "),
            self.log
        );
        if let Some(problem) = self.net.to_core().problem() {
            anyhow::bail!("net.{problem}");
        }
        ensure!(
            (0.1..=1_000.0).contains(&self.up.bots_hz),
            "up.bots_hz must be between 0.1 and 1000"
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
        self.login.validate()?;
        self.world.validate()
    }
}

impl MainSettings {
    fn validate_login(&self, net: &NetSettings) -> anyhow::Result<()> {
        ensure!(
            self.login.contains(':') && self.login.len() <= ADDRESS_MAX_BYTES,
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

impl WorldSettings {
    fn validate(&self) -> anyhow::Result<()> {
        ensure!(self.id > 0, "world.id must be at least 1");
        ensure!(
            self.region.len() <= REGION_MAX_BYTES,
            "world.region must be at most {REGION_MAX_BYTES} bytes"
        );
        ensure!(
            self.advertise.len() <= ADDRESS_MAX_BYTES && self.main.len() <= ADDRESS_MAX_BYTES,
            "world.advertise and world.main must be at most {ADDRESS_MAX_BYTES} bytes"
        );
        ensure!(self.main.contains(':'), "world.main must be HOST:PORT, not {:?}", self.main);
        ensure!(
            self.nodes > 0 && self.rooms > 0 && self.room_capacity > 0,
            "world.nodes, world.rooms and world.room_capacity must be at least 1"
        );
        ensure!(self.status_interval_ms > 0, "world.status_interval_ms must be at least 1");
        ensure!(
            self.sessions() + self.timers() <= INDEX_COUNT_MAX,
            "world.rooms × world.room_capacity is too much for one world: at most {}; use more nodes",
            (INDEX_COUNT_MAX
                - usize::from(self.spare_sessions)
                - MAIN_LINKS
                - world_timers(SPARE_ATTACHES))
                / 2
        );
        let least = ring_min_bytes(usize::from(self.room_capacity));
        ensure!(
            self.ring_bytes == 0
                || (self.ring_bytes.is_power_of_two() && self.ring_bytes as usize >= least),
            "world.ring_bytes must be 0 or a power of two of at least {least}"
        );
        Ok(())
    }

    /// Connections of one world.
    pub(crate) const fn sessions(&self) -> usize {
        self.capacity() + self.spare_sessions as usize + MAIN_LINKS
    }

    /// Keys that a world remembers: one a place, and some that have been used.
    pub(crate) const fn attaches(&self) -> usize {
        self.capacity() + SPARE_ATTACHES
    }

    /// Timers of a world, besides one a session.
    pub(crate) const fn timers(&self) -> usize {
        world_timers(self.attaches())
    }

    /// Bytes of one room's ring.
    pub(crate) const fn ring_bytes(&self) -> usize {
        if self.ring_bytes == 0 {
            ring_min_bytes(self.room_capacity as usize) * 8
        } else {
            self.ring_bytes as usize
        }
    }
}
