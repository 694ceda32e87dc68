//! Values and records.

use super::*;
use crate::node::world::tests::messages::echo_to_client::Heard;

#[test]
fn what_is_saved_goes_out_once_and_the_game_is_told_when_it_is_kept() {
    with_keeper(|bench| {
        assert_eq!(bench.save(0, "best", b"12"), Ok(()));
        let (job, bytes) = bench.next_job().unwrap();
        assert_eq!(
            (job.task, job.version, bytes.as_slice()),
            (save_of("best"), VERSION, &b"12"[..])
        );
        assert_eq!((bench.next_job(), bench.told(0)), (None, vec![]));
        bench.finish_job(job.key, StoreOutcome::Done);
        assert_eq!((bench.told(0), bench.told(1)), (vec![saved("best")], vec![]));
        // A job is answered once.
        bench.finish_job(job.key, StoreOutcome::Done);
        assert_eq!(bench.told(0), []);
        assert!(bench.role().is_all_kept());
    });
}

#[test]
fn both_sides_of_what_a_key_and_a_value_may_be() {
    with_keeper(|bench| {
        let long = "k".repeat(SAVE_KEY_MAX_BYTES + 1);
        for bad in ["", long.as_str()] {
            assert_eq!(bench.save(0, bad, b"1"), Err(SaveError::BadKey));
            assert_eq!(bench.load(0, bad), Err(SaveError::BadKey));
        }
        let value = [7; VALUE_BYTES + 1];
        assert_eq!(bench.save(0, "k", &value), Err(SaveError::TooLong));
        assert!(bench.role().is_all_kept());
        for good in ["k", &long[1..]] {
            assert_eq!(bench.save(0, good, &value[1..]), Ok(()));
            let (job, bytes) = bench.next_job().unwrap();
            assert_eq!((job.task, bytes.as_slice()), (save_of(good), &value[1..]));
            bench.finish_job(job.key, StoreOutcome::Done);
        }
        assert_eq!(bench.save(0, "nothing", &[]), Ok(()));
        assert!(bench.next_job().unwrap().1.is_empty());
    });
}

/// Whatever one room does, the other has its own places: a hostile one harms nobody.
#[test]
fn both_sides_of_a_room_s_share() {
    with_keeper(|bench| {
        for round in 0..1_000 {
            let expected = if round < SHARE { Ok(()) } else { Err(SaveError::Full) };
            assert_eq!(bench.save(0, &std::format!("key {round}"), b"!"), expected);
        }
        let stats = bench.save_stats();
        assert_eq!((stats.accepted, stats.refused), (SHARE as u32, 1_000 - SHARE as u32));
        for round in 0..SHARE {
            assert_eq!(bench.load(1, &std::format!("key {round}")), Ok(()));
        }
        assert_eq!(bench.load(1, "one more"), Err(SaveError::Full));
        // What is outside counts until it is answered.
        let (job, _) = bench.next_job().unwrap();
        assert_eq!(bench.save(0, "later", b"!"), Err(SaveError::Full));
        bench.finish_job(job.key, StoreOutcome::Done);
        assert_eq!(bench.save(0, "later", b"!"), Ok(()));
        assert_eq!(bench.load(1, "one more"), Err(SaveError::Full));
    });
}

#[test]
fn a_save_that_waits_gives_way_to_the_next_of_its_key() {
    with_keeper(|bench| {
        for value in 0..100_u8 {
            assert_eq!(bench.save(0, "best", &[value]), Ok(()));
        }
        assert_eq!((bench.save_stats().accepted, bench.save_stats().replaced), (1, 99));
        let (outside, bytes) = bench.next_job().unwrap();
        assert_eq!(bytes, [99]);
        // That one has gone: the next is another job, and behind it.
        assert_eq!(bench.save(0, "best", &[100, 100]), Ok(()));
        assert_eq!(bench.save(0, "best", &[101]), Ok(()));
        let (behind, bytes) = bench.next_job().unwrap();
        assert_eq!((bytes.as_slice(), bench.next_job()), (&[101][..], None));
        bench.finish_job(outside.key, StoreOutcome::Done);
        bench.finish_job(behind.key, StoreOutcome::Failed);
        let failed = Told::Saved("best".to_owned(), Err(StoreFailure::Failed));
        assert_eq!(bench.told(0), [saved("best"), failed]);
        assert_eq!(bench.save_stats().failed, 1);
    });
}

#[test]
fn jobs_of_a_key_are_handed_out_in_their_order() {
    with_keeper(|bench| {
        // A load between two saves finds the first; another room's save is not replaced, nor replaces.
        bench.save(0, "k", b"1").unwrap();
        bench.load(0, "k").unwrap();
        bench.save(0, "k", b"2").unwrap();
        bench.save(1, "k", b"3").unwrap();
        bench.save(0, "k", b"4").unwrap();
        let mut handed_out = vec![];
        while let Some((job, bytes)) = bench.next_job() {
            handed_out.push(if matches!(job.task, StoreTask::Load(_)) {
                b"?".to_vec()
            } else {
                bytes
            });
        }
        assert_eq!(handed_out.concat(), b"1?234");
    });
}

#[test]
fn a_load_finds_what_is_there_or_says_why_not() {
    with_keeper(|bench| {
        let loaded = |value: Result<Option<&[u8]>, _>| {
            vec![Told::Loaded("k".to_owned(), value.map(|value| value.map(<[u8]>::to_vec)))]
        };
        bench.load(0, "k").unwrap();
        bench.do_next();
        assert_eq!(bench.told(0), loaded(Ok(None)));
        bench.load(0, "k").unwrap();
        let (job, _) = bench.next_job().unwrap();
        bench.finish_job(job.key, StoreOutcome::Failed);
        assert_eq!(bench.told(0), loaded(Err(StoreFailure::Failed)));
        for (version, kept, found) in [
            (VERSION, &b"ab"[..], Ok(Some(&b"ab"[..]))),
            (VERSION, b"", Ok(Some(b""))),
            (OLD_VERSION, b"ab", Ok(Some(b"abab"))),
            (OLD_VERSION - 1, b"ab", Err(StoreFailure::Unreadable)),
            (VERSION, &[1; VALUE_BYTES], Ok(Some(&[1; VALUE_BYTES]))),
            // It was longer when it was kept.
            (VERSION, &[1; VALUE_BYTES + 1], Err(StoreFailure::Unreadable)),
        ] {
            bench.load(0, "k").unwrap();
            bench.find_next(version, kept);
            assert_eq!(bench.told(0), loaded(found));
        }
        assert_eq!(bench.save_stats().unreadable, 2);
    });
}

#[test]
fn records_have_ids_that_nothing_else_has() {
    with_keeper(|bench| {
        let message = Heard { what: &[9; 20] };
        let first = bench.ask(0, |room| room.record(&message)).unwrap();
        let second = bench.ask(0, |room| room.record(&message)).unwrap();
        let other = bench.ask(1, |room| room.record(&message)).unwrap();
        assert!(first != second && first != other && second != other);
        let named = RecordId::of("cup-7/final");
        assert!(named == RecordId::of("cup-7/final") && named != RecordId::of("cup-8/final"));
        bench.ask(0, |room| room.record_as(named, &message)).unwrap();
        for id in [first, second, other, named] {
            let (job, bytes) = bench.next_job().unwrap();
            let kind = Heard::OPCODE.0 as u16;
            assert_eq!(job.task, StoreTask::Record { id, kind });
            assert_eq!(
                crate::protocol::decode::<Heard<'_>>(&bytes).map(|heard| heard.what),
                Some(message.what)
            );
            bench.finish_job(job.key, StoreOutcome::Done);
        }
        assert_eq!(bench.told(1), [Told::Recorded(other, Ok(()))]);
        // A room that opens again draws anew.
        bench.act(|world, _| world.rooms.saves.close_room(0));
        let third = bench.ask(0, |room| room.record(&message)).unwrap();
        assert!(third != first && third != second);
    });
}

#[test]
fn both_sides_of_a_record_s_length() {
    with_keeper(|bench| {
        let bytes = [9; VALUE_BYTES];
        // One byte says how many there are.
        let fits = Heard { what: &bytes[1..] };
        let too_long = Heard { what: &bytes };
        for _ in 0..2 * SHARE {
            assert_eq!(bench.ask(0, |room| room.record(&too_long)), Err(SaveError::TooLong));
        }
        assert!(bench.role().is_all_kept());
        assert!(bench.ask(0, |room| room.record(&fits)).is_ok());
        assert_eq!(bench.next_job().unwrap().1.len(), VALUE_BYTES);
        assert_eq!(bench.next_job(), None);
    });
}

#[test]
fn what_a_closed_room_has_asked_is_done_and_told_to_nobody() {
    with_keeper(|bench| {
        bench.save(0, "outside", b"1").unwrap();
        let (outside, _) = bench.next_job().unwrap();
        bench.save(0, "waiting", b"2").unwrap();
        bench.act(|world, _| world.rooms.saves.close_room(0));
        // The next room of that number replaces nothing of it.
        bench.save(0, "waiting", b"3").unwrap();
        bench.finish_job(outside.key, StoreOutcome::Done);
        let (waiting, bytes) = bench.next_job().unwrap();
        assert_eq!(bytes, b"2");
        bench.finish_job(waiting.key, StoreOutcome::Failed);
        assert_eq!(bench.told(0), []);
        assert_eq!(bench.do_next(), save_of("waiting"));
        assert_eq!(bench.told(0), [saved("waiting")]);
    });
}

#[test]
fn a_world_without_storage_says_that_it_keeps_nothing() {
    with_game(SETUP, |bench: &mut WorldBench<'_, Keeper>| {
        assert_eq!(bench.save(0, "k", b"1"), Err(SaveError::NoStore));
        assert_eq!(bench.save(0, "k", &[1; 1_000]), Err(SaveError::NoStore));
        assert_eq!(bench.load(0, "k"), Err(SaveError::NoStore));
        assert_eq!(bench.role().job_bytes(), 0);
        assert_eq!(bench.next_job(), None);
        assert_eq!(bench.role().next_deadline(), None);
    });
}

#[test]
fn a_buffer_that_is_too_short_is_handed_nothing() {
    with_keeper(|bench| {
        bench.save(0, "k", b"1").unwrap();
        let mut out = vec![0; bench.role().job_bytes()];
        let (_, short) = out.split_first_mut().unwrap();
        assert_eq!(bench.act(|world, _| world.next_job(short)), None);
        assert!(bench.act(|world, _| world.next_job(&mut out)).is_some());
    });
}
