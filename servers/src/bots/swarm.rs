//! `Swarm`: many clients as one node.
//!
//! ```text
//!   Joining ──all settled, or time is up──► Running ──seconds──► Settling ──all heard, or time──► Done
//! ```
//! Without a number of seconds it runs until it is stopped; with one, stopping it ends the running.

use tinyrealm_core::node::client::{
    ClientConfig, ClientEvent, ClientHandler, Credentials, RealmClient,
};
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::{Bytes, Dispatched, ErrorCode, Text};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{LinkTag, SessionKey};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::{Frame, Framing};

use super::accounts::Accounts;
use super::chat_ledger::ChatTurn;
use super::ledger::{BOT_EVENT, Ledger};
use super::outages::Server;
use super::plan::{Plan, Play};
use super::report::{BotsReport, Phase};
use super::walk::walk;
use crate::games::HostedBot;

/// Main has to answer at least one bot within this time.
const MAIN_PATIENCE_MS: u32 = 5_000;
const SETTLE_LIMIT_MS: u32 = 4_000;
const SETTLE_CHECK_MS: u32 = 50;
const JUDGE_INTERVAL_MS: u32 = 1_000;

/// Many clients as one node; see the [module](self).
#[derive(Debug)]
pub(crate) struct Swarm {
    plan: Plan,
    clients: Vec<RealmClient>,
    /// How often each bot's connection to a Main has ended: the next one is to the next of them.
    mains_tried: Vec<u16>,
    /// Who plays at each client, if it is a game.
    seats: Vec<HostedBot>,
    pub(crate) ledger: Ledger,
    phase: Phase,
    /// The most bots that were settled at once.
    pub(crate) joined: usize,
    is_welcome: bool,
    last_refusal: Option<&'static str>,
    started_at: Instant,
    phase_began_at: Instant,
    next_judging: Instant,
    /// Messages due since the running began.
    turns_taken: u64,
    /// Chat messages due since the running began.
    chat_turns_taken: u64,
}

impl Swarm {
    pub(super) fn new(plan: Plan) -> Self {
        let config = |number| ClientConfig {
            framing: plan.framing(number),
            // A longer region than any world can have finds none, which Main says.
            region: plan.region.as_str().try_into().unwrap_or_default(),
            wish: plan.wish.clone(),
            has_account: plan.accounts.is_some(),
            is_by_tls: plan.dialing.scheme.is_by_tls(),
            ..ClientConfig::DEFAULT
        };
        let client = |number| RealmClient::new(number, config(number));
        Self {
            clients: (0..plan.count).map(client).collect(),
            seats: match plan.play {
                Play::Game(make_bot) => (0..plan.count).map(|_| make_bot()).collect(),
                Play::Moves | Play::Events => Vec::new(),
            },
            mains_tried: vec![0; usize::from(plan.count)],
            ledger: Ledger::new(plan.count, plan.channels, matches!(plan.play, Play::Game(_))),
            plan,
            phase: Phase::Joining,
            joined: 0,
            is_welcome: false,
            last_refusal: None,
            started_at: Instant::ZERO,
            phase_began_at: Instant::ZERO,
            next_judging: Instant::ZERO,
            turns_taken: 0,
            chat_turns_taken: 0,
        }
    }

    /// Why no bot has reached Main, if none has.
    pub(super) fn unreachable(&self) -> Option<&'static str> {
        (!self.is_welcome).then_some(self.last_refusal.unwrap_or("no answer"))
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_, '_>) {
        self.started_at = cx.now;
        self.enter(Phase::Joining, cx.now);
        for client in &mut self.clients {
            client.start(cx);
        }
    }

    /// The Main that this bot is with, or tries next.
    fn main_address(&self, number: u16) -> &str {
        let tried = self.mains_tried.get(usize::from(number)).copied().unwrap_or_default();
        let turn = usize::from(number) + usize::from(tried);
        let mains = &self.plan.main_addresses;
        mains.get(turn % mains.len().max(1)).map_or("", String::as_str)
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_began_at = now;
    }

    fn look_whether_joined(&mut self, now: Instant) {
        self.joined = self.joined.max(self.ledger.settled());
        if self.phase == Phase::Joining && self.ledger.settled() == self.clients.len() {
            self.enter(Phase::Running, now);
        }
    }

    fn message_at(&self, turn: u64) -> Instant {
        self.turn_at(turn, self.plan.hz)
    }

    /// When something is said in a channel next, if ever.
    fn chat_at(&self, turn: u64) -> Option<Instant> {
        (self.plan.chat_hz > 0.0).then(|| self.turn_at(turn, self.plan.chat_hz))
    }

    fn turn_at(&self, turn: u64, hz: f64) -> Instant {
        let per_second = hz * f64::from(self.plan.count);
        let micros = turn as f64 * 1_000_000.0 / per_second;
        Instant::from_micros(self.phase_began_at.micros() + micros as u64)
    }

    fn runs_until(&self) -> Option<Instant> {
        let micros = self.plan.seconds? * 1_000_000.0;
        Some(Instant::from_micros(self.phase_began_at.micros() + micros as u64))
    }

    fn join_limit(&self) -> Instant {
        let limit_ms = (self.plan.join_seconds * 1_000.0) as u32;
        let patience_ms = if self.is_welcome { limit_ms } else { limit_ms.min(MAIN_PATIENCE_MS) };
        self.started_at.after_ms(patience_ms)
    }

    fn run(&mut self, cx: &mut Context<'_, '_>) {
        while self.message_at(self.turns_taken) <= cx.now {
            let number = (self.turns_taken % u64::from(self.plan.count)) as u16;
            self.turns_taken += 1;
            self.send(cx, number);
        }
        while self.chat_at(self.chat_turns_taken).is_some_and(|at| at <= cx.now) {
            let number = (self.chat_turns_taken % u64::from(self.plan.count)) as u16;
            self.chat_turns_taken += 1;
            self.chat(cx, number);
        }
        if cx.now >= self.next_judging {
            self.next_judging = cx.now.after_ms(JUDGE_INTERVAL_MS);
            self.ledger.judge(std::time::Instant::now());
        }
        if self.runs_until().is_some_and(|end| end <= cx.now) {
            self.enter(Phase::Settling, cx.now);
        }
    }

    fn send(&mut self, cx: &mut Context<'_, '_>, number: u16) {
        let Some(seq) = self.ledger.begin_send(number) else {
            self.ledger.outages.unsent(number, Server::World);
            return;
        };
        let client = &mut self.clients[usize::from(number)];
        let is_event = matches!(self.plan.play, Play::Events);
        let sent = match self.plan.play {
            Play::Game(_) => {
                let (deeds, checked) = self.seats[usize::from(number)].play(client, cx);
                return self.ledger.note_turn(deeds, checked);
            }
            Play::Events => {
                let seq = seq.to_le_bytes();
                let Some(data) = Bytes::new(&seq) else { return };
                client.say(cx, BOT_EVENT, data).map(drop)
            }
            Play::Moves => {
                let (pos, dir) = walk(number, self.turns_taken, &self.plan, seq);
                client.move_to(cx, pos, dir)
            }
        };
        match sent {
            Ok(()) => self.ledger.sent(number, is_event, std::time::Instant::now()),
            Err(_) => self.ledger.totals.refused += 1,
        }
    }

    /// Lets a bot say something in its channel, or come in first.
    fn chat(&mut self, cx: &mut Context<'_, '_>, number: u16) {
        let now = std::time::Instant::now();
        let client = &mut self.clients[usize::from(number)];
        match self.ledger.chat.turn(number, now) {
            ChatTurn::Join(name) => {
                // While Main is away it is asked again with a later turn.
                let _ = client.join_channel(cx, Text::truncated(&name));
            }
            ChatTurn::Say(name, text) => {
                let (channel, msg) = (Text::truncated(&name), Text::truncated(&text));
                match client.say_in_channel(cx, channel, msg) {
                    Ok(request) => self.ledger.chat.sent(number, request, now),
                    Err(_) => self.ledger.outages.unsent(number, Server::Main),
                }
            }
            ChatTurn::Wait => {}
        }
    }

    /// Ends it early: whoever has a verdict to give hears the last messages first.
    pub(super) fn wind_up(&mut self, cx: &mut Context<'_, '_>) {
        match self.phase {
            Phase::Running if self.plan.seconds.is_some() => self.enter(Phase::Settling, cx.now),
            Phase::Settling | Phase::Done => {}
            Phase::Joining | Phase::Running => self.finish(cx),
        }
    }

    fn finish(&mut self, cx: &mut Context<'_, '_>) {
        self.ledger.close(std::time::Instant::now());
        self.enter(Phase::Done, cx.now);
        for client in &mut self.clients {
            client.stop(cx);
        }
    }

    fn client(&mut self, tag: LinkTag) -> Option<(&mut RealmClient, Listener<'_>)> {
        let client = self.clients.get_mut(usize::from(tag.index))?;
        let world = client.world_address().to_owned();
        let listener = Listener {
            ledger: &mut self.ledger,
            seat: self.seats.get_mut(usize::from(tag.index)),
            is_welcome: &mut self.is_welcome,
            last_refusal: &mut self.last_refusal,
            accounts: self.plan.accounts.as_ref(),
            world,
        };
        Some((client, listener))
    }

    pub(super) fn report(&mut self) -> BotsReport {
        let recent = &mut self.ledger.recent_latency;
        let p99_ms = recent.value_at_quantile(0.99) as f64 / 1_000.0;
        let received = self.ledger.latency.len();
        recent.reset();
        BotsReport {
            phase: self.phase,
            count: self.plan.count,
            joined: self.ledger.settled(),
            sent: self.ledger.totals.sent,
            received,
            lost: self.ledger.totals.lost,
            p99_ms,
        }
    }
}

/// Writes what a client hears into the ledger.
struct Listener<'l> {
    ledger: &'l mut Ledger,
    seat: Option<&'l mut HostedBot>,
    is_welcome: &'l mut bool,
    last_refusal: &'l mut Option<&'static str>,
    accounts: Option<&'l Accounts>,
    world: String,
}

impl ClientHandler for Listener<'_> {
    fn on_event(&mut self, client: u16, event: ClientEvent<'_>) {
        match &event {
            ClientEvent::Welcome(_) => *self.is_welcome = true,
            ClientEvent::Refused { code, .. } => *self.last_refusal = Some(code.name()),
            ClientEvent::LoginDenied { reason, .. } => *self.last_refusal = Some(reason.name()),
            ClientEvent::LoginLost(_) => *self.last_refusal = Some("no answer of Login"),
            _ => {}
        }
        self.ledger.note(client, &self.world, &event, std::time::Instant::now());
        if let Some(seat) = &mut self.seat {
            seat.on_event(&event);
        }
    }

    fn on_message(&mut self, _: u16, frame: Frame<'_>) -> Dispatched {
        self.ledger.note_message();
        self.seat.as_mut().map_or(Dispatched::Handled, |seat| seat.on_message(frame))
    }

    fn credentials(&self, client: u16) -> Credentials<'_> {
        self.accounts.map(|accounts| accounts.of(client)).unwrap_or_default()
    }
}

impl<'a> Role<'a> for Swarm {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let Some(tag) = cx.sessions.get(key).map(tinyrealm_core::session::Session::tag) else {
            return;
        };
        if let Some((client, listener)) = self.client(tag) {
            client.on_connected(&listener, cx, key);
        }
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let Some((client, mut listener)) = self.client(caller.tag) else {
            return Dispatched::Handled;
        };
        let dispatched = client.on_frame(&mut listener, caller, frame);
        if self.phase == Phase::Joining {
            self.look_whether_joined(caller.now);
        }
        dispatched
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        if let Some((client, mut listener)) = self.client(caller.tag) {
            client.on_error(&mut listener, caller, code, about);
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        if RealmClient::is_to_main(ended.tag)
            && let Some(tried) = self.mains_tried.get_mut(usize::from(ended.tag.index))
        {
            *tried = tried.wrapping_add(1);
        }
        if let Some((client, mut listener)) = self.client(ended.tag) {
            client.on_ended(&mut listener, cx, ended);
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        let index = timer / (tinyrealm_core::node::client::client_timers(1) as u16);
        if let Some((client, mut listener)) = self.client(LinkTag { kind: 0, index }) {
            client.on_timer(&mut listener, cx, timer);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Joining => Some(self.join_limit()),
            Phase::Running => {
                let message = self.message_at(self.turns_taken).min(self.next_judging);
                let chat = self.chat_at(self.chat_turns_taken);
                let message = chat.map_or(message, |chat| chat.min(message));
                Some(self.runs_until().map_or(message, |end| end.min(message)))
            }
            Phase::Settling => Some(self.next_judging),
            Phase::Done => None,
        }
    }

    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        match self.phase {
            Phase::Joining if self.is_welcome => self.enter(Phase::Running, cx.now),
            Phase::Joining => self.finish(cx),
            Phase::Running => self.run(cx),
            Phase::Settling => {
                let limit = self.phase_began_at.after_ms(SETTLE_LIMIT_MS);
                self.next_judging = cx.now.after_ms(SETTLE_CHECK_MS);
                if self.ledger.is_complete() || cx.now >= limit {
                    self.finish(cx);
                }
            }
            Phase::Done => {}
        }
    }

    fn address(&self, tag: LinkTag) -> &str {
        let client = self.clients.get(usize::from(tag.index));
        let login = self.plan.accounts.as_ref().map_or("", |accounts| &accounts.login_address);
        let main = self.main_address(tag.index);
        client.map_or("", |client| client.address(tag, main, login))
    }

    fn framing(&self, tag: LinkTag) -> Framing {
        self.clients.get(usize::from(tag.index)).map_or(Framing::Stream, RealmClient::framing)
    }
}
