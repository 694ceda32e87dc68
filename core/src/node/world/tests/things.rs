//! Things and members' states: what the game puts, everybody sees, whatever the network does.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::protocol::schema::{GameSchema, Vocabulary};
use crate::protocol::world_to_client::{MemberExtra, StateComplete, ThingPut, ThingRemoved};
use crate::protocol::{THING_MAX_BYTES, protocol};
use crate::wire::opcode::GAME;

protocol! {
    /// What the game shows.
    mod shown in GAME.server_to_client;

    /// A thing: how old the news is, and something.
    1 coin => Coin<'a> {
        /// It rises.
        news: u32,
        /// Something.
        #[serde(borrow)]
        rest: Bytes<'a, 20>,
    }

    /// What a member has.
    2 score => Score {
        /// It rises.
        news: u32,
    }
}

use shown::{Coin, Score};

const THINGS: usize = 100;
const COIN_BYTES: usize = 26;

#[derive(Default)]
struct Show;

impl Game for Show {
    const NAME: &'static str = "show";
    const THINGS: usize = THINGS;
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Coin");
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Score");
    const SCHEMA: GameSchema = GameSchema { links: &[&shown::SCHEMA], words: Vocabulary::REALM };
}

const SIZES: StateSizes = StateSizes::of::<Show>();
const MEMORY_THINGS: usize = SIZES.things_bytes(MAX_ROOMS);
const MEMORY_MEMBERS: usize = SIZES.members_bytes(MAX_USERS);

/// The smallest ring of a room of three, in which everything changes.
const SETUP_OF_THREE: Setup =
    Setup { room_capacity: 3, ring_bytes: ring_min_bytes_for(3, EVENT_BYTES, SIZES), ..SETUP };
const EVENT_BYTES: usize = crate::protocol::EVENT_MAX_BYTES;

fn with_show(setup: Setup, test: impl FnOnce(&mut WorldBench<'_, Show>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| Show)));
    let mut states = Box::new(StateMemory::<MEMORY_THINGS, MEMORY_MEMBERS>::NEW);
    let storage = WorldStorage { states: states.storage(), ..setup.lend(&mut memory) };
    let world = World::new(storage, setup.config());
    let mut bench = Bench::new(setup.sizes.lend(&mut node_memory), setup.net, world);
    test(&mut bench);
    bench.finish();
}

impl WorldBench<'_, Show> {
    /// Lets the game of a room act.
    fn show<T>(&mut self, room: u16, show: impl FnOnce(&mut RoomContext<'_, '_>) -> T) -> T {
        self.act(|world, cx| world.with_game(cx, room, |_, room| show(room)))
            .expect("there is such a room")
    }

    fn put(&mut self, id: u16, news: u32) -> Result<(), StateError> {
        self.show(0, |room| room.put(id, &coin(news)))
    }
}

/// Longer with its number, so that frames differ in length.
fn coin(news: u32) -> Coin<'static> {
    Coin { news, rest: Bytes::new(&[9; 20][..(news % 21) as usize]).unwrap() }
}

fn thing_put(id: u16, news: u32) -> Said {
    let mut payload = [0; THING_MAX_BYTES];
    let mut writer = crate::wire::BinaryWriter::new(&mut payload);
    crate::protocol::Message::encode_payload(&coin(news), &mut writer).unwrap();
    let used = writer.written();
    Said::of(&ThingPut { id, kind: 1, data: Bytes::new(&payload[..used]).unwrap() })
}

fn member_extra(of: u32, news: u8) -> Said {
    assert!(news < 128);
    Said::of(&MemberExtra { number: number(of), kind: 2, data: Bytes::new(&[news]).unwrap() })
}

fn complete() -> Said {
    Said::of(&StateComplete {})
}

/// What a player knows of its room's states. Nothing of it may go back.
#[derive(Default, Debug)]
struct Shown {
    things: BTreeMap<u16, u32>,
    members: BTreeMap<MemberNumber, u32>,
    newest: BTreeMap<u16, u32>,
    pages_left: u16,
    is_complete: bool,
}

impl Shown {
    fn hear(&mut self, all: &[Said]) {
        for said in all {
            if let Some(page) = said.read::<RoomSnapshot>() {
                if self.pages_left == 0 {
                    *self = Self::default();
                }
                self.pages_left = page.pages_left;
            } else if let Some(ThingPut { id, kind, data }) = said.read() {
                let Coin { news, .. } = State { kind, data }.read().expect("a coin");
                let before = self.newest.insert(id, news);
                assert!(before <= Some(news), "thing {id} has gone back");
                self.things.insert(id, news);
            } else if let Some(ThingRemoved { id }) = said.read() {
                self.things.remove(&id);
            } else if let Some(MemberExtra { number, kind, data }) = said.read() {
                let Score { news } = State { kind, data }.read().expect("a score");
                let before = self.members.insert(number, news);
                assert!(before <= Some(news), "the state of {number:?} has gone back");
            } else if let Some(UserLeft { number }) = said.read() {
                self.members.remove(&number);
            } else if said.is::<StateComplete>() {
                self.is_complete = true;
            }
        }
    }
}

#[test]
fn the_newest_of_a_flush_is_told_once_and_in_the_room_s_order() {
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(4));
        for news in [7, 8, 9] {
            bench.put(99, news).unwrap();
        }
        bench.put(0, 1).unwrap();
        bench.show(0, |room| room.put_member(Uid(2), &Score { news: 3 })).unwrap();
        let heard = bench.flush_and_hear(keys[1]);
        let told = [moved(1, 4), thing_put(0, 1), thing_put(99, 9), member_extra(2, 3)];
        assert_eq!(heard, told);
        assert_eq!(bench.heard(keys[0])[..], told[1..]);
        // The same again is no news.
        bench.put(99, 9).unwrap();
        bench.show(0, |room| room.put_member(Uid(2), &Score { news: 3 })).unwrap();
        assert_eq!(bench.flush_and_hear(keys[1]), []);
    });
}

#[test]
fn a_game_reads_what_it_has_put() {
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 1);
        bench.put(5, 1).unwrap();
        bench.put(7, 2).unwrap();
        bench.show(0, |room| {
            assert_eq!(room.thing(5), Some(coin(1)));
            assert_eq!(room.thing::<Score>(5), None, "it is a coin");
            let all: Vec<_> = room.things::<Coin<'_>>().map(|(id, coin)| (id, coin.news)).collect();
            assert_eq!(all, [(5, 1), (7, 2)]);
            assert_eq!(room.remove_thing(5), Ok(()));
            assert_eq!(room.thing::<Coin<'_>>(5), None);
            assert_eq!(room.remove_thing(5), Ok(()));
            assert_eq!(room.member_state::<Score>(Uid(1)), None);
            room.put_member(Uid(1), &Score { news: 4 }).unwrap();
            assert_eq!(room.member_state(Uid(1)), Some(Score { news: 4 }));
        });
        bench.show(1, |room| assert_eq!(room.thing::<Coin<'_>>(7), None, "rooms have their own"));
    });
}

#[test]
fn both_sides_of_ids_and_lengths() {
    assert_eq!(Show::THING_BYTES, COIN_BYTES);
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 1);
        assert_eq!((bench.put(99, 20), bench.put(100, 20)), (Ok(()), Err(StateError::Unknown)));
        bench.show(0, |room| {
            assert_eq!(room.remove_thing(100), Err(StateError::Unknown));
            // What is there stays.
            let long = Coin { news: u32::MAX, rest: Bytes::new(&[1; 20]).unwrap() };
            assert_eq!(room.put(99, &long), Ok(()));
            assert_eq!(room.put_member(Uid(1), &Score { news: u32::MAX }), Ok(()));
            assert_eq!(room.put_member(Uid(1), &coin(6)), Err(StateError::TooLong));
            assert_eq!(room.put_member(Uid(1), &coin(3)), Ok(()));
            assert_eq!(room.put_member(Uid(2), &Score { news: 1 }), Err(StateError::Unknown));
            assert_eq!(room.thing(99), Some(long));
        });
    });
}

#[test]
fn a_change_of_everything_fits_the_smallest_ring() {
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        for round in 1..20 {
            for id in 0..THINGS as u16 {
                bench.show(0, |room| room.put(id, &coin(round * 21 - 1))).unwrap();
            }
            for (place, key) in keys.iter().enumerate() {
                bench.say(*key, &step(round as i32));
                let score = Score { news: round };
                bench.show(0, |room| room.put_member(Uid(1 + place as u64), &score)).unwrap();
            }
            let heard = bench.flush_and_hear(keys[0]);
            assert_eq!(heard.len(), 2 + THINGS + 3, "nobody needs a snapshot");
        }
    });
}

#[test]
fn a_newcomer_is_shown_all_there_is_and_told_when_it_has_it() {
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 2);
        bench.put(3, 1).unwrap();
        bench.put(4, 2).unwrap();
        bench.show(0, |room| room.remove_thing(4)).unwrap();
        bench.show(0, |room| room.put_member(Uid(2), &Score { news: 7 })).unwrap();
        let key = bench.join(main, 3);
        let heard = bench.heard(key);
        assert!(heard[0].is::<JoinOk>() && heard[1].is::<RoomSnapshot>());
        assert_eq!(heard[2..], [thing_put(3, 1), member_extra(2, 7), complete()]);
        assert_eq!(bench.flush_and_hear(key), []);
    });
}

#[test]
fn a_state_goes_with_its_member() {
    with_show(SETUP_OF_THREE, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.show(0, |room| room.put_member(Uid(2), &Score { news: 7 })).unwrap();
        bench.say(keys[1], &Leave {});
        assert_eq!(bench.flush_and_hear(keys[0]), [left(2)]);
        let key = bench.join(main, 9);
        assert_eq!(bench.heard(key)[2..], [complete()]);
        bench.show(0, |room| room.put_member(Uid(9), &Score { news: 1 })).unwrap();
        assert_eq!(bench.flush_and_hear(keys[0])[1..], [member_extra(3, 1)]);
    });
}

/// A hundred things are many more bytes than a newcomer may be sent at once here.
#[test]
fn with_few_buffers_all_comes_page_by_page() {
    let sizes = Sizes { send_buffers: 4, send_buffer_bytes: 128, ..Sizes::ALL };
    for most in [1, 4, 8] {
        let net = NetConfig { send_buffers_per_session: most, ..BENCH_CONFIG };
        with_show(Setup { sizes, net, ..SETUP_OF_THREE }, |bench| {
            let main = bench.meet_main();
            bench.fill(main, 2);
            for id in 0..THINGS as u16 {
                bench.put(id, u32::from(id)).unwrap();
            }
            bench.pass_ms(FLUSH_MS);
            let mut shown = Shown::default();
            let key = bench.join(main, 3);
            shown.hear(&bench.heard(key));
            assert!(!shown.is_complete && shown.things.len() < THINGS, "{}", shown.things.len());
            // What changes meanwhile is told as well.
            bench.put(0, 1_000).unwrap();
            bench.put(99, 2_000).unwrap();
            for _ in 0..100 {
                shown.hear(&bench.flush_and_hear(key));
            }
            assert!(shown.is_complete);
            assert_eq!(shown.things.len(), THINGS);
            assert_eq!(
                (shown.things[&0], shown.things[&99], shown.things[&50]),
                (1_000, 2_000, 50)
            );
        });
    }
}

/// Something that happens.
#[derive(Copy, Clone, Debug)]
struct Happening {
    what: u8,
    whom: u8,
    amount: u16,
}

fn any_happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = (any::<u8>(), any::<u8>(), any::<u16>())
        .prop_map(|(what, whom, amount)| Happening { what, whom, amount });
    prop::collection::vec(happening, 1..300)
}

/// What a room has, told naively, and what its players know.
#[derive(Default)]
struct Story {
    things: BTreeMap<u16, u32>,
    members: BTreeMap<u32, u32>,
    keys: BTreeMap<u32, SessionKey>,
    shown: BTreeMap<u32, Shown>,
    next_uid: u32,
    news: u32,
}

impl Story {
    fn anybody(&self, whom: u8) -> Option<(u32, SessionKey)> {
        let place = usize::from(whom) % self.keys.len().max(1);
        self.keys.iter().nth(place).map(|(uid, key)| (*uid, *key))
    }

    fn come(&mut self, bench: &mut WorldBench<'_, Show>, main: SessionKey) {
        if self.keys.len() < 3 && self.next_uid < 60 {
            self.next_uid += 1;
            self.keys.insert(self.next_uid, bench.join(main, self.next_uid));
            self.shown.insert(self.next_uid, Shown::default());
        }
    }

    fn go(&mut self, uid: u32) {
        self.keys.remove(&uid);
        self.shown.remove(&uid);
        self.members.remove(&uid);
    }

    fn happen(&mut self, bench: &mut WorldBench<'_, Show>, main: SessionKey, now: Happening) {
        let Happening { what, whom, amount } = now;
        self.news += 1;
        let (id, news) = (amount % THINGS as u16, self.news);
        match (what, self.anybody(whom)) {
            (0..80, _) => {
                bench.put(id, news).unwrap();
                self.things.insert(id, news);
            }
            (80..100, _) => {
                bench.show(0, |room| room.remove_thing(id)).unwrap();
                self.things.remove(&id);
            }
            (100..110, _) => {
                for id in 0..THINGS as u16 {
                    bench.put(id, news).unwrap();
                    self.things.insert(id, news);
                }
            }
            (110..130, Some((uid, _))) => {
                bench.show(0, |room| room.put_member(Uid(uid.into()), &Score { news })).unwrap();
                self.members.insert(uid, news);
            }
            (130..150, Some((_, key))) => {
                bench.say(key, &event(1, &vec![5; usize::from(amount) % 257]));
            }
            (150..160, Some((_, key))) => bench.say(key, &step(amount.into())),
            (160..180, Some((_, key))) => bench.limit(key, usize::from(amount) % 700),
            (180..200, Some((_, key))) => bench.unblock(key, usize::from(amount) % 2_000),
            (200..206, Some((uid, key))) => {
                bench.say(key, &Leave {});
                self.go(uid);
            }
            (206..230, _) => self.come(bench, main),
            _ => bench.pass_ms(u32::from(amount) % 40),
        }
        self.hear(bench);
    }

    /// Whoever took too little for too long is closed.
    fn bury(&mut self, bench: &WorldBench<'_, Show>) {
        let is_lost = |key: &SessionKey| !bench.node.sessions().is_open(*key);
        let lost = self.keys.iter().filter(|(_, key)| is_lost(key));
        for uid in lost.map(|(uid, _)| *uid).collect::<Vec<_>>() {
            self.go(uid);
        }
    }

    fn hear(&mut self, bench: &mut WorldBench<'_, Show>) {
        self.bury(bench);
        for (uid, key) in &self.keys {
            self.shown.get_mut(uid).unwrap().hear(&bench.heard(*key));
        }
    }

    /// Everybody reads again, and knows what there is.
    fn end(&mut self, bench: &mut WorldBench<'_, Show>) {
        for _ in 0..3 {
            self.keys.values().for_each(|key| bench.unblock(*key, usize::MAX));
            bench.pass_ms(40 * FLUSH_MS);
            self.hear(bench);
        }
        let numbers: BTreeMap<u32, MemberNumber> = (bench.role().rooms().iter())
            .map(|(_, user)| (user.state().uid.0 as u32, user.state().number))
            .collect();
        let members: BTreeMap<_, _> =
            self.members.iter().map(|(uid, news)| (numbers[uid], *news)).collect();
        for (uid, shown) in &self.shown {
            assert!(shown.is_complete, "{uid} does not know that it has all");
            assert!(
                shown.things == self.things && shown.members == members,
                "{uid} sees another room"
            );
        }
    }
}

/// The packets are many, and a slow reader is not closed for it.
const PATIENT: NetConfig =
    NetConfig { packet_burst: 2_000, idle_timeout_ms: 10_000_000, ..BENCH_CONFIG };

fn play(setup: Setup, happenings: &[Happening], with_web_sockets: bool) {
    with_show(setup, |bench| {
        if with_web_sockets {
            #[cfg(feature = "websocket")]
            bench.mix_in_web_sockets();
        }
        let main = bench.meet_main();
        let mut story = Story::default();
        story.come(bench, main);
        story.come(bench, main);
        for happening in happenings {
            story.happen(bench, main, *happening);
        }
        story.end(bench);
    });
}

proptest! {
    /// With the smallest ring, slow readers, people who come and go, few buffers: in the end everybody knows what
    /// there is, and nothing that anybody sees goes back.
    #[test]
    fn everybody_sees_the_same(happenings in any_happenings(), flush in 0u32..2, many in 0usize..2) {
        let sizes = Sizes { send_buffers: 8 + 40 * many, send_buffer_bytes: 512, ..Sizes::ALL };
        let setup = Setup {
            sizes,
            net: PATIENT,
            flush_interval_ms: flush * FLUSH_MS,
            rooms: 1,
            ..SETUP_OF_THREE
        };
        play(setup, &happenings, false);
        play(setup, &happenings, true);
    }
}
