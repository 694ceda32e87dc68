//! The built-in store, and whatever other there may be: what every store has to do.

mod device_keys;
mod keeping;
#[cfg(feature = "cluster")]
mod postgres;
mod stores;

use super::place::Place;
use super::*;
use crate::config::login::LoginSettings;
use stores::{Kind, Scratch, of_every_store};
use tinyrealm_core::protocol::{REVOCATION_PAGE, Revocation};

mod in_sqlite {
    super::of_every_store!(super::Kind::Sqlite);
}

#[cfg(feature = "cluster")]
mod in_postgres {
    super::of_every_store!(super::Kind::Postgres);
}

const LEASE: Lease = Lease { unused_s: 60, used_s: 600 };

fn new(id: &str, purpose: Purpose) -> NewAccount {
    let lease = (purpose == Purpose::ThrowAway).then_some(LEASE);
    NewAccount { id: id.to_owned(), password_hash: format!("hash of {id}"), lease }
}

/// A store with one person, and her uid.
fn with_alice(scratch: &Scratch) -> (Box<dyn AccountStore>, Uid) {
    let mut store = scratch.open();
    store.create(&[new("alice", Purpose::Person)]).unwrap();
    let uid = store.find("alice").unwrap().unwrap().uid;
    (store, uid)
}

fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

fn grant(uid: Uid, number: u8) -> Grant<'static> {
    Grant {
        uid,
        checked_hash: "hash of alice",
        token: token(number),
        now: 1_000,
        expires_at: 2_000,
        most_tokens: 3,
    }
}

fn verified(store: &mut dyn AccountStore, number: u8, now: UnixSeconds) -> Option<Uid> {
    store.verify(&token(number), now).unwrap().map(|(uid, ..)| uid)
}

fn accounts_are_found_and_last(kind: Kind) {
    let scratch = kind.scratch("found");
    let (mut store, uid) = with_alice(&scratch);
    assert!(uid.0 > 0 && uid.0.cast_signed() < FIRST_GUEST);
    assert!(store.find("bob").unwrap().is_none() && store.find("Alice").unwrap().is_none());
    drop(store);
    let mut again = scratch.open();
    let alice = again.find("alice").unwrap().unwrap();
    assert_eq!((alice.uid, alice.password_hash.as_str()), (uid, "hash of alice"));
    assert_eq!((alice.standing, alice.last_login_at), (Standing::Enabled, None));
}

#[test]
fn whoever_closes_a_file_last_leaves_no_log() {
    let scratch = Scratch::new("no-log");
    drop(with_alice(&scratch));
    assert_eq!(scratch.files(), ["accounts.db", "accounts.realm"]);
}

fn an_id_is_taken_once_and_a_uid_given_once(kind: Kind) {
    let scratch = kind.scratch("taken");
    let (mut store, uid) = with_alice(&scratch);
    let both = [new("bob", Purpose::Person), new("alice", Purpose::Person)];
    assert!(matches!(store.create(&both), Err(StoreError::Taken(id)) if id == "alice"));
    assert!(store.find("bob").unwrap().is_none(), "all or none");
    let thief = [new("alice", Purpose::ThrowAway)];
    assert!(matches!(store.create(&thief), Err(StoreError::Taken(_))), "persons' ids stay theirs");
    store.remove("alice").unwrap();
    assert!(matches!(store.remove("alice"), Err(StoreError::Unknown(_))));
    store.create(&[new("alice", Purpose::Person)]).unwrap();
    assert_ne!(store.find("alice").unwrap().unwrap().uid, uid);
}

fn a_token_is_one_user_s_until_it_expires(kind: Kind) {
    let scratch = kind.scratch("token");
    let (mut store, uid) = with_alice(&scratch);
    assert!(store.grant(&grant(uid, 1)).unwrap());
    for _ in 0..2 {
        assert_eq!(verified(store.as_mut(), 1, 1_999), Some(uid));
    }
    assert_eq!(store.verify(&token(1), 2_000).unwrap(), None);
    assert_eq!(store.verify(&token(2), 1_000).unwrap(), None);
    assert_eq!(store.find("alice").unwrap().unwrap().last_login_at, Some(1_000));
}

fn both_sides_of_an_account_s_tokens(kind: Kind) {
    let scratch = kind.scratch("tokens");
    let (mut store, uid) = with_alice(&scratch);
    for number in 1..=4 {
        assert!(store.grant(&grant(uid, number)).unwrap());
    }
    let good = [1, 2, 3, 4].map(|number| store.verify(&token(number), 1_000).unwrap().is_some());
    assert_eq!(good, [false, true, true, true], "the oldest ends");
    // Expired ones do not count, and do not stay.
    let later = Grant { now: 2_000, expires_at: 3_000, ..grant(uid, 5) };
    assert!(store.grant(&later).unwrap());
    assert!(store.verify(&token(5), 2_000).unwrap().is_some());
    assert!(store.verify(&token(4), 1_000).unwrap().is_none());
}

fn whatever_changes_an_account_revokes_its_tokens(kind: Kind) {
    type Change = fn(&mut dyn AccountStore) -> Result<(), StoreError>;
    let changes: [(Change, bool); 5] = [
        (|store| store.revoke("alice"), true),
        (|store| store.set_password("alice", "another hash"), false),
        (|store| store.set_standing("alice", Standing::Disabled), false),
        (|store| store.set_standing("alice", Standing::Enabled), true),
        (|store| store.remove("alice"), false),
    ];
    for (number, (change, may_log_in)) in changes.into_iter().enumerate() {
        let scratch = kind.scratch(&format!("revoked-{number}"));
        let (mut store, uid) = with_alice(&scratch);
        assert!(store.grant(&grant(uid, 1)).unwrap());
        change(store.as_mut()).unwrap();
        assert_eq!(store.verify(&token(1), 1_000).unwrap(), None, "{number}");
        // A check that began before the change gets no token behind it.
        assert_eq!(store.grant(&grant(uid, 2)).unwrap(), may_log_in, "{number}");
    }
}

fn a_new_hash_of_the_same_password_revokes_nothing(kind: Kind) {
    let scratch = kind.scratch("rehash");
    let (mut store, uid) = with_alice(&scratch);
    assert!(store.grant(&grant(uid, 1)).unwrap());
    store.rehash(uid, "not the hash", "stolen").unwrap();
    store.rehash(uid, "hash of alice", "newer hash").unwrap();
    assert_eq!(store.find("alice").unwrap().unwrap().password_hash, "newer hash");
    assert_eq!(verified(store.as_mut(), 1, 1_000), Some(uid));
}

fn throw_aways_come_and_go(kind: Kind) {
    let scratch = kind.scratch("throw-aways");
    let (mut store, _) = with_alice(&scratch);
    store.create(&[new("bot-person", Purpose::Person)]).unwrap();
    let made = throw_away::ThrowAways::make(&scratch.settings(), "bot-", 3).unwrap();
    assert_eq!(made.credentials.len(), 3);
    // Those of a run that was killed are replaced.
    std::mem::forget(made);
    let made = throw_away::ThrowAways::make(&scratch.settings(), "bot-", 2).unwrap();
    assert_eq!(store.list().unwrap().len(), 4);
    drop(made);
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|account| account.id).collect();
    assert_eq!(ids, ["alice", "bot-person"]);
}

/// Accounts of bots that were killed, and of visitors that never came.
fn both_sides_of_a_lease(kind: Kind) {
    let scratch = kind.scratch("lease");
    let (mut store, _) = with_alice(&scratch);
    store.create(&[new("bot-1", Purpose::ThrowAway), new("bot-2", Purpose::ThrowAway)]).unwrap();
    let bot = store.find("bot-1").unwrap().unwrap();
    let made = bot.created_at;
    let login =
        Grant { uid: bot.uid, checked_hash: "hash of bot-1", now: made + 5, ..grant(bot.uid, 1) };
    assert!(store.grant(&login).unwrap());
    assert_eq!(store.sweep(made + 59).unwrap(), 0);
    assert_eq!(store.sweep(made + 62).unwrap(), 1, "the one that nobody has used");
    assert_eq!(store.sweep(made + 604).unwrap(), 0);
    store.keep_throw_aways("bot-", made + 1_000).unwrap();
    assert_eq!(store.sweep(made + 999).unwrap(), 0);
    assert_eq!(store.sweep(made + 1_000).unwrap(), 1);
    assert_eq!(store.list().unwrap().len(), 1, "a person's account is nobody's to sweep");
}

fn several_may_use_the_store_at_once(kind: Kind) {
    let scratch = kind.scratch("shared");
    let threads = [0, 1, 2, 3].map(|thread| {
        let settings = scratch.settings();
        std::thread::spawn(move || {
            let mut store = open(&settings).unwrap();
            for number in 0..20 {
                let id = format!("user-{thread}-{number}");
                store.create(&[new(&id, Purpose::Person)]).unwrap();
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(scratch.open().list().unwrap().len(), 80);
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("private");
    let _store = with_alice(&scratch);
    for file in std::fs::read_dir(&scratch.folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let scratch = Scratch::new("newer");
    drop(scratch.open());
    let path = scratch.folder.join("accounts.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 4).unwrap();
    drop(connection);
    let error = open(&scratch.settings()).err().unwrap();
    assert!(format!("{error:#}").contains("update the program"), "{error:#}");
}

#[test]
fn both_sides_of_an_id() {
    assert_eq!(id_problem("a.b_c-9"), None);
    assert_eq!(id_problem(&"a".repeat(32)), None);
    for bad in ["", "Alice", "a b", "ä", &"a".repeat(33)] {
        assert!(id_problem(bad).is_some(), "{bad:?}");
    }
}

fn page(store: &mut dyn AccountStore, revision: u64, uid: Uid) -> RevocationPage {
    store.revoked_since(&RevocationWork { revision: Revision(revision), uid }).unwrap()
}

fn whatever_ends_somebody_s_rights_is_told_in_order(kind: Kind) {
    let scratch = kind.scratch("revocations");
    let (mut store, alice) = with_alice(&scratch);
    store.create(&[new("bob", Purpose::Person)]).unwrap();
    let bob = store.find("bob").unwrap().unwrap().uid;
    let before = store.revision().unwrap();
    assert!(page(store.as_mut(), before.0, Uid::MAX).list.is_empty());
    assert!(store.grant(&grant(alice, 1)).unwrap());
    assert_eq!(store.verify(&token(1), 1_000).unwrap(), Some((alice, before, "alice".to_owned())));
    assert_eq!(store.revision().unwrap(), before, "a login ends nobody's rights");
    // Somebody else's hand, as the command line's is.
    scratch.open().revoke("alice").unwrap();
    scratch.open().remove("bob").unwrap();
    let now = store.revision().unwrap();
    assert!(now > before);
    let told = page(store.as_mut(), before.0, Uid::MAX);
    let uids: Vec<Uid> = told.list.iter().map(|one| one.uid).collect();
    assert_eq!((uids, told.complete), (vec![alice, bob], now));
    assert!(told.list[0].revision > before && told.list[0].revision < told.list[1].revision);
    assert_eq!(told.list[0].renewed_at, Revision(0));
    // Once more, and then a login.
    store.revoke("alice").unwrap();
    assert!(store.grant(&grant(alice, 2)).unwrap());
    let told = page(store.as_mut(), before.0, Uid::MAX);
    let newest = store.revision().unwrap();
    assert_eq!((told.list[0].uid, told.list[1].uid), (bob, alice));
    assert_eq!((told.list[1].revision, told.list[1].renewed_at), (newest, newest));
    assert!(page(store.as_mut(), newest.0, Uid::MAX).list.is_empty());
}

fn both_sides_of_a_page_of_revocations(kind: Kind) {
    let scratch = kind.scratch("pages");
    let (mut store, _) = with_alice(&scratch);
    let count = REVOCATION_PAGE;
    let bots: Vec<_> = (0..=count).map(|n| new(&format!("bot-{n}"), Purpose::ThrowAway)).collect();
    store.create(&bots[..count]).unwrap();
    let before = store.revision().unwrap();
    store.remove_throw_aways("bot-").unwrap();
    let told = page(store.as_mut(), before.0, Uid::MAX);
    assert_eq!((told.list.len(), told.complete), (count, store.revision().unwrap()));
    store.create(&bots).unwrap();
    let before = store.revision().unwrap();
    store.remove_throw_aways("bot-").unwrap();
    let told = page(store.as_mut(), before.0, Uid::MAX);
    assert_eq!((told.list.len(), told.complete), (count, Revision(0)));
    // All of them have the same revision.
    let last = told.list[count - 1];
    let rest = page(store.as_mut(), last.revision.0, last.uid);
    assert_eq!((rest.list.len(), rest.complete), (1, last.revision));
}

/// Behind a restored backup everybody is somebody of before.
#[test]
fn a_restored_store_revokes_everybody() {
    let scratch = Scratch::new("all-revoked");
    let (mut store, _) = with_alice(&scratch);
    let target = scratch.folder.join("backup");
    backup(&scratch.settings(), &target).unwrap();
    store.revoke("alice").unwrap();
    let before = store.revision().unwrap();
    drop(store);
    restore(&scratch.settings(), &target).unwrap();
    let mut store = scratch.open();
    let now = store.revision().unwrap();
    assert!(now > before);
    let told = page(store.as_mut(), before.0, Uid::MAX);
    let everybody = Revocation { uid: Uid::NOBODY, revision: now, renewed_at: Revision(0) };
    assert_eq!((told.list.as_slice(), told.complete), (&[everybody][..], now));
    assert!(page(store.as_mut(), now.0, Uid::MAX).list.is_empty());
}
