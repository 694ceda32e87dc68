//! `Api`: what whoever runs a server reads of it and does to it, as JSON, behind `/api/`.
//!
//! Contract: reading is `GET`, acting is `POST` with `Content-Type: application/json`, which no other site's page can send
//! here unasked. Each answer is JSON: what was asked for, or `{"error": …}` with what to do. What acts is in the
//! [`audit`] log with who has asked for it, done or not. Nodes are asked on their own threads ([`operating`](crate::operating)), and one that
//! hangs is an error after two seconds.
//!
//! Bounds: [`BODY_MAX_BYTES`] of a body, which has [`BODY_MOST`] to come; [`PAGE_LINES`] lines an answer.

pub(crate) mod audit;
mod ban_list;
mod drain;
mod drain_world;
mod elsewhere;
mod lists;
mod moves;
mod people;
mod say;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;
use super::{Answer, set, text_of, with_type};
use crate::bans::BanFile;
use crate::logging;
use crate::operating::{List, Refused};
use audit::Audit;
use drain::Drain;

/// Of what somebody wants done.
const BODY_MAX_BYTES: usize = 4 * 1024;
const BODY_MOST: Duration = Duration::from_secs(10);
/// Lines of one page.
const PAGE_LINES: usize = 50;
/// What can be done, by `POST`.
const ACTS: [&str; 8] = ["kick", "ban", "unban", "say", "drain", "undrain", "move", "log"];
/// A reason is a sentence.
const REASON_MAX_BYTES: usize = 200;

/// Who asks.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Asker {
    /// Whether the token was named: else there is none, and the machine is trusted.
    pub(super) by: &'static str,
    pub(super) from: IpAddr,
}

/// Why something is not done: how HTTP calls it, and what to do.
#[derive(Debug)]
struct Problem(StatusCode, String);

impl Problem {
    fn bad(text: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, text.into())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::NotHere | Refused::NoSuchUser | Refused::NoSuchWorld | Refused::NoSuchRoom => {
                StatusCode::NOT_FOUND
            }
            Refused::RoomsStay
            | Refused::NotThere
            | Refused::NoTarget
            | Refused::TooLarge
            | Refused::NoRoomThere => StatusCode::CONFLICT,
            Refused::Busy | Refused::MovesBusy | Refused::Ended => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Hangs => StatusCode::GATEWAY_TIMEOUT,
        };
        Self(status, refused.to_string())
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
    }
}

type Told = Result<Value, Problem>;

/// See the [module](self).
pub(crate) struct Api {
    figures: Figures,
    /// The lists of bans of this process's servers; none, if those turn nobody away.
    bans: Arc<[BanFile]>,
    audit: Audit,
    drain: Arc<Drain>,
}

/// The level to log at from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    level: String,
}

impl Api {
    pub(crate) fn new(
        figures: Figures,
        bans: Vec<BanFile>,
        audit: Audit,
        shutdown: CancellationToken,
    ) -> Self {
        let drain = Arc::new(Drain::new(figures.clone(), shutdown));
        Self { figures, bans: bans.into(), audit, drain }
    }

    /// Ends the process when it has drained; inside of a runtime.
    pub(super) fn watch_drain(&self) {
        tokio::spawn(Arc::clone(&self.drain).watch());
    }

    /// Whether the server takes nobody new, and is about to end.
    pub(super) fn is_draining(&self) -> bool {
        self.drain.has_begun()
    }

    /// Somebody without the token wanted something.
    pub(super) fn note_stranger(&self, from: IpAddr, path: &str) {
        self.audit.note_stranger(from, path);
    }

    pub(super) async fn answer<B: Body>(&self, asker: Asker, request: Request<B>) -> Answer
    where
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let what = head.uri.path().strip_prefix("/api/").unwrap_or_default().to_owned();
        let query = head.uri.query().unwrap_or_default();
        let told = match (&head.method, what.as_str()) {
            (&Method::GET | &Method::HEAD, "server") => Ok(self.server()),
            (&Method::GET | &Method::HEAD, "worlds") => self.worlds(query),
            (&Method::GET | &Method::HEAD, "users") => self.lines(List::Users, query).await,
            (&Method::GET | &Method::HEAD, "rooms") => self.lines(List::Rooms, query).await,
            (&Method::GET | &Method::HEAD, "channels") => self.lines(List::Channels, query).await,
            (&Method::GET | &Method::HEAD, "bans") => self.list_bans(query).await,
            (_, "server" | "worlds" | "users" | "rooms" | "channels" | "bans") => {
                return not_allowed("GET, HEAD");
            }
            (&Method::POST, act) if ACTS.contains(&act) => {
                match read_body(&head.headers, body).await {
                    Ok(body) => self.act(asker, &what, &body).await,
                    Err(problem) => Err(problem),
                }
            }
            (_, act) if ACTS.contains(&act) => {
                return not_allowed("POST");
            }
            _ => Err(Problem(StatusCode::NOT_FOUND, format!("there is no /api/{what}"))),
        };
        told.map_or_else(
            |Problem(status, text)| tell(status, &json!({ "error": text })),
            |value| tell(StatusCode::OK, &value),
        )
    }

    /// Does it, and has it in the audit log, done or not.
    async fn act(&self, asker: Asker, what: &str, body: &[u8]) -> Told {
        let told = match what {
            "kick" => self.kick(body).await,
            "ban" => self.ban(body).await,
            "unban" => self.unban(body).await,
            "say" => self.say(body).await,
            "drain" => self.drain(body).await,
            "undrain" => self.undrain(body).await,
            "move" => self.move_room(body).await,
            _ => set_level(body),
        };
        let outcome = match &told {
            Ok(_) => "done",
            Err(Problem(_, text)) => text,
        };
        self.audit.note(asker, what, &String::from_utf8_lossy(body), outcome).await;
        told
    }

    /// Which server this is, and how it does.
    fn server(&self) -> Value {
        let worlds: Vec<u16> = self.figures.worlds.iter().map(|world| world.id).collect();
        let roles = [
            ("main", self.figures.main.is_some()),
            ("login", self.figures.login.is_some()),
            ("chat", self.figures.chat.is_some()),
            ("world", !worlds.is_empty()),
        ];
        let roles: Vec<_> =
            roles.iter().filter(|(_, is_here)| *is_here).map(|(role, _)| role).collect();
        json!({
            "roles": roles,
            "worlds": worlds,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_seconds": self.figures.started.elapsed().as_secs(),
            "draining": self.is_draining(),
            "missing": self.figures.missing(),
            "hanging": self.figures.hanging(),
            "users": self.users_here(),
            "mains": self.figures.main.as_ref().map(|main| main.read().main_list).unwrap_or_default(),
        })
    }

    /// How many are here, as far as these servers count.
    fn users_here(&self) -> usize {
        let worlds = self.figures.worlds.iter().map(|world| world.report.read().users).sum();
        self.figures.main.as_ref().map_or(worlds, |main| main.read().users)
    }
}

fn set_level(body: &[u8]) -> Told {
    let Level { level } = read(body)?;
    let former = logging::set_level(&level).map_err(|error| Problem::bad(format!("{error:#}")))?;
    Ok(json!({ "level": level, "former": former }))
}

/// What somebody wants done, as JSON and nothing else.
async fn read_body<B: Body>(headers: &HeaderMap, body: B) -> Result<Vec<u8>, Problem>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let content_type = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(super::JSON) {
        let text = "send JSON, with Content-Type: application/json";
        return Err(Problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, text.to_owned()));
    }
    match timeout(BODY_MOST, Limited::new(body, BODY_MAX_BYTES).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let text = format!("at most {BODY_MAX_BYTES} bytes");
            Err(Problem(StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Ok(Err(_)) => Err(Problem::bad("the body has not come whole")),
        Err(_) => Err(Problem(StatusCode::REQUEST_TIMEOUT, "the body has not come".to_owned())),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad(format!("not what is expected: {error}")))
}

/// One page of something.
fn page(number: usize, total: usize, lines: &[impl Serialize]) -> Value {
    let pages = total.div_ceil(PAGE_LINES).max(1);
    json!({ "page": number, "pages": pages, "total": total, "lines": lines })
}

/// An answer that goes on with what is wrong.
pub(super) fn error(status: StatusCode, text: &str) -> Answer {
    tell(status, &json!({ "error": text }))
}

fn tell(status: StatusCode, value: &Value) -> Answer {
    with_type(status, super::JSON, value.to_string() + "\n")
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, &format!("only by {methods}"));
    set(&mut answer, header::ALLOW, methods);
    answer
}
