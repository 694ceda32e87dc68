//! HTTP: the live page and what it asks for; and the operator's entrance ([`operator`]), which every server has.
//!
//! Purpose: [`open`] answers on a thread of its own, from what the servers publish about themselves
//! ([`figures`]); [`page`] has the files, [`metrics`] the text for Prometheus, [`visitors`] the
//! accounts of whoever just opens the page.
//!
//! Contract: at everybody's entrance no node is asked anything, so nothing that is done there makes a player wait. No request
//! there has a body; only `POST /visitor` changes anything, and not for another site's page. Whom a request is for
//! has to be an address, `localhost` or one of `net.hosts`: a name of somebody else's that leads here
//! (DNS rebinding) gets nothing; a banned address gets no account. The operator's entrance has a listener and
//! places of its own.
//!
//! Bounds: `http.connections` at once and `http.connections_per_address`, half of either for streams of
//! figures; 16 KiB of a request's head, `http.head_timeout_ms` for it, and `http.stall_timeout_ms` for a peer to take
//! anything of what it is sent.

mod admin_page;
mod api;
mod door;
pub(crate) mod figures;
mod live;
mod metrics;
mod operator;
mod page;
#[cfg(test)]
mod tests;
mod visitors;

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tinyrealm_std::proxies::client_address;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::process::{Bound, NodeThread};
pub(crate) use api::Api;
pub(crate) use api::audit::Audit;
use door::Door;
use figures::Figures;
use live::{Content, Live};
pub(crate) use operator::{Operator, Token};
pub(crate) use page::Page;
pub(crate) use visitors::Visitors;

const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Before another attempt, when no connection can be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Who comes in clear where TLS is, and is not from this machine, is told this.
pub(crate) const ONLY_BY_TLS: &str = "only by TLS here: https://\n";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// Where the realm listens.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) main: SocketAddr,
    /// Unless everyone is a guest.
    pub(crate) login: Option<SocketAddr>,
    pub(crate) region: String,
}

impl Directory {
    /// Where a page finds the realm, which has found us at `authority`: what listens everywhere is there, too.
    fn told(&self, authority: &str) -> impl Serialize {
        let told = |address: SocketAddr| match address.ip().is_unspecified() {
            true => format!("{}:{}", host_of(authority), address.port()),
            false => address.to_string(),
        };
        serde_json::json!({
            "main": told(self.main),
            "login": self.login.map(told),
            "region": self.region,
        })
    }
}

/// A name or an address, without the port behind it; IPv6 in its brackets.
fn host_of(authority: &str) -> &str {
    match authority.find(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// What the answers are made of.
pub(crate) struct Site {
    pub(crate) page: Page,
    pub(crate) directory: Directory,
    pub(crate) figures: Figures,
    /// Unless everyone is a guest.
    pub(crate) visitors: Option<Mutex<Visitors>>,
}

/// What is behind a listener.
#[derive(Clone)]
pub(crate) enum Entrance {
    /// Everybody's.
    Page(Arc<Site>),
    /// The operator's.
    Admin(Arc<Operator>),
}

type Answer = Response<Content>;

/// Opens a listener for what is behind it, on a thread of its own.
///
/// # Errors
/// If the address can't be had.
pub(crate) fn open(
    config: &Config,
    name: &str,
    entrance: Entrance,
    address: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<NodeThread> {
    let door = Arc::new(Door::new(&config.http, &config.net));
    NodeThread::spawn(name, address, move |bound: Bound<TcpListener>| async move {
        serve(entrance, door, bound.sockets, shutdown).await;
    })
}

/// Answers requests until the shutdown.
async fn serve(
    entrance: Entrance,
    door: Arc<Door>,
    listener: TcpListener,
    shutdown: CancellationToken,
) {
    if let Entrance::Admin(operator) = &entrance {
        operator.api.watch_drain();
    }
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                let place = match door.trusted.contains(peer) {
                    true => door.connections.take_for_many(peer),
                    false => door.connections.take(peer),
                };
                // Who has too many is closed.
                let Some(place) = place else { continue };
                let (entrance, door) = (entrance.clone(), Arc::clone(&door));
                tokio::spawn(async move {
                    serve_connection(entrance, door, peer, stream).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!("no HTTP connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The first byte of a TLS handshake, and of no request.
const FIRST_OF_TLS: u8 = 0x16;

async fn serve_connection(entrance: Entrance, door: Arc<Door>, peer: IpAddr, stream: TcpStream) {
    let mut first = [0];
    let is_tls = match &door.identity {
        None => false,
        Some(_) => {
            let look = timeout(door.head_timeout, stream.peek(&mut first)).await;
            matches!(look, Ok(Ok(1))) && first[0] == FIRST_OF_TLS
        }
    };
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(door.stall_timeout));
    let stream = Box::pin(stream);
    let Some(identity) = door.identity.clone().filter(|_| is_tls) else {
        let is_heard = door.lets_speak(peer);
        return serve_stream(entrance, door, (peer, is_heard), stream).await;
    };
    let greeting = TlsAcceptor::from(identity.config()).accept(stream);
    match timeout(door.head_timeout, greeting).await {
        Ok(Ok(stream)) => serve_stream(entrance, door, (peer, true), stream).await,
        Ok(Err(error)) => tracing::debug!("an HTTP connection: {error}"),
        Err(_) => tracing::debug!("an HTTP connection: no handshake in time"),
    }
}

async fn serve_stream(
    entrance: Entrance,
    door: Arc<Door>,
    (peer, is_heard): (IpAddr, bool),
    stream: impl AsyncRead + AsyncWrite + Unpin,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (entrance, door) = (entrance.clone(), Arc::clone(&door));
        async move {
            let answer = match is_heard {
                true => answer(&entrance, &door, peer, request).await,
                false => plain(StatusCode::FORBIDDEN, ONLY_BY_TLS),
            };
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.head_timeout)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("an HTTP connection: {error}");
    }
}

async fn answer<B: Body>(
    entrance: &Entrance,
    door: &Door,
    peer: IpAddr,
    request: Request<B>,
) -> Answer
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let headers = request.headers();
    let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let Ok(client) = client_address(peer, &door.trusted, fields) else {
        return plain(StatusCode::BAD_REQUEST, "the proxies' headers contradict each other\n");
    };
    let authority = text_of(headers, header::HOST).unwrap_or_default();
    if !door.is_ours(authority) {
        return plain(
            StatusCode::MISDIRECTED_REQUEST,
            "not a name of this server: see net.hosts\n",
        );
    }
    if !is_own_page(headers) {
        return plain(StatusCode::FORBIDDEN, "only for the page of this server\n");
    }
    let (method, path) = (request.method(), request.uri().path());
    match entrance {
        Entrance::Page(site) => {
            answer_of_page(site, door, (client, authority), (method, path)).await
        }
        Entrance::Admin(operator) => operator.answer(client, request).await,
    }
}

async fn answer_of_page(
    site: &Arc<Site>,
    door: &Door,
    (client, authority): (IpAddr, &str),
    (method, path): (&Method, &str),
) -> Answer {
    match path {
        "/visitor" => match *method {
            Method::POST => make_visitor(Arc::clone(site), client).await,
            _ => not_allowed("POST"),
        },
        "/stats" if *method == Method::GET => stream_figures(site, door, client),
        "/realm" => only_read(method, json(&site.directory.told(authority))),
        path => look_up(site, method, path).await,
    }
}

/// What nobody changes.
fn only_read(method: &Method, found: Answer) -> Answer {
    match *method {
        _ if found.status() == StatusCode::NOT_FOUND => found,
        Method::GET | Method::HEAD => found,
        _ => not_allowed("GET, HEAD"),
    }
}

fn stream_figures(site: &Arc<Site>, door: &Door, client: IpAddr) -> Answer {
    let Some(place) = door.streams.take(client) else {
        let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "too many who watch\n");
        set(&mut answer, header::RETRY_AFTER, "10");
        return answer;
    };
    let mut answer = with_type(StatusCode::OK, EVENTS, "");
    *answer.body_mut() = Content::Live(Live::new(Arc::clone(site), place));
    answer
}

/// A folder is on a disk: reading it is no work for the thread that answers.
async fn look_up(site: &Arc<Site>, method: &Method, path: &str) -> Answer {
    let (site, path) = (Arc::clone(site), path.to_owned());
    let found = tokio::task::spawn_blocking(move || site.page.file(&path)).await;
    let file = match found {
        Ok(Ok(Some(file))) => file,
        Ok(Ok(None)) => return plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
        _ => return plain(StatusCode::INTERNAL_SERVER_ERROR, "the file can't be read now\n"),
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD");
    }
    let content = match file.content {
        Cow::Borrowed(content) => Bytes::from_static(content),
        Cow::Owned(content) => Bytes::from(content),
    };
    let mut answer = with_type(StatusCode::OK, file.content_type, content);
    if let Some(policy) = file.policy {
        set(&mut answer, header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the request is not another site's. Browsers say which page one comes from.
fn is_own_page(headers: &HeaderMap) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let origin = text_of(headers, header::ORIGIN).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, host)| Some(host) == text_of(headers, header::HOST))
}

/// The account store writes to a disk: that is no work for the thread that answers.
async fn make_visitor(site: Arc<Site>, client: IpAddr) -> Answer {
    let made = tokio::task::spawn_blocking(move || {
        let visitors = site.visitors.as_ref()?;
        Some(visitors.lock().unwrap_or_else(PoisonError::into_inner).make(Instant::now(), client))
    });
    match made.await {
        Ok(Some(Ok(credentials))) => {
            json(&serde_json::json!({ "id": credentials.id, "password": credentials.password }))
        }
        Ok(Some(Err(visitors::Refusal::Full { retry_after }))) => {
            let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "too many visitors for now\n");
            // Whole seconds, and not too early.
            let seconds = HeaderValue::from(retry_after.as_secs() + 1);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
            answer
        }
        Ok(Some(Err(visitors::Refusal::Banned))) => {
            let mut answer =
                plain(StatusCode::FORBIDDEN, "this address is banned from the realm\n");
            set(&mut answer, header::RETRY_AFTER, "60");
            answer
        }
        Ok(Some(Err(visitors::Refusal::Store(problem)))) => {
            tracing::warn!("no account for a visitor: {problem:#}");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the accounts can't be written now\n")
        }
        Ok(None) => plain(StatusCode::NOT_FOUND, "this realm has guests: no account is needed\n"),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "no account was made\n"),
    }
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => with_type(StatusCode::OK, JSON, text),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "no JSON\n"),
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    with_type(status, TEXT, text)
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "not that way\n");
    set(&mut answer, header::ALLOW, methods);
    answer
}

fn with_type(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Content::Whole(Full::new(text.into())));
    *answer.status_mut() = status;
    set(&mut answer, header::CONTENT_TYPE, content_type);
    set(&mut answer, header::CACHE_CONTROL, "no-store");
    set(&mut answer, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut answer, header::REFERRER_POLICY, "no-referrer");
    answer
}

fn set(answer: &mut Answer, name: HeaderName, value: &'static str) {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
}
