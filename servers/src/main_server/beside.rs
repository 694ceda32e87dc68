//! `Beside`: what runs beside Main's node, at its port.

use std::task::Context;
use std::thread::JoinHandle;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::main::{Authenticator, Main};
use tinyrealm_std::driver::Elsewhere;
use tinyrealm_std::{Control, NextStep, Scheme};
use tokio_util::sync::CancellationToken;

use super::report::{BesideFigures, Published, RegisteredWorld};
use crate::config::Config;
#[cfg(feature = "cluster")]
use crate::directory::{Directory, Purpose, Whose};
#[cfg(feature = "cluster")]
use crate::operating::Asking;
use crate::reachable::Reachable;
use crate::relay::{self, Found, Relay};
use crate::report::Shared;

/// What is beside the node: the relay to worlds, and the directory.
pub(super) struct Beside {
    pub(super) elsewhere: Elsewhere,
    pub(super) figures: BesideFigures,
    pub(super) thread: JoinHandle<()>,
    /// The limits of both.
    pub(super) net: NetConfig,
    /// What the relay knows of.
    pub(super) worlds: Shared<Vec<RegisteredWorld>>,
    /// None for a realm's only Main.
    #[cfg(feature = "cluster")]
    pub(super) directory: Option<Directory>,
}

/// Tells the relay of every world before its first user hears of it.
pub(super) struct WorldsControl<C> {
    inner: C,
    worlds: Shared<Vec<RegisteredWorld>>,
    /// How many had come and gone when they were told of last.
    told: (u32, u32),
}

impl Beside {
    /// Starts the relay's thread, which ends with the shutdown, and that of the directory.
    ///
    /// # Errors
    /// If the system gives no thread, or what the configuration names can't be read.
    pub(super) fn start(
        config: &Config,
        shutdown: &CancellationToken,
        published: &Published,
    ) -> anyhow::Result<Self> {
        #[cfg(not(feature = "cluster"))]
        let _ = published;
        let (net, trusted) = (config.net.to_core(), config.net.trusted());
        let worlds = Shared::<Vec<RegisteredWorld>>::default();
        let known = worlds.clone();
        let find = move |place: &str| found(&known.read(), place);
        let settings = &config.main.relay;
        let relay = Relay::new(settings, &net, trusted, Box::new(find), shutdown.clone());
        let (elsewhere, handed_over) = Elsewhere::of(relay::PATH);
        let reachable = Reachable::default();
        let figures = BesideFigures { relay: relay.figures(), directory: reachable.clone() };
        Ok(Self {
            elsewhere,
            figures,
            #[cfg(feature = "cluster")]
            directory: match config.directory.is_used() {
                true => {
                    let Published { main, others } = published;
                    let asking = Asking { desk: main.desk().clone(), others: others.clone() };
                    let whose = Whose { purpose: purpose(config), reachable, asking: Some(asking) };
                    Some(Directory::start(&config.directory, whose)?)
                }
                false => None,
            },
            thread: relay.spawn(handed_over, config.net.changes.listen())?,
            net,
            worlds,
        })
    }
}

#[cfg(feature = "cluster")]
fn purpose(config: &Config) -> Purpose {
    match config.main.chat_is_announced() {
        true => Purpose::MainWithChannels,
        false => Purpose::Main,
    }
}

impl<C> WorldsControl<C> {
    pub(super) fn new(inner: C, worlds: Shared<Vec<RegisteredWorld>>) -> Self {
        Self { inner, worlds, told: (0, 0) }
    }
}

impl<'a, A: Authenticator, C: Control<'a, Main<'a, A>>> Control<'a, Main<'a, A>>
    for WorldsControl<C>
{
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Main<'a, A>>,
    ) -> NextStep {
        let main = node.role();
        let now = (main.stats().worlds_registered, main.stats().worlds_lost);
        if std::mem::replace(&mut self.told, now) != now {
            self.worlds.publish(RegisteredWorld::all(main.worlds()));
        }
        self.inner.poll_control(cx, turn, node)
    }
}

/// What is known of the world at `host:port`.
fn found(registry: &[RegisteredWorld], place: &str) -> Option<Found> {
    let split = |world| Scheme::split(world).filter(|(_, known)| *known == place);
    let at = registry.iter().filter_map(|it| Some((it.is_sealing, split(&it.address)?)));
    at.map(|(is_sealing, (scheme, place))| {
        let is_by_tls = scheme.is_some_and(Scheme::is_by_tls);
        if is_sealing && !is_by_tls { Found::Sealing(place.to_owned()) } else { Found::Other }
    })
    .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_found_by_where_it_is_and_passed_on_to_if_it_seals() {
        let world = |address: &str, is_sealing| RegisteredWorld {
            address: address.to_owned(),
            is_sealing,
            ..RegisteredWorld::default()
        };
        let registry = [
            world("a:1", true),
            world("tcp://a:2", true),
            world("ws://[::1]:3", true),
            world("wss://a:4", true),
            world("a:5", false),
        ];
        let at = |place| match found(&registry, place) {
            Some(Found::Sealing(place)) => Some(place),
            Some(Found::Other) => Some(String::new()),
            None => None,
        };
        for (place, expected) in [
            ("a:1", Some("a:1")),
            ("a:2", Some("a:2")),
            ("[::1]:3", Some("[::1]:3")),
            ("a:4", Some("")),
            ("a:5", Some("")),
            ("ws://[::1]:3", None),
            ("a:12", None),
            ("a:", None),
            ("", None),
        ] {
            assert_eq!(at(place).as_deref(), expected, "{place}");
        }
    }
}
