//! Greetings: the versions that they begin with are read before the rest, for every role.
//!
//! Purpose: a peer of another version may say more in its greeting than this code can decode. So a
//! stranger's first message is looked at here, in one place, before its role sees it.
//!
//! Contract: a greeting without a common version is answered by `VersionRefused`, with what is spoken
//! here, and by the end `BAD_VERSION`. What begins with no versions at all is left to its decoder.

use super::Context;
#[cfg(feature = "sealed-clients")]
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::client_to_main::Hello;
use crate::protocol::client_to_world::Join;
use crate::protocol::dialer_to_listener::{ClusterHello, SecureHello};
use crate::protocol::either_way::VersionRefused;
use crate::protocol::{ErrorCode, Versions, take};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::wire::{Frame, Opcode};

/// The first messages of every link.
const GREETINGS: &[Opcode] = &[
    Hello::OPCODE,
    Join::OPCODE,
    LoginReq::OPCODE,
    ClusterHello::OPCODE,
    SecureHello::OPCODE,
    #[cfg(feature = "sealed-clients")]
    SecureClient::OPCODE,
];

/// Refuses the greeting of a stranger who speaks no version of ours; answers whether it did.
pub(super) fn is_refused(cx: &mut Context<'_, '_>, key: SessionKey, frame: Frame<'_>) -> bool {
    if !GREETINGS.contains(&frame.opcode) {
        return false;
    }
    let Some(theirs) = take::<Versions>(frame.payload) else {
        return false;
    };
    if Versions::OURS.shared(theirs).is_some() {
        return false;
    }
    let refusal = VersionRefused { versions: Versions::OURS };
    cx.sessions.send_or_close(cx.now, key, &refusal);
    let (code, about) = (ErrorCode::BAD_VERSION, frame.opcode.0);
    cx.sessions.close(cx.now, key, Farewell::Error { code, about });
    true
}
