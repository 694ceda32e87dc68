//! What only a database of several Logins has to do.

use std::net::Ipv6Addr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::node::login::{LoginConfig, LoginKey};
use tinyrealm_core::session::PeerAddress;
use tokio_postgres::Client;

use super::*;
use crate::accounts::opening::SKIPPED;
use crate::postgres::{Link, Patience, Problem, migrations};

fn work(id: &str, from: &str) -> LoginWork {
    let address: Ipv6Addr = from.parse().unwrap();
    LoginWork {
        key: LoginKey::DANGLING,
        id: id.try_into().unwrap(),
        from: PeerAddress(address.octets()),
        password: heapless::String::new(),
        token_hash: token(1),
        device: None,
        counted_by: CountedBy::Account,
        is_held_back: false,
    }
}

const ADDRESS: &str = "::ffff:192.0.2.7";

/// A wrong guess; how long the next one has to wait, or who may not guess.
fn guess(store: &mut dyn AccountStore, work: &LoginWork, by: CountedBy) -> Result<u32, Held> {
    match store.begin_attempt(work, by).unwrap() {
        Some(held) => Err(held),
        None => Ok(store.end_attempt(work, by, Verdict::Failed).unwrap()),
    }
}

/// How many of so many guesses are let through.
fn free_guesses(store: &mut dyn AccountStore, work: &LoginWork, by: CountedBy) -> usize {
    let least = usize::from(LoginConfig::DEFAULT.address.free_failures) * 3;
    (0..least).take_while(|_| guess(store, work, by).is_ok()).count()
}

#[test]
fn guesses_at_two_logins_are_counted_together() {
    let scratch = Kind::Postgres.scratch("guesses");
    let (mut first, mut second) = (scratch.open(), scratch.open());
    let alice = work("alice", ADDRESS);
    for number in 1..=4 {
        let store = if number % 2 == 0 { &mut first } else { &mut second };
        assert_eq!(guess(store.as_mut(), &alice, CountedBy::Account), Ok(0), "{number}");
    }
    let wait_ms = guess(first.as_mut(), &alice, CountedBy::Account).unwrap();
    assert!((1..=1_000).contains(&wait_ms), "{wait_ms}");
    let held = guess(second.as_mut(), &alice, CountedBy::Account).unwrap_err();
    assert_eq!(held.reason, LoginDenial::LOCKED);
    assert!((1..=1_000).contains(&held.retry_after_ms), "{held:?}");
    // Who was let in before, and others, are not concerned.
    for by in [CountedBy::Address, CountedBy::Device] {
        assert_eq!(guess(second.as_mut(), &alice, by), Ok(0), "{by:?}");
    }
    let bob = work("bob", "::ffff:192.0.2.8");
    assert_eq!(guess(second.as_mut(), &bob, CountedBy::Account), Ok(0));
    // What is waited for comes, and the right one ends it.
    thread::sleep(Duration::from_millis(u64::from(held.retry_after_ms)));
    assert_eq!(first.begin_attempt(&alice, CountedBy::Account).unwrap(), None);
    assert_eq!(first.end_attempt(&alice, CountedBy::Account, Verdict::Succeeded).unwrap(), 0);
    assert_eq!(guess(second.as_mut(), &alice, CountedBy::Account), Ok(0));
}

#[test]
fn of_guesses_that_come_at_once_no_more_are_let_through() {
    let scratch = Kind::Postgres.scratch("guesses-at-once");
    let threads = [0, 1, 2, 3, 4, 5].map(|thread| {
        let settings = scratch.settings();
        thread::spawn(move || {
            let mut store = open(&settings).unwrap();
            let work = work("alice", &format!("::ffff:192.0.2.{thread}"));
            (0..5)
                .filter(|_| store.begin_attempt(&work, CountedBy::Account).unwrap().is_none())
                .count()
        })
    });
    let let_through: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    // The first that costs a wait is still made.
    let free = usize::from(LoginConfig::DEFAULT.account.free_failures);
    assert_eq!(let_through, free + 1);
}

#[test]
fn addresses_and_networks_have_their_own_count() {
    let scratch = Kind::Postgres.scratch("addresses");
    let mut store = scratch.open();
    let free = usize::from(LoginConfig::DEFAULT.address.free_failures);
    let ids: Vec<String> = (0..4 * free).map(|number| format!("user-{number}")).collect();
    let let_through = |store: &mut dyn AccountStore, from: &dyn Fn(usize) -> String| {
        let guesses = ids.iter().enumerate();
        let guess = |(number, id): (usize, &String)| {
            guess(store, &work(id, &from(number)), CountedBy::Account)
        };
        guesses.map(guess).take_while(Result::is_ok).count()
    };
    assert_eq!(let_through(store.as_mut(), &|_| ADDRESS.to_owned()), free + 1);
    let held = guess(store.as_mut(), &work("zoe", ADDRESS), CountedBy::Account).unwrap_err();
    assert_eq!(held.reason, LoginDenial::TOO_MANY);
    // Whoever has a /48 has twice as many.
    let of_network = |number: usize| format!("2001:db8:1:{number:x}::1");
    assert_eq!(let_through(store.as_mut(), &of_network), 2 * free + 1);
}

#[test]
fn an_attempt_that_was_not_judged_is_none() {
    let scratch = Kind::Postgres.scratch("void");
    let mut store = scratch.open();
    let alice = work("alice", ADDRESS);
    for _ in 0..10 {
        assert_eq!(store.begin_attempt(&alice, CountedBy::Account).unwrap(), None);
        assert_eq!(store.end_attempt(&alice, CountedBy::Account, Verdict::Void).unwrap(), 0);
    }
    let free = usize::from(LoginConfig::DEFAULT.account.free_failures);
    assert_eq!(free_guesses(store.as_mut(), &alice, CountedBy::Account), free + 1);
}

#[test]
fn several_migrate_at_once_and_each_step_is_done_once() {
    let scratch = Scratch::in_empty_postgres("migrate");
    let refused = format!("{:#}", open(&scratch.settings()).err().unwrap());
    assert!(refused.contains("run `tinyrealm db migrate`"), "{refused}");
    let threads = [(); 4].map(|()| {
        let mut link = scratch.link();
        thread::spawn(move || migrations::migrate(&mut link).unwrap().len())
    });
    let done: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(done, migrations::known().len());
    drop(with_alice(&scratch));
    // One that is newer, or another one.
    let mut link = scratch.link();
    for (change, told) in [
        (
            "INSERT INTO migrations (number, name, checksum) VALUES (99, 'later', '')",
            "update the program",
        ),
        ("UPDATE migrations SET checksum = 'another' WHERE number = 1", "not this program's"),
    ] {
        link.read(Patience::Job, async |client| Ok(client.batch_execute(change).await?)).unwrap();
        let refused = format!("{:#}", open(&scratch.settings()).err().unwrap());
        assert!(refused.contains(told), "{refused}");
        assert!(migrations::migrate(&mut link).is_err());
    }
}

/// Everything of a file, and once only.
#[test]
fn a_file_is_imported_whole_once() {
    let (file, scratch) = (Scratch::new("import-from"), Kind::Postgres.scratch("import"));
    let (mut store, alice) = with_alice(&file);
    let people: Vec<_> = (0..2_500).map(|n| new(&format!("p{n}"), Purpose::Person)).collect();
    store.create(&people).unwrap();
    assert!(store.grant(&grant(alice, 1)).unwrap());
    let key = tinyrealm_core::node::device_key::DeviceKey::new([7; 32]);
    store.add_device_key("alice", &(&key).into()).unwrap();
    store.set_standing("p1", Standing::Disabled).unwrap();
    store.remove("p2499").unwrap();
    let highest = store.find("p2498").unwrap().unwrap().uid.0 + 1;
    let before = store.revision().unwrap();
    let devices = secret::devices(file.folder.to_str().unwrap()).unwrap();
    drop(store);
    let path = file.folder.join("accounts.db");
    let mut lines = Vec::new();
    let bring = |lines: &mut Vec<String>| {
        import(&scratch.settings(), &path, |line| lines.push(line.to_owned()))
    };
    assert_eq!(bring(&mut lines).unwrap(), Some(2_500));
    assert!(lines.contains(&"importing accounts: 2000 of 2500".to_owned()), "{lines:?}");
    let (mut from, mut to) = (file.open(), scratch.open());
    let listed = |store: &mut dyn AccountStore| format!("{:?}", store.list().unwrap());
    assert_eq!(listed(to.as_mut()), listed(from.as_mut()));
    assert_eq!(to.device_keys("alice").unwrap(), from.device_keys("alice").unwrap());
    assert_eq!(verified(to.as_mut(), 1, 1_000), Some(alice));
    assert_eq!(device_secret(&scratch.settings()).unwrap(), devices);
    assert!(to.revision().unwrap() > before);
    let told = |store: &mut dyn AccountStore| page(store, 0, Uid::NOBODY).list;
    assert_eq!(told(to.as_mut()), told(from.as_mut()));
    to.create(&[new("later", Purpose::Person)]).unwrap();
    assert_eq!(to.find("later").unwrap().unwrap().uid.0, highest + 1, "a uid is given once");
    // Again, and from a file that has gone on.
    assert_eq!(bring(&mut lines).unwrap(), None);
    from.revoke("alice").unwrap();
    let refused = format!("{:#}", bring(&mut lines).unwrap_err());
    assert!(refused.contains("has changed since"), "{refused}");
    assert_eq!(to.list().unwrap().len(), 2_501);
}

#[test]
fn nothing_is_imported_over_others_accounts() {
    let (file, scratch) = (Scratch::new("import-other"), Kind::Postgres.scratch("import-into"));
    drop(with_alice(&file));
    scratch.open().create(&[new("bob", Purpose::Person)]).unwrap();
    let path = file.folder.join("accounts.db");
    let refused = format!("{:#}", import(&scratch.settings(), &path, |_| {}).unwrap_err());
    assert!(refused.contains("has 1 accounts that are not from this file"), "{refused}");
    assert!(scratch.open().find("alice").unwrap().is_none());
    let refused = import(&scratch.settings(), Path::new("/nowhere"), |_| {}).unwrap_err();
    assert!(format!("{refused:#}").contains("no such file"));
}

#[test]
fn a_restored_database_revokes_everybody_and_gives_no_uid_again() {
    let scratch = Kind::Postgres.scratch("restored");
    let (mut store, alice) = with_alice(&scratch);
    assert!(store.grant(&grant(alice, 1)).unwrap());
    let before = store.revision().unwrap();
    note_restored(&scratch.settings()).unwrap();
    assert_eq!(verified(store.as_mut(), 1, 1_000), None);
    let now = store.revision().unwrap();
    let told = page(store.as_mut(), before.0, Uid::MAX);
    let everybody = Revocation { uid: Uid::NOBODY, revision: now, renewed_at: Revision(0) };
    assert_eq!((told.list.as_slice(), told.complete), (&[everybody][..], now));
    store.create(&[new("bob", Purpose::Person)]).unwrap();
    let bob = store.find("bob").unwrap().unwrap().uid;
    assert!(bob.0.cast_signed() > alice.0.cast_signed() + SKIPPED, "{bob:?}");
}

#[test]
fn the_key_of_devices_is_the_same_for_all_logins() {
    let scratch = Kind::Postgres.scratch("device-secret");
    let secrets = [(); 2].map(|()| device_secret(&scratch.settings()).unwrap());
    assert_eq!(secrets[0], secrets[1]);
    assert_ne!(secrets[0], [0; 32]);
}

fn backend(link: &mut Link) -> Result<i32, Problem> {
    link.read(Patience::Job, async |client| {
        Ok(client.query_typed_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?)
    })
}

fn terminate(link: &mut Link, pid: i32) {
    let text = format!("SELECT pg_terminate_backend({pid})");
    link.read(Patience::Job, async |client| Ok(client.batch_execute(&text).await?)).unwrap();
}

/// A pooler, or an administrator, ends a connection that nobody uses at the moment.
#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let scratch = Kind::Postgres.scratch("closed");
    let (mut link, mut other) = (scratch.link(), scratch.link());
    for _ in 0..3 {
        let pid = backend(&mut link).unwrap();
        terminate(&mut other, pid);
        // What ends it does not wait for its end.
        let is_there = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {pid}");
        let look = async |client: &Client| Ok(client.query_typed(&is_there, &[]).await?.len());
        while other.read(Patience::Job, look).unwrap() > 0 {}
        assert_ne!(backend(&mut link).unwrap(), pid);
    }
}

#[test]
fn what_ends_or_lasts_too_long_in_the_middle_is_told_in_time_and_mended() {
    let scratch = Kind::Postgres.scratch("middle");
    let mut other = scratch.link();
    for is_ended in [true, false] {
        let mut link = scratch.link();
        let pid = backend(&mut link).unwrap();
        let started = Instant::now();
        let thread = thread::spawn(move || {
            let told = link.change(Patience::Job, async |client: &Client| {
                client.batch_execute("CREATE TABLE half (a int); SELECT pg_sleep(20)").await?;
                Ok::<_, Problem>(())
            });
            (told, link)
        });
        if is_ended {
            let sleeps = format!(
                "SELECT 1 FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'"
            );
            let look = async |client: &Client| Ok(client.query_typed(&sleeps, &[]).await?.len());
            while other.read(Patience::Job, look).unwrap() == 0 {}
            terminate(&mut other, pid);
        }
        let (told, mut link) = thread.join().unwrap();
        assert!(matches!(told, Err(Problem::Unreachable(_))), "{told:?}");
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!(backend(&mut link).unwrap() == pid, !is_ended);
        let half = "SELECT to_regclass('half') IS NULL";
        let look =
            async |client: &Client| Ok(client.query_typed_one(half, &[]).await?.try_get(0)?);
        let is_gone: bool = link.read(Patience::Job, look).unwrap();
        assert!(is_gone, "nothing is left of it");
    }
}

#[test]
fn a_database_that_is_not_there_is_told_in_time() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = nobody.local_addr().unwrap();
    for address in [format!("postgres://a@{silent}/b"), "postgres://a@127.0.0.1:1/b".to_owned()] {
        let settings = LoginSettings { database: address, ..LoginSettings::default() };
        let started = Instant::now();
        let refused = format!("{:#}", open(&settings).err().unwrap());
        assert!(refused.contains("is not to be reached"), "{refused}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}
