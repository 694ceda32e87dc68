//! The simulator can fail: whatever is broken on purpose, an invariant sees it.

use tinyrealm_sim::{Failure, Profile, Sabotage, Settings, run_with};

/// How many seeds are tried at most: not every one gives the sabotage an occasion.
const SEEDS: u64 = 40;
/// How many failures are looked at.
const FAILURES: usize = 5;

/// Runs realms in such weather with `sabotage` until a few have failed, and answers how they did.
fn failures(profile: Profile, sabotage: Sabotage) -> Vec<Failure> {
    let settings = |seed| Settings { seed, profile: Some(profile), sabotage };
    let failed = (1..=SEEDS).filter_map(|seed| run_with(&settings(seed)).err());
    failed.take(FAILURES).map(|failure| *failure).collect()
}

/// At least one realm failed in kind weather, and each in one of the ways that are `expected`.
fn assert_seen(sabotage: Sabotage, expected: &[&str]) {
    assert_seen_in(Profile::Calm, sabotage, expected);
}

/// The same in other weather.
fn assert_seen_in(profile: Profile, sabotage: Sabotage, expected: &[&str]) {
    let failures = failures(profile, sabotage);
    assert!(!failures.is_empty(), "nobody has seen {sabotage:?}");
    for failure in &failures {
        assert!(expected.contains(&failure.invariant), "{sabotage:?} was seen as:\n{failure}");
        assert!(!failure.last_lines.is_empty() && failure.at_us > 0);
    }
}

/// What a client sees of a stream that is not what was written.
const BROKEN_STREAM: [&str; 11] = [
    "no peer breaks the protocol",
    "who moves was seen",
    "who leaves was seen",
    "who enters was not there",
    "events come in the room's order, once, without a gap",
    "moves of one sender never go back",
    "moves of one sender are taken in order",
    "events of one sender are taken whole and in order",
    "channels take what members say there",
    "a number has one message for everyone",
    "messages come by their numbers, and what is missing is announced",
];

#[test]
fn an_honest_realm_passes() {
    let failures = failures(Profile::Calm, Sabotage::Nothing);
    assert!(failures.is_empty(), "{}", failures[0]);
}

#[test]
fn two_swapped_segments_are_seen() {
    // A link between servers ends with them, and rooms with it.
    let ended = ["a room is heard by its members"];
    assert_seen(Sabotage::SwappedSegments, &[&BROKEN_STREAM[..], &ended].concat());
}

#[test]
fn a_lost_byte_is_seen() {
    let silence = ["nobody is closed without a reason"];
    assert_seen(Sabotage::LostByte, &[&BROKEN_STREAM[..], &silence].concat());
}

#[test]
fn bytes_that_are_sent_twice_are_seen() {
    let kept = ["send buffers wait for full transports only"];
    assert_seen(Sabotage::UnderreportedWrite, &[&BROKEN_STREAM[..], &kept].concat());
}

#[test]
fn an_event_that_is_taken_and_not_said_is_seen() {
    let gap = "events come in the room's order, once, without a gap";
    let late = "every event is heard, or announced as missed";
    let count = "what is announced as missed was said";
    assert_seen(Sabotage::UnsaidEvent, &[gap, late, count]);
}

#[test]
fn an_event_that_is_said_twice_is_seen() {
    let gap = "events come in the room's order, once, without a gap";
    let count = "what is announced as missed was said";
    assert_seen(Sabotage::RepeatedEvent, &[gap, count]);
}

#[test]
fn a_driver_that_forgets_an_end_is_seen() {
    // Or the node has words or a wish for a transport that the driver has let go of already.
    let words = "bytes go to a transport";
    let wish = "requests are about transports";
    assert_seen(Sabotage::UntoldEnd, &["the node's sessions are the driver's", words, wish]);
}

#[test]
fn a_token_that_is_taken_for_another_user_s_is_seen() {
    assert_seen(Sabotage::WrongUser, &["a token is worth one user", "an account has one user"]);
}

#[test]
fn a_revocation_that_is_not_heard_of_is_seen() {
    assert_seen(Sabotage::UnheardRevocation, &["whoever is revoked is out"]);
}

#[test]
fn a_revocation_of_everybody_that_is_not_heard_of_is_seen() {
    assert_seen(Sabotage::UnheardByEverybody, &["whoever is revoked is out"]);
}

#[test]
fn a_revocation_of_somebody_else_is_seen() {
    assert_seen(Sabotage::GroundlessRevocation, &["nobody is revoked without a reason"]);
}

#[test]
fn a_password_that_still_opens_though_it_was_changed_is_seen() {
    assert_seen(Sabotage::FormerPassword, &["nobody is welcome with wrong papers"]);
}

#[test]
fn a_device_s_key_that_still_opens_though_it_was_taken_away_is_seen() {
    assert_seen(Sabotage::FormerDeviceKey, &["nobody is welcome with wrong papers"]);
}

#[test]
fn a_device_s_key_that_was_taken_away_and_nobody_heard_of_is_seen() {
    assert_seen(Sabotage::UnheardDeviceKey, &["whoever is revoked is out"]);
}

#[test]
fn a_stolen_key_that_opens_more_than_its_world_s_links_is_seen() {
    assert_seen(Sabotage::StolenSecret, &["nobody is welcome with wrong papers"]);
}

#[test]
fn a_usurper_who_has_the_key_of_its_place_is_seen() {
    let confided = "servers confide in nobody without the key";
    assert_seen_in(Profile::Crashes, Sabotage::UsurpedSecret, &[confided]);
}

#[test]
fn a_link_whose_changed_bytes_are_taken_is_seen() {
    let taken = "nothing that was changed on the way is taken";
    assert_seen_in(Profile::Lossy, Sabotage::UnsealedLinks, &[taken]);
}

#[test]
fn a_player_s_link_whose_changed_bytes_are_taken_is_seen() {
    let taken = "nothing that was changed on the way is taken";
    assert_seen_in(Profile::Lossy, Sabotage::UnsealedPlayers, &[taken]);
}

#[test]
fn a_world_that_registers_as_another_one_is_seen() {
    assert_seen(Sabotage::UncheckedName, &["nobody is welcome with wrong papers"]);
}

#[test]
fn a_former_secret_that_still_opens_is_seen() {
    let confided = "servers confide in nobody without the key";
    let welcome = "nobody is welcome with wrong papers";
    assert_seen_in(Profile::Crashes, Sabotage::KeptSecret, &[welcome, confided]);
}

#[test]
fn an_exchange_in_one_round_is_seen() {
    assert_seen_in(Profile::Crashes, Sabotage::UnsharedSecret, &["a key that counts is taken"]);
}

#[test]
fn a_stay_in_a_world_that_goes_on_is_seen() {
    let directory = "Main's directory is what the worlds have";
    assert_seen(Sabotage::KeptStay, &["whoever is revoked is out", directory]);
}

#[test]
fn a_message_that_one_main_changes_is_seen() {
    assert_seen(Sabotage::ChangedMessage, &["a number has one message for everyone"]);
}

#[test]
fn a_message_that_does_not_reach_a_member_is_seen() {
    let hole = "messages come by their numbers, and what is missing is announced";
    let late = "every message is heard, or announced as missed";
    assert_seen(Sabotage::WithheldMessage, &[hole, late]);
}

#[test]
fn what_comes_behind_leaving_a_channel_is_seen() {
    let ghost = "a channel's members are those who are in it";
    assert_seen(Sabotage::UnheardLeave, &["of a channel its members hear, and nobody else", ghost]);
}

#[test]
fn a_message_that_gets_no_answer_is_seen() {
    assert_seen(Sabotage::ForgottenSay, &["what is asked is answered"]);
}

#[test]
fn a_member_who_has_left_and_is_kept_is_seen() {
    // Sooner, if it is revoked.
    let revoked = "whoever is revoked is out";
    assert_seen(Sabotage::KeptMember, &["a channel's members are those who are in it", revoked]);
}

#[test]
fn a_save_that_is_not_kept_is_seen() {
    assert_seen(Sabotage::LostSave, &["what was told to be kept is there"]);
}

#[test]
fn a_place_that_is_counted_and_not_held_is_seen() {
    assert_seen(Sabotage::UnheldPlace, &["each address holds what the book says"]);
}

#[test]
fn a_place_that_is_held_and_not_counted_is_seen() {
    assert_seen(Sabotage::UncountedPlace, &["each address holds what the book says"]);
}

#[test]
fn an_address_that_has_all_questions_is_seen() {
    let everything = "an address leaves something to others";
    assert_seen_in(Profile::Slow, Sabotage::UnsharedQuestions, &[everything]);
}

#[test]
fn rooms_that_main_does_not_hear_of_are_seen() {
    let twice = "no room's name is there twice";
    assert_seen(Sabotage::UntoldRooms, &[twice, "Main knows the rooms of its worlds"]);
}

#[test]
fn a_seat_in_two_worlds_is_seen() {
    let directory = "Main's directory is what the worlds have";
    assert_seen_in(Profile::Slow, Sabotage::KeptSeat, &["a uid is in one world", directory]);
}

#[test]
fn a_seat_that_is_not_its_owner_s_is_seen() {
    assert_seen(Sabotage::WrongSeat, &["who comes back has its seat"]);
}

#[test]
fn states_that_are_not_seen_are_seen() {
    let state = ["a client's states are its room's"];
    for sabotage in [Sabotage::UnseenThing, Sabotage::UnseenRemoval, Sabotage::UnseenTally] {
        assert_seen(sabotage, &state);
    }
}

#[test]
fn inputs_that_are_lost_or_changed_or_repeated_are_seen() {
    let late = "what was taken is acknowledged";
    assert_seen(Sabotage::ForgottenInput, &["a world takes what its members send", late]);
    assert_seen(Sabotage::MisnumberedInput, &["inputs come with their ticks"]);
    assert_seen(Sabotage::RepeatedInput, &["inputs come in order, each once"]);
}

#[test]
fn timers_that_fire_early_or_twice_or_in_closed_rooms_are_seen() {
    for sabotage in [Sabotage::EarlyTimer, Sabotage::RepeatedTimer, Sabotage::LateTimer] {
        assert_seen(sabotage, &["a timer fires once, when it is due"]);
    }
}

#[test]
fn a_lock_that_lets_others_in_is_seen() {
    assert_seen(Sabotage::OpenLock, &["a locked room takes nobody new"]);
}

#[test]
fn a_spectator_with_a_body_is_seen() {
    assert_seen(Sabotage::SeatedSpectator, &["who wants to watch has no body, and nobody else"]);
}

#[test]
fn a_spectator_that_does_not_hear_what_members_hear_is_seen() {
    let gap = "events come in the room's order, once, without a gap";
    let late = "every event is heard, or announced as missed";
    assert_seen(Sabotage::DeafSpectator, &[gap, late]);
}

#[test]
fn names_that_are_not_their_users_are_seen() {
    let welcome = "a nickname that is no name lets nobody in";
    // If it was one that is no name that became another.
    assert_seen(Sabotage::WrongNickname, &["a name that is shown was accepted", welcome]);
    assert_seen(Sabotage::UncheckedNickname, &[welcome]);
    assert_seen(Sabotage::UnseenName, &["a client's names are its room's"]);
}

#[test]
fn lists_that_show_what_is_not_listed_or_do_not_come_are_seen() {
    assert_seen(Sabotage::ShownUnlisted, &["a list has listed rooms"]);
    assert_seen(Sabotage::ForgottenList, &["a list is answered, once"]);
}

#[test]
fn a_region_that_nobody_has_wanted_is_seen() {
    assert_seen(Sabotage::WrongRegion, &["whoever wants a region comes to its worlds"]);
}

#[test]
fn a_room_that_is_not_kept_as_it_was_is_seen() {
    assert_seen(Sabotage::ChangedRoom, &["what was told to be kept is there"]);
    let name = "a room goes on under its name";
    // Its state has its name, too.
    let state = "what was told to be kept is there";
    assert_seen_in(Profile::Crashes, Sabotage::WrongRoom, &[name, state]);
}

#[test]
fn questions_that_are_answered_wrongly_or_have_no_outcome_are_seen() {
    assert_seen(Sabotage::WrongAnswer, &["an answer is its question's"]);
    assert_seen(Sabotage::UnheardOutcome, &["a question has one outcome"]);
}

/// What a world must not do that knows of a newer claim.
const FENCES: [&str; 3] = [
    "a ticket of a claim that was overtaken admits nobody",
    "a Main whose claim was overtaken puts nobody out",
    "a ghost goes when its world hears of a newer claim",
];

#[test]
fn a_world_that_takes_any_claim_for_the_newest_is_seen() {
    assert_seen_in(Profile::Everything, Sabotage::AnyClaim, &FENCES);
}

#[test]
fn a_world_that_does_not_hear_of_claims_is_seen() {
    assert_seen_in(Profile::Everything, Sabotage::UnheardClaim, &FENCES);
}

#[test]
fn a_room_that_is_opened_under_a_number_that_is_gone_is_seen() {
    let reopened = "a room is opened once under a number";
    assert_seen_in(Profile::Everything, Sabotage::AnyRoomClaim, &[reopened]);
}
