//! Dialing as the driver does it: a name, its addresses, the first that answers.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tinyrealm_core::node::ConnectFailure;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::race::{Race, Step};

/// Why nobody was reached: for the node, and in words.
#[derive(Debug)]
pub(super) struct Unreached {
    pub(super) failure: ConnectFailure,
    pub(super) text: String,
}

/// Connects to `host:port`, whichever of its addresses answers first.
pub(super) async fn dial(host: String) -> Result<std::net::TcpStream, Unreached> {
    let addresses = match lookup_host(host.as_str()).await {
        Ok(addresses) => addresses,
        Err(error) => {
            let text = format!("can't find {host}: {error}");
            return Err(Unreached { failure: ConnectFailure::Unresolved, text });
        }
    };
    run(Race::between(addresses)).await.map_err(|error| {
        let text = format!("can't connect to {host}: {error}");
        Unreached { failure: ConnectFailure::Unreachable, text }
    })
}

/// Runs all attempts, and answers the first that connects; the others end with it.
async fn run(mut race: Race) -> io::Result<std::net::TcpStream> {
    let mut attempts = JoinSet::new();
    loop {
        let until = match race.step(Instant::now()) {
            Step::Start(address) => {
                attempts.spawn(attempt(address));
                continue;
            }
            Step::WaitUntil(at) => Some(at),
            Step::Wait => None,
            Step::Over(error) => return Err(error),
        };
        let ended = match until {
            Some(at) => timeout_at(at.into(), attempts.join_next()).await.ok().flatten(),
            None => attempts.join_next().await,
        };
        match ended {
            Some(Ok((_, Ok(stream)))) => return stream.into_std(),
            Some(Ok((address, Err(error)))) => race.lose(address, &error),
            // The next one's time has come; or an attempt has panicked, which it does not.
            Some(Err(_)) | None => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> (SocketAddr, io::Result<TcpStream>) {
    (address, TcpStream::connect(address).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::tests::{BlackHole, nobody};
    use std::net::TcpListener;
    use std::time::Duration;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(10), future).await })
            .expect("it does not hang")
    }

    #[test]
    fn a_black_hole_before_it_does_not_matter() {
        let (hole, listener) = (BlackHole::dig(), TcpListener::bind("127.0.0.1:0").unwrap());
        let there = listener.local_addr().unwrap();
        let stream = block_on(run(Race::between([hole.address, nobody(), there]))).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
    }

    #[test]
    fn whoever_is_not_there_has_a_reason() {
        let refused = block_on(dial(nobody().to_string())).unwrap_err();
        assert_eq!(refused.failure, ConnectFailure::Unreachable);
        assert!(refused.text.contains("127.0.0.1:"), "{}", refused.text);
        let unknown = block_on(dial("nobody.invalid:7".to_owned())).unwrap_err();
        assert_eq!(unknown.failure, ConnectFailure::Unresolved);
        assert!(unknown.text.starts_with("can't find nobody.invalid:7: "), "{}", unknown.text);
    }
}
