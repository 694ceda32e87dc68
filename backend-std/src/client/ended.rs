//! Why a connection is over, as the threads report it.

use std::io;

use tinyrealm_core::net::{CloseCode, NetErrorKind};

/// The code of a TLS handshake that failed (RFC 6455, 7.4.1); never on the wire.
const TLS_FAILED: CloseCode = CloseCode(1015);

/// The end of a connection, still to be told.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: CloseCode,
    pub(super) reason: String,
    /// What is told before it, if it did not end as it should.
    pub(super) error: Option<NetErrorKind>,
}

impl Ended {
    /// In good order.
    pub(super) fn closed(code: CloseCode, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), error: None }
    }

    /// Not in good order.
    pub(super) fn failed(kind: NetErrorKind, reason: impl Into<String>) -> Self {
        let code = match kind {
            NetErrorKind::Tls => TLS_FAILED,
            NetErrorKind::Protocol => CloseCode::PROTOCOL_ERROR,
            _ => CloseCode::ABNORMAL,
        };
        Self { code, reason: reason.into(), error: Some(kind) }
    }

    /// The connection broke.
    pub(super) fn lost(error: &io::Error) -> Self {
        Self::failed(NetErrorKind::Lost, format!("the connection is lost: {error}"))
    }
}
