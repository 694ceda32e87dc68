//! `Stranger`: a connection that says what it likes and believes nothing; and crowds of them.
//!
//! Contract: strangers come from [`ADDRESSES`] addresses, none of which is the bots'. A connection that is
//! refused or ended is no fault: a crowd opens another in its place.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// From how many addresses strangers come.
const ADDRESSES: usize = 12;
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// What the kernel takes for one who does not read.
const NARROW_BYTES: usize = 2_048;
const WRITE_TIMEOUT: Duration = Duration::from_millis(200);

/// A realm under attack.
pub(crate) struct Field {
    servers: [SocketAddr; 2],
    is_over: AtomicBool,
}

impl Field {
    pub(crate) const fn new(servers: [SocketAddr; 2]) -> Self {
        Self { servers, is_over: AtomicBool::new(false) }
    }

    /// Main and a world, or Login and the page.
    pub(crate) const fn servers(&self) -> [SocketAddr; 2] {
        self.servers
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }
}

/// What an abuse has done.
#[derive(Copy, Clone, Default, Debug)]
pub(crate) struct Deeds {
    pub(crate) connections: u64,
    pub(crate) attempts: u64,
}

impl AddAssign for Deeds {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.attempts += other.attempts;
    }
}

/// One connection; see the [module](self).
pub(crate) struct Stranger {
    stream: TcpStream,
}

/// A connection of the stranger of this number, whose kernel takes little before it is read if that
/// is said.
pub(crate) fn connect(
    to: SocketAddr,
    number: usize,
    receive_buffer_bytes: Option<usize>,
) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(bytes) = receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let host = 1 + (number % ADDRESSES) as u8;
    let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 9, host)), 0);
    socket.bind(&from.into())?;
    socket.connect_timeout(&to.into(), CONNECT_TIMEOUT)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    Ok(stream)
}

impl Stranger {
    pub(crate) fn connect(to: SocketAddr, number: usize) -> Option<Self> {
        connect(to, number, None).ok().map(|stream| Self { stream })
    }

    /// Whether somebody may still hear it.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// One whose kernel takes next to nothing for it.
    pub(crate) fn connect_narrowly(to: SocketAddr, number: usize) -> Option<Self> {
        connect(to, number, Some(NARROW_BYTES)).ok().map(|stream| Self { stream })
    }

    /// Reads what has come, without a look at it; whether the connection stands.
    fn drain(&mut self) -> bool {
        let mut part = [0; 4_096];
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let stands = loop {
            match self.stream.read(&mut part) {
                Ok(0) => break false,
                Ok(_) => {}
                Err(error) => break error.kind() == ErrorKind::WouldBlock,
            }
        };
        stands && self.stream.set_nonblocking(false).is_ok()
    }
}

/// Strangers who do the same, each at its own pace.
pub(crate) struct Crowd<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) count: usize,
    /// What each says first, by its number.
    pub(crate) opening: &'a dyn Fn(usize) -> Vec<u8>,
    /// What each says in every turn, by its number and the turn's, and how many attempts that is.
    pub(crate) turn: &'a dyn Fn(usize, u64) -> (Vec<u8>, u64),
    pub(crate) interval: Duration,
}

impl Crowd<'_> {
    /// Goes on until it is over, and answers what was done.
    pub(crate) fn run(&self, field: &Field) -> Deeds {
        let mut deeds = Deeds::default();
        let mut members: Vec<Option<Stranger>> = (0..self.count).map(|_| None).collect();
        let began = Instant::now();
        for turn in 1.. {
            for (number, member) in members.iter_mut().enumerate() {
                if field.is_over() {
                    return deeds;
                }
                deeds += self.act(number, member, turn);
            }
            let next = self.interval.saturating_mul(u32::try_from(turn).unwrap_or(u32::MAX));
            thread::sleep(next.saturating_sub(began.elapsed()));
        }
        deeds
    }

    fn act(&self, number: usize, member: &mut Option<Stranger>, turn: u64) -> Deeds {
        let Some(stranger) = member else {
            *member = Stranger::connect(self.to, number);
            let Some(stranger) = member else { return Deeds::default() };
            stranger.say(&(self.opening)(number));
            return Deeds { connections: 1, attempts: 0 };
        };
        let (bytes, attempts) = (self.turn)(number, turn);
        if stranger.drain() && stranger.say(&bytes) {
            return Deeds { connections: 0, attempts };
        }
        *member = None;
        Deeds::default()
    }
}
