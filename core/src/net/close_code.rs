//! Why a connection has ended, in the numbers of RFC 6455, which every transport uses.
//!
//! ```
//! use tinyrealm_core::net::close_code;
//! assert!(close_code::may_come_back(close_code::SERVICE_RESTART));
//! assert!(!close_code::may_come_back(close_code::NORMAL));
//! ```

/// The work is done.
pub const NORMAL: u16 = 1000;
/// One side goes away: a server shuts down, a page is left, a session is dropped.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// The peer has closed without saying why; never sent. The ordinary end of a TCP stream.
pub const NO_STATUS: u16 = 1005;
/// The connection broke, was never there, or did not close in time; never sent.
pub const ABNORMAL: u16 = 1006;
/// The peer broke a rule of its partner.
pub const POLICY: u16 = 1008;
/// A message was longer than its receiver takes.
pub const TOO_BIG: u16 = 1009;
/// The server met something that it could not deal with.
pub const INTERNAL_ERROR: u16 = 1011;
/// The server restarts.
pub const SERVICE_RESTART: u16 = 1012;
/// The server has too much to do now.
pub const TRY_AGAIN_LATER: u16 = 1013;
/// The server's own server did not answer.
pub const BAD_GATEWAY: u16 = 1014;

/// Whether a peer that ended like this may be there again: the connection broke, or the server had to
/// go. Whatever else it says is said on purpose, and would be said again.
pub const fn may_come_back(code: u16) -> bool {
    matches!(
        code,
        GOING_AWAY
            | NO_STATUS
            | ABNORMAL
            | INTERNAL_ERROR
            | SERVICE_RESTART
            | TRY_AGAIN_LATER
            | BAD_GATEWAY
    )
}
