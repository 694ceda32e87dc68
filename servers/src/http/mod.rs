//! HTTP: the live page, `/healthz`, `/metrics`, and what the page asks for.
//!
//! Purpose: [`serve`] answers on a thread of its own, from what the servers publish about themselves
//! ([`figures`]); [`page`] has the files, [`metrics`] the text for Prometheus, [`visitors`] the
//! accounts of whoever just opens the page.
//!
//! Contract: no node is asked anything, so nothing that is done here makes a player wait. No request
//! has a body; only `POST /visitor` changes anything, and not for another site's page.
//!
//! Bounds: `http.connections` at once, 16 KiB of a request's head, ten seconds for it.

pub(crate) mod figures;
mod metrics;
mod page;
#[cfg(test)]
mod tests;
mod visitors;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use figures::Figures;
pub(crate) use visitors::Visitors;

const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Before another attempt, when no connection can be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Where a page finds the realm.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Directory {
    pub(crate) main: String,
    /// Unless everyone is a guest.
    pub(crate) login: Option<String>,
    pub(crate) region: String,
}

/// What the answers are made of.
pub(crate) struct Site {
    pub(crate) directory: Directory,
    pub(crate) figures: Figures,
    /// Unless everyone is a guest.
    pub(crate) visitors: Option<Mutex<Visitors>>,
}

type Answer = Response<Full<Bytes>>;

/// Answers requests until the shutdown.
pub(crate) async fn serve(
    site: Arc<Site>,
    listener: TcpListener,
    connections: u16,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(usize::from(connections)));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                tokio::spawn(async move {
                    serve_connection(site, stream).await;
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

async fn serve_connection(site: Arc<Site>, stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(answer(&site, &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("an HTTP connection: {error}");
    }
}

async fn answer<B>(site: &Arc<Site>, request: &Request<B>) -> Answer {
    let path = request.uri().path();
    if path == "/visitor" {
        return match *request.method() {
            Method::POST if is_own_page(request.headers()) => make_visitor(Arc::clone(site)).await,
            Method::POST => plain(StatusCode::FORBIDDEN, "only for the page of this server\n"),
            _ => not_allowed("POST"),
        };
    }
    let found = look_up(site, path);
    match *request.method() {
        _ if found.status() == StatusCode::NOT_FOUND => found,
        Method::GET | Method::HEAD => found,
        _ => not_allowed("GET, HEAD"),
    }
}

fn look_up(site: &Site, path: &str) -> Answer {
    if let Some(file) = page::file(path) {
        let mut answer = with_type(StatusCode::OK, file.content_type, file.content);
        set(&mut answer, header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY);
        return answer;
    }
    match path {
        "/healthz" => health(&site.figures),
        "/metrics" => match metrics::text(&site.figures) {
            Ok(text) => with_type(StatusCode::OK, metrics::CONTENT_TYPE, text),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "no figures\n"),
        },
        "/stats" => json(&site.figures.summary()),
        "/realm" => json(&site.directory),
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
    }
}

fn health(figures: &Figures) -> Answer {
    let missing = figures.missing();
    if missing.is_empty() {
        return plain(StatusCode::OK, "ok\n");
    }
    plain(StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
}

/// Whether the request is not another site's. Browsers say which page a `POST` comes from.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST)
        }
    }
}

/// The account store writes to a disk: that is no work for the thread that answers.
async fn make_visitor(site: Arc<Site>) -> Answer {
    let made = tokio::task::spawn_blocking(move || {
        let visitors = site.visitors.as_ref()?;
        Some(visitors.lock().unwrap_or_else(PoisonError::into_inner).make(Instant::now()))
    });
    match made.await {
        Ok(Some(Ok(credentials))) => {
            json(&serde_json::json!({ "id": credentials.id, "password": credentials.password }))
        }
        Ok(Some(Err(visitors::Refusal::Full))) => {
            let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "too many visitors for now\n");
            set(&mut answer, header::RETRY_AFTER, "5");
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
    let mut answer = Response::new(Full::new(text.into()));
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
