//! `Desk`: where questions are put to a node, and `Counter`: where its control takes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{
    ANSWER_MOST, List, Operated, Outcome, Piece, QUESTIONS_MAX, Question, Refused, Search,
};

/// A question, and where its answer goes.
pub(crate) type Asked = (Question, oneshot::Sender<Result<Outcome, Refused>>);

/// A node's, for everybody who asks.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    questions: mpsc::Sender<Asked>,
    /// Until the node's control has it.
    counter: Arc<Mutex<Option<Counter>>>,
}

impl Default for Desk {
    fn default() -> Self {
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        let counter = Arc::new(Mutex::new(Some(Counter { asked, is_over: false })));
        Self { questions, counter }
    }
}

impl Desk {
    /// The other side: once.
    pub(crate) fn counter(&self) -> Option<Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Asks, and waits for the answer, inside of a runtime.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn ask(&self, question: Question) -> Result<Outcome, Refused> {
        let (answer, answered) = oneshot::channel();
        self.questions.try_send((question, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Busy,
            mpsc::error::TrySendError::Closed(_) => Refused::Ended,
        })?;
        match timeout(ANSWER_MOST, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Refused::Ended),
            Err(_) => Err(Refused::Hangs),
        }
    }

    /// Asks for lines until every slot has been looked at: some of those that fit, and how many there are.
    ///
    /// # Errors
    /// Why there are none.
    pub(crate) async fn lines(&self, list: List, search: Search) -> Result<Piece, Refused> {
        let (mut whole, mut from) = (Piece::default(), Some(search.from));
        while let Some(slot) = from {
            let skip = search.skip.saturating_sub(whole.matched);
            let take = search.take.saturating_sub(whole.lines.len());
            let rest = Search { from: slot, skip, take, ..search.clone() };
            let Outcome::Lines(piece) = self.ask(Question::Lines(list, rest)).await? else { break };
            whole.lines.extend(piece.lines);
            whole.matched += piece.matched;
            from = piece.next;
        }
        Ok(whole)
    }
}

/// The node's side of a desk.
#[derive(Debug)]
pub(crate) struct Counter {
    asked: mpsc::Receiver<Asked>,
    is_over: bool,
}

impl Counter {
    /// The next question, for who answers on no node's thread; `None` when nobody can ask any more.
    #[cfg(feature = "cluster")]
    pub(crate) async fn next(&mut self) -> Option<Asked> {
        self.asked.recv().await
    }

    /// Answers the next question, and wakes its task for the one behind it.
    pub(crate) fn serve<'a, R: Operated<'a>>(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, R>,
    ) {
        if self.is_over {
            return;
        }
        match self.asked.poll_recv(cx) {
            // Whoever waits no longer has been told that nothing has come of it, so nothing does.
            Poll::Ready(Some((_, answer))) if answer.is_closed() => cx.waker().wake_by_ref(),
            Poll::Ready(Some((question, answer))) => {
                let _ = answer.send(R::answer(node, turn, &question));
                cx.waker().wake_by_ref();
            }
            Poll::Ready(None) => self.is_over = true,
            Poll::Pending => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node whose thread hangs takes nothing from its counter.
    #[test]
    fn whoever_asks_a_node_that_hangs_is_told_so_and_nothing_piles_up() {
        let runtime = tinyrealm_std::runtime::current_thread().unwrap();
        let desk = Desk::default();
        let question = || Question::Lines(List::Users, Search::default());
        runtime.block_on(async {
            let asking: Vec<_> = (0..QUESTIONS_MAX)
                .map(|_| {
                    let desk = desk.clone();
                    tokio::spawn(async move { desk.ask(question()).await.unwrap_err() })
                })
                .collect();
            tokio::task::yield_now().await;
            assert_eq!(desk.ask(question()).await.unwrap_err(), Refused::Busy);
            for asked in asking {
                assert_eq!(asked.await.unwrap(), Refused::Hangs);
            }
            drop(desk.counter());
            assert_eq!(desk.ask(question()).await.unwrap_err(), Refused::Ended);
        });
    }
}
