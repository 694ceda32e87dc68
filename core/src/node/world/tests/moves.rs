//! A room moves from one world to another, and nobody else but a Main that carries words.

use proptest::prelude::*;

use super::*;
use crate::node::longest::BLOCK_BUFFER_BYTES;
use crate::node::world::moving::{PIECE_MAX_BYTES, SourcePhase, TargetPhase};
use crate::node::world::saves::{SaveMemory, StoreOutcome, StoreTask, state_bytes};
use crate::protocol::main_to_world::{HearOfMove, MoveRoom, TakeBlock};
use crate::protocol::schema::{GameSchema, Vocabulary};
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, OffersRoom, RoomBlock, RoomClosed, RoomMovedHere, RoomOpened,
    SayOfMove, UserMovedHere,
};
use crate::protocol::{
    EVENT_MAX_BYTES, MoveWord, ROOM_BLOCK_BYTES, ROOM_OPTIONS_MAX_BYTES, ROOM_PROPERTIES_MAX_BYTES,
    Wish, WishKind, protocol,
};
use crate::wire::Full;
use crate::wire::opcode::GAME;

protocol! {
    /// What a fair shows.
    mod shown in GAME.server_to_client;

    /// On the ground.
    1 stall => Stall { worth: u32, }

    /// On a head.
    2 hat => Hat { colour: u32, }
}

use shown::{Hat, Stall};

const CAPACITY: u16 = 8;
const STATE_BYTES: usize = 1_000;
const HOLD_MS: u32 = 19_200;
const TIMEOUT_MS: u32 = 1_600;
const MOVE: u32 = 77;
/// Of event kinds, what the game does.
const COUNT: u16 = 1;
const KEEP: u16 = 2;

/// Does a little of everything.
#[derive(Default)]
struct Fair {
    score: u32,
    timers: Vec<u16>,
    returned: Vec<u32>,
    lost: Vec<u32>,
    options: Vec<u8>,
}

impl Game for Fair {
    const NAME: &'static str = "fair";
    const HOLD_MS: u32 = HOLD_MS;
    const TIMERS: usize = 2;
    const THINGS: usize = 40;
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Stall");
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Hat");
    const SAVE_BYTES: usize = 8;
    const SAVES_IN_FLIGHT: usize = 1;
    const ROOM_SAVE_BYTES: usize = STATE_BYTES;
    const SCHEMA: GameSchema = GameSchema { links: &[&shown::SCHEMA], words: Vocabulary::REALM };

    fn on_open(&mut self, _: &mut RoomContext<'_, '_>, options: &[u8]) -> Result<(), BadOptions> {
        self.options = options.to_vec();
        Ok(())
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        match kind {
            COUNT => self.score += 1,
            KEEP => room.save("fair", &[1]).expect("there is a place for one"),
            _ => {}
        }
        room.broadcast(uid, kind, data)
    }

    fn on_timer(&mut self, _: &mut RoomContext<'_, '_>, timer: TimerId) {
        self.timers.push(timer.0);
    }

    fn on_lost(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid) {
        self.lost.push(uid.0 as u32);
    }

    fn on_return(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid) {
        self.returned.push(uid.0 as u32);
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        for (place, byte) in out.iter_mut().zip(self.score.to_le_bytes().into_iter().cycle()) {
            *place = byte;
        }
        STATE_BYTES
    }

    fn restore_room(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        assert_eq!(state.len(), STATE_BYTES);
        self.score = u32::from_le_bytes(*state.first_chunk().expect("it is longer"));
        // As in a world that starts again; here what there was counts.
        room.after(1, TimerId(0));
        room.put(39, &Stall { worth: 1 }).expect("there is a place");
        if self.score == u32::MAX { Err(Unreadable) } else { Ok(()) }
    }
}

const SIZES: StateSizes = StateSizes::of::<Fair>();

type States = StateMemory<{ SIZES.things_bytes(MAX_ROOMS) }, { SIZES.members_bytes(MAX_USERS) }>;
type Saves = SaveMemory<2, 16, 2, { 2 * state_bytes::<Fair>(CAPACITY as usize) }>;

struct Place {
    node: BenchMemory,
    world: Memory<Fair>,
    states: States,
    saves: Saves,
}

impl Place {
    fn new() -> Box<Self> {
        let world = Memory::new(core::array::from_fn(|_| Fair::default()));
        Box::new(Self { node: BenchMemory::NEW, world, states: States::NEW, saves: Saves::NEW })
    }

    fn bench(&mut self, id: u16) -> WorldBench<'_, Fair> {
        self.bench_of(id, SETUP.sizes)
    }

    fn bench_of(&mut self, id: u16, sizes: Sizes) -> WorldBench<'_, Fair> {
        let setup = Setup { room_capacity: CAPACITY, sizes, ..SETUP };
        let storage = WorldStorage {
            saves: self.saves.storage(),
            states: self.states.storage(),
            ..setup.lend(&mut self.world)
        };
        let config = WorldConfig {
            world_id: WorldId(id),
            cluster_keys: test_keys(ServerKind::WORLD, id),
            ..setup.config()
        };
        let world = World::new(storage, config).with_named_rooms(NewGame(&|| Fair::default()));
        Bench::new(setup.sizes.lend(&mut self.node), setup.net, world)
    }
}

/// Two worlds and their Main.
struct Realm<'t, 'a> {
    worlds: [&'t mut WorldBench<'a, Fair>; 2],
    mains: [SessionKey; 2],
    /// What Main has heard besides.
    heard: [Vec<Said>; 2],
}

const IDS: [u16; 2] = [7, 8];

fn with_realm(test: impl FnOnce(&mut Realm<'_, '_>)) {
    with_realm_of(SETUP.sizes, test);
}

/// With a source of these sizes.
fn with_realm_of(sizes: Sizes, test: impl FnOnce(&mut Realm<'_, '_>)) {
    let (mut one, mut other) = (Place::new(), Place::new());
    let (mut one, mut other) = (one.bench_of(IDS[0], sizes), other.bench(IDS[1]));
    let mains = [one.meet_main(), other.meet_main()];
    let mut realm =
        Realm { worlds: [&mut one, &mut other], mains, heard: [Vec::new(), Vec::new()] };
    test(&mut realm);
    one.finish();
    other.finish();
}

fn den(kind: WishKind) -> Wish<'static> {
    let (name, options) = (Text::new("den").unwrap(), Bytes::new(b"dark").unwrap());
    Wish { kind, name, options, is_listed: true, ..Wish::ANY }
}

fn word(word: MoveWord, from: u16, about: u16) -> HearOfMove {
    HearOfMove { move_id: MOVE, from: WorldId(from), word, about }
}

impl Realm<'_, '_> {
    /// Lets somebody into the room of this name at a world.
    fn enter(&mut self, world: usize, uid: u32) -> SessionKey {
        let (bench, main) = (&mut *self.worlds[world], self.mains[world]);
        let wish = den(WishKind::NAMED_OR_NEW);
        bench.say(main, &AttachUser { wish, ..attach_of(Uid(uid.into()), 1) });
        let key = bench.accept();
        bench.say(key, &join_of(Uid(uid.into())));
        key
    }

    /// Asks the first world to move its room.
    fn ask(&mut self) {
        let room_id = self.worlds[0].role().room_named("den").expect("it is open");
        let to = WorldId(IDS[1]);
        let asked = MoveRoom { move_id: MOVE, room_id, to, timeout_ms: TIMEOUT_MS };
        self.worlds[0].say(self.mains[0], &asked);
    }

    /// Carries what the worlds have said of moves, as far as it `is_carried`; answers whether there was anything.
    fn carry_some(&mut self, mut is_carried: impl FnMut(&Said) -> bool) -> bool {
        let mut has_carried = false;
        for from in [0, 1] {
            let (main, to, from_id) = (self.mains[from], 1 - from, WorldId(IDS[from]));
            for said in self.worlds[from].heard(main) {
                let (to, main) = (&mut *self.worlds[to], self.mains[to]);
                let is_of_moves = said.is::<RoomBlock<'_>>() || said.is::<SayOfMove>();
                has_carried |= is_of_moves;
                if !is_of_moves {
                    self.heard[from].push(said);
                } else if !is_carried(&said) {
                } else if let Some(block) = said.read::<RoomBlock<'_>>() {
                    let RoomBlock { move_id, index, is_last, bytes, .. } = block;
                    to.say(main, &TakeBlock { move_id, from: from_id, index, is_last, bytes });
                } else if let Some(SayOfMove { move_id, word, about, .. }) = said.read() {
                    to.say(main, &HearOfMove { move_id, from: from_id, word, about });
                }
            }
        }
        has_carried
    }

    fn carry(&mut self) {
        while self.carry_some(|_| true) {}
    }

    fn pass_ms(&mut self, ms: u32) {
        self.worlds.iter_mut().for_each(|world| world.pass_ms(ms));
    }

    fn fair(&self, world: usize) -> Option<&Fair> {
        let world = self.worlds[world].role();
        world.game(world.room_named("den")?)
    }

    /// Lets the game act.
    fn show<T>(&mut self, world: usize, act: impl FnOnce(&mut RoomContext<'_, '_>) -> T) -> T {
        let room = self.worlds[world].role().room_named("den").expect("it is open");
        let shown =
            self.worlds[world].act(|world, cx| world.with_room(cx, room, |_, room| act(room)));
        shown.expect("it does not move")
    }

    fn phases(&self) -> (SourcePhase, TargetPhase) {
        let [source, target] = &self.worlds;
        (source.role().moving.source.phase(), target.role().moving.target.phase())
    }

    /// Whether a world plays the room.
    fn plays(&self, world: usize) -> bool {
        let world = self.worlds[world].role();
        let room = world.rooms.find_named("den");
        room.is_some_and(|room| !world.rooms.stands_still(room))
    }
}

#[test]
fn a_room_moves_with_all_that_is_in_it() {
    with_realm(|realm| {
        // Numbers that don't begin with 1.
        let gone = realm.enter(0, 9);
        realm.worlds[0].say(gone, &Leave {});
        let keys = [realm.enter(0, 1), realm.enter(0, 2)];
        realm.worlds[0].say(keys[0], &step(5));
        realm.worlds[0].say(keys[1], &event(COUNT, b""));
        realm.pass_ms(FLUSH_MS);
        realm.show(0, |room| {
            for id in 0..40 {
                room.put(id, &Stall { worth: u32::from(id) * 1_000 }).unwrap();
            }
            room.remove_thing(39).unwrap();
            room.put_member(Uid(2), &Hat { colour: 300 }).unwrap();
            room.after(480, TimerId(1));
            room.random_u32();
            room.lock();
        });
        let next_random = realm.show(0, |room| {
            let mut again = crate::node::world::RoomRandom::new(room.seed());
            (again.next_u32(), again.next_u32()).1
        });
        realm.pass_ms(FLUSH_MS);
        let before: Vec<_> = realm.show(0, |room| room.members().collect());
        realm.heard = Default::default();
        realm.ask();
        realm.carry();
        assert_eq!(realm.phases(), (SourcePhase::Leaving, TargetPhase::Idle));
        assert!(realm.plays(1) && !realm.plays(0));
        let fair = realm.fair(1).unwrap();
        assert_eq!((fair.score, &fair.options[..]), (1, &b"dark"[..]));
        realm.show(1, |room| {
            assert_eq!(room.members().collect::<Vec<_>>(), before);
            assert!(room.is_away(Uid(1)) && room.is_away(Uid(2)));
            let things: Vec<_> = room.things::<Stall>().map(|(id, it)| (id, it.worth)).collect();
            assert_eq!(things, (0..39).map(|id| (id, u32::from(id) * 1_000)).collect::<Vec<_>>());
            assert_eq!(room.member_state::<Hat>(Uid(2)).map(|hat| hat.colour), Some(300));
            assert_eq!(room.member_state::<Hat>(Uid(1)).map(|hat| hat.colour), None);
            assert_eq!(room.random_u32(), next_random);
        });
        // Main hears of the room before it hears of those who have seats there.
        let told = &realm.heard[1];
        let position = |said: &Said| told.iter().position(|it| it == said);
        let (from, name) = (WorldId(IDS[0]), Text::new("den").unwrap());
        let moved = position(&Said::of(&RoomMovedHere { from, name })).unwrap();
        assert!(told[moved + 1].is::<RoomOpened<'_>>());
        for uid in [Uid(1), Uid(2)] {
            assert!(position(&Said::of(&UserMovedHere { uid, from })).unwrap() > moved + 1);
        }
        // The timer is as late as the room has stood still, here by no time at all.
        realm.pass_ms(440);
        assert!(realm.fair(1).unwrap().timers.is_empty());
        realm.pass_ms(64);
        assert_eq!(realm.fair(1).unwrap().timers, [1]);
        for key in keys {
            assert_eq!(realm.worlds[0].heard(key).last(), Some(&bye(ErrorCode::MOVED)));
        }
        assert!(realm.worlds[0].uids().is_empty() && realm.fair(0).is_none());
        realm.carry();
        assert!(realm.heard[0].iter().any(Said::is::<RoomClosed>));
        // Whoever comes is in its seat.
        let key = realm.enter(1, 2);
        let heard = realm.worlds[1].heard(key);
        let welcome: JoinOk = heard[0].read().unwrap();
        assert_eq!((welcome.number, welcome.is_returned), (number(3), true));
        assert_eq!(realm.fair(1).unwrap().returned, [2]);
    });
}

/// The longest head that a room has: what it is called, opened with and known for takes all there is.
fn longest_den() -> (Wish<'static>, Bytes<'static, ROOM_PROPERTIES_MAX_BYTES>) {
    let wish = Wish {
        mode: Text::new("mmmmmmmmmmmmmmmm").unwrap(),
        secret: Text::new("ssssssssssssssssssssssss").unwrap(),
        options: Bytes::new(&[1; ROOM_OPTIONS_MAX_BYTES]).unwrap(),
        ..den(WishKind::NAMED_OR_NEW)
    };
    (wish, Bytes::new(&[2; ROOM_PROPERTIES_MAX_BYTES]).unwrap())
}

/// A board's buffers hold a block with the longest piece, and no more; a room whose head fits none stays.
#[test]
fn blocks_are_no_longer_than_a_buffer_holds() {
    // This head is some forty bytes shorter than the longest, whose name and numbers are longer.
    for (send_buffer_bytes, moves) in [(BLOCK_BUFFER_BYTES, true), (BLOCK_BUFFER_BYTES - 96, false)]
    {
        with_realm_of(Sizes { send_buffer_bytes, ..SETUP.sizes }, |realm| {
            let (wish, properties) = longest_den();
            let (uid, main) = (Uid(1), realm.mains[0]);
            realm.worlds[0].say(main, &AttachUser { wish, ..attach_of(uid, 1) });
            let key = realm.worlds[0].accept();
            realm.worlds[0].say(key, &join_of(uid));
            realm.show(0, |room| room.set_properties(properties));
            realm.pass_ms(FLUSH_MS);
            realm.ask();
            let mut longest = 0;
            let mut note = |said: &Said| {
                let block = said.read::<RoomBlock<'_>>();
                longest = longest.max(block.map_or(0, |block| block.bytes.as_slice().len()));
                true
            };
            while realm.carry_some(&mut note) {}
            assert_eq!(realm.plays(1), moves, "{send_buffer_bytes}");
            assert!(longest <= PIECE_MAX_BYTES && (longest > 200 || !moves), "{longest}");
            realm.pass_ms(TIMEOUT_MS);
            assert_eq!(realm.plays(0), !moves);
        });
    }
}

/// What the first world has offered since.
#[cfg(feature = "mains")]
fn offers(realm: &mut Realm<'_, '_>) -> Vec<OffersRoom> {
    realm.carry();
    realm.heard[0].drain(..).filter_map(|said| said.read()).collect()
}

#[cfg(feature = "mains")]
#[test]
fn a_world_that_drains_offers_its_rooms_until_they_have_moved() {
    with_realm(|realm| {
        realm.enter(0, 1);
        let room_id = realm.worlds[0].role().room_named("den").unwrap();
        let offer = |not_to| OffersRoom { room_id, not_to: WorldId(not_to) };
        realm.pass_ms(2_000);
        assert_eq!(offers(realm), []);
        realm.worlds[0].act(|world, cx| world.drain(cx, None));
        realm.pass_ms(4);
        assert_eq!(offers(realm), [offer(IDS[0])]);
        // Nothing has come of it.
        realm.pass_ms(900);
        assert_eq!(offers(realm), []);
        realm.pass_ms(120);
        assert_eq!(offers(realm), [offer(IDS[0])]);
        // The target has a room of that name, and does not take it.
        realm.enter(1, 2);
        realm.ask();
        realm.carry();
        assert_eq!(realm.phases(), (SourcePhase::Idle, TargetPhase::Idle));
        realm.pass_ms(1_020);
        assert_eq!(offers(realm), [offer(IDS[1])]);
        // It may have place again.
        realm.pass_ms(1_020);
        assert_eq!(offers(realm), [offer(IDS[0])]);
        // Newcomers are taken again.
        realm.worlds[0].act(World::take_again);
        realm.pass_ms(2_000);
        assert_eq!(offers(realm), []);
    });
}

#[cfg(feature = "mains")]
#[test]
fn what_is_empty_is_not_offered_and_nothing_is_behind_the_move() {
    with_realm(|realm| {
        let gone = realm.enter(0, 1);
        realm.show(0, |room| room.keep_open_for(60_000));
        realm.worlds[0].say(gone, &Leave {});
        realm.worlds[0].act(|world, cx| world.drain(cx, None));
        realm.pass_ms(2_000);
        assert_eq!(offers(realm), []);
        realm.worlds[0].act(World::take_again);
        realm.enter(0, 2);
        realm.worlds[0].act(|world, cx| world.drain(cx, None));
        realm.pass_ms(4);
        assert_eq!(offers(realm).len(), 1);
        realm.ask();
        realm.carry();
        assert!(realm.plays(1));
        realm.pass_ms(3_000);
        assert_eq!(offers(realm), []);
    });
}

#[test]
fn input_waits_and_is_heard_where_the_room_stays() {
    with_realm(|realm| {
        let key = realm.enter(0, 1);
        realm.show(0, |room| room.after(160, TimerId(0)));
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.worlds[0].say(key, &event(COUNT, b""));
        realm.worlds[0].pass_ms(TIMEOUT_MS - 16);
        let fair = realm.fair(0).unwrap();
        assert_eq!((fair.score, fair.timers.len()), (0, 0), "nothing happens there");
        assert_eq!(realm.phases().0, SourcePhase::Copying);
        realm.worlds[0].pass_ms(32);
        assert_eq!(realm.phases().0, SourcePhase::Idle);
        realm.worlds[0].pass_ms(FLUSH_MS);
        let fair = realm.fair(0).unwrap();
        assert_eq!((fair.score, &fair.timers[..], fair.lost.len()), (1, &[0][..], 0));
        assert!(realm.worlds[0].heard(key).contains(&said_event(1, COUNT, b"")));
        // The target has begun to build, and hears that it was for nothing.
        realm.carry();
        assert_eq!(realm.phases().1, TargetPhase::Idle);
        assert!(realm.plays(0) && realm.fair(1).is_none());
        // The same number is another move's: it is asked for again.
        realm.ask();
        realm.carry();
        assert!(realm.plays(1));
        assert_eq!(realm.fair(1).unwrap().score, 1);
    });
}

#[test]
fn a_room_waits_for_its_store_before_it_is_copied() {
    with_realm(|realm| {
        let key = realm.enter(0, 1);
        realm.worlds[0].say(key, &event(KEEP, b""));
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.pass_ms(160);
        assert_eq!(realm.phases().0, SourcePhase::Freezing);
        let mut out = vec![0; realm.worlds[0].role().job_bytes()];
        let job = realm.worlds[0].act(|world, _| world.next_job(&mut out)).unwrap();
        realm.worlds[0].act(|world, cx| world.finish_job(cx, job.key, StoreOutcome::Done));
        realm.pass_ms(16);
        realm.carry();
        assert!(realm.plays(1));
    });
}

#[test]
fn the_store_forgets_a_room_before_another_world_plays_it() {
    with_realm(|realm| {
        realm.enter(0, 1);
        let mut out = vec![0; realm.worlds[0].role().job_bytes()];
        realm.worlds[0].act(|world, cx| {
            world.save_rooms();
            let job = world.next_job(&mut out).unwrap();
            world.finish_job(cx, job.key, StoreOutcome::Done);
        });
        realm.ask();
        realm.pass_ms(64);
        realm.carry();
        assert_eq!(realm.phases(), (SourcePhase::Giving, TargetPhase::Arrived));
        assert!(!realm.plays(0) && !realm.plays(1));
        for _ in 0..2 {
            let job = realm.worlds[0].act(|world, _| world.next_job(&mut out)).unwrap();
            realm.worlds[0].act(|world, cx| world.finish_job(cx, job.key, StoreOutcome::Done));
            realm.carry();
            if realm.plays(1) {
                break;
            }
        }
        assert!(realm.plays(1));
        // What has come is kept at once.
        let kept = realm.worlds[1].act(|world, _| world.next_job(&mut out));
        assert!(matches!(kept.unwrap().task, StoreTask::SaveRoom(_)));
    });
}

#[test]
fn a_target_that_has_no_place_refuses_and_the_room_goes_on() {
    with_realm(|realm| {
        realm.enter(0, 1);
        realm.enter(1, 2);
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.pass_ms(64);
        realm.carry();
        assert_eq!(realm.phases(), (SourcePhase::Idle, TargetPhase::Idle));
        assert!(realm.plays(0) && realm.plays(1));
        assert_eq!((realm.worlds[0].uids(), realm.worlds[1].uids()), (vec![1], vec![2]));
    });
}

#[test]
fn a_lost_main_or_a_member_s_end_lets_the_room_go_on() {
    with_realm(|realm| {
        let keys = [realm.enter(0, 1), realm.enter(0, 2)];
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.pass_ms(64);
        realm.worlds[0].disconnect(keys[1]);
        assert!(realm.plays(0));
        assert_eq!(realm.fair(0).unwrap().lost, [2]);
        realm.ask();
        realm.pass_ms(64);
        assert!(!realm.plays(0));
        let main = realm.mains[0];
        realm.worlds[0].disconnect(main);
        assert!(realm.plays(0));
    });
}

#[test]
fn whoever_is_to_come_to_a_room_on_its_way_is_asked_to_wait() {
    with_realm(|realm| {
        realm.enter(0, 1);
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.pass_ms(64);
        realm.carry_some(|said| !said.is::<SayOfMove>());
        let main = realm.mains[0];
        let wish = den(WishKind::NAMED_OR_NEW);
        realm.worlds[0].say(main, &AttachUser { wish, ..attach_of(Uid(3), 1) });
        let reason = ErrorCode::MOVED;
        let denied = Said::of(&AttachDenied { uid: Uid(3), attempt: 1, reason });
        assert!(realm.worlds[0].heard(main).contains(&denied));
        // A member's room stays for it.
        realm.worlds[0].say(main, &AttachUser { wish, ..attach_of(Uid(1), 2) });
        let let_in = Said::of(&AttachAck { uid: Uid(1), attempt: 2 });
        assert!(realm.worlds[0].heard(main).contains(&let_in));
        assert!(realm.plays(0));
    });
}

#[test]
fn a_copy_without_a_word_of_its_source_is_forgotten() {
    with_realm(|realm| {
        realm.enter(0, 1);
        realm.pass_ms(FLUSH_MS);
        realm.ask();
        realm.pass_ms(64);
        let is_arrived =
            |said: &Said| said.read::<SayOfMove>().is_some_and(|it| it.word == MoveWord::ARRIVED);
        while realm.carry_some(|said| !is_arrived(said)) {}
        assert_eq!(realm.phases().1, TargetPhase::Arrived);
        assert_eq!(realm.worlds[1].uids(), [1]);
        assert!(!realm.plays(1));
        let main = realm.mains[1];
        for nonce in 0..4 {
            assert!(!realm.plays(1));
            realm.worlds[1].pass_ms(8_000);
            realm.worlds[1].say(main, &Ping { nonce });
        }
        assert_eq!(realm.phases().1, TargetPhase::Idle);
        assert!(realm.worlds[1].uids().is_empty() && realm.fair(1).is_none());
        realm.worlds[1].heard(main);
        realm.worlds[1].say(main, &word(MoveWord::GONE, IDS[0], 0));
        let heard = realm.worlds[1].heard(main);
        let lost: SayOfMove = heard.last().unwrap().read().unwrap();
        assert_eq!((lost.word, lost.to), (MoveWord::LOST, WorldId(IDS[0])));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is lost on the way, in the end one of them plays the room, with everybody in it.
    #[test]
    fn words_that_are_lost_lose_nobody(lost in prop::collection::vec(any::<bool>(), 0..40)) {
        with_realm(|realm| {
            for uid in 1..=5 {
                realm.enter(0, uid);
            }
            realm.pass_ms(FLUSH_MS);
            realm.ask();
            let mut lost = lost.into_iter();
            for _ in 0..24 {
                while realm.carry_some(|_| !lost.next().unwrap_or_default()) {}
                assert!(!(realm.plays(0) && realm.plays(1)), "two worlds play it");
                realm.pass_ms(256);
            }
            assert!(realm.plays(0) != realm.plays(1), "{:?}", realm.phases());
            let world = usize::from(realm.plays(1));
            let mut uids: Vec<_> =
                realm.show(world, |room| room.members().map(|it| it.uid.0).collect());
            uids.sort_unstable();
            assert_eq!(uids, [1, 2, 3, 4, 5]);
        });
    }

    #[test]
    fn hostile_blocks_leave_nothing_behind(
        blocks in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..ROOM_BLOCK_BYTES), any::<bool>(), any::<bool>()),
            1..8,
        )
    ) {
        with_realm(|realm| {
            realm.enter(0, 1);
            realm.pass_ms(FLUSH_MS);
            realm.ask();
            realm.pass_ms(64);
            let heard = realm.worlds[0].heard(realm.mains[0]);
            let first: RoomBlock<'_> = heard.iter().find_map(Said::keep).unwrap();
            let (mut index, main) = (0, realm.mains[1]);
            let from = WorldId(IDS[0]);
            for (bytes, is_last, is_first_one) in &blocks {
                let hostile = Bytes::new(bytes).unwrap();
                let bytes = if *is_first_one { first.bytes } else { hostile };
                let block = TakeBlock { move_id: MOVE, from, index, is_last: *is_last, bytes };
                realm.worlds[1].say(main, &block);
                index += 1;
            }
            assert!(!realm.plays(1));
            realm.worlds[1].say(main, &word(MoveWord::KEPT, IDS[0], 0));
            assert_eq!(realm.phases().1, TargetPhase::Idle);
            assert!(realm.worlds[1].uids().is_empty() && realm.fair(1).is_none());
            realm.enter(1, 4);
            assert!(realm.plays(1));
        });
    }
}
