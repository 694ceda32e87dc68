//! What is asked of the realm's other Mains as well.

use super::Api;
use crate::operating::{Outcome, Question, Refused};

/// What has come of a question at all others.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Of those where something has.
    pub(super) outcomes: Vec<Outcome>,
    /// Where Mains are that have not answered.
    pub(super) unanswered: Vec<String>,
}

impl Api {
    /// Asks all others at once.
    pub(super) async fn ask_others(&self, question: &Question) -> Elsewhere {
        let mut asked = Vec::new();
        for other in self.figures.others.all() {
            let (question, desk) = (question.clone(), other.desk);
            asked.push((other.at, tokio::spawn(async move { desk.ask(question).await })));
        }
        let mut elsewhere = Elsewhere::default();
        for (at, answer) in asked {
            match answer.await {
                Ok(Ok(outcome)) => elsewhere.outcomes.push(outcome),
                Ok(Err(Refused::NoSuchUser)) => {}
                // It hangs, has too much to do, or is of another version.
                Ok(Err(_)) | Err(_) => elsewhere.unanswered.push(at),
            }
        }
        elsewhere
    }
}
