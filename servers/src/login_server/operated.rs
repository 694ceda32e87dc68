//! What whoever runs a Login asks of it: nothing that its node would have to answer.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::login::Login;

use crate::operating::{Operated, Outcome, Question, Refused};

impl<'a> Operated<'a> for Login<'a> {
    fn answer(
        _: &mut Node<'a, Self>,
        _: &mut Turn<'_>,
        question: &Question,
    ) -> Result<Outcome, Refused> {
        match question {
            // Who has logged in is nobody's until it says hello: there is nothing to wait for.
            Question::TakeNobody(_) => Ok(Outcome::Done),
            _ => Err(Refused::NotHere),
        }
    }
}
