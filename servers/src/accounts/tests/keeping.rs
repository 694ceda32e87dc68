//! What becomes of a store whose file is lost, damaged, replaced, copied, brought back.

use super::*;
use crate::accounts::opening::SKIPPED;

impl Scratch {
    fn place(&self) -> Place {
        Place::in_folder(&self.folder)
    }

    fn file(&self) -> PathBuf {
        self.place().file
    }

    /// Makes an account; answers its uid.
    fn add(&self, id: &str) -> Uid {
        let mut store = self.open();
        store.create(&[new(id, Purpose::Person)]).unwrap();
        store.find(id).unwrap().unwrap().uid
    }

    #[track_caller]
    fn refused(&self, named: &str) {
        let error = open_at_start(&self.settings(), IfLost::Refuse).unwrap_err();
        assert!(format!("{error:#}").contains(named), "{error:#}");
    }
}

fn all(uids: &[Uid]) -> usize {
    uids.iter().collect::<std::collections::HashSet<_>>().len()
}

#[test]
fn a_lost_file_is_told_and_no_uid_comes_again() {
    let scratch = Scratch::new("lost");
    let mut uids = vec![scratch.add("a"), scratch.add("b")];
    scratch.open().remove("b").unwrap();
    for emptied in [false, true] {
        match emptied {
            false => std::fs::remove_file(scratch.file()).unwrap(),
            true => std::fs::write(scratch.file(), "").unwrap(),
        }
        scratch.refused("gone or empty");
        scratch.refused("user restore");
        assert_eq!(scratch.files().contains(&"accounts.db".to_owned()), emptied, "nothing is made");
        open_at_start(&scratch.settings(), IfLost::Create).unwrap();
        assert_eq!(scratch.open().list().unwrap().len(), 0);
        uids.push(scratch.add("c"));
    }
    assert_eq!(all(&uids), 4, "{uids:?}");
    // What is there is not made anew.
    open_at_start(&scratch.settings(), IfLost::Create).unwrap();
    assert_eq!(scratch.open().list().unwrap().len(), 1);
}

#[test]
fn a_first_start_that_was_cut_short_is_no_loss() {
    let scratch = Scratch::new("first");
    drop(scratch.open());
    std::fs::remove_file(scratch.file()).unwrap();
    scratch.add("a");
}

#[test]
fn what_is_no_store_any_more_is_refused() {
    let scratch = Scratch::new("damaged");
    for number in 0..500 {
        let text = "x".repeat(100);
        let account =
            NewAccount { password_hash: text, ..new(&format!("u{number}"), Purpose::Person) };
        scratch.open().create(&[account]).unwrap();
    }
    let whole = std::fs::read(scratch.file()).unwrap();
    assert!(whole.len() > 40_000, "{}", whole.len());
    let damage = |what: &str, bytes: &[u8]| {
        std::fs::write(scratch.file(), bytes).unwrap();
        println!("{what}");
        scratch.refused("damaged");
        scratch.refused("user restore");
    };
    for least in [1, 100, 512, 4_096, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        damage(&format!("{least} bytes of it"), &whole[..least]);
    }
    damage("zeros", &vec![0; whole.len()]);
    damage("something else", &vec![b'x'; whole.len()]);
    let mut noise = 1_u32;
    let mut next = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    for start in (4_096..whole.len() - 12_288).step_by(5_000) {
        let mut bytes = whole.clone();
        bytes[start..start + 12_288].fill_with(&mut next);
        damage(&format!("12 KB of noise from {start} on"), &bytes);
    }
    std::fs::write(scratch.file(), &whole).unwrap();
    open_at_start(&scratch.settings(), IfLost::Refuse).unwrap();
}

#[test]
fn a_file_that_goes_while_it_is_open_is_noticed() {
    type Loss = fn(&Scratch);
    let losses: [Loss; 4] = [
        |scratch| std::fs::remove_file(scratch.file()).unwrap(),
        |scratch| std::fs::rename(scratch.file(), scratch.folder.join("away")).unwrap(),
        |scratch| {
            let copy = scratch.folder.join("copy");
            std::fs::copy(scratch.file(), &copy).unwrap();
            std::fs::rename(copy, scratch.file()).unwrap();
        },
        |scratch| drop(std::fs::File::create(scratch.file()).unwrap()),
    ];
    for (number, lose) in losses.into_iter().enumerate() {
        let scratch = Scratch::new(&format!("goes-{number}"));
        let (mut store, uid) = with_alice(&scratch);
        lose(&scratch);
        let told: [Option<StoreError>; 5] = [
            store.create(&[new("b", Purpose::Person)]).err(),
            store.grant(&grant(uid, 1)).err(),
            store.revoke("alice").err(),
            store.verify(&token(1), 0).err(),
            store.find("alice").err(),
        ];
        for error in told {
            assert!(matches!(error, Some(StoreError::Displaced(_))), "{number}: {error:?}");
        }
    }
    // It may come back.
    let scratch = Scratch::new("comes-back");
    let (mut store, _) = with_alice(&scratch);
    let away = scratch.folder.join("away");
    std::fs::rename(scratch.file(), &away).unwrap();
    assert!(store.find("alice").is_err());
    std::fs::rename(&away, scratch.file()).unwrap();
    store.create(&[new("b", Purpose::Person)]).unwrap();
}

#[test]
fn a_backup_has_what_the_log_has_and_comes_back_above_it() {
    let scratch = Scratch::new("backup");
    let (mut store, alice) = with_alice(&scratch);
    assert!(store.grant(&grant(alice, 1)).unwrap());
    // The store is open, so its log is not in the file.
    let target = scratch.folder.join("backup-1");
    backup(&scratch.settings(), &target).unwrap();
    assert!(backup(&scratch.settings(), &target).is_err(), "no backup takes another's place");
    drop(store);
    let later = scratch.add("later");
    let former = restore(&scratch.settings(), &target).unwrap().unwrap();
    assert!(former.exists());
    let mut store = scratch.open();
    assert_eq!(store.find("alice").unwrap().unwrap().uid, alice);
    assert_eq!(store.verify(&token(1), 1_000).unwrap(), None, "tokens have ended");
    assert!(store.find("later").unwrap().is_none());
    drop(store);
    let next = scratch.add("next");
    assert_eq!(next.0, later.0 + 1);
    // The last one of all that there were, too, if it was removed.
    scratch.open().remove("next").unwrap();
    restore(&scratch.settings(), &target).unwrap();
    assert_eq!(scratch.add("next").0, next.0 + 1);
    let names = scratch.files();
    assert!(!names.iter().any(|name| name.ends_with(".part") || name.ends_with(".restored")));
}

#[test]
fn a_copy_that_somebody_puts_back_goes_on_above_what_was_given() {
    let scratch = Scratch::new("copy");
    let (mut store, alice) = with_alice(&scratch);
    assert!(store.grant(&grant(alice, 1)).unwrap());
    drop(store);
    let copy = scratch.folder.join("copy");
    std::fs::copy(scratch.file(), &copy).unwrap();
    let mut uids = vec![alice, scratch.add("b"), scratch.add("c")];
    std::fs::copy(&copy, scratch.file()).unwrap();
    uids.push(scratch.add("d"));
    assert_eq!(all(&uids), 4, "{uids:?}");
    assert_eq!(scratch.open().verify(&token(1), 1_000).unwrap(), None, "tokens have ended");
}

#[test]
fn accounts_in_a_folder_that_does_not_know_them_go_on_far_above() {
    let (scratch, other) = (Scratch::new("moved-from"), Scratch::new("moved-to"));
    let uid = scratch.add("a");
    std::fs::create_dir_all(&other.folder).unwrap();
    std::fs::copy(scratch.file(), other.file()).unwrap();
    assert_eq!(other.add("b").0.cast_signed(), uid.0.cast_signed() + SKIPPED + 1);
    // Once only.
    assert_eq!(other.add("c").0.cast_signed(), uid.0.cast_signed() + SKIPPED + 2);
    // A restored backup likewise.
    let third = Scratch::new("moved-on");
    let target = scratch.folder.join("backup");
    backup(&scratch.settings(), &target).unwrap();
    assert!(restore(&third.settings(), &target).unwrap().is_none());
    assert_eq!(third.add("b").0.cast_signed(), uid.0.cast_signed() + SKIPPED + 1);
}

#[test]
fn another_realm_s_accounts_are_refused() {
    let (scratch, other) = (Scratch::new("own"), Scratch::new("others"));
    let uid = scratch.add("a");
    other.add("b");
    let target = other.folder.join("backup");
    backup(&other.settings(), &target).unwrap();
    let error = restore(&scratch.settings(), &target).unwrap_err();
    assert!(format!("{error:#}").contains("another realm"), "{error:#}");
    assert_eq!(scratch.open().find("a").unwrap().unwrap().uid, uid);
    std::fs::copy(other.file(), scratch.file()).unwrap();
    scratch.refused("another realm");
}

#[test]
fn no_backup_is_restored_that_is_none() {
    let scratch = Scratch::new("none");
    let uid = scratch.add("a");
    let file = scratch.folder.join("file");
    for (text, named) in [("", "no account store"), ("no database at all", "damaged")] {
        std::fs::write(&file, text).unwrap();
        let error = restore(&scratch.settings(), &file).unwrap_err();
        assert!(format!("{error:#}").contains(named), "{error:#}");
    }
    std::fs::write(&file, "no database at all".repeat(1_000)).unwrap();
    let error = restore(&scratch.settings(), &file).unwrap_err();
    assert!(format!("{error:#}").contains("damaged"), "{error:#}");
    let missing = restore(&scratch.settings(), &scratch.folder.join("missing")).unwrap_err();
    assert!(format!("{missing:#}").contains("there is no file"), "{missing:#}");
    assert_eq!(scratch.open().find("a").unwrap().unwrap().uid, uid);
}

/// Of a program that knew no realms.
#[test]
fn a_store_of_the_first_version_goes_on() {
    let scratch = Scratch::new("first-version");
    let uid = scratch.add("a");
    let connection = rusqlite::Connection::open(scratch.file()).unwrap();
    connection
        .execute_batch(
            "DROP TABLE realm; DROP TABLE device_keys; DROP TABLE revocations; DROP INDEX throw_aways;
             ALTER TABLE accounts DROP COLUMN expires_at; ALTER TABLE accounts DROP COLUMN used_s;
             ALTER TABLE accounts DROP COLUMN generation;
             PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(connection);
    std::fs::remove_file(scratch.place().record).unwrap();
    assert_eq!(scratch.add("b").0, uid.0 + 1);
    assert_eq!(scratch.open().find("a").unwrap().unwrap().uid, uid);
}

#[test]
fn a_record_that_can_t_be_read_is_named() {
    let scratch = Scratch::new("record");
    scratch.add("a");
    for text in ["", "nonsense", "realm = 'x'\nhighest_uid = -1\nrevision = 0\n"] {
        std::fs::write(scratch.place().record, text).unwrap();
        scratch.refused("accounts.realm");
    }
}
