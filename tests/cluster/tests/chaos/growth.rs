//! What several Mains cost: CPU time of a user who is in, of a hello, and what each asks the directory.
//!
//! Contract: each Main has as many users and as many hellos a second as each other one, however many there are. What is
//! measured is the CPU time of the Mains' threads, as the system counts it; rounds follow each other, and the median counts, so
//! that what else runs harms all alike. Holds if a user and a hello cost within [`RATIO_MOST`] of what they cost with one Main.

use std::net::SocketAddr;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::parts::Directory;
use crate::parts::cpu::cpu_of;
use crate::support::login::try_hello;
use crate::support::process::binary;
use crate::support::{Bots, Server, Stream, User};

const MAINS: [usize; 3] = [1, 2, 4];
const ROUNDS: usize = 3;
const RATIO_MOST: f64 = 1.10;
const USERS_PER_MAIN: usize = 200;
/// Members of a channel, who are all over the Mains. Each hears four messages a second, and what a Main hears is next to nothing
/// beside that. (A channel with fewer members than there are Mains has a copy for each of those instead.)
const TALKERS: usize = 100;
const TALK_HZ: &str = "0.04";
const HELLOS_PER_SECOND: u32 = 100;
const ENTERS_PER_SECOND: u32 = 50;
/// Threads that call, at each Main.
const CALLERS: u32 = 4;
const WORLDS: u16 = 4;
const SETTLED_BEHIND: Duration = Duration::from_secs(2);
const ALONE_FOR: Duration = Duration::from_secs(4);
const USERS_FOR: Duration = Duration::from_secs(12);
const CALLS_FOR: Duration = Duration::from_secs(8);
/// Bots come into their channels when it is their turn to talk.
const PATIENCE: Duration = Duration::from_secs(60);
const NET: [&str; 2] = ["net.connections_per_address=16384", "net.openings_per_second=8192"];

/// Somebody says hello and goes, or enters a world besides.
#[derive(Copy, Clone, Debug)]
struct Call {
    us: f64,
    per_second: f64,
    /// How long half of them took, and all but a hundredth.
    half_ms: f64,
    most_ms: f64,
    /// Messages that NATS has got for it.
    asked: f64,
}

/// What one round has measured; CPU times in microseconds.
#[derive(Copy, Clone, Debug)]
struct Cost {
    /// Of a Main with its worlds and nobody in, a second.
    alone_us: f64,
    /// Of a user, a second.
    user_us: f64,
    hello: Call,
    enter: Call,
}

struct Realm {
    directory: Directory,
    mains: Vec<Server>,
    _chat: Server,
    _worlds: Vec<Server>,
}

impl Realm {
    #[track_caller]
    fn start(count: usize) -> Self {
        let directory = Directory::start("growth", 3);
        let chat = Server::chat(&NET);
        let own = directory.settings();
        let chat_at = format!("main.chat={}", chat.address);
        let own: Vec<&str> = own.iter().map(String::as_str).chain(NET).chain([&*chat_at]).collect();
        let mains: Vec<Server> = (0..count).map(|_| Server::main(&own)).collect();
        for main in &mains {
            main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
        }
        let at: Vec<SocketAddr> = mains.iter().map(|main| main.address).collect();
        let world = |id| {
            Server::world_with_mains(id, &at, &[&NET[..], &["world.room_capacity=8"]].concat())
        };
        let worlds: Vec<Server> = (1..=WORLDS).map(world).collect();
        worlds.iter().for_each(|world| world.wait_until_registered(count));
        sleep(SETTLED_BEHIND);
        Self { directory, mains, _chat: chat, _worlds: worlds }
    }

    /// The CPU time of all Mains until now.
    fn cpu(&self) -> Duration {
        self.mains.iter().map(|main| cpu_of(main.process.id())).sum()
    }

    /// What happens in this time: CPU time a second, and messages to NATS a second.
    fn rates(&self, within: Duration) -> (f64, f64) {
        let (cpu, asked, began) = (self.cpu(), self.directory.nats.asked(), Instant::now());
        sleep(within);
        let seconds = began.elapsed().as_secs_f64();
        let cpu_us = (self.cpu() - cpu).as_micros() as f64;
        (cpu_us / seconds, (self.directory.nats.asked() - asked) / seconds)
    }

    #[track_caller]
    fn bots(&self) -> (Bots, usize) {
        let users = USERS_PER_MAIN * self.mains.len();
        let at: Vec<SocketAddr> = self.mains.iter().map(|main| main.address).collect();
        let (count, channels) = (users.to_string(), (users / TALKERS).to_string());
        let what = ["--count", &count, "--hz", "0.2", "--seconds", "86400"];
        let talk = ["--chat-hz", TALK_HZ, "--channels", &channels, "--join-seconds", "60"];
        let bots = Bots::start_with_mains(binary(), &at, &[&what[..], &talk].concat());
        let started = Instant::now();
        let is_in =
            || self.mains.iter().map(|main| main.report().count("chat.memberships")).sum::<u64>();
        while is_in() < users as u64 {
            assert!(started.elapsed() < PATIENCE, "{} of {users} are in", is_in());
            sleep(Duration::from_millis(200));
        }
        (bots, users)
    }

    /// Somebody comes and goes at every Main, so often; how long that took each.
    fn calls(&self, per_second: u32, call: impl Fn(SocketAddr) + Sync) -> Vec<Duration> {
        let interval = Duration::from_secs(1) * CALLERS / per_second;
        let began = Instant::now();
        let call_often = |at: SocketAddr, caller: u32| {
            let mut took = Vec::new();
            let mut due = began + interval * caller / CALLERS;
            while due < began + CALLS_FOR {
                sleep(due.saturating_duration_since(Instant::now()));
                let asked = Instant::now();
                call(at);
                took.push(asked.elapsed());
                due += interval;
            }
            took
        };
        scope(|scope| {
            let call_often = &call_often;
            let at = self.mains.iter().map(|main| main.address);
            let callers = at.flat_map(|at| (0..CALLERS).map(move |caller| (at, caller)));
            let threads: Vec<_> =
                callers.map(|(at, caller)| scope.spawn(move || call_often(at, caller))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// What such a call costs besides what is always spent, a second: CPU time, and messages to NATS.
    fn cost(&self, (cpu_us, asked): (f64, f64), calls: impl Fn() -> Vec<Duration>) -> Call {
        let (cpu, asked_before, began) = (self.cpu(), self.directory.nats.asked(), Instant::now());
        let mut took = calls();
        // Whoever has gone is forgotten a moment later.
        sleep(Duration::from_millis(500));
        let seconds = began.elapsed().as_secs_f64();
        let count = took.len() as f64;
        took.sort_unstable();
        let at =
            |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
        Call {
            us: ((self.cpu() - cpu).as_micros() as f64 - cpu_us * seconds) / count,
            per_second: count / CALLS_FOR.as_secs_f64(),
            half_ms: at(0.5),
            most_ms: at(0.99),
            asked: (self.directory.nats.asked() - asked_before - asked * seconds) / count,
        }
    }
}

#[track_caller]
fn measure(count: usize) -> Cost {
    let realm = Realm::start(count);
    let (alone, _) = realm.rates(ALONE_FOR);
    let (bots, users) = realm.bots();
    sleep(SETTLED_BEHIND);
    let always = realm.rates(USERS_FOR);
    let hello = realm.cost(always, || {
        realm.calls(HELLOS_PER_SECOND, |at| drop(try_hello(at, None).expect("guests are welcome")))
    });
    let enter =
        realm.cost(always, || realm.calls(ENTERS_PER_SECOND, |at| drop(User::enter(at, ""))));
    bots.kill();
    Cost {
        alone_us: alone / count as f64,
        user_us: (always.0 - alone) / users as f64,
        hello,
        enter,
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures and prints; answers whether it holds.
pub(crate) fn run() -> bool {
    println!(
        "each Main: {USERS_PER_MAIN} users who talk, {HELLOS_PER_SECOND} hellos and then {ENTERS_PER_SECOND} \
         enters a second; {WORLDS} worlds, a chat server, 3 servers of NATS; medians of {ROUNDS} rounds"
    );
    let mut all = [const { Vec::new() }; MAINS.len()];
    for round in 1..=ROUNDS {
        for (costs, count) in all.iter_mut().zip(MAINS) {
            let cost = measure(count);
            eprintln!("round {round}, {count} Mains: {cost:?}");
            costs.push(cost);
        }
    }
    println!(
        "Mains  users  alone, µs/s  user, µs/s   a call      µs  a second  p50, p99 ms  to NATS"
    );
    for (costs, count) in all.iter().zip(MAINS) {
        let of = |pick: fn(&Cost) -> f64| median(costs, pick);
        let users = count * USERS_PER_MAIN;
        let (alone, user) = (of(|cost| cost.alone_us), of(|cost| cost.user_us));
        println!(
            "{count:>5}{users:>7}{alone:>13.0}{user:>12.1}   hello {}",
            shown(costs, |it| it.hello)
        );
        println!("{:>37}   enter {}", "", shown(costs, |it| it.enter));
    }
    let holds = |pick: fn(&Cost) -> f64| {
        let least = median(&all[0], pick);
        all.iter().all(|costs| median(costs, pick) <= least * RATIO_MOST)
    };
    let (user, hello) = (holds(|cost| cost.user_us), holds(|cost| cost.hello.us));
    println!("within {RATIO_MOST} of one Main: a user {user}, a hello {hello}");
    user && hello
}

fn shown(costs: &[Cost], call: fn(&Cost) -> Call) -> String {
    let of = |pick: fn(&Call) -> f64| median(costs, |cost| pick(&call(cost)));
    let (us, per_second) = (of(|it| it.us), of(|it| it.per_second));
    let (half_ms, most_ms) = (of(|it| it.half_ms), of(|it| it.most_ms));
    let asked = of(|it| it.asked);
    format!("{us:>8.0}{per_second:>10.0}{half_ms:>7.1},{most_ms:>5.1}{asked:>9.2}")
}
