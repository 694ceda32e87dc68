//! What is said to everybody.

use serde::Deserialize;
use serde_json::json;
use tinyrealm_core::protocol::ANNOUNCEMENT_MAX_BYTES;

use super::elsewhere::Elsewhere;
use super::{Api, Problem, Told, read};
use crate::operating::{Outcome, Question, Refused};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    text: String,
}

impl Api {
    /// Everybody in the realm is told, by all of its Mains.
    pub(super) async fn say(&self, body: &[u8]) -> Told {
        let Say { text } = read(body)?;
        let text = text.trim();
        if text.is_empty() || text.len() > ANNOUNCEMENT_MAX_BYTES || text.contains(char::is_control)
        {
            let text = format!("say one line of 1 to {ANNOUNCEMENT_MAX_BYTES} bytes");
            return Err(Problem::bad(text));
        }
        let main = self.figures.main.as_ref().ok_or(Refused::NotHere)?;
        let question = Question::Announce(text.to_owned());
        let Outcome::Told(mut told) = main.desk().ask(question.clone()).await? else {
            return Err(Refused::NotHere.into());
        };
        let Elsewhere { outcomes, unanswered } = self.ask_others(&question).await;
        for outcome in outcomes {
            if let Outcome::Told(users) = outcome {
                told += users;
            }
        }
        Ok(json!({ "told": told, "unanswered": unanswered }))
    }
}
