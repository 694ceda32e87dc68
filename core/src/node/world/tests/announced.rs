//! A world that is told of Mains: which of them it has a link to, whatever they are called and whenever they say so.

use std::string::String;

use super::mains::TWO;
use super::*;
use crate::protocol::main_to_world::MainAnnounced;
use crate::protocol::world_to_main::{AttachAck, RegisterWorld};

const A: &str = "10.0.0.1:7";
const B: &str = "10.0.0.2:7";
const C: &str = "10.0.0.3:7";

impl<G: Game> WorldBench<'_, G> {
    /// A Main tells its list, and which of it it is.
    fn tell_mains(&mut self, main: SessionKey, list: &[&str], here: &str) {
        for (index, addr) in list.iter().enumerate() {
            let (index, count) = (index as u16, list.len() as u16);
            let (is_here, addr) = (*addr == here, Text::new(addr).unwrap());
            self.say(main, &MainAnnounced { index, count, is_here, addr });
        }
    }

    /// Where the world connects to now.
    fn dialed(&mut self) -> Vec<String> {
        self.dials().into_iter().map(|(address, _)| address).collect()
    }

    /// A Main takes this connection, and the world.
    fn welcomed_by(&mut self, key: SessionKey) -> SessionKey {
        self.main_connected(key);
        assert!(self.heard(key).iter().any(Said::is::<RegisterWorld<'_>>));
        self.say(key, &Registered {});
        key
    }

    /// The only Main that it is to connect to now takes it.
    #[track_caller]
    fn take_at(&mut self, address: &str) -> SessionKey {
        let dials = self.dials();
        assert!(matches!(&dials[..], [(at, _)] if at == address), "{dials:?} instead of {address}");
        self.welcomed_by(dials[0].1)
    }

    /// The connections to both that are configured.
    fn dial_both(&mut self) -> [SessionKey; 2] {
        self.act(World::start);
        let dials = self.dials();
        [dials[0].1, dials[1].1]
    }

    /// The second of both is there by its configured name as well, and the `announced` link gives way.
    fn configured_takes_over(&mut self, announced: SessionKey) -> SessionKey {
        let (address, key) = self.wait_for_dials().remove(0);
        assert_eq!(address, "other:7");
        let b = self.welcomed_by(key);
        self.say(announced, &bye_of(ErrorCode::REPLACED));
        self.tell_mains(b, &[A, B], B);
        self.pass_ms(4 * RECONNECT_MOST_MS);
        assert_eq!((self.dialed(), self.role().own_links()), (vec![], 2));
        b
    }
}

#[test]
fn a_world_goes_to_every_main_that_one_tells_of_and_serves_its_users() {
    with_world(SETUP, |bench| {
        let a = bench.meet_main();
        bench.tell_mains(a, &[A, B], A);
        let b = bench.take_at(B);
        bench.tell_mains(b, &[A, B], B);
        assert_eq!((bench.dialed(), usize::from(bench.role().own_links())), (vec![], 2));
        bench.heard(b);
        bench.say(b, &attach_of(Uid(1), 7));
        assert_eq!(bench.heard(b), [Said::of(&AttachAck { uid: Uid(1), attempt: 7 })]);
        // One that is lost is looked for, as any other.
        bench.disconnect(b);
        assert_eq!(bench.wait_for_dials()[0].0, B);
    });
}

#[test]
fn a_main_that_is_configured_by_another_name_is_not_dialed_again() {
    with_world(TWO, |bench| {
        let keys = bench.dial_both();
        let a = bench.welcomed_by(keys[0]);
        bench.tell_mains(a, &[A, B], A);
        assert_eq!(bench.dialed(), Vec::<String>::new(), "the other one has not said who it is");
        let b = bench.welcomed_by(keys[1]);
        assert_eq!(bench.dialed(), Vec::<String>::new());
        bench.tell_mains(b, &[A, B], B);
        assert_eq!(bench.dialed(), Vec::<String>::new());
        bench.tell_mains(b, &[A, B, C], B);
        assert_eq!(bench.dialed(), [C]);
    });
}

#[test]
fn one_that_is_configured_and_away_holds_nobody_up() {
    with_world(TWO, |bench| {
        let keys = bench.dial_both();
        let a = bench.welcomed_by(keys[0]);
        bench.tell_mains(a, &[A, B], A);
        bench.connect_failed(keys[1]);
        let announced = bench.take_at(B);
        bench.tell_mains(announced, &[A, B], B);
        // The same Main, by the configuration's name: it takes the newer link.
        let b = bench.configured_takes_over(announced);
        bench.disconnect(b);
        assert_eq!(bench.wait_for_dials()[0].0, "other:7");
    });
}

/// The same, with the links in the other order: the one that is configured comes back.
#[test]
fn a_link_that_its_own_world_has_replaced_is_not_given_up() {
    with_world(TWO, |bench| {
        let keys = bench.dial_both();
        let a = bench.welcomed_by(keys[0]);
        bench.tell_mains(a, &[A, B], A);
        bench.connect_failed(keys[1]);
        let announced = bench.dials().remove(0).1;
        bench.main_connected(announced);
        let (_, key) = bench.wait_for_dials().remove(0);
        let b = bench.welcomed_by(key);
        bench.say(announced, &Registered {});
        bench.say(b, &bye_of(ErrorCode::REPLACED));
        bench.tell_mains(announced, &[A, B], B);
        bench.configured_takes_over(announced);
    });
}

#[test]
fn another_server_in_its_place_has_it_dial_nothing_of_a_list() {
    with_world(TWO, |bench| {
        let keys = bench.dial_both();
        let [a, b] = [bench.welcomed_by(keys[0]), bench.welcomed_by(keys[1])];
        bench.tell_mains(a, &[A, B], A);
        bench.tell_mains(b, &[A, B], B);
        bench.say(a, &bye_of(ErrorCode::REPLACED));
        bench.tell_mains(b, &[A, B, C], B);
        bench.pass_ms(4 * RECONNECT_MOST_MS);
        assert_eq!(bench.dialed(), Vec::<String>::new());
    });
}

#[test]
fn one_that_is_on_no_list_any_more_is_let_go_and_one_of_the_configuration_never() {
    with_world(SETUP, |bench| {
        let a = bench.meet_main();
        bench.tell_mains(a, &[A, B, C], A);
        let keys = bench.dials();
        let [b, c] = [bench.welcomed_by(keys[0].1), bench.welcomed_by(keys[1].1)];
        bench.tell_mains(b, &[A, B, C], B);
        bench.tell_mains(c, &[A, B, C], C);
        // As long as one says so, it is had.
        bench.tell_mains(a, &[A, C], A);
        assert_eq!(bench.ended(b), None);
        bench.tell_mains(c, &[A, C], C);
        assert_eq!(bench.ended(b), None, "it says so itself");
        bench.disconnect(b);
        assert_eq!(bench.role().own_links(), 2);
        bench.pass_ms(4 * RECONNECT_MOST_MS);
        assert_eq!(bench.dialed(), Vec::<String>::new());
        // Behind that it is one as any other.
        bench.tell_mains(a, &[B, C], "");
        bench.take_at(B);
        assert_eq!(bench.ended(a), None);
        bench.tell_mains(a, &[C], "");
        bench.disconnect(a);
        assert!(bench.wait_for_dials().iter().any(|(address, _)| address == "main:7"));
    });
}

#[test]
fn while_it_is_connected_it_is_shown_out_if_it_names_itself_no_more() {
    with_world(SETUP, |bench| {
        let a = bench.meet_main();
        bench.tell_mains(a, &[A, B], A);
        let b = bench.take_at(B);
        bench.tell_mains(b, &[A, B], B);
        bench.heard(b);
        bench.tell_mains(a, &[A], A);
        bench.tell_mains(b, &[A], "");
        assert_eq!(bench.heard(b).last(), Some(&bye(ErrorCode::GOODBYE)));
        bench.pass_ms(4 * RECONNECT_MOST_MS);
        assert_eq!((bench.dialed(), bench.role().own_links()), (vec![], 1));
    });
}

#[test]
fn when_all_mains_are_away_what_they_have_said_holds() {
    with_world(SETUP, |bench| {
        let a = bench.meet_main();
        bench.tell_mains(a, &[A, B], A);
        let b = bench.take_at(B);
        bench.disconnect(a);
        bench.disconnect(b);
        let mut looked_for: Vec<String> = Vec::new();
        while looked_for.len() < 2 {
            for (address, key) in bench.wait_for_dials() {
                bench.connect_failed(key);
                looked_for.push(address);
            }
        }
        looked_for.sort_unstable();
        assert_eq!(looked_for, [B, "main:7"]);
    });
}

#[test]
fn a_list_is_bounded_and_what_is_no_address_is_passed_over() {
    with_world(SETUP, |bench| {
        let a = bench.meet_main();
        let many: Vec<String> = (1..=20).map(|host| std::format!("10.0.0.{host}:7")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        bench.tell_mains(a, &["no address", "tls://b:7", "b:0"], "");
        assert_eq!(bench.dialed(), Vec::<String>::new());
        bench.tell_mains(a, &many, A);
        assert_eq!(bench.dialed(), many[1..MAINS_MAX]);
        assert_eq!((usize::from(bench.role().own_links()), bench.ended(a)), (MAINS_MAX, None));
    });
}

fn bye_of(reason: ErrorCode) -> Bye {
    Bye { reason }
}
