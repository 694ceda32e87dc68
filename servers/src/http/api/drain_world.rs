//! A world of Main's that is to take nobody new, or newcomers again.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Api, Told, read};
use crate::main_server::report::MainReport;
use crate::operating::{Question, Refused};
use crate::report::Shared;

/// So long a world may take to say that it has heard.
const ANSWER_MOST: Duration = Duration::from_secs(1);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Who is to take nobody new, and by when it is to have ended.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drained {
    /// A world that is registered with this Main; without, this server.
    world: Option<u16>,
    /// As long as somebody is there, if it is left out.
    within_seconds: Option<u32>,
}

/// Who is to take newcomers again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Undrained {
    world: Option<u16>,
}

impl Api {
    pub(super) async fn drain(&self, body: &[u8]) -> Told {
        let Drained { world, within_seconds } = read(body)?;
        let told = match world {
            Some(world) => self.order_drain(world, true, within_seconds).await?,
            None => self.drain.begin(within_seconds).await.map(|()| true)?,
        };
        Ok(
            json!({ "world": world, "draining": true, "within_seconds": within_seconds, "told": told }),
        )
    }

    pub(super) async fn undrain(&self, body: &[u8]) -> Told {
        let Undrained { world } = read(body)?;
        let told = match world {
            Some(world) => self.order_drain(world, false, None).await?,
            None => self.drain.cancel().await.map(|()| true)?,
        };
        Ok(json!({ "world": world, "draining": false, "told": told }))
    }

    /// Whether the world has said that it follows: one of an earlier version does not, and one that can't be reached now
    /// will.
    async fn order_drain(
        &self,
        world: u16,
        is_draining: bool,
        within_seconds: Option<u32>,
    ) -> Result<bool, Refused> {
        let main = self.figures.main.as_ref().ok_or(Refused::NotHere)?;
        let within_ms = within_seconds.map(|seconds| seconds.saturating_mul(1_000));
        main.desk().ask(Question::OrderDrain { world, is_draining, within_ms }).await?;
        let state = if is_draining { "draining" } else { "open" };
        let deadline = Instant::now() + ANSWER_MOST;
        while Instant::now() < deadline {
            if is_so(main, world, state) {
                return Ok(true);
            }
            sleep(LOOK_INTERVAL).await;
        }
        Ok(false)
    }
}

fn is_so(main: &Shared<MainReport>, world: u16, state: &str) -> bool {
    main.read().registry.iter().any(|it| it.id == world && it.state == state)
}
