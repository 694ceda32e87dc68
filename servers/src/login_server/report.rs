//! What a login server tells about itself: `LoginReport`.

use serde::Serialize;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::login::Login;
use tinyrealm_core::protocol::LoginDenial;

use crate::accounts::password::Passwords;
use crate::report::NetReport;

/// What a login server tells about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LoginReport {
    pub(crate) attempts: u32,
    pub(crate) granted: u32,
    pub(crate) denied: Vec<(&'static str, u32)>,
    /// Logins that are queued or being checked.
    pub(crate) waiting: usize,
    /// Passwords hashed.
    pub(crate) hashes: u64,
    pub(crate) verifies: u32,
    pub(crate) verified: u32,
    /// Whether the accounts could not be seen when they were last looked at.
    pub(crate) store_lost: bool,
    pub(crate) net: NetReport,
}

pub(super) fn report_of(
    node: &Node<'_, Login<'_>>,
    passwords: &Passwords,
    store_lost: bool,
) -> LoginReport {
    let (login, sessions) = (node.role(), node.sessions());
    let buffers = sessions.buffers_in_use() + node.receive_buffers_in_use();
    let stats = login.stats();
    let denials = LoginDenial::ALL.iter();
    LoginReport {
        attempts: stats.attempts,
        granted: stats.granted,
        denied: denials.map(|denial| (denial.name(), stats.denied_for(*denial))).collect(),
        waiting: login.logins(),
        hashes: passwords.work(),
        verifies: stats.verifies,
        verified: stats.verified,
        store_lost,
        net: NetReport::new(node.stats(), sessions.len(), buffers),
    }
}
