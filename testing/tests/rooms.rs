//! Rooms by name, and wishes, on a bench.

use tinyrealm_core::node::world::{Admission, BadOptions, Game, Refusal, RoomContext, Who};
use tinyrealm_core::protocol::client_to_main::EnterWorldReq;
use tinyrealm_core::protocol::{Bytes, ErrorCode, JoinDenial, Text, Wish};
use tinyrealm_testing::{BenchConfig, GameBench, Heard};

/// A room that is opened with a number, and asks for it.
#[derive(Default)]
struct Club {
    number: u8,
}

impl Game for Club {
    const NAME: &'static str = "club";

    fn on_open(&mut self, _: &mut RoomContext<'_, '_>, options: &[u8]) -> Result<(), BadOptions> {
        let [number] = options else { return Err(BadOptions) };
        self.number = *number;
        Ok(())
    }

    fn admit(&mut self, room: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        assert_eq!(room.name(), "den");
        match who.options {
            b"watch" => Admission::Spectator,
            [number] if *number == self.number => Admission::Player,
            _ => Admission::Refuse(Refusal::new(7, "another number")),
        }
    }
}

fn den<'w>(secret: &'w str, options: &'w [u8]) -> Wish<'w> {
    let (secret, options) = (Text::new(secret).unwrap(), Bytes::new(options).unwrap());
    Wish { secret, options, ..Wish::named_or_new(Text::new("den").unwrap()) }
}

fn refused(code: ErrorCode) -> Heard {
    Heard::Refused(code, EnterWorldReq::OPCODE.0)
}

#[test]
fn who_names_one_room_meets_there() {
    let mut bench = GameBench::with_named_room(Club::default, BenchConfig::DEFAULT);
    let ann = bench.join_room(den("sesame", &[9]));
    let bob = bench.join_room(den("sesame", &[9]));
    assert!(bench.is_in_room(ann) && bench.is_in_room(bob));
    assert_eq!((bench.game().number, bench.members(bob).len()), (9, 2));
    let wrong = bench.join_room(den("Sesame", &[9]));
    assert!(bench.is_over(wrong), "the secret stays wrong");
    assert!(bench.heard_all(wrong).contains(&refused(ErrorCode::WRONG_SECRET)));
    let watcher = bench.join_room(den("sesame", b"watch"));
    assert!(bench.is_spectator(watcher));
    let other = bench.join_room(den("sesame", &[8]));
    let denied = Heard::Denied(JoinDenial::REFUSED, 7, "another number".to_owned());
    assert!(bench.is_over(other) && bench.heard_all(other).contains(&denied));
}

#[test]
fn a_room_that_is_not_there_or_can_not_be_is_refused() {
    let mut bench = GameBench::with_named_room(Club::default, BenchConfig::DEFAULT);
    let nowhere = bench.join_room(Wish::named(Text::new("den").unwrap()));
    assert!(bench.heard_all(nowhere).contains(&refused(ErrorCode::NO_ROOM)));
    let bad = bench.join_room(den("", b"no number"));
    assert!(bench.is_over(bad) && bench.heard_all(bad).contains(&refused(ErrorCode::BAD_ROOM)));
    assert!(!bench.is_over(nowhere), "somebody may open the room");
    let opener = bench.join_room(den("", &[9]));
    bench.advance_ms(2_000);
    assert!(bench.is_in_room(opener) && bench.is_over(nowhere), "who has come now has no number");
}
