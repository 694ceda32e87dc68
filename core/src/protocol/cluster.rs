//! Server and server: how both show that they have the link's key, which every link between servers begins with; [`cluster`](crate::node::cluster) has the reasons.
//! Client and server: how a client seals its link.

use super::protocol;
use super::{KeyId, Nonce, Proof, SealedStart, ServerKind, Versions};
use crate::wire::opcode::{CLIENT_SEAL, DIALER, LISTENER, SERVER_SEAL};

protocol! {
    /// From the server that has dialed.
    mod dialer_to_listener in DIALER;

    /// The first message: prove to me who you are. Answered by `ClusterChallenge`.
    0 cluster_hello => ClusterHello {
        /// The versions that the dialing server speaks.
        versions: Versions,
        /// What the dialing server is.
        kind: ServerKind,
        /// Which one the end that is not Main is, of those of its kind: a world's id; 0 for the realm's only
        /// Login or chat server.
        id: u16,
        /// Random, of this connection alone.
        nonce: Nonce,
    }

    /// My proof. Answered by `ClusterAck`; what the link is for follows that.
    1 cluster_proof => ClusterProof {
        /// The id of this connection's `ClusterHello`.
        id: u16,
        /// The nonce of this connection's `ClusterHello`.
        nonce: Nonce,
        /// The dialing server's proof, with the newest key that it has.
        proof: Proof,
        /// The same with its former key, if it has two, while keys are exchanged.
        former_proof: Option<Proof>,
    }

    /// The first message of a link that is sealed, in place of `ClusterHello`. Answered by `SecureAnswer`; nothing else
    /// is said in clear.
    2 secure_hello => SecureHello {
        /// The versions that the dialing server speaks.
        versions: Versions,
        /// What the dialing server is.
        from: ServerKind,
        /// What it thinks that it has dialed.
        to: ServerKind,
        /// Which one the end that is not Main is, as in `ClusterHello`.
        id: u16,
        /// Which of the keys that this id has had one after the other.
        generation: u16,
        /// The first message of the handshake, with the newest key; all of the above is its prologue.
        start: SealedStart,
        /// The same with the former key, if there are two, while keys are exchanged; `start` is of its prologue too.
        former_start: Option<SealedStart>,
    }

    /// I have heard your answer: the first frame behind it, sealed. What the link is for follows.
    3 secure_ready => SecureReady {}
}

protocol! {
    /// From the server that was dialed.
    mod listener_to_dialer in LISTENER;

    /// What your proof has to be about.
    0 cluster_challenge => ClusterChallenge {
        /// The version that the link speaks from here on.
        version: u16,
        /// Random, of this connection alone.
        nonce: Nonce,
    }

    /// You are let in, and here is my proof.
    1 cluster_ack => ClusterAck {
        /// The listening server's proof, with the key of the dialing server's that it knows.
        proof: Proof,
    }

    /// The second message of a sealed link's handshake. Whatever follows, on both ways, is in records.
    2 secure_answer => SecureAnswer {
        /// It shows that the listening server has the key, too.
        start: SealedStart,
    }
}

protocol! {
    /// From a client that seals its link.
    mod client_to_listener in CLIENT_SEAL;

    /// The first message of a sealed link, answered by `SecureClientAnswer`; nothing else is said in clear. The link's
    /// ordinary first message follows in the first record.
    0 secure_client => SecureClient {
        /// The versions that the client speaks.
        versions: Versions,
        /// What it thinks that it has dialed.
        to: ServerKind,
        /// Which key it has: at a world a ticket's, at Main a device's.
        key_id: KeyId,
        /// The first message of the handshake; all of the above is its prologue.
        start: SealedStart,
    }
}

protocol! {
    /// From the server that a client has dialed.
    mod listener_to_client in SERVER_SEAL;

    /// The second message of a sealed link's handshake. Whatever follows, on both ways, is in records.
    0 secure_client_answer => SecureClientAnswer {
        /// It shows that the server has the key, too.
        start: SealedStart,
    }
}
