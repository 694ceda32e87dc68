//! Dialing as the driver does it: a name, its addresses, the first that answers, and TLS if that is wanted.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use rustls::pki_types::ServerName;
use tinyrealm_core::node::ConnectFailure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::tls::{Session, Unsound};
use crate::race::{Race, Step};
use crate::trust::{HTTP, OWN, Trust};

/// What is spoken at an address.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Scheme {
    /// Frames.
    #[default]
    Tcp,
    /// WebSocket.
    Ws,
    /// Frames by TLS.
    Tls,
    /// WebSocket by TLS.
    Wss,
}

impl Scheme {
    /// Splits `scheme://host:port`; an address without a scheme is all of it.
    ///
    /// ```
    /// use tinyrealm_std::Scheme;
    /// assert_eq!(Scheme::split("tls://a:7"), Some((Some(Scheme::Tls), "a:7")));
    /// assert_eq!(Scheme::split("a:7"), Some((None, "a:7")));
    /// assert_eq!(Scheme::split("http://a:7"), None);
    /// ```
    pub fn split(address: &str) -> Option<(Option<Self>, &str)> {
        let Some((scheme, place)) = address.split_once("://") else { return Some((None, address)) };
        let scheme = match scheme {
            "tcp" => Self::Tcp,
            "ws" => Self::Ws,
            "tls" => Self::Tls,
            "wss" => Self::Wss,
            _ => return None,
        };
        Some((Some(scheme), place))
    }

    /// Whether it is by TLS.
    pub const fn is_by_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The protocol that TLS is asked for; none in clear.
    const fn protocol(self) -> Option<&'static [u8]> {
        match self {
            Self::Tcp | Self::Ws => None,
            Self::Tls => Some(OWN),
            Self::Wss => Some(HTTP),
        }
    }
}

/// How a driver reaches whom its node asks for.
#[derive(Clone, Debug, Default)]
pub struct DialOptions {
    /// What is spoken where an address has no scheme. (A node frames what it says by its own configuration.)
    pub scheme: Scheme,
    /// Who vouches for the servers of `tls://` and `wss://`.
    pub trust: Trust,
}

/// Somebody was reached.
pub(super) struct Dialed {
    pub(super) stream: std::net::TcpStream,
    /// Its TLS, and what it has said behind the handshake.
    pub(super) secure: Option<(Box<Session>, Vec<u8>)>,
}

/// Why nobody was reached: for the node, and in words.
#[derive(Debug)]
pub(super) struct Unreached {
    pub(super) failure: ConnectFailure,
    pub(super) text: String,
}

/// Connects to `[scheme://]host:port`, whichever of its addresses answers first.
pub(super) async fn dial(address: String, options: DialOptions) -> Result<Dialed, Unreached> {
    let Some((scheme, host)) = Scheme::split(&address) else {
        let text = format!("{address} has a scheme that is not spoken here");
        return Err(Unreached { failure: ConnectFailure::Unresolved, text });
    };
    let addresses = match lookup_host(host).await {
        Ok(addresses) => addresses,
        Err(error) => {
            let text = format!("can't find {host}: {error}");
            return Err(Unreached { failure: ConnectFailure::Unresolved, text });
        }
    };
    let unreached = |text| Unreached { failure: ConnectFailure::Unreachable, text };
    let stream = run(Race::between(addresses))
        .await
        .map_err(|error| unreached(format!("can't connect to {host}: {error}")))?;
    let Some(protocol) = scheme.unwrap_or(options.scheme).protocol() else {
        return Ok(Dialed { stream, secure: None });
    };
    greet(stream, (host, protocol), &options.trust)
        .await
        .map_err(|Unsound(why)| unreached(format!("no secure connection to {host}: {why}")))
}

/// Greets by TLS.
async fn greet(
    stream: std::net::TcpStream,
    (host, protocol): (&str, &[u8]),
    trust: &Trust,
) -> Result<Dialed, Unsound> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())?;
    let mut session = Session::of_client(trust.config().map_err(Unsound)?, name, protocol)?;
    let mut stream = TcpStream::from_std(stream)?;
    let (mut text, mut buffer) = (Vec::new(), vec![0; 4_096]);
    let mut heard = session.hear(&mut [], &mut text);
    loop {
        let mut records = Vec::new();
        session.flush(&mut records)?;
        stream.write_all(&records).await?;
        heard?;
        if session.is_established() {
            let secure = Some((Box::new(session), text));
            return Ok(Dialed { stream: stream.into_std()?, secure });
        }
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(Unsound("the server has hung up".to_owned()));
        }
        heard = session.hear(&mut buffer[..count], &mut text);
    }
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

    fn unreached(address: &str) -> Unreached {
        let dialed = block_on(dial(address.to_owned(), DialOptions::default()));
        dialed.err().expect("nobody is there")
    }

    #[test]
    fn whoever_is_not_there_has_a_reason() {
        let refused = unreached(&nobody().to_string());
        assert_eq!(refused.failure, ConnectFailure::Unreachable);
        assert!(refused.text.contains("127.0.0.1:"), "{}", refused.text);
        let unknown = unreached("nobody.invalid:7");
        assert_eq!(unknown.failure, ConnectFailure::Unresolved);
        assert!(unknown.text.starts_with("can't find nobody.invalid:7: "), "{}", unknown.text);
    }
    #[test]
    fn a_server_that_speaks_in_clear_is_not_spoken_to_otherwise() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tls://{}", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Write::write_all(&mut stream, b"\x05\x00\x01\x00\x00\x00\x07").unwrap();
            // Until the client has had enough.
            drop(std::io::Read::read_to_end(&mut stream, &mut Vec::new()));
        });
        let refused = unreached(&address);
        assert!(refused.text.starts_with("no secure connection to 127.0.0.1:"), "{}", refused.text);
        assert_eq!(refused.failure, ConnectFailure::Unreachable);
        serving.join().unwrap();
        assert!(unreached("http://localhost:7").text.contains("scheme"));
    }
}
