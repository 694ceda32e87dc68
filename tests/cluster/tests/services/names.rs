//! Several Mains and the names of rooms: whoever wishes for one at any of them comes into the one room of that name.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::client_to_main::EnterWorldReq;
use tinyrealm_core::protocol::{ErrorCode, RoomId, Text, Uid, Wish, WishKind};

use crate::parts::Directory;
use crate::support::{PATIENCE, Pass, Peer, Server, Stream};

const MAINS: usize = 2;
const WORLDS: u16 = 3;
/// Who wish for one room at a time.
const AT_ONCE: usize = 8;
const ROUNDS: usize = 10;

struct Realm {
    directory: Directory,
    mains: Vec<Server>,
    _worlds: Vec<Server>,
}

impl Realm {
    #[track_caller]
    fn start(name: &str) -> Self {
        let directory = Directory::start(name, 1);
        let own = directory.settings();
        let own: Vec<&str> =
            own.iter().map(String::as_str).chain(["main.registry_settle_ms=500"]).collect();
        let mains: Vec<Server> = (0..MAINS).map(|_| Server::main(&own)).collect();
        for main in &mains {
            main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
        }
        let addresses: Vec<SocketAddr> = mains.iter().map(|main| main.address).collect();
        let worlds: Vec<Server> = (1..=WORLDS)
            .map(|id| Server::world_with_mains(id, &addresses, &["world.rooms=8"]))
            .collect();
        worlds.iter().for_each(|world| world.wait_until_registered(MAINS));
        Self { directory, mains, _worlds: worlds }
    }

    fn guest(&self, number: usize) -> Guest {
        let mut main = Peer::connect(self.mains[number % MAINS].address);
        let uid = main.hello(None).uid;
        Guest { main, uid }
    }
}

/// Somebody at a Main.
struct Guest {
    main: Peer,
    uid: Uid,
}

impl Guest {
    fn say(&mut self, kind: WishKind, name: &str) {
        let wish = Wish { kind, ..Wish::named_or_new(Text::new(name).unwrap()) };
        self.main.send(&EnterWorldReq { region: Text::EMPTY, wish });
    }

    fn wish(&mut self, kind: WishKind, name: &str) -> Result<Pass, ErrorCode> {
        self.say(kind, name);
        self.main.hear_pass(&[])
    }

    fn join(&self, pass: &Pass) -> (Peer, (SocketAddr, RoomId)) {
        let (peer, room, _) = pass.join(self.uid);
        (peer, (pass.world, room))
    }
}

#[test]
fn all_who_wish_for_one_name_come_into_one_room() {
    let realm = Realm::start("names");
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let mut guests: Vec<Guest> = (0..AT_ONCE).map(|number| realm.guest(number)).collect();
        let started = Instant::now();
        // The same one in every round: it is given back when all have left.
        guests.iter_mut().for_each(|guest| guest.say(WishKind::NAMED_OR_NEW, "den of 月"));
        let passes: Vec<Pass> =
            guests.iter_mut().map(|guest| guest.main.hear_pass(&[]).unwrap()).collect();
        slowest = slowest.max(started.elapsed());
        let inside: Vec<_> =
            guests.iter().zip(&passes).map(|(guest, pass)| guest.join(pass)).collect();
        let first = inside[0].1;
        assert!(inside.iter().all(|(_, room)| *room == first), "round {round}");
    }
    println!("the slowest of {AT_ONCE} at once was answered behind {} ms", slowest.as_millis());
}

#[test]
fn of_two_who_want_it_new_one_has_it() {
    let realm = Realm::start("new-names");
    for round in 0..ROUNDS {
        let name = format!("den {round}");
        let mut guests = [realm.guest(0), realm.guest(1)];
        guests.iter_mut().for_each(|guest| guest.say(WishKind::CREATE, &name));
        let answers = guests.each_mut().map(|guest| guest.main.hear_pass(&[]).err());
        assert!(
            answers.contains(&None) && answers.contains(&Some(ErrorCode::ROOM_EXISTS)),
            "{answers:?}"
        );
    }
}

#[test]
fn without_the_directory_rooms_that_are_there_are_open_and_no_new_one_is_made() {
    let mut realm = Realm::start("no-names");
    let mut guests: Vec<Guest> = (0..4).map(|number| realm.guest(number)).collect();
    let pass = guests[0].wish(WishKind::NAMED_OR_NEW, "den").unwrap();
    let (_inside, room) = guests[0].join(&pass);
    realm.directory.nats.kill(0);
    let started = Instant::now();
    for guest in &mut guests[1..] {
        let pass = guest.wish(WishKind::NAMED_OR_NEW, "den").unwrap();
        assert_eq!(guest.join(&pass).1, room);
    }
    let refused = guests[1].wish(WishKind::NAMED_OR_NEW, "hut").unwrap_err();
    assert_eq!(refused, ErrorCode::DIRECTORY_UNAVAILABLE);
    assert!(started.elapsed() < PATIENCE);
    realm.directory.nats.start_again(0).unwrap();
    while let Err(code) = guests[1].wish(WishKind::NAMED_OR_NEW, "hut") {
        assert_eq!(code, ErrorCode::DIRECTORY_UNAVAILABLE);
        assert!(started.elapsed() < PATIENCE, "the directory is not used again");
    }
}
