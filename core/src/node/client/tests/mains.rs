//! A client in a realm of several Mains.

use super::*;
use crate::protocol::main_to_client::MainAddress;

const LIST: [&str; 2] = ["10.0.0.1:7", "10.0.0.2:7"];

impl ClientBench<'_> {
    fn tell_mains(&mut self, main: SessionKey, here: usize) {
        for (index, addr) in LIST.iter().enumerate() {
            let (is_here, addr) = (index == here, Text::new(addr).unwrap());
            let (index, count) = (index as u16, LIST.len() as u16);
            self.say(main, &MainAddress { index, count, is_here, addr });
        }
    }
}

#[test]
fn a_client_whose_main_dies_goes_to_another_one_and_stays_in_its_room() {
    with_sizes(Sizes::ALL, |bench| {
        let (main, world) = bench.go_inside();
        bench.tell_mains(main, 0);
        assert_eq!(bench.notes(), [], "nobody has to know");
        bench.disconnect(main);
        assert_eq!(bench.links(), (MainState::Waiting, WorldState::Inside));
        bench.wait_about(FIRST_MS);
        let other = bench.connect_to(LIST[1]);
        assert_eq!(bench.heard(other), [hello(Some(TOKEN))]);
        bench.welcome(other);
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Inside));
        assert_eq!(bench.ended(world), None);
        // From there it goes back.
        bench.tell_mains(other, 1);
        bench.say(other, &Bye { reason: ErrorCode::SHUTTING_DOWN });
        bench.wait_about(FIRST_MS);
        bench.connect_to(LIST[0]);
    });
}

#[test]
fn one_that_does_not_answer_is_followed_by_the_next() {
    with_sizes(Sizes::ALL, |bench| {
        let (main, _) = bench.go_inside();
        bench.tell_mains(main, 0);
        bench.disconnect(main);
        let mut wait_ms = FIRST_MS;
        for address in [LIST[1], "main:7", LIST[0], LIST[1]] {
            bench.wait_about(wait_ms);
            let key = bench.connect_to(address);
            bench.say(key, &Bye { reason: ErrorCode::FULL });
            wait_ms = MOST_MS.min(2 * wait_ms);
        }
    });
}
