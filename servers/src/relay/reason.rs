//! Why somebody is not passed on, or not any longer: before the WebSocket stands as a status of HTTP, behind that as a code.

use tinyrealm_core::wire::ws::CloseCode;
use tinyrealm_core::wire::ws::handshake::Refusal;

/// What both kinds of reasons are called.
pub(super) const NAMES: [&str; 13] = [
    "origin",
    "request",
    "clear",
    "unknown",
    "unsealed",
    "full",
    "late request",
    "not sealed",
    "framing",
    "late",
    "unreachable",
    "silent",
    "closing down",
];

/// Why there is no WebSocket.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// The request is none, or a page's of another origin.
    Request(Refusal),
    /// It came in clear.
    InClear,
    /// No such world is registered here.
    UnknownWorld,
    /// That world's clients would be heard in clear, or reach it by TLS.
    NotSealing,
    /// There are too many, of its address or in all.
    Full,
    /// The request has not come in time.
    Late,
}

impl Refused {
    /// In one word, for figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Request(Refusal::Forbidden) => "origin",
            Self::Request(_) => "request",
            Self::InClear => "clear",
            Self::UnknownWorld => "unknown",
            Self::NotSealing => "unsealed",
            Self::Full => "full",
            Self::Late => "late request",
        }
    }

    /// The whole response.
    pub(super) fn response(self) -> String {
        let (status, text) = match self {
            Self::Request(refusal) => return refusal.response().to_owned(),
            Self::InClear => ("403 Forbidden", "only by TLS: wss://"),
            Self::UnknownWorld => ("404 Not Found", "no world is registered at that address"),
            Self::NotSealing => ("403 Forbidden", "that world is reached at its own address"),
            Self::Full => ("503 Service Unavailable", "too many connections to worlds"),
            Self::Late => ("408 Request Timeout", "the request took too long"),
        };
        let length = text.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{text}\n"
        )
    }
}

/// Why both ends are closed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Broken {
    /// The first message does not begin a sealed link.
    NotSealed,
    /// A text, a message that is too long, or no WebSocket at all.
    Framing(CloseCode),
    /// The first message has not come in time.
    Late,
    /// The world is not there, or speaks something else.
    Unreachable,
    /// Nothing has passed for too long, or one end takes nothing.
    Silent,
    /// Main goes.
    ClosingDown,
}

impl Broken {
    /// In one word, for figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotSealed => "not sealed",
            Self::Framing(_) => "framing",
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::ClosingDown => "closing down",
        }
    }

    /// What both ends are told.
    pub(super) const fn close(self) -> (CloseCode, &'static str) {
        match self {
            Self::NotSealed => (CloseCode::POLICY_VIOLATION, "only sealed links are passed on"),
            Self::Framing(code) => (code, "not a message that is passed on"),
            Self::Late => (CloseCode::POLICY_VIOLATION, "the first message took too long"),
            Self::Unreachable => (CloseCode::TRY_AGAIN_LATER, "the world can't be reached"),
            Self::Silent => (CloseCode::GOING_AWAY, "nothing has passed for too long"),
            Self::ClosingDown => (CloseCode::GOING_AWAY, "the relay is closing down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_a_whole_response() {
        let refusals = [
            Refused::Request(Refusal::Forbidden),
            Refused::InClear,
            Refused::UnknownWorld,
            Refused::NotSealing,
            Refused::Full,
            Refused::Late,
        ];
        assert!(refusals.iter().all(|refused| NAMES.contains(&refused.name())));
        for response in refusals.map(Refused::response) {
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 4") || head.starts_with("HTTP/1.1 503"), "{head}");
            assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{response}");
        }
    }

    #[test]
    fn every_code_may_be_said_and_is_counted() {
        for broken in [
            Broken::NotSealed,
            Broken::Framing(CloseCode::MESSAGE_TOO_BIG),
            Broken::Late,
            Broken::Unreachable,
            Broken::Silent,
            Broken::ClosingDown,
        ] {
            assert!(broken.close().0.is_sendable() && NAMES.contains(&broken.name()), "{broken:?}");
        }
    }
}
