//! TLS: what it costs a world beside clear text, in one run.
//!
//! A delivery's CPU time, an idle connection's memory, and handshakes a second of a core. Certificates are made for the run.

use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustls::client::Resumption;

use crate::account::cpu_time;
use crate::trust;
use crate::ways::{Settings, Way};

/// What a delivery may cost, in deliveries in clear.
const DELIVERY_GOAL: f64 = 1.6;
const MEMORY_GOAL_BYTES: u64 = 4_096;
const HANDSHAKES_GOAL: f64 = 500.0;
/// Threads that shake hands.
const VISITORS: usize = 4;

/// Measures all three and prints them.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("tinyrealm-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(&folder, seconds, rounds);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path, seconds: u32, rounds: u32) -> anyhow::Result<()> {
    let settings = make_certificate(folder)?;
    println!("tls: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)");
    settings.print_deliveries((Way::Tls, Some(DELIVERY_GOAL)), seconds, rounds)?;
    settings.print_idle((Way::Tls, Some(MEMORY_GOAL_BYTES)))?;
    let rate = handshakes_per_core_second(&settings, seconds)?;
    println!("  {rate:.0} handshakes a second of a core (goal: {HANDSHAKES_GOAL})");
    Ok(())
}

fn make_certificate(folder: &Path) -> anyhow::Result<Settings> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let [authority, key] = ["server.pem", "server.key"].map(|name| folder.join(name));
    std::fs::write(&authority, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode)?;
    let setting = |name: &str, path: &Path| format!("net.tls.{name}={}", path.display());
    let settings = [setting("certificate", &authority), setting("key", &key)];
    let flags = settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect();
    Ok(Settings { shared: flags, world: Vec::new(), authority })
}

/// Of the server's processor time; what its clients spend is theirs.
fn handshakes_per_core_second(settings: &Settings, seconds: u32) -> anyhow::Result<f64> {
    let (main, address, _world) = settings.start(1, 2)?;
    let mut config = trust::config(&settings.authority)?;
    // Whoever has been there before would need no signature.
    config.resumption = Resumption::disabled();
    let config = std::sync::Arc::new(config);
    let (count, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let spent = thread::scope(|scope| {
        for _ in 0..VISITORS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut stream) = TcpStream::connect(&address) else { continue };
                    if let Ok(mut session) = trust::session(&config)
                        && session.complete_io(&mut stream).is_ok()
                    {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let before = cpu_time(main.id());
        thread::sleep(Duration::from_secs(seconds.into()));
        let after = cpu_time(main.id());
        is_over.store(true, Ordering::Relaxed);
        anyhow::Ok(after? - before?)
    })?;
    anyhow::ensure!(count.load(Ordering::Relaxed) > 0, "nobody has shaken hands");
    Ok(count.load(Ordering::Relaxed) as f64 / spent.as_secs_f64())
}
