//! One connection that is passed on, from its request to its end.
//!
//! ```text
//!  page                         Main                              world
//!   │ ── GET /world/PLACE ─────► │   or a status: see Refused
//!   │ ◄──────────────────── 101 ─│
//!   │ ── SecureClient ─────────► │   or a code, to both ends from here on: see Broken
//!   │                            │ ── connect, GET / ───────────► │
//!   │                            │ ◄─────────────────────── 101 ─ │
//!   │                            │ ── SecureClient ─────────────► │
//!   │ ◄═ frames, as they come ══════════════════════════════════► │
//! ```
//! Contract: the world hears of nobody who does not begin a sealed link, and nothing of whoever it does not answer as a
//! WebSocket does. The end of one side is the other's; behind it that one has `net.drain_timeout_ms` to say the rest.

use std::time::Duration;

use tinyrealm_core::wire::ws::handshake::{Acceptor, Answer, Offer, Request, Requester};
use tinyrealm_core::wire::ws::{
    CONTROL_PAYLOAD_MAX_BYTES, Close, FrameKind, MaskKey, Side, write_frame,
};
use tinyrealm_std::driver::{HandedOver, TextStream};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::reason::{Broken, Refused};
use super::request::{self, Asked};
use super::terms::Terms;
use super::way::{Ending, Silence, Way};

/// The longest line in an answer that matters.
const LINE_BYTES: usize = 512;
/// A request for a WebSocket at an address of 64 bytes.
const REQUEST_BYTES: usize = 512;
/// What is read of who has been told its last.
const HEAR_OUT_BYTES: usize = 64 * 1_024;
/// A Close frame with its mask.
const CLOSE_BYTES: usize = CONTROL_PAYLOAD_MAX_BYTES + 6;

/// One end.
struct End<S> {
    from: ReadHalf<S>,
    to: WriteHalf<S>,
}

impl<S: AsyncRead + AsyncWrite> End<S> {
    fn of(stream: S) -> Self {
        let (from, to) = tokio::io::split(stream);
        Self { from, to }
    }
}

/// A page that is there, and what goes from it to a world.
struct Page {
    end: End<TextStream>,
    up: Way,
}

/// Passes somebody on who has a place.
pub(super) async fn pass(terms: &Terms, handed_over: HandedOver) {
    let deadline = Instant::now() + terms.limits().greeting;
    let may_speak = terms.lets_speak(&handed_over);
    let mut stream = handed_over.stream;
    let hearing = request::hear(&mut stream, terms.origins);
    let asked = in_time(terms, deadline, hearing, [Refused::Late; 2]).await;
    let admitted = asked.and_then(|asked| {
        let is_heard = may_speak.then_some(()).ok_or(Refused::InClear);
        is_heard.and_then(|()| terms.world_of(&asked)).map(|address| (address, asked))
    });
    let (address, asked) = match admitted {
        Ok(admitted) => admitted,
        Err(refused) => return refuse(terms, stream, refused).await,
    };
    let up = Way::new(Side::Server, terms.bytes_per_second);
    let mut page = Page { end: End::of(stream), up };
    match reach(terms, deadline, &mut page, (&address, &asked)).await {
        Ok((world, down)) => exchange(terms, page, world, down).await,
        Err(ending) => end_page(terms, page, ending).await,
    }
}

/// Has the page begin, and then asks its world.
async fn reach(
    terms: &Terms,
    deadline: Instant,
    page: &mut Page,
    (address, asked): (&str, &Asked),
) -> Result<(End<TcpStream>, Way), Ending> {
    let late = |broken| [broken, Broken::ClosingDown].map(Ending::Broken);
    in_time(terms, deadline, begin(page, asked), late(Broken::Late)).await?;
    let mut down = Way::new(Side::Client, terms.bytes_per_second);
    let dialing = dial(address, &mut down);
    let world = in_time(terms, deadline, dialing, late(Broken::Unreachable)).await?;
    Ok((world, down))
}

/// What a step comes to before the deadline, and before Main goes.
async fn in_time<T, E>(
    terms: &Terms,
    deadline: Instant,
    step: impl Future<Output = Result<T, E>>,
    [late, closing]: [E; 2],
) -> Result<T, E> {
    tokio::select! {
        done = timeout_at(deadline, step) => done.unwrap_or(Err(late)),
        () = terms.shutdown.cancelled() => Err(closing),
    }
}

/// Somebody has no WebSocket here, and hears why.
pub(super) async fn refuse(terms: &Terms, mut stream: TextStream, refused: Refused) {
    terms.figures.note(refused.name());
    let _ = timeout(terms.limits().drain, async {
        stream.write_all(refused.response().as_bytes()).await?;
        stream.shutdown().await?;
        hear_out(&mut stream).await
    })
    .await;
}

/// The page's WebSocket stands, and its first message has come.
async fn begin(page: &mut Page, asked: &Asked) -> Result<(), Ending> {
    let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
    let used = asked.accepted.write_response(&mut response).map_err(|_| Ending::Lost)?;
    page.end.to.write_all(&response[..used]).await.map_err(|_| Ending::Lost)?;
    page.end.to.flush().await.map_err(|_| Ending::Lost)?;
    page.up.take_in(&asked.rest)?;
    page.up.begin(&mut page.end.from).await
}

/// Asks a world for a WebSocket; what comes behind its answer is `down`'s.
async fn dial(address: &str, down: &mut Way) -> Result<End<TcpStream>, Ending> {
    const UNREACHABLE: Ending = Ending::Broken(Broken::Unreachable);
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|_| UNREACHABLE)?;
    let (mut requester, mut request) = (Requester::new(key), [0; REQUEST_BYTES]);
    let used = requester.write_request(Request::new(address, "/"), &mut request);
    let used = used.map_err(|_| UNREACHABLE)?;
    let mut stream = TcpStream::connect(address).await.map_err(|_| UNREACHABLE)?;
    stream.set_nodelay(true).map_err(|_| UNREACHABLE)?;
    stream.write_all(&request[..used]).await.map_err(|_| UNREACHABLE)?;
    let (mut line, mut bytes) = ([0; LINE_BYTES], [0; LINE_BYTES]);
    loop {
        let count = stream.read(&mut bytes).await.map_err(|_| UNREACHABLE)?;
        let mut rest = &bytes[..count];
        match requester.advance(&mut line, &mut rest, Offer::OWN) {
            Answer::NeedMore if count > 0 => {}
            Answer::Open { .. } => {
                down.take_in(rest)?;
                return Ok(End::of(stream));
            }
            Answer::NeedMore | Answer::Failed(_) => return Err(UNREACHABLE),
        }
    }
}

/// Passes on both ways, until either end is over.
async fn exchange(terms: &Terms, page: Page, mut world: End<TcpStream>, mut down: Way) {
    terms.figures.note_passed();
    let (drain, silence) = (terms.limits().drain, Silence::new(terms.limits().idle));
    let Page { end: mut page, mut up } = page;
    let ending = tokio::select! {
        ending = up.run(&mut page.from, &mut world.to, &silence) => {
            let rest = down.run(&mut world.from, &mut page.to, &silence);
            end_behind(drain, ending, &mut world.to, rest).await
        }
        ending = down.run(&mut world.from, &mut page.to, &silence) => {
            let rest = up.run(&mut page.from, &mut world.to, &silence);
            end_behind(drain, ending, &mut page.to, rest).await
        }
        () = silence.is_too_long() => Ending::Broken(Broken::Silent),
        () = terms.shutdown.cancelled() => Ending::Broken(Broken::ClosingDown),
    };
    let Ending::Broken(broken) = ending else { return };
    terms.figures.note(broken.name());
    let mut mask = MaskKey::default();
    // It hides nothing here: nobody but us has chosen what it is laid over.
    let _ = getrandom::fill(&mut mask);
    tokio::join!(
        say_last(drain, &mut page, (&mut down, broken), None),
        say_last(drain, &mut world, (&mut up, broken), Some(mask)),
    );
}

/// One way has ended. If nothing more comes there, the other end hears so, and has a little time for the rest.
async fn end_behind(
    drain: Duration,
    ending: Ending,
    to: &mut (impl AsyncWrite + Unpin),
    rest: impl Future<Output = Ending>,
) -> Ending {
    if ending != Ending::Over {
        return ending;
    }
    let _ = timeout(drain, to.shutdown()).await;
    timeout(drain, rest).await.unwrap_or(Ending::Over)
}

/// It ends before there is a world.
async fn end_page(terms: &Terms, page: Page, ending: Ending) {
    let Ending::Broken(broken) = ending else { return };
    terms.figures.note(broken.name());
    let mut nothing = Way::new(Side::Client, terms.bytes_per_second);
    let Page { mut end, .. } = page;
    say_last(terms.limits().drain, &mut end, (&mut nothing, broken), None).await;
}

/// Tells an end why it ends, behind the whole frames that are on their way to it.
async fn say_last<S: AsyncRead + AsyncWrite + Unpin>(
    drain: Duration,
    end: &mut End<S>,
    (way, broken): (&mut Way, Broken),
    mask: Option<MaskKey>,
) {
    let (code, reason) = broken.close();
    let (mut payload, mut frame) = ([0; CONTROL_PAYLOAD_MAX_BYTES], [0; CLOSE_BYTES]);
    let used = Close { code, reason }.write(&mut payload).unwrap_or(0);
    let used = write_frame(&mut frame, FrameKind::Close, mask, &payload[..used]).unwrap_or(0);
    // Who does not read it in time has lost it.
    let _ = timeout(drain, async {
        if way.send(&mut end.to).await.is_ok() {
            end.to.write_all(&frame[..used]).await?;
            end.to.shutdown().await?;
            hear_out(&mut end.from).await?;
        }
        std::io::Result::Ok(())
    })
    .await;
}

/// Reads to the end, so that our last words are not lost with what was not read; of who says too much, they may be.
async fn hear_out(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    let (mut bytes, mut heard) = ([0; 1_024], 0);
    while heard < HEAR_OUT_BYTES {
        match from.read(&mut bytes).await? {
            0 => break,
            count => heard += count,
        }
    }
    Ok(())
}
