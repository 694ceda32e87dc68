//! What a WebSocket whose messages are records says besides them: Pong, and Close.
//!
//! Contract: it stands where a record would, and waits for none: while one is on its way, a Pong is not said. A Close is said
//! when everything else is.

use super::SessionManager;
use crate::session::session::SessionKey;
use crate::wire::ws::{Close, CloseCode, FrameKind, Side, write_frame};

impl SessionManager<'_> {
    /// Says a control frame, if nothing else is on its way.
    pub(super) fn put_control(&mut self, key: SessionKey, kind: FrameKind, payload: &[u8]) {
        let Some(link) = self.seal_of(key) else { return };
        let Some((outlet, buffer)) = self.seals.outlet(link) else { return };
        let mask = match outlet.messages {
            Some(Side::Client) => Some(self.mask_keys.draw()),
            Some(Side::Server) => None,
            None => return,
        };
        if outlet.clear_bytes > 0 || outlet.start < outlet.end {
            return;
        }
        let used = write_frame(buffer, kind, mask, payload).unwrap_or(0);
        (outlet.start, outlet.end) = (0, used as u16);
        self.ready.add(key.index());
    }

    /// The first code counts.
    pub(super) fn close_sealed(&mut self, key: SessionKey, code: CloseCode) {
        let Some(link) = self.seal_of(key) else { return };
        if let Some((outlet, _)) = self.seals.outlet(link)
            && outlet.close_code == 0
        {
            outlet.close_code = code.0;
        }
    }

    /// Everything is sent: says Close, once, and answers whether it did.
    pub(super) fn says_close(&mut self, key: SessionKey) -> bool {
        let Some(link) = self.seal_of(key) else { return false };
        let Some((outlet, _)) = self.seals.outlet(link) else { return false };
        let code = CloseCode(core::mem::replace(&mut outlet.close_code, u16::MAX));
        if outlet.messages.is_none() || code == CloseCode(0) || code == CloseCode(u16::MAX) {
            return false;
        }
        let mut payload = [0; 2];
        let used = Close { code, reason: "" }.write(&mut payload).unwrap_or(0);
        self.put_control(key, FrameKind::Close, payload.get(..used).unwrap_or_default());
        true
    }
}
