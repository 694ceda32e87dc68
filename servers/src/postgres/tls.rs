//! TLS to a database, by the rustls that is there.
//!
//! Contract: the certificate is checked always, by name, against the authorities of a file or those that the machine
//! trusts; there is no mode that seals without knowing for whom.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tinyrealm_std::client::Trust;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;

/// What makes links to a database sealed; see the [module](self).
#[derive(Clone)]
pub(super) struct Tls(pub(super) Trust);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Sealed;
    type TlsConnect = Greeting;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Greeting> {
        Ok(Greeting { trust: self.0.clone(), domain: domain.to_owned() })
    }
}

/// A handshake to come.
pub(super) struct Greeting {
    trust: Trust,
    domain: String,
}

impl TlsConnect<Socket> for Greeting {
    type Stream = Sealed;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Sealed>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            // Made for every attempt, sealed or not: here alone it is looked at.
            let connector = TlsConnector::from(self.trust.config().map_err(io::Error::other)?);
            let name = ServerName::try_from(self.domain).map_err(io::Error::other)?;
            Ok(Sealed(Box::pin(connector.connect(name, stream).await?)))
        })
    }
}

/// A sealed connection.
pub(super) struct Sealed(Pin<Box<client::TlsStream<Socket>>>);

impl TlsStream for Sealed {
    /// The name in the certificate is what is checked.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Sealed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(cx)
    }
}
