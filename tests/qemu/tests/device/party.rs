//! A party: users in one room, by TCP and by WebSocket, who find out whether they lose anything.
//!
//! Contract: each moves and says events at the usual rates until it is over. Then all of them have
//! heard the same events, in one order, their own among them; the moves of each came in order, and
//! the last of each came.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::Uid;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, MoveBroadcast, RoomSnapshot};

use super::support::{Heard, PATIENCE, User};

const MOVE_INTERVAL: Duration = Duration::from_millis(100);
/// Moves between two events.
const MOVES_AN_EVENT: i32 = 5;
/// The kinds of a guest's events, and of its last one.
const KIND: u16 = 900;
const LAST_KIND: u16 = 901;
/// Before everywhere, and where everyone goes last: the edge of the field.
const NOWHERE: i32 = -1;
const LAST_X: i32 = 20_000;

/// An event as it was heard: who, what kind, what.
type Said = (Uid, u16, Vec<u8>);

/// Users who play until they are told to stop; see the [module](self).
pub(crate) struct Party {
    is_over: Arc<AtomicBool>,
    guests: Vec<JoinHandle<Vec<Said>>>,
}

impl Party {
    /// Comes in: so many by WebSocket, and so many by TCP.
    #[track_caller]
    pub(crate) fn start(main: SocketAddr, web_sockets: usize, tcp: usize) -> Self {
        let web = (0..web_sockets).map(|_| User::enter_by_web(main, ""));
        let users: Vec<User> = web.chain((0..tcp).map(|_| User::enter(main, ""))).collect();
        let uids: Vec<Uid> = users.iter().map(|user| user.uid).collect();
        let (is_over, all_in) =
            (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(users.len())));
        let guests = users.into_iter().map(|user| {
            let others = uids.iter().filter(|uid| **uid != user.uid).map(|uid| (*uid, NOWHERE));
            let guest = Guest { others: others.collect(), said: Vec::new(), ends: 0, user };
            let (is_over, all_in) = (is_over.clone(), all_in.clone());
            thread::spawn(move || {
                all_in.wait();
                guest.play(&is_over)
            })
        });
        let guests = guests.collect();
        Self { is_over, guests }
    }

    /// Stops, compares what they have heard, and answers how many events that was.
    #[track_caller]
    pub(crate) fn expect_nothing_lost(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        let heard: Vec<Vec<Said>> =
            self.guests.into_iter().map(|guest| guest.join().expect("a guest")).collect();
        for other in &heard[1..] {
            assert_eq!(&heard[0], other);
        }
        heard[0].len()
    }
}

struct Guest {
    user: User,
    /// Where each other guest was seen last.
    others: BTreeMap<Uid, i32>,
    said: Vec<Said>,
    /// Guests whose last event has come.
    ends: usize,
}

impl Guest {
    fn play(mut self, is_over: &AtomicBool) -> Vec<Said> {
        let mut step = 0_i32;
        while !is_over.load(Ordering::Relaxed) {
            self.user.world.move_to(step);
            if step % MOVES_AN_EVENT == 0 {
                self.user.world.say(KIND, &step.to_le_bytes());
            }
            step += 1;
            self.listen_until(Instant::now() + MOVE_INTERVAL, |_| false);
        }
        self.user.world.move_to(LAST_X);
        self.user.world.say(LAST_KIND, b"");
        let own = self.user.uid;
        let has_all = |guest: &Self| {
            guest.ends > guest.others.len() && guest.others.values().all(|x| *x == LAST_X)
        };
        self.listen_until(Instant::now() + PATIENCE, has_all);
        assert!(has_all(&self), "{own:?}: {:?}, {} ends", self.others, self.ends);
        let mine = self.said.iter().filter(|(uid, ..)| *uid == own).count() as i32;
        assert_eq!(mine, (step + MOVES_AN_EVENT - 1) / MOVES_AN_EVENT, "what {own:?} said itself");
        self.said
    }

    fn listen_until(&mut self, end: Instant, is_enough: impl Fn(&Self) -> bool) {
        while !is_enough(self) {
            let left = end.saturating_duration_since(Instant::now());
            match self.user.world.hear(left) {
                Heard::Frame(opcode) => self.take(opcode),
                Heard::Silence => return,
                ended @ Heard::Closed { .. } => panic!("{:?}: {ended:?}", self.user.uid),
            }
        }
    }

    fn take(&mut self, opcode: i32) {
        let world = &self.user.world;
        if opcode == EventBroadcast::OPCODE.0 {
            let event = world.message::<EventBroadcast<'_>>();
            match event.kind {
                KIND => {
                    let who = world.who(event.number);
                    self.said.push((who, event.kind, event.data.as_slice().to_vec()));
                }
                LAST_KIND => self.ends += 1,
                _ => {}
            }
        } else if opcode == MoveBroadcast::OPCODE.0 {
            let moved = world.message::<MoveBroadcast>();
            let uid = world.who(moved.number);
            assert_ne!(uid, self.user.uid, "its own move");
            // Bots go back and forth.
            if let Some(x) = self.others.get_mut(&uid) {
                assert!(*x < moved.pos.x, "{x}, {moved:?}");
                *x = moved.pos.x;
            }
        } else {
            assert_ne!(opcode, RoomSnapshot::OPCODE.0, "{:?} was overtaken", self.user.uid);
        }
    }
}
