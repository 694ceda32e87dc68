//! What a chat server tells about itself: `ChatReport`.

use serde::Serialize;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::chat::Chat;

use crate::reachable::Reachable;
use crate::report::NetReport;

/// What a chat server tells about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ChatReport {
    pub(crate) mains: usize,
    /// Whether the directory can't be reached; it never is without one.
    pub(crate) directory_lost: bool,
    pub(crate) channels: usize,
    pub(crate) memberships: usize,
    pub(crate) joined: u32,
    pub(crate) denied: u32,
    pub(crate) said: u64,
    pub(crate) refused: u64,
    pub(crate) copies: u64,
    pub(crate) mains_opened: u32,
    pub(crate) mains_lost: u32,
    pub(crate) net: NetReport,
}

/// What this node tells, and what is known of the directory.
pub(super) fn report_of(node: &Node<'_, Chat<'_>>, directory: &Reachable) -> ChatReport {
    let (chat, sessions) = (node.role(), node.sessions());
    let buffers = sessions.buffers_in_use() + node.receive_buffers_in_use();
    let stats = chat.stats();
    ChatReport {
        mains: chat.mains(),
        directory_lost: !directory.is_so(),
        channels: chat.channels().len(),
        memberships: chat.members().len(),
        joined: stats.joined,
        denied: stats.denied,
        said: stats.said,
        refused: stats.refused,
        copies: stats.copies,
        mains_opened: stats.mains_opened,
        mains_lost: stats.mains_lost,
        net: NetReport::new(node.stats(), sessions.len(), buffers),
    }
}
