//! Tests of both sides of the handshake: what programs send, what is missing or wrong, any cutting.

use super::*;
use proptest::prelude::*;
use std::{format, string::String, vec, vec::Vec};

mod fixtures;

use fixtures::{
    CHROMIUM, FIREFOX, NODE, PROXIED_ANSWER, PYTHON, PYTHON_ANSWER, RFC_ANSWER, RFC_REQUEST,
};

const ALL: Policy<'static> = Policy { origins: &["*"], hosts: &[], limit_bytes: 4096 };
const LINE_BYTES: usize = 200;

/// Reads `request` in pieces, stored between them, and answers what is left of it, too.
fn accept_pieces(pieces: &[&[u8]], line_bytes: usize, policy: Policy<'_>) -> (Acceptance, Vec<u8>) {
    let mut line = vec![0; line_bytes];
    let mut state = [0; Acceptor::STATE_BYTES];
    for (number, piece) in pieces.iter().enumerate() {
        let (mut acceptor, mut input) = (Acceptor::load(&state), *piece);
        let done = acceptor.advance(&mut line, &mut input, policy);
        if done != Acceptance::NeedMore {
            let left = [&[input], &pieces[number + 1..]].concat().concat();
            return (done, left);
        }
        assert!(input.is_empty());
        state = acceptor.store();
        assert_eq!(Acceptor::load(&state), acceptor);
    }
    (Acceptance::NeedMore, Vec::new())
}

/// Reads `request` whole and byte by byte, which is the same.
fn accept_with(request: &[u8], line_bytes: usize, policy: Policy<'_>) -> Acceptance {
    let whole = accept_pieces(&[request], line_bytes, policy);
    let bytes: Vec<&[u8]> = request.chunks(1).collect();
    assert_eq!(accept_pieces(&bytes, line_bytes, policy), whole);
    whole.0
}

fn accept(request: &str) -> Acceptance {
    accept_with(request.as_bytes(), LINE_BYTES, ALL)
}

fn refusal(request: &str) -> Refusal {
    match accept(request) {
        Acceptance::Refused(refusal) => refusal,
        other => panic!("{other:?}\n{request}"),
    }
}

fn response(request: &str) -> String {
    let Acceptance::Accepted(accepted) = accept(request) else { panic!("{request}") };
    let mut out = [0; Acceptor::RESPONSE_MAX_BYTES];
    let used = accepted.write_response(&mut out).unwrap();
    String::from_utf8(out[..used].to_vec()).unwrap()
}

fn without(head: &str, field: &str) -> String {
    let lines = head.split_inclusive("\r\n").filter(|line| !line.starts_with(field));
    let left: String = lines.collect();
    assert_ne!(left, head, "{field}");
    left
}

fn with(head: &str, line: &str) -> String {
    format!("{}{line}\r\n\r\n", head.strip_suffix("\r\n").unwrap())
}

const RFC_RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn the_handshake_of_the_rfc() {
    assert_eq!(response(RFC_REQUEST), RFC_RESPONSE);
    let offering = with(RFC_REQUEST, "Sec-WebSocket-Protocol: tinyrealm.v2");
    assert_eq!(response(&offering), RFC_ANSWER);
    assert_eq!(response(&offering).len(), Acceptor::RESPONSE_MAX_BYTES);
}

#[test]
fn what_browsers_and_libraries_send_is_taken() {
    for request in [CHROMIUM, FIREFOX, PYTHON, NODE] {
        let response = response(request);
        assert!(response.contains("\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"));
        assert!(response.ends_with("\r\nSec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n"));
    }
    // The longest goes through a line that is much shorter than its cookies.
    assert!(CHROMIUM.len() > 750);
    let done = accept_with(CHROMIUM.as_bytes(), 36, ALL);
    assert!(matches!(done, Acceptance::Accepted(_)));
}

#[test]
fn the_state_is_small_and_begins_all_zero() {
    const { assert!(Acceptor::STATE_BYTES == 36) };
    assert_eq!(Acceptor::default().store(), [0; 36]);
}

#[test]
fn both_sides_of_the_limit() {
    let limited = |limit_bytes| Policy { limit_bytes, ..ALL };
    let bytes = RFC_REQUEST.len() as u16;
    let exact = accept_with(RFC_REQUEST.as_bytes(), LINE_BYTES, limited(bytes));
    assert!(matches!(exact, Acceptance::Accepted(_)));
    let over = accept_with(RFC_REQUEST.as_bytes(), LINE_BYTES, limited(bytes - 1));
    assert_eq!(over, Acceptance::Refused(Refusal::HeadTooLong));
}

#[test]
fn both_sides_of_the_line() {
    // The longest line of interest is the key: 24 characters.
    let done = |line_bytes| accept_with(RFC_REQUEST.as_bytes(), line_bytes, ALL);
    assert!(matches!(done(24), Acceptance::Accepted(_)));
    assert_eq!(done(23), Acceptance::Refused(Refusal::HeadTooLong));
    // Without a line, the second byte of the method is too much.
    assert_eq!(done(0), Acceptance::Refused(Refusal::HeadTooLong));
}

#[test]
fn what_follows_the_request_is_left() {
    let stream = [RFC_REQUEST.as_bytes(), b"\x82\x80abcd"].concat();
    let (done, left) = accept_pieces(&[&stream], LINE_BYTES, ALL);
    assert!(matches!(done, Acceptance::Accepted(_)));
    assert_eq!(left, b"\x82\x80abcd");
}

#[test]
fn what_is_missing_is_told() {
    for (field, expected) in [
        ("Host", Refusal::BadRequest),
        ("Sec-WebSocket-Key", Refusal::BadRequest),
        ("Upgrade", Refusal::UpgradeRequired),
        ("Connection", Refusal::UpgradeRequired),
        ("Sec-WebSocket-Version", Refusal::UpgradeRequired),
    ] {
        assert_eq!(refusal(&without(RFC_REQUEST, field)), expected, "{field}");
    }
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Refusal::UpgradeRequired);
}

#[test]
fn what_is_wrong_is_told() {
    let replaced = |from: &str, to: &str| {
        let request = RFC_REQUEST.replace(from, to);
        assert_ne!(request, RFC_REQUEST);
        refusal(&request)
    };
    for method in ["POST", "get", "GETS", "GE"] {
        let expected = Refusal::MethodNotAllowed;
        assert_eq!(replaced("GET ", &format!("{method} ")), expected, "{method}");
    }
    for version in ["HTTP/1.0", "HTTP/2", "http/1.1", "HTTP/1.1 ", "x HTTP/1.1"] {
        assert_eq!(replaced("HTTP/1.1", version), Refusal::BadRequest, "{version}");
    }
    assert_eq!(replaced("/chat", ""), Refusal::BadRequest);
    for version in ["12", "8", "013", "13, 8", ""] {
        let expected = Refusal::UpgradeRequired;
        assert_eq!(replaced("Version: 13", &format!("Version: {version}")), expected, "{version}");
    }
    assert_eq!(replaced("Upgrade: websocket", "Upgrade: h2c"), Refusal::UpgradeRequired);
    assert_eq!(replaced("Upgrade: websocket", "Upgrade: websockets"), Refusal::UpgradeRequired);
    assert_eq!(replaced("n: Upgrade", "n: close"), Refusal::UpgradeRequired);
    assert_eq!(replaced("\r\n", "\n"), Refusal::BadRequest);
}

#[test]
fn a_key_is_sixteen_bytes() {
    let keyed = |key: &str| accept(&RFC_REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", key));
    for key in
        ["AAAAAAAAAAAAAAAAAAAAAA==", "/+/+/+/+/+/+/+/+/+/+/w==", "  dGhlIHNhbXBsZSBub25jZQ== "]
    {
        assert!(matches!(keyed(key), Acceptance::Accepted(_)), "{key}");
    }
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25jZQ",           // no padding
        "dGhlIHNhbXBsZSBub25j",             // 15 bytes
        "dGhlIHNhbXBsZSBub25jZWU=",         // 17 bytes
        "dGhlIHNhbXBsZSBub25jZWVl",         // 18 bytes
        "dGhlIHNhbXBsZSBub25jZR==",         // bits behind the last byte
        "dGhlIHNhbXBsZSBub25j-_==",         // another alphabet
        "dGhlIHNhbXBs ZSBub25jZQ==",        // a blank
        "dGhlIHNhbXBsZSBub25jZQ==AAAAAAAA", // more
    ] {
        assert_eq!(keyed(key), Acceptance::Refused(Refusal::BadRequest), "{key}");
    }
}

#[test]
fn what_decides_something_comes_once_and_lists_may_be_cut() {
    for line in [
        "Host: b",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Origin: http://example.com",
    ] {
        assert_eq!(refusal(&with(RFC_REQUEST, line)), Refusal::BadRequest, "{line}");
    }
    for line in ["Connection: keep-alive", "Upgrade: h2c, other/2", "Sec-WebSocket-Protocol: a,,b"]
    {
        assert_eq!(response(&with(RFC_REQUEST, line)), RFC_RESPONSE, "{line}");
    }
    let cut = with(&without(RFC_REQUEST, "Connection"), "connection: a\r\nConnection: ,UPGRADE,b");
    assert_eq!(response(&cut), RFC_RESPONSE);
}

#[test]
fn a_body_is_refused() {
    assert_eq!(response(&with(RFC_REQUEST, "Content-Length: 0")), RFC_RESPONSE);
    for line in ["Content-Length: 1", "Content-Length: 00", "Transfer-Encoding: chunked"] {
        assert_eq!(refusal(&with(RFC_REQUEST, line)), Refusal::BadRequest, "{line}");
    }
}

#[test]
fn the_sub_protocol_is_chosen_by_its_exact_name() {
    for (offered, is_chosen) in [
        ("tinyrealm.v2", true),
        ("a ,\ttinyrealm.v2 , b", true),
        ("Tinyrealm.v1", false),
        ("tinyrealm.v20, tinyrealm.v", false),
    ] {
        let request = with(RFC_REQUEST, &format!("Sec-WebSocket-Protocol: {offered}"));
        let Acceptance::Accepted(accepted) = accept(&request) else { panic!("{offered}") };
        assert_eq!(accepted.is_protocol_chosen(), is_chosen, "{offered}");
    }
}

#[test]
fn pages_of_other_origins_are_refused() {
    let listed = |origins| {
        let policy = Policy { origins, ..ALL };
        accept_with(RFC_REQUEST.as_bytes(), LINE_BYTES, policy)
    };
    for origins in [&["*"][..], &["http://example.com"], &["null", "HTTP://EXAMPLE.COM"]] {
        assert!(matches!(listed(origins), Acceptance::Accepted(_)), "{origins:?}");
    }
    for origins in [&["https://example.com"][..], &["http://example.com.evil.org", "example.com"]] {
        assert_eq!(listed(origins), Acceptance::Refused(Refusal::Forbidden), "{origins:?}");
    }
    let policy = Policy { origins: &["https://example.com"], ..ALL };
    let other = without(RFC_REQUEST, "Origin");
    let done = accept_with(other.as_bytes(), LINE_BYTES, policy);
    assert!(matches!(done, Acceptance::Accepted(_)));
}

/// Whichever of the two comes first, and whatever ports they have.
#[test]
fn without_a_list_pages_of_the_same_host_may_connect() {
    let policy = Policy { origins: &[], hosts: &["game.example"], ..ALL };
    for (host, origin, is_taken) in [
        ("game.example", "https://game.example", true),
        ("game.example:7000", "http://GAME.example:7080", true),
        ("127.0.0.1:7000", "http://127.0.0.1:7080", true),
        ("[::1]:7000", "http://[::1]", true),
        ("[::1]:7000", "http://[::2]", false),
        ("localhost:7000", "http://LocalHost:7080", true),
        // Somebody's own name, made to lead here.
        ("evil.org:7000", "http://evil.org:7000", false),
        ("game.example.evil.org", "http://game.example.evil.org", false),
        ("localhost.evil.org", "http://localhost.evil.org", false),
        ("127.0.0.1.evil.org", "http://127.0.0.1.evil.org", false),
        (":7000", "http://:7000", false),
        ("game.example", "https://game.example.evil.org", false),
        ("game.example", "https://evil.org", false),
        ("game.example", "null", false),
        ("game.example", "game.example", false),
    ] {
        let bare = without(&without(RFC_REQUEST, "Origin"), "Host");
        let lines = [format!("Host: {host}"), format!("Origin: {origin}")];
        for order in [[0, 1], [1, 0]] {
            let request = order.iter().fold(bare.clone(), |all, line| with(&all, &lines[*line]));
            let done = accept_with(request.as_bytes(), LINE_BYTES, policy);
            let expected = Acceptance::Refused(Refusal::Forbidden);
            assert_eq!(done != expected, is_taken, "{lines:?}: {done:?}");
        }
    }
    let other = without(RFC_REQUEST, "Origin");
    let done = accept_with(other.as_bytes(), LINE_BYTES, policy);
    assert!(matches!(done, Acceptance::Accepted(_)), "who is no browser has no origin");
}

#[test]
fn refusals_are_whole_responses() {
    for (refusal, start) in [
        (Refusal::BadRequest, "HTTP/1.1 400 Bad Request\r\n"),
        (Refusal::Forbidden, "HTTP/1.1 403 Forbidden\r\n"),
        (Refusal::MethodNotAllowed, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n"),
        (Refusal::UpgradeRequired, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"),
        (Refusal::HeadTooLong, "HTTP/1.1 431 Request Header Fields Too Large\r\n"),
    ] {
        let response = refusal.response();
        assert!(response.starts_with(start) && response.ends_with("\r\n\r\n"), "{response}");
        assert_eq!(response.matches("\r\n\r\n").count(), 1);
        assert!(response.contains("\r\nContent-Length: 0\r\n"));
        assert!(!response.contains('\t') && !response.contains("  "));
    }
    let version = "\r\nSec-WebSocket-Version: 13\r\n";
    assert!(Refusal::UpgradeRequired.response().contains(version));
}

const KEY: [u8; KEY_BYTES] = *b"the sample nonce";

fn answer_pieces(pieces: &[&[u8]], line_bytes: usize, limit_bytes: u16) -> (Answer, Vec<u8>) {
    let (mut requester, mut line) = (Requester::new(KEY), vec![0; line_bytes]);
    for (number, piece) in pieces.iter().enumerate() {
        let mut input = *piece;
        let answer = requester.advance(&mut line, &mut input, Offer { limit_bytes, ..Offer::OWN });
        if answer != Answer::NeedMore {
            let left = [&[input], &pieces[number + 1..]].concat().concat();
            return (answer, left);
        }
        assert!(input.is_empty());
        let stored = requester.store();
        assert_eq!(Requester::load(&stored), requester);
    }
    (Answer::NeedMore, Vec::new())
}

/// Reads `head` whole and byte by byte, which is the same.
fn answer_with(head: &str, line_bytes: usize, limit_bytes: u16) -> Answer {
    let whole = answer_pieces(&[head.as_bytes()], line_bytes, limit_bytes);
    let bytes: Vec<&[u8]> = head.as_bytes().chunks(1).collect();
    assert_eq!(answer_pieces(&bytes, line_bytes, limit_bytes), whole);
    whole.0
}

fn answer(head: &str) -> Answer {
    answer_with(head, 64, 1024)
}

#[test]
fn answers_of_servers_are_taken() {
    for head in [RFC_ANSWER, PYTHON_ANSWER, PROXIED_ANSWER] {
        assert_eq!(answer(head), Answer::Open { protocol: Some(0) });
    }
    assert_eq!(answer(RFC_RESPONSE), Answer::Open { protocol: None });
}

#[test]
fn the_first_frame_behind_an_answer_is_left() {
    let stream = [RFC_ANSWER.as_bytes(), b"\x82\x01a"].concat();
    let (done, left) = answer_pieces(&[&stream], 64, 1024);
    assert_eq!(done, Answer::Open { protocol: Some(0) });
    assert_eq!(left, b"\x82\x01a");
}

#[test]
fn answers_that_are_wrong_are_told() {
    let failed = |from: &str, to: &str| {
        let head = RFC_ANSWER.replace(from, to);
        assert_ne!(head, RFC_ANSWER);
        let Answer::Failed(error) = answer(&head) else { panic!("{head}") };
        error
    };
    use AnswerError::{Extension, Malformed, NotWebSocket, Status, UnknownProtocol, WrongAccept};
    assert_eq!(failed("101 Switching Protocols", "403 Forbidden"), Status(403));
    assert_eq!(failed("101 Switching Protocols", "100 Continue"), Status(100));
    assert_eq!(failed("101", "1010"), Malformed);
    assert_eq!(failed("101", "abc"), Malformed);
    assert_eq!(failed("HTTP/1.1", "HTTP/1.0"), Malformed);
    assert_eq!(failed("HTTP/1.1", "SSH-2.0"), Malformed);
    assert_eq!(failed("Upgrade: websocket", "Upgrade: h2c"), NotWebSocket);
    assert_eq!(failed("Connection: Upgrade", "Connection: close"), NotWebSocket);
    assert_eq!(failed("Sec-WebSocket-Accept", "Sec-WebSocket-Except"), NotWebSocket);
    assert_eq!(failed("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="), WrongAccept);
    assert_eq!(failed("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="), WrongAccept);
    assert_eq!(failed("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""), WrongAccept);
    assert_eq!(failed("tinyrealm.v2", "chat"), UnknownProtocol);
    assert_eq!(failed("tinyrealm.v2", ""), UnknownProtocol);
    for (line, expected) in [
        ("Sec-WebSocket-Extensions: permessage-deflate", Extension),
        ("Sec-WebSocket-Protocol: tinyrealm.v2", Malformed),
        ("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Malformed),
    ] {
        assert_eq!(answer(&with(RFC_ANSWER, line)), Answer::Failed(expected), "{line}");
    }
}

#[test]
fn both_sides_of_the_limits_of_an_answer() {
    let open = Answer::Open { protocol: Some(0) };
    let too_long = Answer::Failed(AnswerError::TooLong);
    let bytes = RFC_ANSWER.len() as u16;
    assert_eq!(answer_with(RFC_ANSWER, 64, bytes), open);
    assert_eq!(answer_with(RFC_ANSWER, 64, bytes - 1), too_long);
    // The longest of its lines of interest is the proof.
    assert_eq!(answer_with(RFC_ANSWER, 28, bytes), open);
    assert_eq!(answer_with(RFC_ANSWER, 27, bytes), too_long);
}

fn written(request: Request<'_>, room_bytes: usize) -> Result<String, RequestError> {
    let mut out = vec![0; room_bytes];
    let used = Requester::new(KEY).write_request(request, &mut out)?;
    Ok(String::from_utf8(out[..used].to_vec()).unwrap())
}

#[test]
fn a_request_is_what_an_acceptor_takes() {
    let mut request = Request::new("localhost:7000", "/a?b=%20");
    let expected = "GET /a?b=%20 HTTP/1.1\r\nHost: localhost:7000\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n";
    assert_eq!(written(request, expected.len()).unwrap(), expected);
    assert_eq!(written(request, expected.len() - 1), Err(RequestError::Full));
    assert_eq!(response(expected), RFC_ANSWER);
    request.origin = Some("https://example.org");
    let with_origin = written(request, 300).unwrap();
    assert!(with_origin.contains("\r\nHost: localhost:7000\r\nOrigin: https://example.org\r\n"));
    assert_eq!(response(&with_origin), RFC_ANSWER);
}

#[test]
fn a_request_is_not_written_around_a_line_s_end() {
    let good = Request::new("a", "/");
    assert!(written(good, 300).is_ok());
    for bad in ["", "a\r\nb", "a b", "a\n", "ä", "a\0", "a\x7F"] {
        let slash = format!("/{bad}");
        for wrong in [
            Request { host: bad, ..good },
            Request { target: bad, ..good },
            Request { target: if bad.is_empty() { "a" } else { &slash }, ..good },
            Request { origin: Some(bad), ..good },
        ] {
            assert_eq!(written(wrong, 300), Err(RequestError::Unwritable), "{wrong:?}");
        }
    }
}

fn cut_at<'b>(bytes: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.push(bytes.len());
    places.sort_unstable();
    let mut from = 0;
    places.iter().map(|to| &bytes[core::mem::replace(&mut from, *to)..*to]).collect()
}

proptest! {
    #[test]
    fn any_split_gives_the_same(
        request in prop::sample::select(&[CHROMIUM, FIREFOX, PYTHON, NODE, RFC_REQUEST][..]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        limit_bytes in 1u16..900,
        line_bytes in 0usize..60,
    ) {
        let policy = Policy { limit_bytes, ..ALL };
        let stream = [request.as_bytes(), b"\x82\x80abcd"].concat();
        let whole = accept_pieces(&[&stream], line_bytes, policy);
        prop_assert_eq!(accept_pieces(&cut_at(&stream, &cuts), line_bytes, policy), whole);
    }

    /// Requests and answers with some bytes changed: answered somehow, and alike however they are cut.
    #[test]
    fn damaged_heads_are_answered(
        head in prop::sample::select(&[CHROMIUM, NODE, RFC_ANSWER, PYTHON_ANSWER][..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        line_bytes in 0usize..60,
    ) {
        let mut bytes = Vec::from(head);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        accept_with(&bytes, line_bytes, ALL);
        let pieces: Vec<&[u8]> = bytes.chunks(7).collect();
        let whole = answer_pieces(&[&bytes], line_bytes, 4096);
        prop_assert_eq!(answer_pieces(&pieces, line_bytes, 4096), whole);
    }

    #[test]
    fn any_state_is_read_on(
        state in any::<[u8; Acceptor::STATE_BYTES]>(),
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        line_bytes in 0usize..60,
    ) {
        let mut line = vec![0; line_bytes];
        let mut input = &bytes[..];
        Acceptor::load(&state).advance(&mut line, &mut input, ALL);
    }
}
