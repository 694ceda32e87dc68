//! What threads beside a world ask of it: limits on both sides, its end, and bans with a full book.

use std::sync::mpsc::channel;
use std::task::Waker;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets};
use tinyrealm_core::node::world::{Relay, WorldConfig};
use tinyrealm_core::protocol::world_to_client::EventBroadcast;
use tinyrealm_core::protocol::{Bytes, SendError, ServerKind};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::opcode::GAME;
use tinyrealm_std::memory::{NodeSizes, WorldSizes, node_storage, notice_line, world_storage};
use tinyrealm_std::{Driver, OsEntropy, SocketOptions, Sockets};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::*;
use crate::process;

tinyrealm_core::protocol! {
    /// What the counter hands out.
    mod notices in GAME.server_to_client;

    /// How far it is.
    1 counted => Counted {
        /// So far.
        count: u32,
    }
}

#[derive(Debug, Default)]
struct Counter(u32);

impl Game for Counter {
    const NAME: &'static str = "counter";
}

/// Runs until it is told to end.
struct Until(Pin<Box<WaitForCancellationFutureOwned>>);

impl<R> Control<'static, R> for Until {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        _: &mut Turn<'_>,
        _: &mut Node<'static, R>,
    ) -> NextStep {
        match self.0.as_mut().poll(cx) {
            Poll::Ready(()) => NextStep::ShutDown,
            Poll::Pending => NextStep::Continue,
        }
    }
}

fn node(turn: &mut Turn<'_>) -> WorldNode<Counter> {
    let sizes = WorldSizes { rooms: 2, ring_bytes: 2_048, users: 4, attaches: 4 };
    let role_timers = tinyrealm_core::node::world::world_timers(sizes.attaches);
    let node_sizes = NodeSizes { sessions: 4, role_timers, ..NodeSizes::SERVER };
    let storage = world_storage::<Counter>(sizes);
    storage.games.fill_with(Counter::default);
    let secrets = ClusterSecrets::of(ClusterSecret::new(&[0; 32]).unwrap());
    let config = WorldConfig {
        world_id: WorldId(1),
        region: heapless::String::new(),
        address: heapless::String::new(),
        main_addresses: WorldConfig::only_main(heapless::String::new()),
        cluster_keys: secrets.keys_of(ServerKind::WORLD, 1),
        room_capacity: 2,
        room_spectators: 0,
        flush_interval_ms: 0,
        status_interval_ms: 1_000,
        reconnect_first_ms: 1_000,
        reconnect_most_ms: 1_000,
    };
    let world = World::new(storage, config).with_notices(notice_line(NOTICE_LINE_BYTES));
    Node::new(node_storage(node_sizes), NetConfig::SERVER, world, turn)
}

/// Runs a world, and `act` on a thread of the author's own; the world ends when that does. Answers what is left of it.
fn beside_a_world(
    act: impl Fn(&WorldHandle<Counter>) + Send + Sync + 'static,
) -> WorldHandle<Counter> {
    let end = CancellationToken::new();
    let (done, outcome) = channel();
    let mut threads = Threads::default();
    let ending = end.clone();
    threads.add(move |world: WorldHandle<Counter>| {
        let _end = ending.clone().drop_guard();
        act(&world);
        done.send(world).unwrap();
    });
    let runtime = tinyrealm_std::runtime::current_thread().unwrap();
    runtime.block_on(async {
        let sockets = Sockets::listen(([127, 0, 0, 1], 0).into()).unwrap();
        let driver = Driver::new(sockets, SocketOptions { send_buffer_bytes: 0 }, node);
        let until = Until(Box::pin(end.cancelled_owned()));
        let control = threads.start::<Counter, _>(WorldId(1), until).unwrap();
        process::run(driver, control).await;
    });
    let world = outcome.recv().expect("what the thread did was right");
    assert!(world.has_ended());
    assert_eq!(world.with_room(RoomId(0), |_, _| ()).err(), Some(ControlError::Ended));
    world
}

fn count(world: &WorldHandle<Counter>, room: impl Into<RoomKey>) -> Result<u32, ControlError> {
    let counted = world.with_room(room, |counter, _| {
        counter.0 += 1;
        counter.0
    });
    counted?.wait()
}

#[test]
fn a_thread_acts_on_each_room_and_hears_what_came_of_it() {
    beside_a_world(|world| {
        assert_eq!([count(world, RoomId(0)), count(world, RoomId(0))], [Ok(1), Ok(2)]);
        assert_eq!(count(world, RoomId(1)), Ok(1));
        assert_eq!(count(world, RoomId(2)), Err(ControlError::NoSuchRoom));
        assert_eq!(count(world, "lounge"), Err(ControlError::NoSuchRoom));
        assert_eq!(count(world, ""), Err(ControlError::NoSuchRoom));
        let said =
            world.with_room(RoomId(0), |_, room| room.broadcast(Uid::NOBODY, 1, Bytes::EMPTY));
        assert_eq!(said.unwrap().wait(), Ok(Ok(())));
    });
}

/// Has the game hand that out.
fn notice(world: &WorldHandle<Counter>, count: u32) -> Result<(), SendError> {
    let noticed =
        world.with_room(RoomId(1), move |_, room| room.notice(&notices::Counted { count }));
    noticed.unwrap().wait().unwrap()
}

fn heard(world: &WorldHandle<Counter>) -> Option<u32> {
    let notice = world.next_notice()?;
    assert_eq!(notice.room, RoomId(1));
    assert_eq!(notice.read::<EventBroadcast<'_>>(), None, "it is no such message");
    Some(notice.read::<notices::Counted>().unwrap().count)
}

#[test]
fn every_notice_is_heard_once_and_in_order_also_of_a_world_that_was_full() {
    let world = beside_a_world(|world| {
        let mut handed_out = 0;
        while notice(world, handed_out) != Err(SendError::Full) {
            handed_out += 1;
        }
        assert!(handed_out > NOTICES_MAX as u32, "{handed_out}");
        for count in 0..handed_out {
            assert_eq!(heard(world), Some(count));
        }
        assert_eq!(notice(world, handed_out), Ok(()), "there is place again");
        assert_eq!(heard(world), Some(handed_out));
    });
    assert_eq!(heard(&world), None);
}

#[test]
fn what_was_handed_out_before_the_end_is_heard_after_it() {
    let world = beside_a_world(|world| (0..3).for_each(|count| notice(world, count).unwrap()));
    assert_eq!([heard(&world), heard(&world), heard(&world)], [Some(0), Some(1), Some(2)]);
    assert_eq!(heard(&world), None);
}

#[test]
fn of_several_threads_one_hears_each_notice() {
    beside_a_world(|world| {
        let mut all = std::thread::scope(|scope| {
            let listen = || (0..100).map(|_| heard(world).unwrap()).collect::<Vec<_>>();
            let threads = [0; 3].map(|_| scope.spawn(listen));
            (0..300).for_each(|count| notice(world, count).unwrap());
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        all.sort_unstable();
        assert!(all.into_iter().eq(0..300));
    });
}

#[test]
fn a_game_is_told_when_the_last_thread_is_lost() {
    let (sender, receiver) = mpsc::channel(NOTICES_MAX);
    let inner = Until(Box::pin(CancellationToken::new().cancelled_owned()));
    let mut control = Obeying { inner, commands: None, notices: Some(PollSender::new(sender)) };
    let mut entropy = OsEntropy;
    let mut turn = Turn { now: Instant::from_millis(1), entropy: &mut entropy };
    let mut node = node(&mut turn);
    let mut notice = |turn: &mut Turn<'_>| {
        let message = notices::Counted { count: 1 };
        let noticed = in_room(turn, &mut node, RoomId(0), |_, room| room.notice(&message));
        control.finish_turn(&mut Context::from_waker(Waker::noop()), turn, &mut node);
        noticed.unwrap()
    };
    assert_eq!([notice(&mut turn), notice(&mut turn)], [Ok(()); 2]);
    assert_eq!(receiver.len(), 2);
    drop(receiver);
    assert_eq!(notice(&mut turn), Ok(()), "the world does not know yet");
    assert_eq!([notice(&mut turn), notice(&mut turn)], [Err(SendError::Closed); 2]);
}

#[test]
fn commands_of_many_threads_are_all_carried_out() {
    beside_a_world(|world| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        count(world, RoomId(0)).unwrap();
                    }
                });
            }
        });
        assert_eq!(count(world, RoomId(0)), Ok(801));
    });
}

#[test]
fn who_is_not_there_is_no_matter_and_may_be_banned() {
    beside_a_world(|world| {
        let kicked = world.kick(Uid(7), Refusal::UNSAID).unwrap().wait();
        assert_eq!(kicked, Err(ControlError::NoSuchUser));
        let ban = |uid| world.ban(Uid(uid), Duration::MAX, Refusal::UNSAID).unwrap().wait();
        let places = tinyrealm_core::node::world::WORLD_BANS as u64;
        assert!((1..=places).all(|uid| ban(uid) == Ok(())));
        assert_eq!(ban(places + 1), Err(ControlError::Full), "Main knows of none yet");
    });
}

#[test]
fn both_sides_of_as_many_commands_as_may_wait() {
    let notices = Arc::new(Mutex::new(mpsc::channel(1).1));
    let handle = |commands| WorldHandle::<Counter> { id: WorldId(1), commands, notices };
    let (sender, commands) = mpsc::channel(COMMANDS_MAX);
    let world = handle(sender);
    let answers: Vec<_> =
        (0..COMMANDS_MAX).map(|_| world.with_room(RoomId(0), |_, _| ()).unwrap()).collect();
    assert_eq!(world.with_room(RoomId(0), |_, _| ()).err(), Some(ControlError::Full));
    assert!(!world.has_ended());
    drop(commands);
    assert_eq!(world.with_room(RoomId(0), |_, _| ()).err(), Some(ControlError::Ended));
    for answer in answers {
        assert_eq!(answer.wait(), Err(ControlError::Ended), "everybody hears one outcome");
    }
}

#[test]
fn a_thread_of_no_game_is_told_before_anything_starts() {
    let mut threads = Threads::default();
    threads.add(|_: WorldHandle<Counter>| {});
    let problem = crate::games::ensure_threads(crate::games![Relay], &threads).unwrap_err();
    assert!(problem.to_string().contains("\"counter\""), "{problem}");
    crate::games::ensure_threads(crate::games![Relay, Counter], &threads).unwrap();
}
