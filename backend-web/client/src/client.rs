//! `WebClient`: a client of the realm, as whoever has a [`WebNetwork`] drives it.

use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::net::{NodeDriver, RealmMemory};
use tinyrealm_core::protocol::decode;
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::{NetFrameV1, Opcode};

use crate::messages::host_to_module::Start;
use crate::messages::module_to_host::Closed;
use crate::network::{Answer, WebNetwork};
use crate::role::{WebRole, tell_numbers};
use crate::session::{SCHEME, WebConnector, WebSession};

/// Random bytes that a host brings to each tick. A client draws four for each wait before an attempt, and
/// in one tick no more than a few waits begin.
pub const ENTROPY_BYTES: usize = 64;

/// How long servers may take to say goodbye.
pub const CLOSE_TIMEOUT_MS: u32 = 2_000;

/// What a client borrows: its node, and where its connections are kept.
pub type WebMemory<'n> = RealmMemory<WebSession<'n>>;

/// The host's random bytes. Nothing but the length of waits comes from them, so that drawing more starts
/// over does no harm.
struct HostEntropy<'e> {
    bytes: &'e [u8],
    drawn: usize,
}

/// Outside of ticks nothing is drawn: no wait begins.
const fn no_entropy() -> HostEntropy<'static> {
    HostEntropy { bytes: &[], drawn: 0 }
}

impl Entropy for HostEntropy<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.bytes.get(self.drawn).copied().unwrap_or_default();
            self.drawn = (self.drawn + 1) % ENTROPY_BYTES;
        }
    }
}

/// What the host wants, and a tick does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Wish {
    Start,
    Stop,
}

/// A client of the realm; see the [crate](crate).
pub struct WebClient<'n> {
    /// Not here any more when it is over.
    driver: Option<NodeDriver<'n, WebRole<'n>, WebConnector<'n>>>,
    network: &'n WebNetwork,
    now: Instant,
    /// What the next tick begins with.
    wants: Option<Wish>,
    /// Since when nothing is tried again.
    stopped_at: Option<Instant>,
}

impl<'n> WebClient<'n> {
    /// The client that `body`, a `Start`, describes. It goes to Main, or to Login, with the first tick.
    /// `None` if the body is none.
    pub fn new(
        network: &'n WebNetwork,
        memory: &'n mut WebMemory<'n>,
        body: &'n [u8],
    ) -> Option<Self> {
        let frame = NetFrameV1::parse(body).filter(|frame| frame.opcode == Start::OPCODE)?;
        let start: Start<'n> = decode(frame.payload)?;
        let mut turn = Turn { now: Instant::ZERO, entropy: &mut no_entropy() };
        let role = WebRole::new(network, start);
        network.serve_client();
        let driver = memory.drive(role, (WebConnector::new(network), SCHEME), &mut turn);
        let (driver, now, wants) = (Some(driver), Instant::ZERO, Some(Wish::Start));
        Some(Self { driver, network, now, wants, stopped_at: None })
    }

    /// Deals with what was handed over and with the time, with [`ENTROPY_BYTES`] of `random` bytes, and
    /// answers how much that was. Nothing happens while events wait that may leave no room.
    pub fn tick(&mut self, now_ms: u64, random: &[u8]) -> usize {
        let Some(driver) = &mut self.driver else { return 0 };
        if !self.network.begin_tick() {
            return 0;
        }
        // The time of a host may jump back.
        let now = Instant::from_millis(now_ms).max(self.now);
        self.now = now;
        let mut turn = Turn { now, entropy: &mut HostEntropy { bytes: random, drawn: 0 } };
        if let Some(wish) = self.wants.take() {
            driver.node_mut().act(&mut turn, |role, cx| match wish {
                Wish::Start => role.start(cx),
                Wish::Stop => role.stop(cx),
            });
        }
        let mut count = 0;
        loop {
            self.network.discard_orphans();
            let heard = driver.tick(&mut turn);
            count += heard;
            // What is next may be another session's, and there is a bound on all of them.
            if heard == 0 {
                break;
            }
        }
        self.end_if_over();
        count
    }

    /// Says something of the game's: a body of `ChatJoin`, `ChatLeave`, `ChatSay`, `ChatHistory`,
    /// `ChatWho`, `ListRoomsReq`, `Move`, `Event` or the game's own messages. It goes out with the next tick. An
    /// `EnterWorldReq` is the wish for another room.
    pub fn command(&mut self, body: &[u8]) -> Answer {
        let Some(frame) = NetFrameV1::parse(body) else { return Answer::Refused };
        let Some(driver) = &mut self.driver else { return Answer::Nobody };
        let mut turn = Turn { now: self.now, entropy: &mut no_entropy() };
        driver.node_mut().act(&mut turn, |role, cx| role.command(cx, frame))
    }

    /// An event with this opcode does not decode: its server has broken the protocol, and is told so.
    pub fn refuse(&mut self, opcode: Opcode) {
        let Some(driver) = &mut self.driver else { return };
        if self.network.begin_tick() {
            let mut turn = Turn { now: self.now, entropy: &mut no_entropy() };
            driver.node_mut().act(&mut turn, |role, cx| role.refuse(cx, opcode));
        }
    }

    /// Leaves everything, in good order: `Closed` comes with a later tick, within [`CLOSE_TIMEOUT_MS`].
    pub fn stop(&mut self) {
        self.wants = Some(Wish::Stop);
    }

    /// Whether `Closed` was told.
    pub const fn is_over(&self) -> bool {
        self.driver.is_none()
    }

    fn end_if_over(&mut self) {
        let Some(driver) = &self.driver else { return };
        let role = driver.node().role();
        if !role.has_stopped() {
            return;
        }
        let since = *self.stopped_at.get_or_insert(self.now);
        let is_late = self.now.ms_since(since) >= CLOSE_TIMEOUT_MS;
        if is_late || driver.node().sessions().is_empty() {
            let reason = role.stopped();
            self.driver = None;
            self.network.drop_all();
            tell_numbers(self.network, Closed::OPCODE, &[reason.0]);
        }
    }
}
