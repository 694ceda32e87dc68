//! `Client`: one request to an operator's listener, over a blocking socket, in clear or by TLS.
//!
//! Bounds: [`PATIENCE`] for each step, and [`ANSWER_MAX_BYTES`] of an answer.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;

use crate::http::{ONLY_BY_TLS, Token};

/// A node that hangs is told of after two seconds.
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_MAX_BYTES: u64 = 4 << 20;

/// How to reach a listener.
pub(super) struct Client {
    /// `HOST:PORT`
    pub(super) admin: String,
    /// Who vouches for it; none in clear.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) token: Option<Token>,
}

impl Client {
    /// What the server says of something.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn read(&self, what: &str, query: &str) -> anyhow::Result<Value> {
        self.exchange(&format!("GET /api/{what}{query}"), "")
    }

    /// Has the server do something.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn act(&self, what: &str, body: &Value) -> anyhow::Result<Value> {
        self.exchange(&format!("POST /api/{what}"), &body.to_string())
    }

    fn exchange(&self, line: &str, body: &str) -> anyhow::Result<Value> {
        let answer = self.send(&self.request(line, body)).map_err(|error| self.explain(&error))?;
        let not_ours = || anyhow!("{} is no operator's listener of this program", self.admin);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(not_ours)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        if body.starts_with(ONLY_BY_TLS) {
            bail!("{} is spoken to by TLS alone: --admin https://{}", self.admin, self.admin);
        }
        let told: Value = serde_json::from_str(body).map_err(|_| not_ours())?;
        match status {
            Some(200) => Ok(told),
            Some(401) if self.token.is_none() => {
                bail!("{} wants its token: name the file with --token-file", self.admin)
            }
            Some(401) => bail!("{} has another token: see its admin.token_file", self.admin),
            Some(_) => bail!("{}", told["error"].as_str().context("no reason was given")?),
            None => Err(not_ours()),
        }
    }

    fn request(&self, line: &str, body: &str) -> String {
        let mut request =
            format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.admin);
        if let Some(token) = &self.token {
            let _ = write!(request, "Authorization: Bearer {}\r\n", token.text());
        }
        if !body.is_empty() {
            let length = body.len();
            let _ =
                write!(request, "Content-Type: application/json\r\nContent-Length: {length}\r\n");
        }
        request + "\r\n" + body
    }

    fn send(&self, request: &str) -> io::Result<String> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.admin.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return self.exchange_over(stream, request),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn exchange_over(&self, stream: TcpStream, request: &str) -> io::Result<String> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(config) = &self.tls else { return exchange(stream, request) };
        let host = self.admin.rsplit_once(':').map_or(self.admin.as_str(), |(host, _)| host);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        exchange(StreamOwned::new(session, stream), request)
    }

    fn explain(&self, error: &io::Error) -> anyhow::Error {
        let admin = &self.admin;
        match error.kind() {
            io::ErrorKind::ConnectionRefused => anyhow!(
                "nobody listens at {admin}: is the server running? It says `admin listening on` where, for --admin"
            ),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                anyhow!("{admin} has not answered in {} s", PATIENCE.as_secs())
            }
            _ => anyhow!("{admin}: {error}"),
        }
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}

/// A text as part of a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_its_place_in_a_query() {
        assert_eq!(encoded("a-Z.9_"), "a-Z.9_");
        assert_eq!(encoded("a&b=c d\r\n\u{e9}"), "a%26b%3Dc%20d%0D%0A%C3%A9");
    }
}
