//! `Looks`: when a Main looks at who is there: time and again, and when somebody has said that there is something new.
//!
//! Bounds: looks that somebody asks for are so far apart from the one before as whoever looks says.

use std::future::pending;
use std::time::Duration;

use async_nats::{Client, Subscriber};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_stream::StreamExt;

use super::Kind;
use super::announcement::Announcement;
use super::living::Cause;
use super::shared::Shared;
use super::store::Store;

/// See the [module](self).
pub(super) struct Looks {
    turns: Interval,
    heard: Subscriber,
    heard_apart: Duration,
    looked_at: Instant,
}

impl Looks {
    /// At servers of a kind; `None` if the client has ended.
    pub(super) async fn start(
        shared: &Shared,
        client: &Client,
        kind: Kind,
        (every, heard_apart): (Duration, Duration),
    ) -> Option<Self> {
        let heard = client.subscribe(subject(shared, kind)).await.ok()?;
        Some(Self { turns: turns(every), heard, heard_apart, looked_at: Instant::now() })
    }

    /// Waits for the next one, or for what is `own`.
    pub(super) async fn next(&mut self, own: impl Future<Output = ()>) -> Cause {
        let cause = tokio::select! {
            _ = self.turns.tick() => Cause::Time,
            () = own => Cause::Own,
            Some(_) = self.heard.next() => {
                sleep_until(self.looked_at + self.heard_apart).await;
                Cause::Heard
            }
        };
        self.looked_at = Instant::now();
        cause
    }
}

/// Turns of this length; those that were missed do not come at once.
pub(super) fn turns(every: Duration) -> Interval {
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}

/// Waits until this server has something else to say, or another store to say it to.
pub(super) async fn news(
    own: &mut Receiver<Option<Announcement>>,
    stores: &mut Receiver<Option<Store>>,
) {
    tokio::select! {
        Ok(()) = own.changed() => {}
        Ok(()) = stores.changed() => {}
        else => pending().await,
    }
}

/// What is said aloud when a server of this kind comes or goes.
pub(super) fn subject(shared: &Shared, kind: Kind) -> String {
    format!("tinyrealm.{}.{}s", shared.settings.realm, kind.word())
}
