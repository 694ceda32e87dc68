//! One seed, one course.

use tinyrealm_sim::{Profile, Settings, run, run_with};

#[test]
fn the_same_seed_takes_the_same_course_in_every_profile() {
    for profile in Profile::ALL {
        let settings = Settings { profile: Some(profile), ..Settings::of_seed(77) };
        let [first, second] =
            [(); 2].map(|()| run_with(&settings).unwrap_or_else(|f| panic!("{f}")));
        assert_eq!(first, second);
    }
}

#[test]
fn another_seed_takes_another_course() {
    let [first, second] = [7, 8].map(|seed| run(seed).unwrap_or_else(|f| panic!("{f}")));
    assert_ne!(first.trace_hash, second.trace_hash);
}
