//! The handshake of a WebSocket, either side: the same head is the same answer, however it is cut.

use tinyrealm_core::wire::ws::handshake::{
    Acceptance, Acceptor, Answer, Offer, Policy, Request, Requester,
};

use crate::cuts::{pattern_and_rest, reads};

const LINE_BYTES: usize = 96;
const POLICY: Policy<'_> =
    Policy { origins: &["http://realm.example"], hosts: &[], limit_bytes: 600 };
/// Its proof is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=` (RFC 6455, section 1.3).
const KEY: [u8; 16] = *b"the sample nonce";

/// One bit of the side, four bytes of where the stream is cut, the stream.
pub fn handshake(bytes: &[u8]) {
    let Some((side, bytes)) = bytes.split_first() else { return };
    let (pattern, stream) = pattern_and_rest(bytes);
    if side & 1 == 0 {
        let whole = accept(std::iter::once(stream));
        assert_eq!(whole, accept(reads(stream, pattern)), "cut by {pattern:?}");
        answer_to(whole.0);
    } else {
        let whole = request(std::iter::once(stream));
        assert_eq!(whole, request(reads(stream, pattern)), "cut by {pattern:?}");
    }
}

/// What a server makes of these reads, and how many bytes it has taken.
fn accept<'s>(reads: impl Iterator<Item = &'s [u8]>) -> (Acceptance, usize) {
    let (mut state, mut line) = (Acceptor::default().store(), [0; LINE_BYTES]);
    let mut taken = 0;
    for mut read in reads {
        let mut acceptor = Acceptor::load(&state);
        let before = read.len();
        let acceptance = acceptor.advance(&mut line, &mut read, POLICY);
        taken += before - read.len();
        if acceptance != Acceptance::NeedMore {
            return (acceptance, taken);
        }
        assert!(read.is_empty(), "all of it is taken before there is an answer");
        state = acceptor.store();
    }
    assert!(taken <= usize::from(POLICY.limit_bytes));
    (Acceptance::NeedMore, taken)
}

/// What a server says is something that a client understands.
fn answer_to(acceptance: Acceptance) {
    let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
    match acceptance {
        Acceptance::NeedMore => {}
        Acceptance::Refused(refusal) => {
            let (answer, taken) = request(std::iter::once(refusal.response().as_bytes()));
            assert!(matches!(answer, Answer::Failed(_)), "{answer:?} to a refusal");
            assert!(taken > 0);
        }
        Acceptance::Accepted(accepted) => {
            let used = accepted.write_response(&mut response).expect("it fits");
            let (answer, taken) = request(std::iter::once(&response[..used]));
            // The proof is right where the key is ours.
            if let Answer::Open { protocol } = answer {
                assert_eq!(protocol.is_some(), accepted.is_protocol_chosen());
                assert_eq!(taken, used);
            }
        }
    }
}

/// What a client makes of these reads, and how many bytes it has taken.
fn request<'s>(reads: impl Iterator<Item = &'s [u8]>) -> (Answer, usize) {
    let mut out = [0; 512];
    let asked = Request::new("realm.example", "/");
    let mut requester = Requester::new(KEY);
    requester.write_request(asked, &mut out).expect("it fits");
    let (mut line, mut taken) = ([0; LINE_BYTES], 0);
    let offer = Offer { limit_bytes: POLICY.limit_bytes, ..Offer::OWN };
    for mut read in reads {
        let before = read.len();
        let answer = requester.advance(&mut line, &mut read, offer);
        taken += before - read.len();
        if answer != Answer::NeedMore {
            return (answer, taken);
        }
        assert!(read.is_empty(), "all of it is taken before there is an answer");
    }
    (Answer::NeedMore, taken)
}
