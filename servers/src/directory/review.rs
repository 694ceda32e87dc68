//! The review: every user who is here is looked up from time to time, and the store itself.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::Trouble;
use super::shared::Shared;
use super::store::Store;

/// How often some are looked up.
const STEP: Duration = Duration::from_millis(500);
/// How often the store itself is.
const STORE_INTERVAL: Duration = Duration::from_secs(5);
/// How often one that can't be had is tried.
const OPEN_INTERVAL: Duration = Duration::from_millis(100);
/// Looks at a time.
const LOOKS_MAX: usize = 16;

/// Until the thread ends.
pub(super) async fn review(shared: Arc<Shared>, client: Client) {
    let mut store = opened(&shared, &client).await;
    let mut seen_at = Instant::now();
    loop {
        let is_connected = timeout(STEP, shared.connected.notified()).await.is_ok();
        if is_connected || seen_at.elapsed() >= STORE_INTERVAL {
            seen_at = Instant::now();
            keep_ahead(&shared, &client, &mut store).await;
        }
        let most = if is_connected { shared.held() } else { share(&shared) };
        look_up(&shared, &store, most).await;
    }
}

async fn opened(shared: &Shared, client: &Client) -> Store {
    shared.connected.notified().await;
    loop {
        match Store::open(client, &shared.settings.realm).await {
            Ok(store) => {
                shared.reached();
                shared.store.send_replace(Some(store.clone()));
                return store;
            }
            Err(trouble) => shared.complain(&trouble),
        }
        sleep(OPEN_INTERVAL).await;
    }
}

async fn keep_ahead(shared: &Shared, client: &Client, store: &mut Store) {
    match store.keep_ahead(client, shared.highest()).await {
        Ok(was_behind) => {
            if was_behind {
                tracing::warn!(
                    "the directory had lost its last writes; its numbers go on behind them"
                );
            }
            shared.reached();
            shared.store.send_replace(Some(store.clone()));
        }
        Err(trouble) => shared.complain(&trouble),
    }
}

/// So many each time that all of them have had a turn in the configured time.
fn share(shared: &Shared) -> usize {
    let turns = u128::from(shared.settings.review_ms) / STEP.as_millis();
    shared.held().div_ceil(turns.max(1) as usize)
}

async fn look_up(shared: &Arc<Shared>, store: &Store, most: usize) {
    let mut looks = JoinSet::new();
    for uid in shared.next_held(most) {
        let (shared, store) = (Arc::clone(shared), store.clone());
        if looks.len() >= LOOKS_MAX && is_over(looks.join_next().await) {
            return;
        }
        looks.spawn(async move {
            let entry = store.any(uid).await?;
            shared.heard(uid, entry.number, entry.life).await;
            Ok::<(), Trouble>(())
        });
    }
    while let Some(look) = looks.join_next().await {
        if is_over(Some(look)) {
            return;
        }
    }
}

/// Whether there is no use in looking further for now.
fn is_over(look: Option<Result<Result<(), Trouble>, tokio::task::JoinError>>) -> bool {
    !matches!(look, Some(Ok(Ok(()))))
}
