//! The driver's outbound half: what the node sends, and what it asks for.

use tinyrealm_core::node::{Request, Role};
use tinyrealm_core::session::SessionKey;

use super::{Cutting, Host, TRANSMITS_PER_ROUND, Tools};
use crate::broken::{Broken, ensure};
use crate::ids::Side;
use crate::network::Parting;
use crate::settings::Sabotage;
use crate::trace::What;

/// What a node asks for, without the borrow.
enum Wanted {
    Connect(SessionKey, String),
    Shutdown(SessionKey),
    Drop(SessionKey),
}

impl<'a, R: Role<'a>> Host<'a, R> {
    pub(super) fn transmit(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken> {
        let mut count = 0;
        while self.transmit_once(tools)? {
            count += 1;
            ensure(count < TRANSMITS_PER_ROUND, "work a turn is bounded", || {
                format!("{count} transmissions in one round")
            })?;
        }
        Ok(())
    }

    fn transmit_once(&mut self, tools: &mut Tools<'_>) -> Result<bool, Broken> {
        let now = tools.timeline.now();
        let Some(transmit) = self.node.poll_transmit(now) else { return Ok(false) };
        let key = transmit.key();
        let slot = self.lines.get_mut(usize::from(key.index())).and_then(Option::as_mut);
        let Some(line) = slot.filter(|line| line.key == key) else {
            return Err(Broken::new("bytes go to a transport", format!("{key:?} has none")));
        };
        let (connection, offered) = (line.connection, transmit.bytes());
        let room = tools.network.room(connection, line.side);
        let most = match self.habits.cutting {
            Cutting::WholeFrames => transmit.whole_frames(room),
            Cutting::Anywhere if self.random.chance(self.habits.short_write_permille) => {
                self.random.below(room.min(offered) as u64) as usize
            }
            Cutting::Anywhere => offered,
        };
        let end = (connection, line.side);
        let taken = tools.network.write(tools.timeline, end, transmit.slices(), most);
        line.is_blocked = taken < offered;
        tools.timeline.counters.writes_cut += u64::from(taken < offered);
        let is_lied = taken > 1 && self.is_sabotaged_by(Sabotage::UnderreportedWrite);
        self.node.handle_transmitted(now, taken - usize::from(is_lied));
        let (offered, taken) = (offered as u32, taken as u32);
        tools.timeline.note(self.id, What::Sent { connection, offered, taken });
        Ok(true)
    }

    /// Whether this is the moment for `sabotage`.
    pub(super) fn is_sabotaged_by(&mut self, sabotage: Sabotage) -> bool {
        if self.habits.sabotage != sabotage || self.until_sabotage == 0 {
            return false;
        }
        self.until_sabotage -= 1;
        self.until_sabotage == 0
    }

    pub(super) fn do_requests(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken> {
        while let Some(wanted) = self.next_wanted() {
            match wanted {
                Wanted::Connect(key, address) => self.dial(tools, key, &address)?,
                Wanted::Shutdown(key) => {
                    let line = self.line_asked_for(key)?;
                    tools.timeline.note(self.id, What::Shut(line.0));
                    tools.network.shut(tools.timeline, line.0, line.1);
                }
                Wanted::Drop(key) => self.drop_line(tools, key)?,
            }
        }
        Ok(())
    }

    fn next_wanted(&mut self) -> Option<Wanted> {
        Some(match self.node.poll_request()? {
            Request::Connect { key, address } => Wanted::Connect(key, address.to_owned()),
            Request::Shutdown { key } => Wanted::Shutdown(key),
            Request::Drop { key } => Wanted::Drop(key),
        })
    }

    fn line_asked_for(
        &mut self,
        key: SessionKey,
    ) -> Result<(crate::ids::ConnectionId, Side), Broken> {
        let line = self.line_at(key).map(|line| (line.connection, line.side));
        line.ok_or_else(|| {
            Broken::new("requests are about transports", format!("{key:?} has none"))
        })
    }

    fn dial(
        &mut self,
        tools: &mut Tools<'_>,
        key: SessionKey,
        address: &str,
    ) -> Result<(), Broken> {
        tools.timeline.counters.dials += 1;
        let connection = tools.network.dial(tools.timeline, self.id, key, address);
        let server = tools.network.acceptor(connection);
        tools.timeline.note(self.id, What::Dialed(connection, server));
        self.add_line(key, connection, Side::Dialer)
    }

    fn drop_line(&mut self, tools: &mut Tools<'_>, key: SessionKey) -> Result<(), Broken> {
        let (connection, side) = self.line_asked_for(key)?;
        tools.timeline.note(self.id, What::Dropped(connection));
        let parting = if self.random.chance(500) { Parting::End } else { Parting::Reset };
        tools.network.close(tools.timeline, connection, side, parting);
        self.remove_line(usize::from(key.index()));
        Ok(())
    }
}
