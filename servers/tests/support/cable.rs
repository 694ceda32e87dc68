//! `Cables`: what leads to each server, to be cut: one a server, and nobody goes another way.
//!
//! Contract: a server that is cut loses all of its connections at once, those that it has dialed as well, and till it is mended
//! nobody reaches it, nor it anybody: who dials it is refused, and what it dials through another cable is ended. Whose a
//! connection is the system tells (`/proc`), so this is Linux's alone.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use socket2::SockRef;

use super::ports::free_port;

/// As long a line as a thousand clients need that come back at once.
const BACKLOG: i32 = 4_096;
const STACK_BYTES: usize = 64 * 1_024;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Who hangs takes no more than its line holds.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// One server's.
pub(crate) struct Cable {
    /// Where everybody finds it.
    pub(crate) address: SocketAddr,
    end: Arc<End>,
}

/// All of a realm's.
#[derive(Default)]
pub(crate) struct Cables {
    net: Arc<Net>,
}

#[derive(Default)]
struct Net {
    /// Processes that reach nobody.
    cut_off: Mutex<HashSet<u32>>,
    ends: Mutex<Vec<Arc<End>>>,
    /// Connections that wait until it is known whose they are: to find that out takes longer than to connect.
    strangers: Mutex<Vec<(Arc<End>, Connection)>>,
    is_over: AtomicBool,
}

struct End {
    address: SocketAddr,
    listener: TcpListener,
    target: OnceLock<SocketAddr>,
    is_cut: Mutex<bool>,
    is_mended: Condvar,
    count: AtomicU64,
    connections: Mutex<Vec<Connection>>,
}

#[derive(Clone)]
struct Connection {
    number: u64,
    /// The port of who has dialed.
    dialer: u16,
    ends: Arc<[TcpStream; 2]>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which ports this process has dialed from which: one may have dialed several.
fn dialed_by(process: u32) -> HashSet<(u16, u16)> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let inode = |path: std::path::PathBuf| -> Option<u64> {
        path.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    let own: HashSet<u64> =
        files.filter_map(|file| inode(std::fs::read_link(file.path()).ok()?)).collect();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let ports = |line: &str| -> Option<(u16, u16)> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let port =
            |field: usize| u16::from_str_radix(fields.get(field)?.split_once(':')?.1, 16).ok();
        let is_own = own.contains(&fields.get(9)?.parse().ok()?);
        is_own.then_some((port(1)?, port(2)?))
    };
    table.lines().filter_map(ports).collect()
}

/// Ends it so that the other side hears of it at once, and nothing more is sent.
fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    let _ = stream.shutdown(Shutdown::Both);
}

impl Cables {
    /// A new one; connections wait until [`Cable::lead_to`] says where it goes.
    pub(crate) fn lay(&self) -> Cable {
        // A port that the system has chosen would be another's while it is cut.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).unwrap();
        SockRef::from(&listener).listen(BACKLOG).unwrap();
        let address = listener.local_addr().unwrap();
        let end = Arc::new(End {
            address,
            listener,
            target: OnceLock::new(),
            is_cut: Mutex::new(false),
            is_mended: Condvar::new(),
            count: AtomicU64::new(0),
            connections: Mutex::default(),
        });
        lock(&self.net.ends).push(Arc::clone(&end));
        let (accepting, net) = (Arc::clone(&end), Arc::clone(&self.net));
        std::thread::spawn(move || accepting.accept(&net));
        Cable { address, end }
    }

    /// Nobody reaches the server behind these cables, which is this process, nor it anybody.
    pub(crate) fn cut(&self, cables: &[&Cable], process: u32) {
        lock(&self.net.cut_off).insert(process);
        cables.iter().for_each(|cable| cable.end.cut());
        let dialed = dialed_by(process);
        for end in lock(&self.net.ends).iter() {
            let to = end.address.port();
            end.end_those(|connection| dialed.contains(&(connection.dialer, to)));
        }
        let net = Arc::clone(&self.net);
        std::thread::spawn(move || net.look_at_strangers(process));
    }

    /// All is as before.
    pub(crate) fn mend(&self, cables: &[&Cable], process: u32) {
        lock(&self.net.cut_off).remove(&process);
        cables.iter().for_each(|cable| cable.end.mend());
    }
}

impl Cable {
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.end.target.set(target).unwrap();
    }
}

impl Drop for Cables {
    fn drop(&mut self) {
        self.net.is_over.store(true, Ordering::Release);
        for end in lock(&self.net.ends).drain(..) {
            end.mend();
            // Wakes the thread that accepts. The others end with their connections.
            drop(TcpStream::connect(end.address));
        }
    }
}

impl Net {
    /// As long as this process reaches nobody. What it has dialed meanwhile is ended before a byte of it has passed.
    fn look_at_strangers(&self, process: u32) {
        loop {
            let is_over = !lock(&self.cut_off).contains(&process);
            let strangers = std::mem::take(&mut *lock(&self.strangers));
            let dialed = if strangers.is_empty() { HashSet::new() } else { dialed_by(process) };
            for (end, connection) in strangers {
                if !is_over && dialed.contains(&(connection.dialer, end.address.port())) {
                    end.end_those(|it| it.number == connection.number);
                } else {
                    end.begin(connection);
                }
            }
            if is_over {
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl End {
    fn cut(&self) {
        *lock(&self.is_cut) = true;
        // From here on the system refuses for it.
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        self.end_those(|_| true);
    }

    fn mend(&self) {
        let mut is_cut = lock(&self.is_cut);
        if *is_cut {
            SockRef::from(&self.listener).listen(BACKLOG).unwrap();
        }
        *is_cut = false;
        self.is_mended.notify_all();
    }

    fn end_those(&self, are_meant: impl Fn(&Connection) -> bool) {
        lock(&self.connections).retain(|connection| {
            let is_meant = are_meant(connection);
            if is_meant {
                connection.ends.iter().for_each(reset);
            }
            !is_meant
        });
    }

    fn accept(self: &Arc<Self>, net: &Arc<Net>) {
        while !net.is_over.load(Ordering::Acquire) {
            match self.listener.accept() {
                Ok((dialer, from)) => self.connect(net, dialer, from.port()),
                Err(_) => {
                    let is_cut = lock(&self.is_cut);
                    drop(self.is_mended.wait_while(is_cut, |is_cut| *is_cut));
                }
            }
        }
    }

    fn connect(self: &Arc<Self>, net: &Net, dialer: TcpStream, port: u16) {
        // A server that has gone refuses, and who dials sees its connection end.
        let target = TcpStream::connect_timeout(self.target.wait(), CONNECT_LIMIT);
        let Ok(target) = target else { return reset(&dialer) };
        let _ = (dialer.set_nodelay(true), target.set_nodelay(true));
        let ends = Arc::new([dialer, target]);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let connection = Connection { number, dialer: port, ends };
        lock(&self.connections).push(connection.clone());
        // Whoever cuts it from here on finds it.
        if *lock(&self.is_cut) {
            return self.end_those(|connection| connection.number == number);
        }
        let cut_off = lock(&net.cut_off);
        if cut_off.is_empty() {
            return self.begin(connection);
        }
        lock(&net.strangers).push((Arc::clone(self), connection));
    }

    fn begin(self: &Arc<Self>, connection: Connection) {
        for (from, to) in [(0, 1), (1, 0)] {
            let (end, Connection { number, ends, .. }) = (Arc::clone(self), connection.clone());
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn(move || end.pump(&ends[from], &ends[to], number)).unwrap();
        }
    }

    /// Hands on bytes until either side ends.
    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream, number: u64) {
        let mut part = [0; 16 * 1_024];
        while let Ok(count @ 1..) = from.read(&mut part) {
            if to.write_all(&part[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        lock(&self.connections).retain(|connection| connection.number != number);
    }
}
