//! Published vectors, another implementation at the other end, and everything that somebody on the way can do.

use proptest::prelude::*;

use super::handshake::{answer_with, hear_first};
use super::*;
use crate::time::Instant;
use crate::time::testing::start;

const PROTOCOL: &str = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
const KEY: [u8; 32] = *b"this key is as random as a test!";
const PROLOGUE: &[u8] = b"what was said in clear";

fn bytes<const COUNT: usize>(hex: &str) -> [u8; COUNT] {
    let digits = hex.as_bytes().chunks_exact(2);
    let read = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    let all: std::vec::Vec<u8> = digits.map(read).collect();
    all.try_into().unwrap()
}

/// Of cacophony, as snow has it.
#[test]
fn a_published_session_comes_out_byte_by_byte() {
    let key = LinkKey(*b"This is my Austrian perspective!");
    let prologue = b"John Galt";
    let drawn = [
        "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
        "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    ];
    let [dialer, listener] = drawn.map(|hex| Drawn::new(bytes(hex)));
    let mut first = [0; 64];
    first[32..48].copy_from_slice(b"Ludwig von Mises");
    let mut begun = None;
    Dialing::begin_in(&mut begun, &key, prologue, &dialer, &mut first).unwrap();
    let mut dialing = begun.unwrap();
    assert_eq!(
        first,
        bytes::<64>(
            "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944\
             79b962b8aff8485742ac32f905ba45369e2465fb59e138a93d67a0d1266b6a54"
        )
    );
    let (transcript, public) = hear_first(&key, prologue, &mut first).unwrap();
    assert_eq!(&first[32..48], b"Ludwig von Mises");
    let mut second = [0; 63];
    second[32..47].copy_from_slice(b"Murray Rothbard");
    answer_with(transcript, &public, listener, start(), &mut second).unwrap();
    assert_eq!(
        second,
        bytes::<63>(
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843\
             d6062704d5a9c422a8e834423f8c1feada7e8d0d910a1a2cd030fb584221e3"
        )
    );
    let shared = dialing.share(&second).unwrap();
    dialing.finish_in(&shared, start(), &mut second).unwrap();
    assert_eq!(&second[32..47], b"Murray Rothbard");
}

/// The records of the same session: they have no kind before their text.
#[test]
fn the_ciphers_of_a_published_session_come_out_byte_by_byte() {
    let key = LinkKey(*b"This is my Austrian perspective!");
    let mut transcript = transcript::Transcript::begin(&key, b"John Galt");
    let publics = [
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843",
    ];
    let [first, second] = publics.map(bytes::<32>);
    let drawn = bytes("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
    let cipher = transcript.mix_public(&first);
    let mut text = [0; 32];
    text[..16].copy_from_slice(b"Ludwig von Mises");
    transcript.seal(cipher, &mut text).unwrap();
    transcript.mix_public(&second);
    let cipher = transcript.mix_key(&x25519_dalek::x25519(drawn, second));
    let mut text = [0; 31];
    text[..15].copy_from_slice(b"Murray Rothbard");
    transcript.seal(cipher, &mut text).unwrap();
    let [mut dialer, mut listener] = transcript.split();
    let mut record = *b"F. A. Hayek................";
    dialer.seal(&[], &mut record).unwrap();
    assert_eq!(record, bytes("e632c3763d7669067383433197a3baddf146e9e70ad4b4e9e59e0f"));
    let mut record = *b"Carl Menger................";
    listener.seal(&[], &mut record).unwrap();
    assert_eq!(record, bytes("64c6bee32ea91c8474bb4c21d7a700109ad45af77b29764ba5eb1e"));
}

fn snow_builder() -> snow::Builder<'static> {
    let builder = snow::Builder::new(PROTOCOL.parse().unwrap());
    builder.psk(0, &KEY).unwrap().prologue(PROLOGUE).unwrap()
}

fn sealed(sealer: &mut Sealer, frames: &[u8]) -> std::vec::Vec<u8> {
    let mut record = std::vec![0; frames.len() + RECORD_EXTRA_BYTES];
    record[1..=frames.len()].copy_from_slice(frames);
    sealer.seal(&mut record).unwrap();
    record
}

/// Both ways, and through a change of keys.
fn talk(channel: &mut Channel, snow: &mut snow::TransportState) {
    for round in 0..3 {
        let mut text = [0; 256];
        let record = sealed(&mut channel.sealer, b"from us");
        let count = snow.read_message(&record, &mut text).unwrap();
        assert_eq!(&text[..count], b"\0from us", "{round}");
        let mut record = [0; 256];
        let count = snow.write_message(b"\0from snow", &mut record).unwrap();
        assert_eq!(channel.opener.open(&mut record[..count]).unwrap(), b"from snow");
        let record = channel.sealer.next_key(start()).unwrap();
        assert_eq!(snow.read_message(&record, &mut text).unwrap(), 1);
        assert_eq!(text[0], 1);
        snow.rekey_incoming();
        let mut record = [0; 64];
        let count = snow.write_message(&[1], &mut record).unwrap();
        assert!(channel.opener.open(&mut record[..count]).unwrap().is_empty());
        snow.rekey_outgoing();
    }
}

#[test]
fn snow_listens() {
    let mut snow = snow_builder().build_responder().unwrap();
    let mut text = [0; 64];
    let (dialing, mut message) =
        Dialing::begin(&LinkKey(KEY), PROLOGUE, Drawn::new([9; 32]), *b"ours").unwrap();
    assert_eq!(snow.read_message(&message, &mut text).unwrap(), TERMS_BYTES);
    assert_eq!(&text[..TERMS_BYTES], b"ours");
    assert_eq!(snow.write_message(b"snow", &mut message).unwrap(), MESSAGE_BYTES);
    let (mut channel, terms) = dialing.finish(start(), message).unwrap();
    assert_eq!(&terms, b"snow");
    talk(&mut channel, &mut snow.into_transport_mode().unwrap());
}

#[test]
fn snow_dials() {
    let mut snow = snow_builder().build_initiator().unwrap();
    let (mut message, mut text) = ([0; MESSAGE_BYTES], [0; 64]);
    assert_eq!(snow.write_message(b"snow", &mut message).unwrap(), MESSAGE_BYTES);
    let heard = Heard::first(&LinkKey(KEY), PROLOGUE, message).unwrap();
    assert_eq!(&heard.terms, b"snow");
    let (mut channel, message) = heard.answer(Drawn::new([9; 32]), start(), *b"ours").unwrap();
    assert_eq!(snow.read_message(&message, &mut text).unwrap(), TERMS_BYTES);
    assert_eq!(&text[..TERMS_BYTES], b"ours");
    talk(&mut channel, &mut snow.into_transport_mode().unwrap());
}

const TERMS: [u8; TERMS_BYTES] = *b"term";

fn dial(key: [u8; 32]) -> (Dialing, [u8; MESSAGE_BYTES]) {
    Dialing::begin(&LinkKey(key), PROLOGUE, Drawn::new([3; 32]), TERMS).unwrap()
}

/// Hears the first message, and answers it.
fn answer(
    key: [u8; 32],
    prologue: &[u8],
    message: [u8; MESSAGE_BYTES],
) -> Result<(Channel, [u8; MESSAGE_BYTES]), Broken> {
    Heard::first(&LinkKey(key), prologue, message)?.answer(Drawn::new([4; 32]), start(), TERMS)
}

fn link() -> (Channel, Channel) {
    let (dialing, message) = dial(KEY);
    let (listener, message) = answer(KEY, PROLOGUE, message).unwrap();
    (dialing.finish(start(), message).unwrap().0, listener)
}

/// Public keys whose product with everything is known to everybody: 0, 1, and those of order 8 (RFC 7748, section 6.1).
const LOW_ORDER: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

#[test]
fn nobody_shares_a_secret_that_everybody_knows() {
    for public in LOW_ORDER.map(bytes::<32>) {
        // Whoever has the key may say it; the tag is right.
        let mut transcript = transcript::Transcript::begin(&LinkKey(KEY), PROLOGUE);
        let cipher = transcript.mix_public(&public);
        let mut message = [0; MESSAGE_BYTES];
        message[..32].copy_from_slice(&public);
        transcript.seal(cipher, &mut message[32..]).unwrap();
        assert_eq!(answer(KEY, PROLOGUE, message).err(), Some(Broken), "{public:?}");
    }
}

#[test]
fn whoever_has_another_key_or_heard_something_else_is_no_end() {
    let ends = [(KEY, PROLOGUE, true), ([8; 32], PROLOGUE, false), (KEY, b"else", false)];
    for (key, prologue, is_end) in ends {
        let (dialing, message) = dial(KEY);
        let answered = answer(key, prologue, message);
        assert_eq!(answered.is_ok(), is_end);
        // Nor is whoever says our own message back to us.
        let answered = answered.map_or(message, |(_, answered)| answered);
        assert_eq!(dialing.finish(start(), answered).is_ok(), is_end);
    }
}

#[test]
fn an_old_first_message_is_answered_and_nothing_opens_behind_it() {
    let (dialing, first) = dial(KEY);
    let (_, message) = answer(KEY, PROLOGUE, first).unwrap();
    let (mut dialer, _) = dialing.finish(start(), message).unwrap();
    let mut record = sealed(&mut dialer.sealer, b"let me in");
    let heard = Heard::first(&LinkKey(KEY), PROLOGUE, first).unwrap();
    let (mut other, _) = heard.answer(Drawn::new([5; 32]), start(), TERMS).unwrap();
    assert_eq!(other.opener.open(&mut record), Err(Broken));
}

#[test]
fn both_sides_of_what_a_key_seals() {
    let (mut dialer, mut listener) = link();
    dialer.sealer.wear(RECORDS_A_KEY - 2);
    listener.opener.wear(RECORDS_A_KEY - 2);
    for _ in 0..2 {
        assert!(!dialer.sealer.is_worn(start()));
        let mut record = [0; RECORD_EXTRA_BYTES];
        dialer.sealer.seal(&mut record).unwrap();
        listener.opener.open(&mut record).unwrap();
    }
    assert!(dialer.sealer.is_worn(start()));
    assert_eq!(dialer.sealer.seal(&mut [0; RECORD_EXTRA_BYTES]), Err(Broken));
    let mut record = dialer.sealer.next_key(start()).unwrap();
    assert!(listener.opener.open(&mut record).unwrap().is_empty());
    assert!(!dialer.sealer.is_worn(start()));
    let mut record = sealed(&mut dialer.sealer, b"on");
    assert_eq!(listener.opener.open(&mut record).unwrap(), b"on");
}

#[test]
fn both_sides_of_how_long_a_key_seals() {
    let (mut dialer, _) = link();
    assert!(!dialer.sealer.is_worn(start().after_ms(KEY_MS - 1)));
    let later = start().after_ms(KEY_MS);
    assert!(dialer.sealer.is_worn(later));
    dialer.sealer.next_key(later).unwrap();
    assert!(!dialer.sealer.is_worn(later.after_ms(KEY_MS - 1)));
}

/// Whoever uses a key for too long, or says what there is not, is no end that follows the rules.
#[test]
fn an_end_that_breaks_the_rules_is_broken_with() {
    let raw = |kind: u8, frames: usize| {
        let (mut one, mut other) =
            (cipher::Cipher::new([1; 32]), Opener::worn_by(cipher::Cipher::new([1; 32]), 0));
        let mut record = std::vec![kind; 1 + frames + TAG_BYTES];
        one.seal(&[], &mut record).unwrap();
        other.open(&mut record).map(|frames| frames.len())
    };
    assert_eq!((raw(0, 0), raw(0, 3), raw(1, 0)), (Ok(0), Ok(3), Ok(0)));
    assert_eq!((raw(1, 1), raw(2, 0), raw(255, 9)), (Err(Broken), Err(Broken), Err(Broken)));
    let (mut one, cipher) = (cipher::Cipher::new([1; 32]), cipher::Cipher::new([1; 32]));
    let mut worn = Opener::worn_by(cipher, RECORDS_A_KEY);
    let mut record = [0; RECORD_EXTRA_BYTES];
    one.seal(&[], &mut record).unwrap();
    assert_eq!(worn.open(&mut record), Err(Broken));
    // No record is too short to be refused.
    for length in 0..=TAG_BYTES {
        assert_eq!(link().1.opener.open(&mut record[..length]), Err(Broken));
    }
}

/// What somebody on the way does with the next record.
#[derive(Clone, Debug)]
enum Meddling {
    Nothing,
    Change { at: prop::sample::Index, by: u8 },
    Cut { to: prop::sample::Index },
    Lengthen { by: usize },
    Repeat,
    Swap,
    Drop,
    Reflect,
}

fn any_meddling() -> impl Strategy<Value = Meddling> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(Meddling::Nothing),
        1 => (index(), 1..=u8::MAX).prop_map(|(at, by)| Meddling::Change { at, by }),
        1 => index().prop_map(|to| Meddling::Cut { to }),
        1 => (1usize..40).prop_map(|by| Meddling::Lengthen { by }),
        1 => Just(Meddling::Repeat),
        1 => Just(Meddling::Swap),
        1 => Just(Meddling::Drop),
        1 => Just(Meddling::Reflect),
    ]
}

proptest! {
    /// What comes is what was said, in order; from the first meddling on, nothing comes.
    #[test]
    fn nothing_that_was_meddled_with_opens(
        records in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..200), any_meddling(), any::<bool>()),
            1..12,
        ),
        first_message in any::<bool>(),
        flip in any::<prop::sample::Index>(),
        by in 1..=u8::MAX,
    ) {
        // The handshake itself, with one byte changed on either way.
        let (dialing, mut message) = dial(KEY);
        if first_message {
            // The highest bit of a public key means nothing to X25519, but it was heard.
            message[flip.index(MESSAGE_BYTES)] ^= by;
            prop_assert_eq!(answer(KEY, PROLOGUE, message).err(), Some(Broken));
        } else {
            let (_, mut message) = answer(KEY, PROLOGUE, message).unwrap();
            message[flip.index(MESSAGE_BYTES)] ^= by;
            prop_assert_eq!(dialing.finish(start(), message).err(), Some(Broken));
        }

        let (mut dialer, mut listener) = link();
        let mut is_sound = true;
        for (frames, meddling, renews) in records {
            if renews {
                let mut record = dialer.sealer.next_key(start()).unwrap();
                prop_assert_eq!(listener.opener.open(&mut record).is_ok(), is_sound);
            }
            let record = sealed(&mut dialer.sealer, &frames);
            let mut comes = std::vec![record.clone()];
            match meddling {
                Meddling::Nothing => {}
                Meddling::Change { at, by } => comes[0][at.index(record.len())] ^= by,
                Meddling::Cut { to } => comes[0].truncate(to.index(record.len())),
                Meddling::Lengthen { by } => comes[0].resize(record.len() + by, 0),
                Meddling::Repeat => comes.push(record),
                Meddling::Swap => comes.insert(0, sealed(&mut dialer.sealer, b"later")),
                Meddling::Drop => comes[0] = sealed(&mut dialer.sealer, b"later"),
                Meddling::Reflect => {
                    // Its own words do not open at whoever has said them.
                    prop_assert!(dialer.opener.open(&mut comes[0].clone()).is_err());
                }
            }
            let is_harmless = matches!(meddling, Meddling::Nothing | Meddling::Reflect);
            let opened = comes.iter_mut().map(|record| listener.opener.open(record).is_ok());
            let opened: std::vec::Vec<bool> = opened.collect();
            let expected = match meddling {
                _ if !is_sound => std::vec![false; opened.len()],
                Meddling::Repeat => std::vec![true, false],
                // The earlier one is still the next one; the link has ended with the later one before it.
                Meddling::Swap => std::vec![false, true],
                _ => std::vec![is_harmless],
            };
            prop_assert_eq!(opened, expected);
            is_sound &= is_harmless;
            if !is_sound {
                break;
            }
        }
    }
}

#[test]
fn secrets_print_as_nothing() {
    let (channel, _) = link();
    let printed = std::format!("{:?} {:?} {channel:?}", LinkKey(KEY), Drawn::new(KEY));
    assert_eq!(printed, "LinkKey(…) Drawn(…) Channel { sealer: Sealer(…), opener: Opener(…) }");
    let (dialing, message) = dial(KEY);
    let heard = Heard::first(&LinkKey(KEY), PROLOGUE, message).unwrap();
    assert_eq!(std::format!("{dialing:?} {heard:?}"), "Dialing(…) Heard(…)");
}

#[test]
fn both_ends_may_speak_at_once() {
    let (mut dialer, mut listener) = link();
    let now: Instant = start();
    let mut crossing = [sealed(&mut dialer.sealer, b"one"), sealed(&mut listener.sealer, b"other")];
    let _ = dialer.sealer.next_key(now).unwrap();
    let [one, other] = &mut crossing;
    assert_eq!(listener.opener.open(one).unwrap(), b"one");
    assert_eq!(dialer.opener.open(other).unwrap(), b"other");
}
