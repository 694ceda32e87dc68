//! What is said to everybody.

use serde::Deserialize;
use serde_json::json;
use tinyrealm_core::protocol::ANNOUNCEMENT_MAX_BYTES;

use super::{Api, Problem, Told, read};
use crate::operating::{Outcome, Question, Refused};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    text: String,
}

impl Api {
    /// Everybody at this process's Main is told.
    pub(super) async fn say(&self, body: &[u8]) -> Told {
        let Say { text } = read(body)?;
        let text = text.trim();
        if text.is_empty() || text.len() > ANNOUNCEMENT_MAX_BYTES || text.contains(char::is_control)
        {
            let text = format!("say one line of 1 to {ANNOUNCEMENT_MAX_BYTES} bytes");
            return Err(Problem::bad(text));
        }
        let main = self.figures.main.as_ref().ok_or(Refused::NotHere)?;
        match main.desk().ask(Question::Announce(text.to_owned())).await? {
            Outcome::Told(users) => Ok(json!({ "told": users })),
            _ => Err(Refused::NotHere.into()),
        }
    }
}
