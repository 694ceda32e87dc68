//! Server and server: the proof of the shared cluster secret that every link between servers begins
//! with; [`cluster`](crate::node::cluster) has the reasons.

use super::protocol;
use super::{Nonce, Proof, ServerKind, Versions};
use crate::wire::opcode::{DIALER, LISTENER};

protocol! {
    /// From the server that has dialed.
    mod dialer_to_listener in DIALER;

    /// The first message: prove to me who you are. Answered by `ClusterChallenge`.
    0 cluster_hello => ClusterHello {
        /// The versions that the dialing server speaks.
        versions: Versions,
        /// What the dialing server is.
        kind: ServerKind,
        /// Random, of this connection alone.
        nonce: Nonce,
    }

    /// My proof. What the link is for follows at once.
    1 cluster_proof => ClusterProof {
        /// The nonce of this connection's `ClusterHello`.
        nonce: Nonce,
        /// The dialing server's proof.
        proof: Proof,
    }
}

protocol! {
    /// From the server that was dialed.
    mod listener_to_dialer in LISTENER;

    /// My proof, and what yours has to be about.
    0 cluster_challenge => ClusterChallenge {
        /// The version that the link speaks from here on.
        version: u16,
        /// Random, of this connection alone.
        nonce: Nonce,
        /// The listening server's proof.
        proof: Proof,
    }
}
