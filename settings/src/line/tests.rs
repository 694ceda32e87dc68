//! Lines as they stand on the line, and what noise makes of them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn asked(number: u8, request: &Request) -> Vec<u8> {
    let mut line = Outgoing::NEW;
    line.ask(number, request);
    line.to_send().to_vec()
}

fn answered(number: u8, answer: Answer<'_>) -> Vec<u8> {
    let mut line = Outgoing::NEW;
    line.answer(number, answer);
    line.to_send().to_vec()
}

/// The requests in these bytes.
fn requests(bytes: &[u8]) -> Vec<(u8, Request)> {
    let mut incoming = Incoming::NEW;
    let ended = bytes
        .iter()
        .filter_map(|byte| if incoming.push(*byte) { incoming.request() } else { None });
    ended.collect()
}

fn chunk_of(bytes: &[u8]) -> Chunk {
    Chunk::of(bytes).unwrap()
}

#[test]
fn lines_are_as_the_page_has_them() {
    let put = Request::Put { offset: 0x20, chunk: chunk_of(&[4, 0xAB]) };
    let save = Request::Save { length: 0x22, check: 0x0102_ABCD };
    let board = Answer::Board { state: State::None, name: "mps2 an385" };
    let wrong = Answer::No(Refusal::Wrong(Wrong::WorldKey));
    let lines = [
        asked(1, &Request::Hello),
        asked(2, &put),
        asked(3, &save),
        asked(0xFF, &Request::Restart),
        answered(1, board),
        answered(2, Answer::Done),
        answered(3, wrong),
    ];
    let page = include_str!("../../../PROTOCOL.md");
    for line in lines {
        let line = String::from_utf8(line).unwrap();
        assert!(page.contains(&line), "PROTOCOL.md lacks{line}");
    }
}

#[test]
fn what_is_said_is_heard() {
    let all = [
        Request::Hello,
        Request::Put { offset: 0xFFFF, chunk: chunk_of(&[0]) },
        Request::Put { offset: 0, chunk: chunk_of(&[0xA5; CHUNK_MAX_BYTES]) },
        Request::Save { length: 0xFFFF, check: u32::MAX },
        Request::Restart,
    ];
    for (number, request) in all.into_iter().enumerate() {
        let line = asked(number as u8, &request);
        assert!(line.len() <= LINE_MAX_BYTES + 2);
        assert_eq!(requests(&line), [(number as u8, request)]);
    }
    let refusals = [Refusal::Torn, Refusal::Unknown, Refusal::NoDhcp, Refusal::Flash];
    let wrongs = Wrong::ALL.map(Refusal::Wrong);
    let mut answers: Vec<_> = refusals.into_iter().chain(wrongs).map(Answer::No).collect();
    answers.push(Answer::Done);
    for state in [State::None, State::Whole, State::Broken] {
        answers.push(Answer::Board { state, name: "n" });
    }
    for answer in answers {
        let mut incoming = Incoming::NEW;
        let ends = answered(7, answer).into_iter().filter(|byte| incoming.push(*byte)).count();
        assert_eq!((ends, incoming.answer()), (1, Some((7, answer))));
    }
}

#[test]
fn a_name_is_one_word_and_not_too_long() {
    let name = |name: &str| {
        let line = answered(0, Answer::Board { state: State::Whole, name });
        String::from_utf8(line).unwrap().split(' ').nth(3).unwrap().to_owned()
    };
    assert_eq!(name("a board"), "a-board");
    assert_eq!(name(&"n".repeat(40)), "n".repeat(40));
    assert_eq!(name(&"n".repeat(41)), "n".repeat(40));
}

#[test]
fn both_sides_of_the_longest_line_and_of_a_piece() {
    let whole = asked(1, &Request::Hello);
    let line = |length: usize| {
        let mut checked = format!("02 hello{}", " x".repeat((length - 8 - 5) / 2)).into_bytes();
        checked.resize(length - 5, b'x');
        let check = CRC.checksum(&checked);
        checked.extend(format!(" {check:04x}\n").bytes());
        [&checked[..], &whole].concat()
    };
    let ends = |bytes: &[u8]| {
        let mut incoming = Incoming::NEW;
        bytes.iter().filter(|byte| incoming.push(**byte)).count()
    };
    assert_eq!(ends(&line(LINE_MAX_BYTES)), 2);
    assert_eq!(ends(&line(LINE_MAX_BYTES + 1)), 1);
    // Words too many are no request, and the next one is.
    assert_eq!(requests(&line(LINE_MAX_BYTES)), [(1, Request::Hello)]);
    assert_eq!(Chunk::of(&[0; CHUNK_MAX_BYTES + 1]), None);
    assert_eq!(chunk(&"00".repeat(CHUNK_MAX_BYTES + 1)), None);
    for digits in ["", "0", "000", "0g"] {
        assert_eq!(chunk(digits), None, "{digits}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wrong_bit_is_seen(bytes in vec(any::<u8>(), 1..=CHUNK_MAX_BYTES), bit in any::<prop::sample::Index>()) {
        let request = Request::Put { offset: 9, chunk: chunk_of(&bytes) };
        let mut line = asked(5, &request);
        // The ends of lines around it are no part of it.
        let bit = 8 + bit.index((line.len() - 2) * 8);
        line[bit / 8] ^= 1 << (bit % 8);
        // A letter of the check that has become a great one is the same digit.
        prop_assert!(requests(&line).iter().all(|heard| *heard == (5, request)));
        let check = line.len() - 1 - CHECK_DIGITS;
        prop_assert!(bit / 8 >= check || requests(&line).is_empty());
    }

    #[test]
    fn what_is_no_line_does_no_harm(noise in vec(any::<u8>(), 0..400)) {
        let heard = requests(&[&noise[..], &asked(1, &Request::Restart)].concat());
        prop_assert_eq!(heard.last(), Some(&(1, Request::Restart)));
    }
}
