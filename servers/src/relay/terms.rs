//! `Terms`: on which somebody is passed on, and to whom.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tinyrealm_core::config::NetConfig;
use tinyrealm_std::driver::HandedOver;
use tinyrealm_std::proxies::TrustedProxies;
use tokio_util::sync::CancellationToken;

use super::figures::RelayFigures;
use super::reason::Refused;
use super::request::{Asked, Origins};

/// What is known of a world at an address.
pub(crate) enum Found {
    /// It seals its clients; here it is dialed.
    Sealing(String),
    /// It is there, and reached otherwise.
    Other,
}

/// Finds the world that is registered at `host:port` now.
pub(crate) type FindWorld = Box<dyn Fn(&str) -> Option<Found> + Send + Sync>;

/// How long things may take.
#[derive(Copy, Clone, Debug)]
pub(super) struct Limits {
    /// From the connection to the world's first answer.
    pub(super) greeting: Duration,
    /// That nothing passes.
    pub(super) idle: Duration,
    /// For last words.
    pub(super) drain: Duration,
}

impl Limits {
    fn of(net: &NetConfig) -> Self {
        let ms = |ms: u32| Duration::from_millis(ms.into());
        Self {
            greeting: ms(net.greeting_timeout_ms),
            idle: ms(net.idle_timeout_ms),
            drain: ms(net.drain_timeout_ms),
        }
    }
}

/// See the [module](self).
pub(super) struct Terms {
    find: FindWorld,
    trusted: TrustedProxies,
    pub(super) bytes_per_second: u32,
    limits: Mutex<Limits>,
    pub(super) origins: Origins,
    pub(super) figures: RelayFigures,
    pub(super) shutdown: CancellationToken,
}

impl Terms {
    pub(super) fn new(
        bytes_per_second: u32,
        net: &NetConfig,
        trusted: TrustedProxies,
        find: FindWorld,
        shutdown: CancellationToken,
    ) -> Self {
        let limits = Mutex::new(Limits::of(net));
        let origins = Origins { origins: net.origins, hosts: net.hosts };
        let figures = RelayFigures::default();
        Self { find, trusted, bytes_per_second, limits, origins, figures, shutdown }
    }

    /// How long things may take that begin now.
    pub(super) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other times count from now on.
    pub(super) fn set_limits(&self, net: &NetConfig) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = Limits::of(net);
    }

    /// Whether what this one says is heard by nobody on the way.
    pub(super) fn lets_speak(&self, next: &HandedOver) -> bool {
        next.is_by_tls || self.trusted.is_near(next.peer)
    }

    /// Where the world is dialed that somebody has asked for.
    pub(super) fn world_of(&self, asked: &Asked) -> Result<String, Refused> {
        match (self.find)(&asked.world) {
            Some(Found::Sealing(address)) => Ok(address),
            Some(Found::Other) => Err(Refused::NotSealing),
            None => Err(Refused::UnknownWorld),
        }
    }
}
