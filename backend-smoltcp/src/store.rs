//! What a world's rooms keep on a device: whoever has flash, a card or some RAM for it.
//!
//! Purpose: [`Store`] is what a world needs of a chip; [`serve`] carries one job out, between two turns, and
//! [`restore`] gives rooms back what was kept of them, before anybody is let in. [`RamStore`] keeps until the power goes: a room
//! that a world closes and opens again finds its values.
//!
//! Contract of a store: what a call has answered `Ok` stays, whatever happens next, as far as the chip promises that.
//! Calls block, so they are short: a page of flash takes milliseconds, and nobody is heard meanwhile.
//!
//! Bounds: one job a call; the buffer has `World::job_bytes`.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::saves::{Found, RestoreRefusal, StoreOutcome, StoreTask};
use tinyrealm_core::node::world::{Game, RecordId, SAVE_KEY_MAX_BYTES, World};
use tinyrealm_core::protocol::RoomId;

/// A store can't do something: it is full, or worn.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct StoreFailed;

/// What lies in the buffer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Lying {
    /// The game's version that has kept it.
    pub version: u16,
    /// How many bytes it has, even if the buffer is shorter.
    pub bytes: usize,
}

/// Where a device's world keeps things; see the [module](self).
pub trait Store {
    /// Does what is not a load: saves, records, forgets.
    ///
    /// # Errors
    /// [`StoreFailed`]; what was there is there still.
    fn write(&mut self, task: &StoreTask, version: u16, bytes: &[u8]) -> Result<(), StoreFailed>;

    /// Puts what is under a key into `out`.
    ///
    /// # Errors
    /// [`StoreFailed`] if that can't be told.
    fn load(&mut self, key: &str, out: &mut [u8]) -> Result<Option<Lying>, StoreFailed>;

    /// Puts the state of a room into `out`.
    ///
    /// # Errors
    /// [`StoreFailed`] if that can't be told.
    fn room(&mut self, room: RoomId, out: &mut [u8]) -> Result<Option<Lying>, StoreFailed>;
}

/// Carries the next job out, and tells the world; answers whether there was one.
pub fn serve<'a, G: Game>(
    turn: &mut Turn<'_>,
    node: &mut Node<'a, World<'a, G>>,
    store: &mut impl Store,
    buffer: &mut [u8],
) -> bool {
    let Some(job) = node.act(turn, |world, _| world.next_job(buffer)) else { return false };
    let outcome = match &job.task {
        StoreTask::Load(key) => match store.load(key, buffer) {
            Ok(Some(Lying { version, bytes })) => {
                StoreOutcome::Found(Found { version, buffer, bytes })
            }
            Ok(None) => StoreOutcome::Done,
            Err(StoreFailed) => StoreOutcome::Failed,
        },
        task => {
            let bytes = buffer.get(..job.bytes).unwrap_or_default();
            let written = store.write(task, job.version, bytes);
            written.map_or(StoreOutcome::Failed, |()| StoreOutcome::Done)
        }
    };
    node.act(turn, |world, cx| world.finish_job(cx, job.key, outcome));
    true
}

/// The rooms of a world that has not started go on where they were; `refused` hears of those that do not.
pub fn restore<'a, G: Game>(
    turn: &mut Turn<'_>,
    node: &mut Node<'a, World<'a, G>>,
    store: &mut impl Store,
    buffer: &mut [u8],
    mut refused: impl FnMut(RoomId, RestoreRefusal),
) {
    for room in (0..node.role().rooms().rooms() as u16).map(RoomId) {
        let Ok(Some(Lying { version, bytes })) = store.room(room, buffer) else { continue };
        let found = Found { version, buffer: &mut *buffer, bytes };
        if let Err(why) = node.act(turn, |world, cx| world.restore_room(cx, room, found)) {
            refused(room, why);
        }
    }
}

/// One thing that is kept.
#[derive(Copy, Clone, Debug)]
struct Cell<const BYTES: usize> {
    kind: Kind,
    version: u16,
    name: [u8; SAVE_KEY_MAX_BYTES],
    name_bytes: u8,
    bytes: u16,
    content: [u8; BYTES],
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Kind {
    Vacant = 0,
    Value = 1,
    Record = 2,
    Room = 3,
}

/// `CELLS` values, records and rooms of up to `BYTES`, in RAM: all-zero bits when it is empty. What does not fit fails.
#[derive(Debug)]
pub struct RamStore<const CELLS: usize, const BYTES: usize>([Cell<BYTES>; CELLS]);

impl<const CELLS: usize, const BYTES: usize> RamStore<CELLS, BYTES> {
    /// Nothing is kept.
    pub const NEW: Self = Self(
        [Cell {
            kind: Kind::Vacant,
            version: 0,
            name: [0; SAVE_KEY_MAX_BYTES],
            name_bytes: 0,
            bytes: 0,
            content: [0; BYTES],
        }; CELLS],
    );

    /// How many things are kept.
    pub fn len(&self) -> usize {
        self.0.iter().filter(|cell| cell.kind != Kind::Vacant).count()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find(&self, kind: Kind, name: &[u8]) -> Option<usize> {
        self.0.iter().position(|cell| cell.kind == kind && cell.name() == name)
    }

    fn put(
        &mut self,
        kind: Kind,
        name: &[u8],
        version: u16,
        bytes: &[u8],
    ) -> Result<(), StoreFailed> {
        let place = self.find(kind, name);
        let place = place.or_else(|| self.0.iter().position(|cell| cell.kind == Kind::Vacant));
        let cell = place.and_then(|place| self.0.get_mut(place)).ok_or(StoreFailed)?;
        // Looked at before anything is changed: what was there stays if this does not fit.
        let content = cell.content.get_mut(..bytes.len()).ok_or(StoreFailed)?;
        let label = cell.name.get_mut(..name.len()).ok_or(StoreFailed)?;
        content.copy_from_slice(bytes);
        label.copy_from_slice(name);
        (cell.kind, cell.version) = (kind, version);
        (cell.name_bytes, cell.bytes) = (name.len() as u8, bytes.len() as u16);
        Ok(())
    }

    fn read(&self, kind: Kind, name: &[u8], out: &mut [u8]) -> Option<Lying> {
        let cell = self.0.get(self.find(kind, name)?)?;
        let content = cell.content.iter().take(usize::from(cell.bytes));
        out.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        Some(Lying { version: cell.version, bytes: usize::from(cell.bytes) })
    }
}

impl<const BYTES: usize> Cell<BYTES> {
    fn name(&self) -> &[u8] {
        self.name.get(..usize::from(self.name_bytes)).unwrap_or_default()
    }
}

impl<const CELLS: usize, const BYTES: usize> Store for RamStore<CELLS, BYTES> {
    fn write(&mut self, task: &StoreTask, version: u16, bytes: &[u8]) -> Result<(), StoreFailed> {
        match task {
            StoreTask::Load(_) => Ok(()),
            StoreTask::Save(key) => self.put(Kind::Value, key.as_bytes(), version, bytes),
            StoreTask::Record { id: RecordId(id), .. } => match self.find(Kind::Record, id) {
                Some(_) => Ok(()),
                None => self.put(Kind::Record, id, version, bytes),
            },
            StoreTask::SaveRoom(room) => {
                self.put(Kind::Room, &room.0.to_le_bytes(), version, bytes)
            }
            StoreTask::ForgetRoom(room) => {
                let place = self.find(Kind::Room, &room.0.to_le_bytes());
                if let Some(cell) = place.and_then(|place| self.0.get_mut(place)) {
                    cell.kind = Kind::Vacant;
                }
                Ok(())
            }
        }
    }

    fn load(&mut self, key: &str, out: &mut [u8]) -> Result<Option<Lying>, StoreFailed> {
        Ok(self.read(Kind::Value, key.as_bytes(), out))
    }

    fn room(&mut self, room: RoomId, out: &mut [u8]) -> Result<Option<Lying>, StoreFailed> {
        Ok(self.read(Kind::Room, &room.0.to_le_bytes(), out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(key: &str) -> StoreTask {
        StoreTask::Save(heapless::String::try_from(key).unwrap())
    }

    #[test]
    fn both_sides_of_what_a_store_in_ram_holds() {
        let mut store = RamStore::<2, 4>::NEW;
        let mut out = [0; 4];
        assert_eq!(store.load("k", &mut out), Ok(None));
        assert_eq!(store.write(&save("k"), 7, b"1234"), Ok(()));
        assert_eq!(store.load("k", &mut out), Ok(Some(Lying { version: 7, bytes: 4 })));
        assert_eq!((&out, store.len()), (b"1234", 1));
        // What does not fit leaves what was there.
        assert_eq!(store.write(&save("k"), 8, b"12345"), Err(StoreFailed));
        assert_eq!(store.load("k", &mut out), Ok(Some(Lying { version: 7, bytes: 4 })));
        assert_eq!(store.write(&save("other"), 7, b""), Ok(()));
        assert_eq!(store.write(&save("third"), 7, b""), Err(StoreFailed));
        assert_eq!(store.write(&save("k"), 8, b"5"), Ok(()));
        assert_eq!(store.load("k", &mut out), Ok(Some(Lying { version: 8, bytes: 1 })));
    }

    #[test]
    fn a_record_stays_and_a_room_is_forgotten() {
        let mut store = RamStore::<2, 4>::NEW;
        let mut out = [0; 4];
        let record = StoreTask::Record { id: RecordId([1; 16]), kind: 0x5101 };
        assert_eq!(store.write(&record, 7, b"1"), Ok(()));
        assert_eq!(store.write(&record, 7, b"22"), Ok(()));
        assert_eq!(store.len(), 1);
        let room = RoomId(3);
        assert_eq!(store.write(&StoreTask::SaveRoom(room), 7, b"abc"), Ok(()));
        assert_eq!(store.room(room, &mut out), Ok(Some(Lying { version: 7, bytes: 3 })));
        assert_eq!(store.room(RoomId(4), &mut out), Ok(None));
        assert_eq!(store.write(&StoreTask::ForgetRoom(room), 7, b""), Ok(()));
        assert_eq!((store.room(room, &mut out), store.len()), (Ok(None), 1));
    }
}
