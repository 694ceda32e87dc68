//! Handshakes, on a thread of their own: a signature takes as long as hundreds of deliveries.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use super::{Session, Unsound};

/// A session after a step of its handshake.
pub(crate) struct Greeted {
    pub(crate) session: Box<Session>,
    /// What the peer has said behind its handshake.
    pub(crate) text: Vec<u8>,
    /// Why the connection has to end.
    pub(crate) outcome: Result<(), Unsound>,
}

struct Step {
    session: Box<Session>,
    came: Vec<u8>,
    done: oneshot::Sender<Greeted>,
}

/// Goes on with a handshake. Each connection has at most one step at a time, so their number is the bound of what waits.
pub(crate) async fn greet(session: Box<Session>, came: Vec<u8>) -> Option<Greeted> {
    let (done, greeted) = oneshot::channel();
    worker()?.send(Step { session, came, done }).ok()?;
    greeted.await.ok()
}

/// The thread of this process; none, if the system gives it no thread.
fn worker() -> Option<&'static Sender<Step>> {
    static WORKER: OnceLock<Option<Sender<Step>>> = OnceLock::new();
    WORKER
        .get_or_init(|| {
            let (steps, incoming) = channel::<Step>();
            let work = move || incoming.into_iter().for_each(take);
            thread::Builder::new().name("tls".to_owned()).spawn(work).ok()?;
            Some(steps)
        })
        .as_ref()
}

fn take(Step { mut session, mut came, done }: Step) {
    // If a step panics, its connection is over, and nobody else's.
    let _ = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let mut text = Vec::new();
        let outcome = session.hear(&mut came, &mut text);
        // A driver that has ended waits for nobody.
        let _ = done.send(Greeted { session, text, outcome });
    }));
}
