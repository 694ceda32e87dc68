//! `RoomView`: what a client knows of its room, from what it has heard.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use tinyrealm_core::node::client::{ClientEvent, ClientHandler, Credentials};
use tinyrealm_core::protocol::world_to_client::{
    EventBroadcast, JoinDenied, JoinOk, MemberName, MoveBroadcast, RoomSnapshot,
};
use tinyrealm_core::protocol::{
    Direction, ErrorCode, JoinDenial, LoginDenial, MemberNumber, MemberState, Outlook, Position,
    RoomId, Token, Uid,
};

use super::device::LoginAs;
use super::endings::{because, why_it_is_over};
use super::keys::Mode;
use super::listing::Listing;

/// One step, in thousandths of a unit.
const STEP: i32 = 500;
/// Lines of news that are kept.
const NEWS_LINES: usize = 5;
/// Messages that are kept.
pub(super) const MESSAGE_LINES: usize = 100;
/// How often a channel that does not answer is asked.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The channel that everyone with a terminal comes into.
const FIRST_CHANNEL: &str = "lobby";

/// The room as its client knows it.
#[derive(Default)]
pub(super) struct RoomView {
    main_address: String,
    account: Option<LoginAs>,
    /// Who we are.
    pub(super) uid: Option<Uid>,
    /// Where we are.
    pub(super) room: Option<RoomId>,
    /// What we are called there.
    number: MemberNumber,
    /// Our own place.
    pub(super) me: Position,
    /// Everyone else.
    pub(super) others: BTreeMap<MemberNumber, MemberState>,
    /// What members are called, if they are called anything.
    names: BTreeMap<MemberNumber, String>,
    /// What has happened lately, newest last.
    pub(super) news: VecDeque<String>,
    /// The channel that it is in, or wants to be in.
    pub(super) channel: String,
    /// What was said there, newest last.
    pub(super) messages: VecDeque<String>,
    /// The line that is being typed.
    pub(super) line: Option<String>,
    pub(super) is_in_channel: bool,
    pub(super) asked_at: Option<Instant>,
    /// The list of rooms that it is being told.
    pub(super) listing: Listing,
    /// Whether the next snapshot page begins a new picture.
    is_snapshot_open: bool,
    /// Whether a server has refused something.
    is_refused: bool,
    failure: Option<String>,
    /// Why it has not come in yet, if somebody has said so.
    hindrance: Option<String>,
    is_over: bool,
}

impl RoomView {
    /// A client that has not heard anything.
    pub(super) fn new(main_address: &str, account: Option<LoginAs>) -> Self {
        let (main_address, channel) = (main_address.to_owned(), FIRST_CHANNEL.to_owned());
        Self { main_address, account, channel, ..Self::default() }
    }

    /// Why the client can't go on, or never came in, if so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref().or(self.hindrance.as_deref())
    }

    /// Whether there is nothing more to come.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes a step, and answers where it leads; `None` outside of a room.
    pub(super) fn step(&mut self, east: i32, north: i32) -> Option<(Position, Direction)> {
        self.room?;
        self.me.x = self.me.x.saturating_add(east * STEP);
        self.me.y = self.me.y.saturating_add(north * STEP);
        let quarter = match (east, north) {
            (1, _) => 0,
            (_, 1) => 1,
            (-1, _) => 2,
            _ => 3,
        };
        Some((self.me, Direction(quarter * 0x4000)))
    }

    /// What keys are for now.
    pub(super) const fn mode(&self) -> Mode {
        if self.line.is_some() { Mode::Typing } else { Mode::Walking }
    }

    /// One more line of news; what has just been said is not said again.
    pub(super) fn tell(&mut self, news: String) {
        if self.news.back() != Some(&news) {
            push(&mut self.news, news, NEWS_LINES);
        }
    }

    /// It has not come in, and tries again; who gives up is told why.
    fn hinder(&mut self, what: &str) {
        self.tell(format!("{what}; trying again"));
        self.hindrance = self.uid.is_none().then(|| what.to_owned());
    }

    fn login_denied(&mut self, reason: LoginDenial, retry_after_ms: u32) {
        let wait = retry_after_ms.div_ceil(1_000);
        match reason {
            LoginDenial::WRONG => self.fail("wrong id or password"),
            LoginDenial::DISABLED => self.fail("this account is disabled"),
            LoginDenial::BANNED => self.fail("this account or this address is banned"),
            LoginDenial::LOCKED => {
                self.fail(&format!("too many wrong passwords: come back in {wait} s"));
            }
            other => self.hinder(&format!("can't log in now ({})", other.name())),
        }
    }

    fn refused(&mut self, code: ErrorCode) {
        self.is_refused = true;
        if self.uid.is_none() {
            self.hinder(&format!("Main at {} refuses: {}", self.main_address, code.name()));
        } else {
            self.tell(format!("refused: {}", code.name()));
        }
    }

    fn lost_login(&mut self) {
        let address = self.account.as_ref().map_or("", |account| account.login_address.as_str());
        self.hinder(&format!("can't reach Login at {address}"));
    }

    fn fail(&mut self, reason: &str) {
        self.failure.get_or_insert_with(|| reason.to_owned());
        self.is_over = true;
    }

    /// Main leads nowhere. If that stays so, the end comes behind it.
    fn not_entered(&mut self, code: ErrorCode) {
        if code.outlook() == Outlook::Passing {
            self.tell(format!("no world for you now ({}); trying again", code.name()));
        }
    }

    fn tell_of(&mut self, number: MemberNumber, what: &str) {
        if let Some(name) = self.name_of(number) {
            self.tell(format!("{name} {what}"));
        }
    }

    fn joined(&mut self, message: &JoinOk) {
        self.room = Some(message.room_id);
        self.number = message.number;
        self.me = message.spawn_pos;
        self.others.clear();
        self.names.clear();
        self.is_snapshot_open = false;
        let as_what = if self.is_spectator() { ", and look on" } else { "" };
        self.tell(format!("you are in room {}{as_what}", message.room_id.0));
    }

    fn snapshot(&mut self, page: &RoomSnapshot) {
        if !self.is_snapshot_open {
            self.others.clear();
            self.names.clear();
        }
        self.is_snapshot_open = page.pages_left > 0;
        self.others.extend(page.members.iter().map(|member| (member.number, *member)));
        if page.missed_events > 0 && page.pages_left == 0 {
            self.tell(format!("you fell behind and missed {} events", page.missed_events));
        }
    }

    fn moved(&mut self, moved: &MoveBroadcast) {
        if moved.number == self.number && !self.is_spectator() {
            self.me = moved.pos;
        } else if let Some(member) = self.others.get_mut(&moved.number) {
            (member.pos, member.dir) = (moved.pos, moved.dir);
        }
    }

    /// What a member of the room is called on the screen; nothing for one that is not known.
    pub(super) fn name_of(&self, number: MemberNumber) -> Option<String> {
        if let Some(name) = self.names.get(&number) {
            return Some(name.clone());
        }
        match number {
            MemberNumber::GAME => Some("the game".to_owned()),
            own if own == self.number => self.uid.map(short_name),
            other => self.others.get(&other).map(|member| short_name(member.uid)),
        }
    }

    /// Who has just come in is called so in the news, too.
    fn named(&mut self, number: MemberNumber, name: &str) {
        let news = self.name_of(number).map(|before| came_in(&before));
        // What others call themselves can't steer this terminal.
        match name {
            "" => self.names.remove(&number),
            name => self.names.insert(number, name.replace(char::is_control, " ")),
        };
        if self.news.back() == news.as_ref() && self.news.pop_back().is_some() {
            self.tell_of(number, CAME_IN);
        }
    }

    const fn is_spectator(&self) -> bool {
        self.number.0 == MemberNumber::GAME.0
    }

    /// The world's no, with the game's own words if it has any.
    fn denied(&mut self, denied: &JoinDenied<'_>) {
        let words = match denied.text.as_str() {
            "" => String::new(),
            text => format!(": {}", text.replace(char::is_control, " ")),
        };
        match denied.reason {
            JoinDenial::REFUSED => self.fail(&format!("the game does not want you{words}")),
            JoinDenial::BANNED => self.fail(&format!("the game has banned you{words}")),
            other => self.tell(format!("the world says {}{words}; trying again", other.name())),
        }
    }

    fn said(&mut self, message: &EventBroadcast<'_>) {
        let Some(speaker) = self.name_of(message.number) else { return };
        let (kind, data) = (message.kind, message.data.as_slice());
        let hex: String = data.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.tell(format!("{speaker}: event {kind} {hex}"));
    }
}

/// What the news say of whoever comes in.
const CAME_IN: &str = "came in";

fn came_in(name: &str) -> String {
    format!("{name} {CAME_IN}")
}

pub(super) fn push(lines: &mut VecDeque<String>, line: String, most: usize) {
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// A user's name on the screen: the last digits of its uid.
pub(super) fn short_name(uid: Uid) -> String {
    format!("#{:04x}", uid.0 & 0xFFFF)
}

impl ClientHandler for RoomView {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Welcome(uid) => {
                self.uid = Some(uid);
                self.hindrance = None;
                self.is_in_channel = false;
                self.asked_at = None;
                self.tell(format!("Main knows you as {}", short_name(uid)));
            }
            ClientEvent::Chat(event) => self.chat(&event),
            ClientEvent::Joined(message) => self.joined(&message),
            ClientEvent::Resumed { missed_events } => {
                self.tell(format!("you are back in your seat; events missed: {missed_events}"));
            }
            ClientEvent::Snapshot(page) => self.snapshot(page),
            ClientEvent::Entered(member) => {
                self.names.remove(&member.number);
                self.others.insert(member.number, member);
                self.tell_of(member.number, CAME_IN);
            }
            ClientEvent::Left(number) => {
                self.tell_of(number, "left");
                self.others.remove(&number);
                self.names.remove(&number);
            }
            ClientEvent::Named(MemberName { number, name }) => self.named(number, name.as_str()),
            ClientEvent::Away(number) => self.tell_of(number, "lost its connection"),
            ClientEvent::Back(number) => self.tell_of(number, "is back"),
            ClientEvent::Rooms(page) => {
                let lines = self.listing.heard(page);
                lines.into_iter().for_each(|line| self.note_message(line));
            }
            ClientEvent::Announced(text) => self.note_message(format!("the realm says: {text}")),
            // Whose they are, a terminal does not know.
            ClientEvent::State(_) => {}
            ClientEvent::Moved(moved) => self.moved(&moved),
            ClientEvent::Said(message) => self.said(&message),
            ClientEvent::LoginDenied { reason, retry_after_ms } => {
                self.login_denied(reason, retry_after_ms);
            }
            ClientEvent::LoginLost(_) => self.lost_login(),
            // It has just said why.
            ClientEvent::MainLost(_) if self.uid.is_none() && self.is_refused => {}
            // It says none.
            ClientEvent::InputAck(_) | ClientEvent::Answered { .. } | ClientEvent::Asked { .. } => {
            }
            ClientEvent::MainLost(_) if self.uid.is_none() => {
                self.fail(&format!("can't reach Main at {}; is it running?", self.main_address));
            }
            ClientEvent::MainLost(reason) => {
                self.is_in_channel = false;
                self.tell(format!("lost Main{}; trying again", because(reason)));
            }
            ClientEvent::WorldLost(reason) => {
                self.room = None;
                self.others.clear();
                self.tell(format!("lost the world{}; looking for another", because(reason)));
            }
            ClientEvent::EnterRefused(code) => self.not_entered(code),
            ClientEvent::JoinDenied(denied) => self.denied(&denied),
            ClientEvent::Refused { code, .. } | ClientEvent::EventRefused { reason: code, .. } => {
                self.refused(code);
            }
            ClientEvent::Stopped(reason) => {
                if let Some(words) = why_it_is_over(reason) {
                    self.fail(words);
                }
                self.is_over = true;
            }
        }
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        self.account.as_ref().map_or_else(Credentials::default, |account| Credentials {
            login_address: &account.login_address,
            id: &account.id,
            password: &account.password,
            device: account.device.read(),
        })
    }

    fn keep_device(&mut self, _: u16, device: Token) {
        if let Some(account) = &self.account {
            account.device.keep(device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::device::DeviceFile;

    fn member(number: u16, x: i32) -> MemberState {
        let (pos, number) = (Position { x, y: 0, z: 0 }, MemberNumber(number));
        MemberState { number, uid: Uid(u64::from(number.0) + 100), pos, dir: Direction(0) }
    }

    fn page(pages_left: u16, members: &[MemberState]) -> RoomSnapshot {
        let members = heapless::Vec::from_slice(members).unwrap();
        RoomSnapshot { pages_left, members_left: 0, missed_events: 0, members }
    }

    #[test]
    fn a_snapshot_replaces_what_was_known() {
        let mut view = RoomView::default();
        view.on_event(0, ClientEvent::Entered(member(1, 0)));
        view.on_event(0, ClientEvent::Snapshot(&page(1, &[member(2, 0)])));
        view.on_event(0, ClientEvent::Snapshot(&page(0, &[member(3, 0)])));
        assert_eq!(view.others.keys().map(|number| number.0).collect::<Vec<_>>(), [2, 3]);
        view.on_event(0, ClientEvent::Snapshot(&page(0, &[member(4, 0)])));
        assert_eq!(view.others.keys().map(|number| number.0).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn who_never_came_in_is_told_why() {
        let account = LoginAs {
            login_address: "login:1".to_owned(),
            id: "ann".to_owned(),
            device: DeviceFile::default(),
            password: String::new(),
        };
        let mut view = RoomView::new("main:1", Some(account));
        for _ in 0..3 {
            view.on_event(0, ClientEvent::LoginLost(ErrorCode::GOODBYE));
        }
        assert_eq!(view.news, ["can't reach Login at login:1; trying again"], "once");
        assert!(!view.is_over(), "it goes on trying");
        assert_eq!(view.failure(), Some("can't reach Login at login:1"));
        view.on_event(0, ClientEvent::Welcome(Uid(7)));
        assert_eq!(view.failure(), None);
        view.on_event(0, ClientEvent::Entered(member(1, 0)));
        view.on_event(0, ClientEvent::WorldLost(ErrorCode::GOODBYE));
        assert!(view.others.is_empty(), "nobody is seen from outside");
    }

    #[test]
    fn the_game_may_put_us_somewhere() {
        let number = MemberNumber(7);
        let mut view = RoomView { uid: Some(Uid(7)), number, ..RoomView::default() };
        assert_eq!(view.step(1, 0), None); // not in a room
        view.room = Some(RoomId(0));
        assert_eq!(view.step(1, 0).unwrap().0.x, STEP);
        let MemberState { pos, dir, .. } = member(7, -3_000);
        view.on_event(0, ClientEvent::Moved(MoveBroadcast { number, pos, dir }));
        assert_eq!(view.me.x, -3_000);
        assert!(view.others.is_empty());
    }
}
