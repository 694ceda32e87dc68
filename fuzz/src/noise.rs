//! The handshake of a sealed link, either end: whatever was changed on the way opens nothing.

use tinyrealm_core::secure::{
    Channel, Dialing, Drawn, Heard, LinkKey, MESSAGE_BYTES, RECORD_EXTRA_BYTES, TERMS_BYTES,
};
use tinyrealm_core::time::Instant;

const KEY: [u8; 32] = [7; 32];
const PROLOGUE: &[u8] = b"a world and its Main";
const DIALERS_TERMS: [u8; TERMS_BYTES] = *b"mine";
const LISTENERS_TERMS: [u8; TERMS_BYTES] = *b"ours";
const NOW: Instant = Instant::from_millis(1);

type Said = [u8; MESSAGE_BYTES];

/// What an end has before anything is said.
#[derive(PartialEq, Eq)]
struct Before {
    key: [u8; 32],
    prologue: Vec<u8>,
}

/// A byte that says what becomes of which message, and whether its hearer has heard the same before; then the bytes that
/// it becomes, or pairs of a place and what is changed there.
pub fn noise(bytes: &[u8]) {
    let Some((what, bytes)) = bytes.split_first() else { return };
    let dialer = Before { key: KEY, prologue: PROLOGUE.to_vec() };
    let listener =
        if what & 8 == 0 { Before { key: KEY, prologue: PROLOGUE.to_vec() } } else { other(bytes) };
    let (dialing, first) = begin(&dialer);
    let (answering, answer) = answer(&dialer, first);
    let is_answer = what & 4 != 0;
    let (said, reflected) = if is_answer { (answer, first) } else { (first, answer) };
    let heard = match what & 3 {
        0 => overwritten([0; MESSAGE_BYTES], bytes),
        1 => overwritten(said, bytes),
        2 => changed(said, bytes),
        // What the hearer has said itself, or is going to.
        _ => changed(reflected, bytes),
    };
    if is_answer {
        let finished = dialing.finish(NOW, heard);
        assert_eq!(finished.is_ok(), heard == said, "an answer that was changed");
        if let Ok((dialing, terms)) = finished {
            assert_eq!(terms, LISTENERS_TERMS);
            expect_link(dialing, answering);
        }
        return;
    }
    let opened = Heard::first(&LinkKey::new(listener.key), &listener.prologue, heard);
    let is_true = heard == said && listener == dialer;
    assert_eq!(opened.is_ok(), is_true, "a first message that was changed");
    assert!(opened.is_ok_and(|opened| opened.terms == DIALERS_TERMS) == is_true);
}

/// Another key or another prologue, as far as these bytes say another one.
fn other(bytes: &[u8]) -> Before {
    let (choice, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    if choice & 1 == 0 {
        return Before { key: KEY, prologue: bytes.to_vec() };
    }
    let mut key = KEY;
    key.iter_mut().zip(bytes).for_each(|(place, byte)| *place ^= byte);
    Before { key, prologue: PROLOGUE.to_vec() }
}

fn begin(Before { key, prologue }: &Before) -> (Dialing, Said) {
    let (key, drawn) = (LinkKey::new(*key), Drawn::new([1; 32]));
    Dialing::begin(&key, prologue, drawn, DIALERS_TERMS).expect("a message is long enough")
}

fn answer(Before { key, prologue }: &Before, first: Said) -> (Channel, Said) {
    let heard = Heard::first(&LinkKey::new(*key), prologue, first).expect("as it was said");
    heard.answer(Drawn::new([2; 32]), NOW, LISTENERS_TERMS).expect("a key that was drawn")
}

fn overwritten(mut message: Said, bytes: &[u8]) -> Said {
    message.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    message
}

fn changed(mut message: Said, pairs: &[u8]) -> Said {
    for [place, change] in pairs.as_chunks().0 {
        message[usize::from(*place) % MESSAGE_BYTES] ^= change;
    }
    message
}

/// What one end says, the other one hears, either way.
fn expect_link(mut dialer: Channel, mut listener: Channel) {
    let (there, back) = (b"hello".as_slice(), b"well".as_slice());
    let mut record = sealed(&mut dialer, there);
    assert_eq!(listener.opener.open(&mut record).expect("it was sealed for us"), there);
    let mut record = sealed(&mut listener, back);
    assert_eq!(dialer.opener.open(&mut record).expect("it was sealed for us"), back);
}

fn sealed(channel: &mut Channel, frames: &[u8]) -> Vec<u8> {
    let mut record = vec![0; frames.len() + RECORD_EXTRA_BYTES];
    record[1..=frames.len()].copy_from_slice(frames);
    channel.sealer.seal(&mut record).expect("a new key");
    record
}
