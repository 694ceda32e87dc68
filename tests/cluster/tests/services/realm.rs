//! A realm whose every server is there twice, under bots with accounts: one fault of each kind. The whole tour is `cargo xtask chaos`.

use std::time::Duration;

use crate::parts::machines::{Machines, Plan};
use crate::parts::table;
use crate::parts::tour::{Fault, Pace, Part, Tour};

const PLAN: Plan =
    Plan { bots: 200, mains: 2, logins: 1, chats: 2, worlds: 2, nats: 3, game: None };
/// Who hangs does so for longer than is waited for.
const PACE: Pace = Pace {
    kill: Duration::from_millis(500),
    hang: Duration::from_secs(6),
    cut: Duration::from_secs(2),
    judged: Duration::from_secs(1),
};

#[test]
fn one_of_each_is_killed_hangs_or_is_cut_and_everybody_is_back() {
    let mut tour = Tour::new(Machines::start("realm", PLAN), PACE);
    let leader = tour.machines.directory.nats.leader().expect("NATS has chosen");
    println!("{}", table::head());
    for (part, fault) in [
        (Part::Main(0), Fault::Kill),
        (Part::Main(1), Fault::Hang),
        (Part::World(0), Fault::Cut),
        (Part::World(1), Fault::Hang),
        (Part::World(0), Fault::Kill),
        (Part::Chat(0), Fault::Kill),
        (Part::Nats(leader), Fault::Kill),
        (Part::Nats((leader + 1) % PLAN.nats), Fault::Cut),
        (Part::Main(0), Fault::Cut),
        (Part::Postgres, Fault::Hang),
        (Part::Login(0), Fault::Kill),
    ] {
        let step = tour.step(part, fault);
        println!("{}", table::line(&step));
        assert_eq!(step.wrong, [""; 0]);
    }
    assert_eq!(tour.swarms.end(), [""; 0]);
}

/// Rooms move from a world that is to end, and whoever plays in them keeps its seat.
#[test]
fn every_server_is_replaced_and_nobody_loses_its_seat() {
    let plan = Plan { bots: 60, nats: 1, game: Some("coin-rush"), ..PLAN };
    let mut tour = Tour::new(Machines::start("rolling", plan), PACE);
    println!("{}", table::head());
    for part in Part::ours(&tour.machines) {
        let step = tour.step(part, Fault::Replace);
        println!("{}", table::line(&step));
        assert_eq!(step.wrong, [""; 0]);
    }
    assert_eq!(tour.swarms.end(), [""; 0]);
}
