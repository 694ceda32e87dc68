//! Which rooms players wish for: by name, new ones, private ones, any of a mode, and some that there can't be.
//!
//! In the quiet whoever does not get the room that it wants is content with any.

use tinyrealm_core::node::client::{MainState, WorldState};
use tinyrealm_core::protocol::{Bytes, Text, Wish, WishKind};

use super::Realm;
use super::workload::ACT_US;
use crate::actors::recorder::{BAD_OPTIONS, WATCH};
use crate::ids::HostId;
use crate::room_names::{NAMES, PRIVATE};
use crate::timeline::Happening;
use crate::trace::What;

const SECRET: &str = "open, sesame";
const MODES: [&str; 2] = ["race", "duel"];

/// How often, in a thousand, somebody does not know the secret of a private room.
const GUESS_PERMILLE: u32 = 150;
/// How often, in a thousand, a new room can't be opened as it is wanted.
const IMPOSSIBLE_PERMILLE: u32 = 60;
/// How often, in a thousand, somebody wants only to watch.
const WATCH_PERMILLE: u32 = 150;
/// How often, in a thousand, a list is asked for from where the last one has ended.
const NEXT_PAGE_PERMILLE: u32 = 500;

const KINDS: [(WishKind, u32); 4] = [
    (WishKind::ANY, 30),
    (WishKind::NAMED, 20),
    (WishKind::NAMED_OR_NEW, 40),
    (WishKind::CREATE, 10),
];

impl Realm<'_> {
    /// A player wants another room.
    pub(super) fn wish(&mut self, number: usize) {
        let (wish, name) = self.any_wish();
        self.timeline.counters.wishes += u64::from(wish != Wish::ANY);
        let what = What::Wishes { kind: wish.kind.0 as u8, name: name as u8 };
        self.timeline.note(HostId::visitor(number), what);
        if !wish.name.as_str().is_empty() {
            self.checks.client_mut(number).calling.region = "";
        }
        self.play(number, |player, cx| {
            player.machine.wish_for(cx, wish);
            true
        });
    }

    /// A player wants to know which rooms there are.
    pub(super) fn list(&mut self, number: usize) {
        let mode = self.random.pick(&["", MODES[0], MODES[1]]).unwrap_or_default();
        let goes_on = self.random.chance(NEXT_PAGE_PERMILLE);
        let after = self.checks.client_mut(number).listing.next_after();
        let after = if goes_on { after } else { 0 };
        let asked = self.play(number, |player, cx| {
            player.machine.list_rooms(cx, Text::truncated(mode), after).is_ok()
        });
        if asked {
            self.timeline.counters.lists += 1;
            self.checks.client_mut(number).listing.asked(mode);
        }
    }

    fn any_wish(&mut self) -> (Wish<'static>, usize) {
        let kind = self.random.pick_weighted(&KINDS).unwrap_or(WishKind::ANY);
        let mode = Text::truncated(self.random.pick(&MODES).unwrap_or_default());
        let name = self.random.below(NAMES.len() as u64) as usize;
        if kind == WishKind::ANY {
            return (if self.random.chance(500) { Wish::ANY } else { Wish::any(mode) }, name);
        }
        let is_made = kind == WishKind::CREATE && self.random.chance(500);
        let is_private = !is_made && name >= NAMES.len() - PRIVATE;
        let knows = is_private && !self.random.chance(GUESS_PERMILLE);
        let is_impossible = self.random.chance(IMPOSSIBLE_PERMILLE);
        let watches = self.random.chance(WATCH_PERMILLE);
        let options = match (is_impossible, watches) {
            (true, _) => BAD_OPTIONS,
            (false, true) => WATCH,
            (false, false) => b"",
        };
        let wish = Wish {
            kind,
            name: Text::truncated(if is_made { "" } else { NAMES[name] }),
            mode,
            secret: Text::truncated(if knows { SECRET } else { "" }),
            options: Bytes::new(options).unwrap_or_default(),
            is_listed: !is_private,
            places: if is_private { 4 } else { 0 },
        };
        (wish, name)
    }

    /// In the quiet whoever is outside takes any room, without a name or of any mode.
    pub(super) fn content(&mut self, number: usize) {
        let host = self.visitors[number].as_ref();
        let Some(player) = host.and_then(|host| host.node().role().as_player()) else { return };
        let is_outside = player.machine.state() == (MainState::Ready, WorldState::Outside);
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
        if is_outside {
            let mode = self.random.pick(&MODES).filter(|_| self.random.chance(500));
            let wish = mode.map_or(Wish::ANY, |mode| Wish::any(Text::truncated(mode)));
            self.play(number, |player, cx| {
                player.machine.wish_for(cx, wish);
                true
            });
        }
    }
}
