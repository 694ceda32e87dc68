//! A bare epoll instance: what there is without a runtime.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// Epoll, level-triggered for reading.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

const EVENTS_PER_WAIT: usize = 1_024;

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, events: Vec::with_capacity(EVENTS_PER_WAIT) })
    }

    /// Watches `source` for something to read, under this number.
    pub(crate) fn add(&self, source: impl AsFd, number: u64) -> io::Result<()> {
        epoll::add(&self.epoll, source, EventData::new_u64(number), EventFlags::IN)?;
        Ok(())
    }

    /// The numbers that have something to read, after at most `timeout`.
    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
    ) -> io::Result<impl Iterator<Item = u64>> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.events.iter().map(|event| event.data.u64()))
    }
}
