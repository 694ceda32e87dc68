//! Whose turn it is, and who has to give way.

use super::*;

/// Everyone who is handed out, one after the other, by id.
fn order(bench: &mut LoginBench<'_>) -> Vec<std::string::String> {
    let mut ids = Vec::new();
    while let Some(work) = bench.next_login() {
        bench.finish_login(&work, GRANTED);
        ids.push(work.id.as_str().into());
    }
    ids
}

#[test]
fn no_more_are_outside_than_may_be() {
    with_login(|bench| {
        for id in ["a", "b", "c"] {
            bench.try_from(1, id);
        }
        let first = bench.next_login().unwrap();
        let _second = bench.next_login().unwrap();
        assert!(bench.next_login().is_none());
        assert_eq!((bench.role().logins(), bench.role().logins_running()), (3, 2));
        bench.finish_login(&first, WRONG);
        assert_eq!(bench.next_login().unwrap().id, "c");
    });
}

#[test]
fn a_crowd_from_one_address_does_not_keep_others_waiting() {
    with_login(|bench| {
        for id in ["a1", "a2", "a3"] {
            bench.try_from(1, id);
        }
        bench.try_from(2, "b1");
        bench.try_from(3, "c1");
        bench.try_from(2, "b2");
        assert_eq!(order(bench), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    });
}

#[test]
fn both_sides_of_the_queue_s_length() {
    with_login(|bench| {
        let ids = ["1", "2", "3", "4", "5", "6"];
        let crowd = ids.map(|id| bench.try_from(1, id));
        assert_eq!(bench.role().logins(), LOGINS - KEPT);
        // Full for those who have the most in it already, and the last of those for the others.
        let late = bench.try_from(1, "9");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        let fair = bench.try_from(2, "fair");
        assert_eq!(bench.answer(crowd[5]), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!(bench.heard(fair), []);
        assert_eq!(bench.role().logins(), LOGINS - KEPT);
        assert_eq!(order(bench)[..2], ["1", "fair"]);
        assert_eq!(bench.role().stats().denied_for(LoginDenial::BUSY), 2);
    });
}

#[test]
fn nobody_who_is_being_checked_gives_way() {
    let config = LoginConfig { logins_running: LOGINS as u16, ..CONFIG };
    with_config(config, |bench| {
        for id in ["1", "2", "3", "4", "5", "6"] {
            bench.try_from(1, id);
            bench.next_login().unwrap();
        }
        let late = bench.try_from(2, "late");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!(usize::from(bench.role().logins_running()), LOGINS - KEPT);
    });
}

#[test]
fn a_password_is_wiped_when_it_is_handed_out() {
    with_login(|bench| {
        bench.try_from(1, "alice");
        let before = std::format!("{:?}", bench.role());
        assert!(!before.contains("hunter2"));
        let work = bench.next_login().unwrap();
        assert!(!std::format!("{work:?}").contains("hunter2"));
        let slot = bench.role().jobs.login_at(0).unwrap().1;
        assert!(slot.is_password_wiped());
        bench.finish_login(&work, WRONG);
    });
}

#[test]
fn both_sides_of_the_connections_that_may_wait() {
    let sizes = Sizes { sessions: 8, ..Sizes::ALL };
    with_sizes(sizes, LoginConfig { kept_percent: 0, ..CONFIG }, |bench| {
        let device = let_in(bench, 1, "alice");
        let crowd = ["1", "2", "3", "4", "5", "6", "7"].map(|id| {
            let from = 100 + id.parse::<u16>().unwrap();
            bench.try_from(from, id)
        });
        assert_eq!(bench.role().logins(), 7, "one connection is left");
        let late = bench.try_from(200, "late");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        bench.disconnect(late);
        let owner = bench.try_with(50, "alice", Some(device));
        assert_eq!(bench.heard(owner), []);
        assert_eq!(bench.answer(crowd[6]), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!((bench.role().logins(), &*order(bench)[0]), (7, "alice"));
    });
}

/// What is known of an account's owner: where they were let in, or the device that was.
fn let_in(bench: &mut LoginBench<'_>, from: u16, id: &str) -> Token {
    let client = bench.try_from(from, id);
    let work = bench.next_login().unwrap();
    bench.finish_login(&work, GRANTED);
    let ack: LoginAck = bench.answer(client).read().expect("a token");
    bench.disconnect(client);
    ack.device
}

/// As many strangers as may wait, each from an address of its own.
fn crowd(bench: &mut LoginBench<'_>) -> Vec<SessionKey> {
    (0..LOGINS - KEPT).map(|n| bench.try_from(100 + n as u16, &std::format!("x{n}"))).collect()
}

#[test]
fn both_sides_of_what_strangers_leave_to_those_who_were_let_in_before() {
    with_login(|bench| {
        let device = let_in(bench, 1, "alice");
        let_in(bench, 2, "bob");
        crowd(bench);
        let late = bench.try_from(200, "late");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        let there = bench.try_with(50, "alice", Some(device));
        let here = bench.try_from(2, "bob");
        assert_eq!((bench.heard(there), bench.heard(here)), (Vec::new(), Vec::new()));
        assert_eq!(bench.role().logins(), LOGINS);
        assert_eq!(order(bench)[..3], ["alice", "bob", "x0"]);
    });
}

#[test]
fn both_sides_of_what_those_who_were_let_in_before_leave_to_strangers() {
    with_login(|bench| {
        let ids: Vec<_> = (0..LOGINS - KEPT + 1).map(|n| std::format!("k{n}")).collect();
        for (n, id) in ids.iter().enumerate() {
            let_in(bench, n as u16, id);
        }
        let crowd = crowd(bench);
        for (n, id) in ids.iter().enumerate().take(LOGINS - KEPT) {
            let known = bench.try_from(n as u16, id);
            assert_eq!(bench.heard(known), []);
        }
        // The last of the strangers have made room for all but the first two of them,
        for stranger in &crowd[KEPT..] {
            assert_eq!(bench.answer(*stranger), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        }
        // and one more of the known ones finds no place.
        let late = bench.try_from((LOGINS - KEPT) as u16, &ids[LOGINS - KEPT]);
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!(bench.role().logins(), LOGINS);
        // One of four is a stranger.
        assert_eq!(order(bench), ["k0", "k1", "k2", "x0", "k3", "k4", "k5", "x1"]);
    });
}

#[test]
fn whoever_is_known_goes_by_their_own_count_alone() {
    with_login(|bench| {
        for id in ["a", "b", "c"] {
            let_in(bench, 1, id);
        }
        // Behind one address, one of them twice.
        for id in ["a", "a", "b", "c"] {
            bench.try_from(1, id);
        }
        assert_eq!(order(bench), ["a", "b", "c", "a"]);
    });
}

#[test]
fn both_sides_of_how_often_who_is_known_may_guess_before_going_with_the_strangers() {
    for (guesses, place) in [(0, 0), (2, 0), (3, LOGINS - KEPT - 1)] {
        with_login(|bench| {
            let device = let_in(bench, 1, "alice");
            for _ in 0..guesses {
                bench.try_with(50, "alice", Some(device));
                let work = bench.next_login().unwrap();
                bench.finish_login(&work, WRONG);
            }
            bench.pass_ms(1_000);
            let strangers = crowd(bench);
            bench.disconnect(strangers[0]);
            bench.try_with(50, "alice", Some(device));
            let order = order(bench);
            assert_eq!(order.iter().position(|id| id == "alice"), Some(place), "behind {guesses}");
        });
    }
}
