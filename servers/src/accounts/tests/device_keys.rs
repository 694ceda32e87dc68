//! Keys of devices: kept, found, shown, taken away.

use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::KeyId;

use super::*;
use crate::accounts::device_keys::USE_NOTED_S;

fn key(number: u8) -> DeviceKey {
    DeviceKey::new([number; 32])
}

fn add(store: &mut dyn AccountStore, id: &str, number: u8) -> Result<(), StoreError> {
    store.add_device_key(id, &(&key(number)).into())
}

/// Whose device it is.
fn shown(store: &mut dyn AccountStore, number: u8, now: UnixSeconds) -> Option<Uid> {
    let token = TokenHash::of(&key(number).token());
    store.verify(&token, now).unwrap().map(|(uid, ..)| uid)
}

fn last_use(store: &mut dyn AccountStore) -> Option<UnixSeconds> {
    store.device_keys("alice").unwrap()[0].last_used_at
}

pub(super) fn a_key_is_its_account_s_until_it_is_taken_away(kind: Kind) {
    let scratch = kind.scratch("device");
    let (mut store, alice) = with_alice(&scratch);
    store.create(&[new("bob", Purpose::Person)]).unwrap();
    assert_eq!(store.find_device(key(1).key_id()).unwrap(), None);
    let before = store.revision().unwrap();
    add(store.as_mut(), "alice", 1).unwrap();
    assert_eq!(store.revision().unwrap(), before, "it ends nobody's rights");
    drop(store);
    let mut store = scratch.open();
    assert_eq!(store.find_device(key(1).key_id()).unwrap(), Some(key(1).seal_key()));
    assert_eq!(
        (shown(store.as_mut(), 1, 1_000), shown(store.as_mut(), 2, 1_000)),
        (Some(alice), None)
    );
    assert!(matches!(add(store.as_mut(), "bob", 1), Err(StoreError::KeyTaken)));
    assert!(matches!(add(store.as_mut(), "carol", 2), Err(StoreError::Unknown(_))));
    // It is not another account's to take away, and not twice.
    let ids = [("bob", key(1).key_id()), ("alice", key(2).key_id())];
    for (id, key_id) in ids {
        let refused = store.remove_device_key(id, key_id);
        assert!(matches!(refused, Err(StoreError::UnknownKey(unknown)) if unknown == key_id));
    }
    assert!(store.grant(&grant(alice, 1)).unwrap());
    store.remove_device_key("alice", key(1).key_id()).unwrap();
    assert_eq!(store.find_device(key(1).key_id()).unwrap(), None);
    assert_eq!(shown(store.as_mut(), 1, 1_000), None);
    assert_eq!(verified(store.as_mut(), 1, 1_000), None, "its session's rights end, too");
    let told = page(store.as_mut(), before.0, Uid::MAX);
    assert_eq!(told.list.iter().map(|one| one.uid).collect::<Vec<_>>(), [alice]);
}

pub(super) fn who_may_not_come_in_does_not_by_a_device_s_key_either(kind: Kind) {
    let scratch = kind.scratch("device-disabled");
    let (mut store, alice) = with_alice(&scratch);
    add(store.as_mut(), "alice", 1).unwrap();
    store.set_standing("alice", Standing::Disabled).unwrap();
    assert_eq!(store.find_device(key(1).key_id()).unwrap(), None);
    assert_eq!(shown(store.as_mut(), 1, 1_000), None);
    store.set_standing("alice", Standing::Enabled).unwrap();
    assert_eq!(shown(store.as_mut(), 1, 1_000), Some(alice), "a key outlives tokens");
    store.remove("alice").unwrap();
    assert_eq!(shown(store.as_mut(), 1, 1_000), None);
    store.create(&[new("alice", Purpose::Person)]).unwrap();
    assert_eq!(store.device_keys("alice").unwrap(), []);
}

pub(super) fn both_sides_of_an_account_s_keys(kind: Kind) {
    let scratch = kind.scratch("device-many");
    let (mut store, _) = with_alice(&scratch);
    for number in 0..DEVICE_KEYS_MAX as u8 {
        add(store.as_mut(), "alice", number).unwrap();
    }
    let listed: Vec<KeyId> =
        store.device_keys("alice").unwrap().iter().map(|key| key.key_id).collect();
    assert_eq!(listed.len(), DEVICE_KEYS_MAX as usize);
    assert!(matches!(add(store.as_mut(), "alice", 99), Err(StoreError::TooManyKeys)));
    store.remove_device_key("alice", listed[0]).unwrap();
    add(store.as_mut(), "alice", 99).unwrap();
}

pub(super) fn both_sides_of_when_a_use_is_noted(kind: Kind) {
    let scratch = kind.scratch("device-use");
    let (mut store, _) = with_alice(&scratch);
    add(store.as_mut(), "alice", 1).unwrap();
    store.find_device(key(1).key_id()).unwrap();
    assert_eq!(last_use(store.as_mut()), None, "who asks by its name has shown nothing");
    let noted =
        [(1_000, 1_000), (999 + USE_NOTED_S, 1_000), (1_000 + USE_NOTED_S, 1_000 + USE_NOTED_S)];
    for (now, expected) in noted {
        shown(store.as_mut(), 1, now);
        assert_eq!(last_use(store.as_mut()), Some(expected), "{now}");
    }
    assert_eq!(store.find("alice").unwrap().unwrap().last_login_at, Some(1_000 + USE_NOTED_S));
}

/// Main hears of somebody who has come again behind a revocation that its session is of after it.
pub(super) fn a_device_that_comes_again_is_not_who_was_revoked(kind: Kind) {
    let scratch = kind.scratch("device-renewed");
    let (mut store, _) = with_alice(&scratch);
    add(store.as_mut(), "alice", 1).unwrap();
    shown(store.as_mut(), 1, 1_000);
    let before = store.revision().unwrap();
    store.revoke("alice").unwrap();
    assert_eq!(page(store.as_mut(), before.0, Uid::MAX).list[0].renewed_at, Revision(0));
    shown(store.as_mut(), 1, 1_001);
    let now = store.revision().unwrap();
    assert_eq!(page(store.as_mut(), before.0, Uid::MAX).list[0].renewed_at, now);
    assert_eq!(last_use(store.as_mut()), Some(1_001));
}

/// A store of the version before has no such table.
#[test]
fn a_store_of_before_gets_keys() {
    let scratch = Scratch::new("device-before");
    drop(with_alice(&scratch));
    let connection = rusqlite::Connection::open(scratch.folder.join("accounts.db")).unwrap();
    connection.execute_batch("DROP TABLE device_keys; PRAGMA user_version = 2;").unwrap();
    drop(connection);
    let mut store = scratch.open();
    add(store.as_mut(), "alice", 1).unwrap();
    assert!(shown(store.as_mut(), 1, 1_000).is_some());
}
