//! The built-in store: what it answers, and what it is found in again.

use std::path::PathBuf;

use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::protocol::RoomId;

use super::sqlite::{SqliteStore, records};
use super::{Change, Kept, Owner, Store};

const OWNER: Owner = Owner { game: "chess", fingerprint: 0xFFFF_FFFF };

/// A folder of one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("tinyrealm-store-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self, id: u16, owner: Owner) -> anyhow::Result<SqliteStore> {
        SqliteStore::open(&self.0, id, owner)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kept(version: u16, bytes: &[u8]) -> Kept {
    Kept { version, bytes: bytes.to_vec() }
}

fn save(key: &str, bytes: &[u8]) -> Change {
    Change::Save(key.to_owned(), kept(7, bytes))
}

fn record(id: u8, bytes: &[u8]) -> Change {
    Change::Record { id: RecordId([id; 16]), kind: 0x5101, kept: kept(7, bytes) }
}

#[test]
fn the_newest_value_of_a_key_is_there_when_it_is_opened_again() {
    let folder = Scratch::new("values");
    let mut store = folder.open(1, OWNER).unwrap();
    assert_eq!(store.load("best").unwrap(), None);
    store.write(&[save("best", b"1"), save("other", b""), save("best", &[255; 4_096])]).unwrap();
    drop(store);
    let mut store = folder.open(1, OWNER).unwrap();
    assert_eq!(store.load("best").unwrap(), Some(kept(7, &[255; 4_096])));
    assert_eq!(store.load("other").unwrap(), Some(kept(7, b"")));
    // Another game, or another world, has its own.
    drop(store);
    let mut other = folder.open(1, Owner { game: "go", ..OWNER }).unwrap();
    assert_eq!(other.load("best").unwrap(), None);
    assert_eq!(folder.open(2, OWNER).unwrap().load("best").unwrap(), None);
}

#[test]
fn a_record_is_kept_once_and_stays_as_it_was() {
    let folder = Scratch::new("records");
    let mut store = folder.open(1, OWNER).unwrap();
    store.write(&[record(1, b"first"), record(2, b"second"), record(1, b"again")]).unwrap();
    store.write(&[record(2, b"again"), record(3, b"third")]).unwrap();
    // They are read while the world runs.
    let file = folder.0.join("world-1.db");
    let found = records(&file, "chess").unwrap();
    let values: Vec<_> = found.iter().map(|record| record.value.as_slice()).collect();
    assert_eq!(values, [&b"first"[..], b"second", b"third"]);
    assert_eq!(
        (found[0].kind, found[0].version, found[0].id.as_slice()),
        (0x5101, 7, &[1; 16][..])
    );
    assert_eq!((records(&file, "").unwrap().len(), records(&file, "go").unwrap().len()), (3, 0));
}

#[test]
fn rooms_are_kept_until_they_are_forgotten() {
    let folder = Scratch::new("rooms");
    let mut store = folder.open(1, OWNER).unwrap();
    let state = |room, bytes: &[u8]| Change::SaveRoom(RoomId(room), kept(7, bytes));
    store
        .write(&[state(2, b"two"), state(0, b"none"), state(2, b"TWO"), state(1, b"one")])
        .unwrap();
    store.write(&[Change::ForgetRoom(RoomId(1)), Change::ForgetRoom(RoomId(9))]).unwrap();
    drop(store);
    let rooms = folder.open(1, OWNER).unwrap().rooms().unwrap();
    assert_eq!(rooms, [(RoomId(0), kept(7, b"none")), (RoomId(2), kept(7, b"TWO"))]);
}

#[test]
fn a_world_s_file_is_its_own_until_it_ends() {
    let folder = Scratch::new("lock");
    let store = folder.open(1, OWNER).unwrap();
    let problem = folder.open(1, OWNER).map(drop).unwrap_err().to_string();
    assert!(problem.contains("world.data_folder"), "{problem}");
    assert!(folder.open(2, OWNER).is_ok());
    drop(store);
    assert!(folder.open(1, OWNER).is_ok());
}

#[test]
fn what_is_not_there_any_more_keeps_nothing() {
    let folder = Scratch::new("displaced");
    let mut store = folder.open(1, OWNER).unwrap();
    store.write(&[save("k", b"1")]).unwrap();
    std::fs::remove_file(folder.0.join("world-1.db")).unwrap();
    let problem = store.write(&[save("k", b"2")]).unwrap_err().to_string();
    assert!(problem.contains("is gone"), "{problem}");
    assert!(store.load("k").is_err());
}

fn refusal(folder: &Scratch) -> String {
    format!("{:#}", folder.open(1, OWNER).map(drop).unwrap_err())
}

/// Nothing that was kept is begun anew in silence.
#[test]
fn a_store_that_has_gone_or_is_damaged_is_refused() {
    let folder = Scratch::new("damaged");
    let mut store = folder.open(1, OWNER).unwrap();
    for number in 0..64 {
        store.write(&[save(&format!("k{number}"), &[7; 2_000])]).unwrap();
    }
    drop(store);
    let [file, lock] = ["world-1.db", "world-1.lock"].map(|name| folder.0.join(name));
    let whole = std::fs::read(&file).unwrap();
    for is_there in [true, false] {
        match is_there {
            true => std::fs::write(&file, b"").unwrap(),
            false => std::fs::remove_file(&file).unwrap(),
        }
        let refused = refusal(&folder);
        assert!(refused.contains("gone or empty") && refused.contains("world-1.lock"), "{refused}");
    }
    let mut noisy = whole.clone();
    noisy[8_192..20_192].fill(0xA5);
    for bad in [&noisy[..], &whole[..whole.len() - 100], &[7; 9_000]] {
        std::fs::write(&file, bad).unwrap();
        let refused = refusal(&folder);
        assert!(refused.contains("world-1.db"), "{refused}");
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(folder.open(1, OWNER).unwrap().load("k9").unwrap(), Some(kept(7, &[7; 2_000])));
    std::fs::write(&lock, [7; 9_000]).unwrap();
    let refused = refusal(&folder);
    assert!(refused.contains("can't lock") && !refused.contains("another process"), "{refused}");
    // Whoever wants to begin anew does what the words say.
    std::fs::remove_file(&lock).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(folder.open(1, OWNER).unwrap().load("k9").unwrap(), None);
}

#[test]
fn what_a_newer_version_has_written_is_not_touched() {
    let folder = Scratch::new("newer");
    drop(folder.open(1, OWNER).unwrap());
    let connection = rusqlite::Connection::open(folder.0.join("world-1.db")).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    let problem = format!("{:#}", folder.open(1, OWNER).map(drop).unwrap_err());
    assert!(problem.contains("newer"), "{problem}");
    assert!(records(&folder.0.join("world-1.db"), "").is_err());
}
