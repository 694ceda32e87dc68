//! PostgreSQL, for a realm of several machines: [`Link`] is one connection, [`address`] where it leads, [`tls`] what
//! it is sealed with, [`migrations`] what is in the database.
//!
//! Contract: calls block, for a bounded time, and are made on threads of their own. What a [change](Link::change) has
//! answered is committed. Nothing outlives a transaction on the server: no prepared statement, no session setting, no
//! advisory lock, no `LISTEN`; so a pooler may stand between that gives every transaction another connection. One
//! that was closed meanwhile is replaced before it is used; whatever ends in the middle of a call is told as
//! [unreachable](Problem::Unreachable), and whether a change was made then is not known.
//!
//! Bounds: [`Patience`] for a call, with the wait for the server's locks; and after a failure [`RETRY_PAUSE`], in which
//! calls fail at once, so who waits in line behind a server that hangs does not wait once for each before.

pub(crate) mod address;
pub(crate) mod migrations;
mod tls;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use address::Address;
use tls::Tls;

/// After a failure, before the next attempt.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// How long a call may take.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Patience {
    /// Somebody waits for the answer: below `main.hello_timeout_ms`.
    Job,
    /// An operator, or many rows.
    Batch,
    /// All that there is.
    Import,
}

impl Patience {
    const fn limit(self) -> Duration {
        match self {
            Self::Job => Duration::from_millis(2_500),
            Self::Batch => Duration::from_secs(30),
            Self::Import => Duration::from_secs(3_600),
        }
    }

    /// The server gives up first, so that nothing goes on there that nobody waits for.
    fn begin(self) -> String {
        let limit_ms = self.limit().as_millis() * 4 / 5;
        format!(
            "BEGIN; SET LOCAL statement_timeout = {limit_ms}; SET LOCAL lock_timeout = {limit_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {limit_ms}; SET LOCAL synchronous_commit = on"
        )
    }
}

/// Why the database has not done something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Problem {
    /// It is not there, or does not answer in time.
    Unreachable(String),
    /// It says no.
    Refused(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the database is not to be reached: {why}"),
            Self::Refused(why) => write!(f, "the database refuses: {why}"),
        }
    }
}

impl std::error::Error for Problem {}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        const GOING_AWAY: [SqlState; 6] = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::QUERY_CANCELED,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        match error.as_db_error() {
            Some(told) if GOING_AWAY.contains(told.code()) => {
                Self::Unreachable(told.message().to_owned())
            }
            Some(told) => Self::Refused(format!("{} ({})", told.message(), told.code().code())),
            None => Self::Unreachable(with_causes(&error)),
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}

/// One connection, made when it is needed; see the [module](self).
pub(crate) struct Link {
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
    address: Address,
    tls: Tls,
    live: Option<Live>,
    failed: Option<(Instant, String)>,
}

type Connection = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// A connection that was made.
struct Live {
    client: Client,
    /// None when it has ended: who waits for an answer hears of it when this is gone.
    connection: Option<Connection>,
}

impl Live {
    async fn make(address: &Address, tls: &Tls) -> Result<Self, Problem> {
        let (client, connection) = address.config().connect(tls.clone()).await?;
        Ok(Self { client, connection: Some(Box::pin(connection)) })
    }

    /// Does this with the client, while the connection does its part.
    async fn drive<T>(&mut self, act: impl AsyncFnOnce(&Client) -> T) -> T {
        let Self { client, connection } = self;
        let mut act = pin!(act(client));
        poll_fn(|cx| {
            if connection.as_mut().is_some_and(|it| it.as_mut().poll(cx).is_ready()) {
                *connection = None;
            }
            act.as_mut().poll(cx)
        })
        .await
    }

    /// Whether the other end has not closed it meanwhile.
    async fn is_alive(&mut self) -> bool {
        // Only then the runtime looks at its sockets.
        tokio::task::yield_now().await;
        self.drive(async |_| ()).await;
        self.connection.is_some() && !self.client.is_closed()
    }
}

impl Link {
    /// To this address; nothing is connected yet.
    ///
    /// # Errors
    /// If the system has no runtime for it.
    pub(crate) fn new(address: &Address) -> std::io::Result<Self> {
        let runtime = Some(tinyrealm_std::runtime::current_thread()?);
        let tls = Tls(address.trust.clone());
        Ok(Self { runtime, address: address.clone(), tls, live: None, failed: None })
    }

    /// Asks for something that changes nothing, or that may be done twice.
    ///
    /// # Errors
    /// If the database is not there, or refuses.
    pub(crate) fn read<T>(
        &mut self,
        patience: Patience,
        act: impl AsyncFnOnce(&Client) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.call(patience, async |live: &mut Live| live.drive(act).await)
    }

    /// Makes a change: one transaction. What it answers is committed.
    ///
    /// # Errors
    /// If the database is not there, or refuses; or what `act` answers, and nothing is changed then.
    pub(crate) fn change<T, E: From<Problem>>(
        &mut self,
        patience: Patience,
        act: impl AsyncFnOnce(&Client) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = patience.begin();
        let done = self.call(patience, async |live: &mut Live| {
            live.drive(async |client: &Client| client.batch_execute(&begin).await).await?;
            let done = live.drive(act).await;
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            let ended = live.drive(async |client: &Client| client.batch_execute(end).await).await;
            match (done, ended) {
                (Ok(_), Err(error)) => Err(Problem::from(error)),
                (done, _) => Ok(done),
            }
        });
        done?
    }

    /// Has `act` done within its time.
    fn call<T>(
        &mut self,
        patience: Patience,
        act: impl AsyncFnOnce(&mut Live) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Some((at, why)) = self.failed.as_ref().filter(|(at, _)| at.elapsed() < RETRY_PAUSE) {
            let ago_ms = at.elapsed().as_millis();
            return Err(Problem::Unreachable(format!("{why} ({ago_ms} ms ago)")));
        }
        let Some(runtime) = self.runtime.as_ref() else {
            return Err(Problem::Unreachable("it has ended".to_owned()));
        };
        let (live, address, tls) = (&mut self.live, &self.address, &self.tls);
        let attempt = async {
            let live = connected(live, address, tls).await?;
            act(live).await
        };
        let done = runtime.block_on(async {
            let limited = tokio::time::timeout(patience.limit(), attempt).await;
            limited.unwrap_or_else(|_| Err(Problem::Unreachable("it does not answer".to_owned())))
        });
        self.failed = None;
        if let Err(Problem::Unreachable(why)) = &done {
            self.live = None;
            self.failed = Some((Instant::now(), why.clone()));
        }
        done
    }
}

impl Drop for Link {
    /// A runtime that is dropped where others run waits, which is not allowed there.
    fn drop(&mut self) {
        self.live = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The connection that there is, if it still is one; else a new one.
async fn connected<'l>(
    live: &'l mut Option<Live>,
    address: &Address,
    tls: &Tls,
) -> Result<&'l mut Live, Problem> {
    let is_alive = match live.as_mut() {
        Some(live) => live.is_alive().await,
        None => false,
    };
    if !is_alive {
        *live = None;
        let made = tokio::time::timeout(CONNECT_LIMIT, Live::make(address, tls)).await;
        *live =
            Some(made.unwrap_or_else(|_| Err(Problem::Unreachable("no connection".to_owned())))?);
    }
    live.as_mut().ok_or_else(|| Problem::Unreachable("no connection".to_owned()))
}
