//! Several Mains and one directory: a user is at the one that it has said hello to last, whatever becomes of NATS.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::{Bye, Error};
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::{ErrorCode, Text, Token, Versions};

use crate::parts::{Directory, Nats};
use crate::support::login::try_hello;
use crate::support::operator;
use crate::support::{Heard, PATIENCE, Peer, Server, Stream, User};

/// Whoever has a user no more knows it within this, if nothing is lost.
const TOLD_WITHIN: Duration = Duration::from_millis(500);
/// Within what time a directory that is back, or has another leader, is used again.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// A world whose game keeps the seats of those whose connections are lost.
const HOLDING: [&str; 2] = ["world.rooms=1", "world.game=coin-rush"];
const GONE: &str = "Main's directory can't be reached\n";

/// Some Mains, and their directory.
struct Realm {
    directory: Directory,
    mains: Vec<Server>,
}

impl Realm {
    #[track_caller]
    fn start(name: &str, servers: usize, mains: usize, settings: &[&str]) -> Self {
        let directory = Directory::start(name, servers);
        let own = directory.settings();
        let own: Vec<&str> = own.iter().map(String::as_str).chain(settings.to_vec()).collect();
        let mains: Vec<Server> = (0..mains).map(|_| Server::main(&own)).collect();
        for main in &mains {
            main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
        }
        Self { directory, mains }
    }

    fn all(&mut self, mut change: impl FnMut(&mut Nats, usize)) {
        (0..self.directory.nats.addresses().len())
            .for_each(|index| change(&mut self.directory.nats, index));
    }

    /// Somebody says hello there until it is welcome.
    #[track_caller]
    fn hello(&self, main: usize, token: Option<Token>) -> (Peer, Token, Duration) {
        let started = Instant::now();
        loop {
            let mut peer = Peer::connect(self.mains[main].address);
            match said_hello(&mut peer, token) {
                Ok(token) => return (peer, token, started.elapsed()),
                Err(code) => assert_eq!(code, ErrorCode::DIRECTORY_UNAVAILABLE),
            }
            assert!(started.elapsed() < BACK_WITHIN, "not welcome for {BACK_WITHIN:?}");
        }
    }
}

fn said_hello(peer: &mut Peer, token: Option<Token>) -> Result<Token, ErrorCode> {
    peer.send(&Hello { versions: Versions::OURS, token, nickname: Text::EMPTY });
    match peer.hear(PATIENCE) {
        Heard::Frame(opcode) if opcode == Welcome::OPCODE.0 => Ok(peer.message::<Welcome>().token),
        Heard::Frame(opcode) if opcode == Error::OPCODE.0 => Err(peer.message::<Error>().code),
        other => panic!("{other:?} instead of an answer to a hello"),
    }
}

#[test]
fn a_user_is_at_the_main_that_it_has_said_hello_to_last() {
    let realm = Realm::start("last", 1, 3, &[]);
    let (mut peer, token, _) = realm.hello(0, None);
    let mut slowest = Duration::ZERO;
    for round in 1..30 {
        let (next, same, _) = realm.hello(round % 3, Some(token));
        let started = Instant::now();
        peer.expect_bye(ErrorCode::REPLACED);
        slowest = slowest.max(started.elapsed());
        assert_eq!(same.0, token.0);
        peer = next;
    }
    println!("who was elsewhere knew it within {} ms", slowest.as_millis());
    assert!(slowest < TOLD_WITHIN, "{slowest:?}");
    // At the same one it is replaced as in a realm of one Main.
    let (_next, ..) = realm.hello(29 % 3, Some(token));
    peer.expect_bye(ErrorCode::REPLACED);
    // All of them at a time: one is left.
    for _ in 0..10 {
        let tries: Vec<_> = std::thread::scope(|scope| {
            let addresses = realm.mains.iter().map(|main| main.address);
            let started = addresses.map(|at| scope.spawn(move || try_hello(at, Some(token))));
            let started: Vec<_> = started.collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (mut left, mut told) = (0, 0);
        for hello in tries {
            match hello {
                Ok((mut peer, _)) => match said_bye(&mut peer) {
                    Some(code) => {
                        assert_eq!(code, ErrorCode::REPLACED);
                        told += 1;
                    }
                    None => left += 1,
                },
                Err(code) => {
                    assert!([ErrorCode::REPLACED, ErrorCode::BUSY].contains(&code), "{code:?}");
                    told += 1;
                }
            }
        }
        assert_eq!((left, told), (1, 2));
    }
}

/// What it was told, if it was let go within a moment.
fn said_bye(peer: &mut Peer) -> Option<ErrorCode> {
    match peer.hear(TOLD_WITHIN) {
        Heard::Frame(opcode) if opcode == Bye::OPCODE.0 => Some(peer.message::<Bye>().reason),
        Heard::Closed { .. } => panic!("closed without a word"),
        _ => None,
    }
}

#[test]
fn a_seat_is_kept_when_its_user_comes_by_another_main() {
    let realm = Realm::start("seat", 1, 2, &[]);
    let mains = [realm.mains[0].address, realm.mains[1].address];
    let world = Server::world_with_mains(1, &mains, &HOLDING);
    world.wait_until_registered(2);
    let mut first = User::enter(mains[0], "");
    let second = User::enter_with(mains[1], Some(first.token), "");
    first.main.expect_bye(ErrorCode::REPLACED);
    first.world.find::<Bye>();
    assert_eq!((second.uid, second.number), (first.uid, first.number));
    // Its Main dies: it comes back by the other one, to the same seat.
    let Realm { mut mains, .. } = realm;
    mains.remove(1).process.kill();
    let third = User::enter_with(mains[0].address, Some(first.token), "");
    assert_eq!((third.uid, third.number), (first.uid, first.number));
}

#[test]
fn those_inside_go_on_without_the_directory_and_whoever_comes_is_told() {
    let mut realm = Realm::start("away", 1, 2, &[]);
    let (mut inside, token, _) = realm.hello(0, None);
    for round in 0..2 {
        realm.directory.nats.kill(0);
        let started = Instant::now();
        let refused = try_hello(realm.mains[1].address, Some(token)).err();
        assert_eq!(refused, Some(ErrorCode::DIRECTORY_UNAVAILABLE));
        println!("refused behind {} ms", started.elapsed().as_millis());
        inside.expect_served();
        operator::wait_until(operator::of(&realm.mains[1]), "/readyz", (503, GONE));
        realm.directory.nats.start_again(0).unwrap();
        let (next, _, waited) = realm.hello(1 - round % 2, Some(token));
        println!("round {round}: welcome {} ms behind its start", waited.as_millis());
        inside.expect_bye(ErrorCode::REPLACED);
        inside = next;
        operator::wait_until(operator::of(&realm.mains[1]), "/readyz", (200, "ok\n"));
    }
    realm.all(|nats, index| nats.signal(index, "STOP").unwrap());
    let refused = try_hello(realm.mains[0].address, Some(token)).err();
    assert_eq!(refused, Some(ErrorCode::DIRECTORY_UNAVAILABLE));
    realm.all(|nats, index| nats.signal(index, "CONT").unwrap());
    realm.hello(0, Some(token));
}

/// Each in turn, so that its leader is among them.
#[test]
fn one_of_three_servers_is_killed_and_nobody_inside_notices() {
    let mut realm = Realm::start("three", 3, 2, &[]);
    let (mut inside, token, _) = realm.hello(0, None);
    for index in 0..3 {
        realm.directory.nats.kill(index);
        let at = (index + 1) % 2;
        let (next, _, waited) = realm.hello(at, Some(token));
        inside.expect_bye(ErrorCode::REPLACED);
        inside = next;
        println!("server {index} killed: a hello took {} ms", waited.as_millis());
        realm.directory.nats.start_again(index).unwrap();
        // Two that know of nothing can't take over from one that does.
        realm.directory.nats.wait_until_whole(index).unwrap();
    }
}

/// Whoever has taken a user over could not say so.
#[test]
fn a_user_who_is_elsewhere_is_let_go_without_a_word_from_there() {
    let realm = Realm::start("review", 1, 1, &["directory.review_ms=1000"]);
    let token = realm.hello(0, None).1;
    let (mut inside, uid) = try_hello(realm.mains[0].address, Some(token)).unwrap();
    let key = format!("$KV.tinyrealm.user.{}", uid.0);
    realm.directory.nats.publish(0, &key, "00000000000000ff").unwrap();
    inside.expect_bye(ErrorCode::REPLACED);
    // Words of strangers are no claims.
    let (mut inside, _, _) = realm.hello(0, Some(token));
    realm
        .directory
        .nats
        .publish(0, "tinyrealm.tinyrealm.taken_from.00000000000000ff", "1 1")
        .unwrap();
    inside.expect_served();
}

/// A store that was lost, or has lost its last writes, gives no number twice.
#[test]
fn numbers_rise_over_the_store_s_own_end() {
    let mut realm = Realm::start("store", 1, 2, &[]);
    let mains = [realm.mains[0].address, realm.mains[1].address];
    let world = Server::world_with_mains(1, &mains, &HOLDING);
    world.wait_until_registered(2);
    let first = User::enter(mains[0], "");
    realm.directory.nats.kill(0);
    let (kept, store) =
        (realm.directory.nats.folder(0).with_extension("kept"), realm.directory.nats.folder(0));
    copy(&store, &kept);
    realm.directory.nats.start_again(0).unwrap();
    for _ in 0..20 {
        realm.hello(1, None);
    }
    let second = User::enter_with(mains[1], Some(first.token), "");
    assert_eq!(second.number, first.number);
    // As it was before: the user's number is lower there than the world has heard.
    realm.directory.nats.kill(0);
    std::fs::remove_dir_all(&store).unwrap();
    copy(&kept, &store);
    realm.directory.nats.start_again(0).unwrap();
    let started = Instant::now();
    let has_said =
        |main: &Server| main.process.has_said(Stream::Stderr, "had lost its last writes");
    while !realm.mains.iter().any(has_said) {
        assert!(started.elapsed() < PATIENCE, "nobody has noticed");
        sleep(Duration::from_millis(20));
    }
    drop(second);
    let third = User::enter_with(mains[0], Some(first.token), "");
    assert_eq!(third.number, first.number);
    // All of it is gone.
    realm.directory.nats.kill(0);
    std::fs::remove_dir_all(&store).unwrap();
    realm.directory.nats.start_again(0).unwrap();
    drop(third);
    drop(realm.hello(1, Some(first.token)));
    let fourth = User::enter_with(mains[1], Some(first.token), "");
    assert_eq!(fourth.number, first.number);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
