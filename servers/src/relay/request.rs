//! The request of somebody who wants to be passed on: for which world, and whether it may become a WebSocket.
//!
//! Bounds: [`HEAD_MAX_BYTES`] of a head, and what has come in the same read behind it.

use tinyrealm_core::wire::ws::handshake::{Acceptance, Accepted, Acceptor, Policy, Refusal};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::reason::Refused;

/// What requests for a world begin with.
pub(crate) const PATH: &str = "/world/";

/// As long as a node's.
const HEAD_MAX_BYTES: u16 = 8 * 1_024;
/// The longest line in it that matters.
const LINE_BYTES: usize = 1_024;
const READ_BYTES: usize = 1_024;

/// Who may ask, besides whoever is no page: as at Main itself.
#[derive(Copy, Clone, Debug)]
pub(super) struct Origins {
    pub(super) origins: &'static [&'static str],
    pub(super) hosts: &'static [&'static str],
}

/// A whole request.
pub(super) struct Asked {
    /// What stands behind [`PATH`].
    pub(super) world: String,
    pub(super) accepted: Accepted,
    /// What has come behind the request.
    pub(super) rest: Vec<u8>,
}

/// Reads a request.
///
/// # Errors
/// What it is refused with.
pub(super) async fn hear(
    stream: &mut (impl AsyncRead + Unpin),
    Origins { origins, hosts }: Origins,
) -> Result<Asked, Refused> {
    let policy = Policy { origins, hosts, limit_bytes: HEAD_MAX_BYTES };
    let (mut acceptor, mut line, mut head) = (Acceptor::default(), [0; LINE_BYTES], Vec::new());
    let mut bytes = [0; READ_BYTES];
    loop {
        let count = stream.read(&mut bytes).await.unwrap_or(0);
        if count == 0 {
            return Err(Refused::Request(Refusal::BadRequest));
        }
        head.extend_from_slice(&bytes[..count]);
        let mut rest = &bytes[..count];
        match acceptor.advance(&mut line, &mut rest, policy) {
            Acceptance::NeedMore => {}
            Acceptance::Refused(refusal) => return Err(Refused::Request(refusal)),
            Acceptance::Accepted(accepted) => {
                let world = world_of(&head).ok_or(Refused::UnknownWorld)?;
                return Ok(Asked { world, accepted, rest: rest.to_vec() });
            }
        }
    }
}

/// What the target of a request names.
fn world_of(head: &[u8]) -> Option<String> {
    let target = head.split(|byte| *byte == b' ').nth(1)?;
    let world = str::from_utf8(target).ok()?.strip_prefix(PATH)?;
    Some(world.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_a_world() {
        let of = |target: &str| world_of(format!("GET {target} HTTP/1.1\r\n").as_bytes());
        assert_eq!(of("/world/10.0.0.5:7100").as_deref(), Some("10.0.0.5:7100"));
        assert_eq!(of("/world/[::1]:7100").as_deref(), Some("[::1]:7100"));
        assert_eq!(of("/world/").as_deref(), Some(""));
        assert_eq!(of("/worlds/7"), None);
        assert_eq!(world_of(b"GET"), None);
        assert_eq!(world_of(b"GET /world/\xff HTTP/1.1"), None);
    }
}
