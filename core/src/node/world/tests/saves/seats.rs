//! Who was in a room that its world has again.

use super::*;

const HOLD_MS: u32 = 4_000;

/// Holds seats, and keeps its room.
#[derive(Default)]
struct Holder {
    returned: Vec<Uid>,
    left: Vec<(Uid, Left)>,
}

impl Game for Holder {
    const NAME: &'static str = "holder";
    const HOLD_MS: u32 = HOLD_MS;
    const ROOM_SAVE_BYTES: usize = 1;
    const SAVE_INTERVAL_MS: u32 = INTERVAL_MS;

    fn on_return(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid) {
        self.returned.push(uid);
    }

    fn on_leave(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid, why: Left) {
        self.left.push((uid, why));
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        out.fill(9);
        out.len()
    }

    fn restore_room(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        if state == [9] { Ok(()) } else { Err(Unreadable) }
    }
}

const MEMBERS: usize = 3;
type HolderMemory = SaveMemory<0, 0, 2, { 2 * state_bytes::<Holder>(MEMBERS) }>;

fn with_holder(test: impl FnOnce(&mut WorldBench<'_, Holder>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| Holder::default())));
    let mut saves = Box::new(HolderMemory::NEW);
    let storage = WorldStorage { saves: saves.storage(), ..SETUP.lend(&mut memory) };
    let world = World::new(storage, SETUP.config());
    let mut bench = Bench::new(SETUP.sizes.lend(&mut node_memory), SETUP.net, world);
    test(&mut bench);
    bench.finish();
}

/// Bytes of the state of a room without a name with so many seats.
const fn bytes_with(seats: usize) -> usize {
    1 + 2 + seats * 22 + Holder::ROOM_SAVE_BYTES
}

/// The state of room 0 of a world in which so many have come, each to a place of its own.
fn state_with(members: u32) -> Vec<u8> {
    let mut state = vec![];
    with_holder(|bench| {
        let main = bench.meet_main();
        for (place, key) in bench.fill(main, members).into_iter().enumerate() {
            bench.say(key, &step(100 * (place as i32 + 1)));
        }
        bench.pass_ms(INTERVAL_MS);
        let mut out = vec![0; bench.role().job_bytes()];
        let job = bench.act(|world, _| world.next_job(&mut out)).unwrap();
        out.truncate(job.bytes);
        state = out;
    });
    state
}

fn restore(bench: &mut WorldBench<'_, Holder>, mut state: Vec<u8>) {
    let bytes = state.len();
    let found = Found { version: 0, buffer: &mut state, bytes };
    assert_eq!(bench.act(|world, cx| world.restore_room(cx, RoomId(0), found)), Ok(()));
}

#[test]
fn who_was_in_has_its_seat_and_comes_back_to_its_body() {
    let state = state_with(2);
    assert_eq!(state.len(), bytes_with(2));
    with_holder(|bench| {
        restore(bench, state);
        assert_eq!((bench.uids(), bench.role().rooms().away()), (vec![1, 2], 2));
        let main = bench.meet_main();
        let key = bench.join(main, 2);
        let welcome: JoinOk = bench.heard(key)[0].read().unwrap();
        assert!(welcome.is_returned);
        assert_eq!((welcome.spawn_pos, welcome.spawn_dir), (at(200), Direction(9)));
        // Who does not come back has left when its time is over.
        bench.pass_ms(HOLD_MS);
        let game = bench.role().game(RoomId(0)).unwrap();
        assert_eq!(
            (&game.returned[..], &game.left[..]),
            (&[Uid(2)][..], &[(Uid(1), Left::Expired)][..])
        );
        assert_eq!(bench.uids(), [2]);
    });
}

/// A room that is larger than what is lent for it keeps as many seats as there is room for.
#[test]
fn both_sides_of_the_seats_that_are_kept() {
    for (members, kept) in [(MEMBERS, MEMBERS), (MEMBERS + 1, MEMBERS)] {
        let state = state_with(members as u32);
        assert_eq!(state.len(), bytes_with(kept));
        with_holder(|bench| {
            restore(bench, state);
            assert_eq!(bench.role().rooms().away(), kept);
        });
    }
}
