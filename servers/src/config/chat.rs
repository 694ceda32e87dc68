//! `[chat]`: ChatServer, and what Main lets users do in channels.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tinyrealm_core::node::chat::{CHAT_MAIN_COUNT_MAX, ChatConfig};
use tinyrealm_core::node::main::ChatPolicy;

use super::listen::with_port;

/// Where a chat server runs.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatPlace {
    /// On a thread of this process.
    Embedded,
    /// Somewhere else, or nowhere.
    Remote,
}

/// `[chat]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChatSettings {
    /// Where the chat server listens.
    #[serde(deserialize_with = "super::listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The address that Mains find in the directory, `host:port`. Empty: the listening one, unless that is every address of the
    /// machine.
    pub(crate) advertise: String,
    /// Mains that one chat server serves, at most 8.
    pub(crate) mains: u16,
    /// Channels of a chat server, and of a Main.
    pub(crate) channels: u16,
    /// Channels that always exist, whoever has taken the others.
    pub(crate) reserved: Vec<String>,
    /// Memberships of a chat server, and of a Main: users times the channels that they are in.
    pub(crate) memberships: u16,
    /// Members of one channel.
    pub(crate) channel_members: u16,
    /// Bytes of a channel's history at the chat server.
    pub(crate) history_bytes: u32,
    /// Messages of the past in one answer, at most 16.
    pub(crate) past_page: u16,
    /// Bytes of a channel's broadcast ring at Main, a power of two.
    pub(crate) ring_bytes: u32,
    /// Channels that one user may be in.
    pub(crate) channels_per_user: u16,
    /// The longest message, at most 256 bytes.
    pub(crate) message_bytes: u16,
    /// Messages and questions of one user a second, in the long run.
    pub(crate) requests_per_second: u16,
    /// Messages and questions of one user at once.
    pub(crate) request_burst: u16,
    /// How long messages wait for each other at Main, on their way to the chat server and to members;
    /// one that comes after a pause goes at once. 0 to send after every wake-up.
    pub(crate) flush_interval_ms: u32,
}

impl Default for ChatSettings {
    fn default() -> Self {
        let policy = ChatPolicy::DEFAULT;
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7_300)),
            port: None,
            advertise: String::new(),
            mains: CHAT_MAIN_COUNT_MAX as u16,
            channels: 1_024,
            reserved: vec!["lobby".to_owned()],
            memberships: 40_000,
            channel_members: ChatConfig::DEFAULT.channel_members,
            history_bytes: 16 * 1024,
            past_page: ChatConfig::DEFAULT.past_page,
            ring_bytes: 32 * 1024,
            channels_per_user: policy.channels_per_user,
            message_bytes: policy.message_bytes,
            requests_per_second: policy.requests_per_second,
            request_burst: policy.request_burst,
            flush_interval_ms: policy.flush_interval_ms,
        }
    }
}

impl ChatSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }

    /// Where Mains find it if it listens at `bound`; nobody knows if that is every address of the machine.
    #[cfg(feature = "cluster")]
    pub(crate) fn found_at(&self, bound: SocketAddr) -> Option<String> {
        match self.advertise.as_str() {
            "" if bound.ip().is_unspecified() => None,
            "" => Some(bound.to_string()),
            advertised => Some(advertised.to_owned()),
        }
    }

    /// As the core has it. The names are leaked: a process has one configuration.
    pub(crate) fn reserved(&self) -> &'static [&'static str] {
        self.reserved.iter().map(|name| &*name.clone().leak()).collect::<Vec<_>>().leak()
    }

    /// What Main lets users do.
    pub(crate) fn policy(&self) -> ChatPolicy {
        ChatPolicy {
            channels_per_user: self.channels_per_user,
            reserved: self.reserved(),
            message_bytes: self.message_bytes,
            requests_per_second: self.requests_per_second,
            request_burst: self.request_burst,
            flush_interval_ms: self.flush_interval_ms,
            ..ChatPolicy::DEFAULT
        }
    }
}
