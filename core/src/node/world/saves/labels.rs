//! The label of a room in its state: what it is called, and who may come in.
//!
//! Contract: a room that its world has again is open under its name, to whoever knows its secret, with a game that
//! has heard the options that it was opened with. It stays open for [`REOPENED_MS`], so that those who were in it
//! find it again, and then as any room.

use serde::{Deserialize, Serialize};

use super::super::label::RoomLabel;
use super::super::room_manager::RoomManager;
use super::super::{Game, World};
use super::job::RestoreRefusal;
use crate::node::Context;
use crate::protocol::{
    Bytes, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_OPTIONS_MAX_BYTES, ROOM_SECRET_MAX_BYTES,
    Text, Wish, WishKind, decode,
};
use crate::time::Instant;
use crate::wire::BinaryWriter;

/// How long a room stays open that its world has again, though nobody comes.
const REOPENED_MS: u32 = 30_000;

/// Its texts with their lengths, and options that have two bytes of those; how many it takes, and what is told
/// of it.
pub(super) const LABEL_MAX_BYTES: usize = (1 + ROOM_NAME_MAX_BYTES)
    + (1 + ROOM_MODE_MAX_BYTES)
    + (1 + ROOM_SECRET_MAX_BYTES)
    + (2 + ROOM_OPTIONS_MAX_BYTES)
    + 3
    + 2;

const _: () = assert!(LABEL_MAX_BYTES <= u8::MAX as usize, "its length is one byte");

/// What is kept of a label.
#[derive(Serialize, Deserialize)]
struct KeptLabel<'k> {
    #[serde(borrow)]
    name: Text<'k, ROOM_NAME_MAX_BYTES>,
    #[serde(borrow)]
    mode: Text<'k, ROOM_MODE_MAX_BYTES>,
    #[serde(borrow)]
    secret: Text<'k, ROOM_SECRET_MAX_BYTES>,
    #[serde(borrow)]
    options: Bytes<'k, ROOM_OPTIONS_MAX_BYTES>,
    capacity: u16,
    is_listed: bool,
    is_locked: bool,
}

impl<'k> KeptLabel<'k> {
    fn of(label: &'k RoomLabel) -> Self {
        Self {
            name: Text::truncated(&label.name),
            mode: Text::truncated(&label.mode),
            secret: Text::truncated(&label.secret),
            options: Bytes::new(&label.options).unwrap_or_default(),
            capacity: label.capacity,
            is_listed: label.is_listed,
            is_locked: label.is_locked,
        }
    }

    /// What has opened the room.
    fn wish(&self, room_capacity: u16) -> Wish<'k> {
        Wish {
            kind: WishKind::CREATE,
            name: self.name,
            mode: self.mode,
            secret: self.secret,
            options: self.options,
            is_listed: self.is_listed,
            places: self.capacity.min(room_capacity),
        }
    }
}

impl RoomManager<'_> {
    /// A room with a name is open again, and stays so until then though nobody is in it.
    pub(super) fn keep_reopened(&mut self, until: Instant, room: u16, is_locked: bool) {
        if let Some(label) = self.label_mut(room) {
            label.is_locked = is_locked;
            label.kept_until = until;
            self.next_close = Some(self.next_close.map_or(until, |next| next.min(until)));
        }
    }

    /// Writes the label of a room that has a name into the place of its state, behind the label's length, which
    /// this answers; `None` if there is no place for it, for without its name it is another room.
    pub(super) fn write_label(&mut self, room: u16) -> Option<usize> {
        let label = &self.rooms.get(usize::from(room))?.label;
        if !label.is_named() {
            return Some(0);
        }
        let out = self.saves.state_place(room).get_mut(1..).unwrap_or_default();
        let most = out.len().min(LABEL_MAX_BYTES);
        let mut writer = BinaryWriter::new(out.get_mut(..most).unwrap_or_default());
        writer.postcard(&KeptLabel::of(label)).ok()?;
        Some(writer.written())
    }
}

impl<'a, G: Game> World<'a, G> {
    /// Opens a room that goes on, under the name that it had.
    pub(super) fn reopen(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        label: &[u8],
    ) -> Result<(), RestoreRefusal> {
        if label.is_empty() {
            let opened = self.open_room(cx, room, &Wish::ANY);
            return opened.map_err(|_| RestoreRefusal::Unreadable);
        }
        let kept: KeptLabel<'_> = decode(label).ok_or(RestoreRefusal::Unreadable)?;
        let wish = kept.wish(self.rooms.room_capacity());
        let is_taken = self.rooms.find_named(wish.name.as_str()).is_some();
        if !wish.is_valid() || wish.name.as_str().is_empty() || is_taken {
            return Err(RestoreRefusal::Unreadable);
        }
        if self.named_rooms() == 0 {
            return Err(RestoreRefusal::NoSuchRoom);
        }
        self.open_room(cx, room, &wish).map_err(|_| RestoreRefusal::Unreadable)?;
        self.rooms.keep_reopened(cx.now.after_ms(REOPENED_MS), room, kept.is_locked);
        Ok(())
    }
}
