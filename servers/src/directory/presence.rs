//! Presence: a chat server says in the bucket that it is alive, and hears there which channels are its own.
//!
//! Contract: a key is `chat.LIFE`, written again every [`INTERVAL`], so that [Mains](super::chats) know that it lives. With each
//! writing it reads the map that they have agreed about, and it is told how long it may be certain of that: shorter than it takes
//! Mains to give its channels to others. One that was stopped for a while is not certain of anything before it has written and read again.
//! While NATS can't be reached nobody can agree about another map, so whoever finds that goes on: an end of NATS is none of
//! what is said. One that ends in good order removes its key.
//!
//! Bounds: two questions an interval.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::looks::{news, subject, turns};
use super::shared::Shared;
use super::{Kind, Told, Trouble};

/// Between two writings.
pub(super) const INTERVAL: Duration = Duration::from_millis(500);

/// Until the thread ends.
pub(super) async fn be_present(shared: Arc<Shared>) {
    let (mut own, mut stores) = (shared.announcement.subscribe(), shared.store.subscribe());
    let mut turns = turns(INTERVAL);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = news(&mut own, &mut stores) => {}
        }
        let began_at = Instant::now();
        if let Err(trouble) = write_and_read(&shared).await {
            shared.complain(&trouble);
        }
        // Nobody listens: the server has ended.
        let _ = shared.told.send(Told::Certain(began_at)).await;
    }
}

async fn write_and_read(shared: &Shared) -> Result<(), Trouble> {
    let Some(store) = shared.store.borrow().clone() else { return Ok(()) };
    let Some(own) = shared.announcement.borrow().clone() else { return Ok(()) };
    store.announce(Kind::Chat, shared.life, &own).await?;
    let map = store.chat_map().await?;
    shared.reached();
    let _ = shared.told.send(Told::ChatServers(Box::new(map))).await;
    Ok(())
}

/// Removes this server's key, as long as it can be asked for.
pub(super) async fn withdraw(shared: &Shared) {
    if shared.announcement.send_replace(None).is_none() {
        return;
    }
    let Some(store) = shared.store.borrow().clone() else { return };
    // If that fails, it is over behind some looks.
    let kind = shared.purpose.kind();
    if store.withdraw(kind, shared.life).await.is_ok() {
        let _ = store.client().publish(subject(shared, kind), "".into()).await;
        let _ = store.client().flush().await;
    }
}
