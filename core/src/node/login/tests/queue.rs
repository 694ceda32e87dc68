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
        for id in ["a1", "a2", "a3", "a4"] {
            bench.try_from(1, id);
        }
        bench.try_from(2, "b1");
        bench.try_from(3, "c1");
        bench.try_from(2, "b2");
        assert_eq!(order(bench), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    });
}

#[test]
fn both_sides_of_the_queue_s_length() {
    with_login(|bench| {
        let ids = ["1", "2", "3", "4", "5", "6", "7", "8"];
        let crowd = ids.map(|id| bench.try_from(1, id));
        assert_eq!(bench.role().logins(), LOGINS);
        // Full for those who have the most in it already, and the last of those for the others.
        let late = bench.try_from(1, "9");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        let fair = bench.try_from(2, "fair");
        assert_eq!(bench.answer(crowd[7]), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!(bench.heard(fair), []);
        assert_eq!(bench.role().logins(), LOGINS);
        assert_eq!(order(bench)[..2], ["1", "fair"]);
        assert_eq!(bench.role().stats().denied_for(LoginDenial::BUSY), 2);
    });
}

#[test]
fn nobody_who_is_being_checked_gives_way() {
    let config = LoginConfig { logins_running: LOGINS as u16, ..CONFIG };
    with_config(config, |bench| {
        for id in ["1", "2", "3", "4", "5", "6", "7", "8"] {
            bench.try_from(1, id);
            bench.next_login().unwrap();
        }
        let late = bench.try_from(2, "late");
        assert_eq!(bench.answer(late), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        assert_eq!(bench.role().logins_running(), LOGINS as u16);
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
