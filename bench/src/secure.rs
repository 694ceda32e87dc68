//! Sealed links: what they cost beside links in clear, in one run.
//!
//! Members' links to a world that are sealed with the keys of their tickets: a delivery's CPU time, and an idle link's memory.
//! The link of Main and its chat server: a delivery's CPU time of both. What each end of a handshake computes, beside the
//! proof that servers show in clear, and what a record costs, beside a copy: in this process, the best of many repetitions.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Context;
use tinyrealm_core::node::cluster::{ClusterKey, ClusterSecret, ONLY_ID, Side, Transcript};
use tinyrealm_core::protocol::{Nonce, ServerKind};
use tinyrealm_core::secure::{
    Broken, Channel, Dialing, Drawn, Heard, LinkKey, MESSAGE_BYTES, RECORD_EXTRA_BYTES,
};
use tinyrealm_core::time;

use crate::chat::{Cost, SCENES, Scene, measure_realm};
use crate::statistics::Spread;
use crate::ways::{Settings, Way};

/// What Main and chat may cost with a sealed link, in what they cost with one in clear.
const SEALED_GOAL: f64 = 1.3;
/// Both of them are told that it is in clear.
const CLEAR: [&str; 2] = ["--set", "cluster.clear=chat"];

const HANDSHAKES: usize = 500;
const RECORDS: usize = 5_000;
/// Frames of a record: a few moves, a flush, and the longest.
const RECORD_BYTES: [usize; 3] = [64, 512, 4_096];
const PROLOGUE: &[u8] = b"as long as a link's prologue is";
const TERMS: [u8; 4] = [0; 4];

/// Measures all of them and prints them.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    println!("secure: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)");
    let world = ["--set", "world.sealed_clients=1000"].map(str::to_owned).into();
    let settings = Settings { world, ..Settings::default() };
    settings.print_deliveries((Way::Sealed, None), seconds, rounds)?;
    settings.print_idle((Way::Sealed, None))?;
    for scene in SCENES {
        deliveries(scene, seconds, rounds)?;
    }
    handshakes().ok().context("a handshake that does not come about")?;
    records().ok().context("a record that does not open")?;
    Ok(())
}

fn deliveries(scene: Scene, seconds: u32, rounds: u32) -> anyhow::Result<()> {
    scene.print();
    let (mut sealed, mut clear) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let mut turns = [(&[][..], &mut sealed), (&CLEAR[..], &mut clear)];
        // Nobody is always the second: what goes before warms the machine.
        turns.rotate_left(round as usize % 2);
        for (flags, costs) in turns {
            let Cost { main, chat } = measure_realm(scene, seconds, flags)?;
            costs.push(main + chat);
        }
    }
    let [sealed, clear] = [sealed, clear].map(Spread::of);
    sealed.print_row("link sealed", "clear", clear, Some(SEALED_GOAL));
    clear.print_row("link in clear", "clear", clear, None);
    Ok(())
}

/// The time of the fastest of so many repetitions.
fn best_of<T>(count: usize, mut work: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..count {
        let start = Instant::now();
        black_box(work());
        best = best.min(start.elapsed());
    }
    best
}

const fn now() -> time::Instant {
    time::Instant::from_millis(0)
}

fn begin(key: &LinkKey) -> Result<(Dialing, [u8; MESSAGE_BYTES]), Broken> {
    Dialing::begin(key, PROLOGUE, Drawn::new([1; 32]), TERMS)
}

fn answer(
    key: &LinkKey,
    message: [u8; MESSAGE_BYTES],
) -> Result<(Channel, [u8; MESSAGE_BYTES]), Broken> {
    Heard::first(key, PROLOGUE, message)?.answer(Drawn::new([2; 32]), now(), TERMS)
}

/// Both ends of a link.
fn channels() -> Result<[Channel; 2], Broken> {
    let key = LinkKey::new([7; 32]);
    let (dialing, message) = begin(&key)?;
    let (listener, message) = answer(&key, message)?;
    Ok([dialing.finish(now(), message)?.0, listener])
}

fn handshakes() -> Result<(), Broken> {
    let [key, other] = [7, 8].map(|byte| LinkKey::new([byte; 32]));
    let (_, first) = begin(&key)?;
    let (_, second) = answer(&key, first)?;
    let listener = best_of(HANDSHAKES, || answer(black_box(&key), first));
    let refused = best_of(HANDSHAKES, || answer(black_box(&other), first));
    let dialer = best_of(HANDSHAKES, || {
        begin(black_box(&key)).and_then(|(dialing, _)| dialing.finish(now(), second))
    });
    let proof = best_of(HANDSHAKES, both_proofs());
    println!("  a handshake, us of each end, best of {HANDSHAKES}");
    for (name, time) in [
        ("who dials", dialer),
        ("who listens", listener),
        ("who listens, to another key", refused),
        ("either, in clear with proofs", proof),
    ] {
        println!("    {name:<28} {:7.1}", time.as_secs_f64() * 1e6);
    }
    Ok(())
}

/// What either end of a link in clear computes: its own proof, and the other's to compare.
fn both_proofs() -> impl FnMut() {
    let secret = ClusterSecret::new(&[7; 32]).expect("it is long enough");
    let key: ClusterKey = secret.key_of(ServerKind::CHAT, ONLY_ID);
    let transcript = Transcript {
        dialer: ServerKind::MAIN,
        listener: ServerKind::CHAT,
        id: ONLY_ID,
        dialer_nonce: Nonce([1; 16]),
        listener_nonce: Nonce([2; 16]),
    };
    move || {
        for side in [Side::Dialer, Side::Listener] {
            black_box(key.proof(side, black_box(&transcript)));
        }
    }
}

fn records() -> Result<(), Broken> {
    println!("  a record, ns to seal, to open, and to copy, best of {RECORDS}");
    for bytes in RECORD_BYTES {
        let [mut ours, mut theirs] = channels()?;
        let mut record = vec![0; bytes + RECORD_EXTRA_BYTES];
        let (mut sealed, mut opened) = (Duration::MAX, Duration::MAX);
        for _ in 0..RECORDS {
            let start = Instant::now();
            ours.sealer.seal(black_box(&mut record))?;
            let between = Instant::now();
            black_box(theirs.opener.open(black_box(&mut record))?);
            opened = opened.min(between.elapsed());
            sealed = sealed.min(between - start);
        }
        let mut copy = vec![0; bytes];
        let copied = best_of(RECORDS, || {
            copy.copy_from_slice(black_box(&record[..bytes]));
            black_box(&mut copy);
        });
        let [sealed, opened, copied] = [sealed, opened, copied].map(|time| time.as_nanos());
        println!("    {bytes:>5} bytes  {sealed:>6} {opened:>6} {copied:>6}");
    }
    Ok(())
}
