//! What systemd is told of this process, by datagrams to `NOTIFY_SOCKET` (sd_notify).
//!
//! Contract: `READY=1` once the servers listen and nothing is missing for players; `STATUS=` whenever what is missing
//! changes; `WATCHDOG=1` only while the threads of all nodes turn, as `/healthz` says; `STOPPING=1`; around a SIGHUP
//! `RELOADING=1` and `READY=1`. Without `NOTIFY_SOCKET` nothing is told, and who does not listen is no failure.
//!
//! Bounds: a manager that does not take a datagram within a second is not waited for.

use std::thread::JoinHandle;

use tokio_util::sync::CancellationToken;

use crate::http::figures::Figures;

/// Tells of this process for as long as it is held: its end is told before it is let go.
#[must_use]
pub(crate) struct Service {
    ended: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ended.cancel();
        // If it has panicked, that was said.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Tells of a process whose servers listen.
///
/// # Errors
/// If `NOTIFY_SOCKET` is no address, or there is no thread to be had.
pub(crate) fn start(figures: Figures, shutdown: CancellationToken) -> anyhow::Result<Service> {
    let ended = CancellationToken::new();
    let thread = begin(figures, shutdown, ended.clone())?;
    Ok(Service { ended, thread })
}

#[cfg(unix)]
use unix::begin;

/// There is nobody to tell.
#[cfg(not(unix))]
fn begin(
    _: Figures,
    _: CancellationToken,
    _: CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    Ok(None)
}

/// Tells that the process reads its configuration again, and has.
pub(crate) fn reloading(read: impl FnOnce()) {
    #[cfg(unix)]
    unix::before_reload();
    read();
    #[cfg(unix)]
    unix::after_reload();
}

#[cfg(unix)]
mod unix {
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::JoinHandle;
    use std::time::Duration;

    use anyhow::Context;
    use rustix::time::{ClockId, clock_gettime};
    use tinyrealm_std::runtime;
    use tokio_util::sync::CancellationToken;

    use crate::http::figures::Figures;

    const LOOK_INTERVAL: Duration = Duration::from_millis(200);
    /// So often, within the time that it has, the watchdog is fed.
    const MEALS: u32 = 3;
    const PATIENCE: Duration = Duration::from_secs(1);

    static MANAGER: OnceLock<Manager> = OnceLock::new();

    struct Manager {
        socket: UnixDatagram,
        place: SocketAddr,
        /// Whether it has been told that we are ready: it may be told of a reload then.
        is_ready: AtomicBool,
    }

    impl Manager {
        fn at(place: &OsStr) -> io::Result<Self> {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(Self { socket, place: address(place)?, is_ready: AtomicBool::new(false) })
        }

        fn tell(&self, text: &str) {
            // Whoever does not listen is no reason to stop serving.
            let _ = self.socket.send_to_addr(text.as_bytes(), &self.place);
        }
    }

    /// A path, or a name behind `@` that stands in no folder.
    fn address(place: &OsStr) -> io::Result<SocketAddr> {
        #[cfg(target_os = "linux")]
        if let Some(name) = place.as_bytes().strip_prefix(b"@") {
            use std::os::linux::net::SocketAddrExt;
            return SocketAddr::from_abstract_name(name);
        }
        SocketAddr::from_pathname(OsStr::from_bytes(place.as_bytes()))
    }

    /// How long the manager waits for a sign of life, if it does for this process'.
    fn watchdog(usec: Option<OsString>, pid: Option<OsString>) -> Option<Duration> {
        let number = |text: OsString| text.to_str().and_then(|text| text.parse::<u64>().ok());
        let is_ours = pid.is_none_or(|pid| number(pid) == Some(std::process::id().into()));
        let usec = usec.and_then(number).filter(|usec| *usec > 0)?;
        is_ours.then(|| Duration::from_micros(usec))
    }

    pub(super) fn begin(
        figures: Figures,
        shutdown: CancellationToken,
        ended: CancellationToken,
    ) -> anyhow::Result<Option<JoinHandle<()>>> {
        let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(None) };
        let manager = Manager::at(&place).with_context(|| format!("NOTIFY_SOCKET is {place:?}"))?;
        let manager = MANAGER.get_or_init(|| manager);
        let [usec, pid] = ["WATCHDOG_USEC", "WATCHDOG_PID"].map(std::env::var_os);
        let watchdog = watchdog(usec, pid);
        let runtime = runtime::current_thread()?;
        let reporter = Reporter { manager, figures, watchdog, told: String::new() };
        let thread = std::thread::Builder::new().name("manager".to_owned());
        Ok(Some(thread.spawn(move || runtime.block_on(reporter.run(shutdown, ended)))?))
    }

    struct Reporter {
        manager: &'static Manager,
        figures: Figures,
        watchdog: Option<Duration>,
        /// The state that the manager knows.
        told: String,
    }

    impl Reporter {
        /// The watchdog is fed while the process closes down, too.
        async fn run(mut self, shutdown: CancellationToken, ended: CancellationToken) {
            let meal = self.watchdog.map_or(LOOK_INTERVAL, |within| within / MEALS);
            let mut interval = tokio::time::interval(LOOK_INTERVAL.min(meal));
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = ended.cancelled() => break,
                    _ = interval.tick() => self.look(),
                }
            }
            self.manager.tell("STOPPING=1\nSTATUS=closing down\n");
            loop {
                tokio::select! {
                    () = ended.cancelled() => return,
                    _ = interval.tick() => self.feed(&self.figures.hanging()),
                }
            }
        }

        fn look(&mut self) {
            let hanging = self.figures.hanging();
            self.feed(&hanging);
            let wrong = [hanging, self.figures.missing()].concat();
            let status = if wrong.is_empty() { "in service".to_owned() } else { wrong.join(", ") };
            if status != self.told {
                self.manager.tell(&format!("STATUS={status}\n"));
                self.told = status;
            }
            if wrong.is_empty() && !self.manager.is_ready.swap(true, Ordering::AcqRel) {
                self.manager.tell("READY=1\n");
            }
        }

        fn feed(&self, hanging: &[String]) {
            if self.watchdog.is_some() && hanging.is_empty() {
                self.manager.tell("WATCHDOG=1\n");
            }
        }
    }

    fn if_ready(tell: impl FnOnce(&Manager)) {
        if let Some(manager) = MANAGER.get()
            && manager.is_ready.load(Ordering::Acquire)
        {
            tell(manager);
        }
    }

    pub(super) fn before_reload() {
        if_ready(|manager| {
            let now = clock_gettime(ClockId::Monotonic);
            let usec = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
            manager.tell(&format!("RELOADING=1\nMONOTONIC_USEC={usec}\n"));
        });
    }

    pub(super) fn after_reload() {
        if_ready(|manager| manager.tell("READY=1\n"));
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_watchdog_of_another_process_is_not_ours() {
            let ours = || Some(std::process::id().to_string().into());
            let usec = |text: &str| Some(OsString::from(text));
            let second = Some(Duration::from_secs(1));
            assert_eq!(watchdog(usec("1000000"), ours()), second);
            assert_eq!(watchdog(usec("1000000"), None), second);
            assert_eq!(watchdog(usec("1000000"), usec("1")), None);
            for none in [None, usec("0"), usec("soon")] {
                assert_eq!(watchdog(none, ours()), None);
            }
        }
    }
}
