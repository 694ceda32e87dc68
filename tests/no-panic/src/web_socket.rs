//! WebSocket: headers, masks, messages, handshakes, for either side.

use tinyrealm_core::wire::ws::handshake::{
    Acceptance, Acceptor, Answer, Offer, Policy, Request, Requester,
};
use tinyrealm_core::wire::ws::{
    Assembly, Close, CloseCode, FrameHeader, FrameKind, MaskKey, ParsedHeader, Rules, Side, Step,
    apply_mask, copy_masked, reframe_into, write_frame, write_message,
};

use crate::parts::Lent;

fn side(number: u32) -> Side {
    if number == 0 { Side::Server } else { Side::Client }
}

fn mask(number: u32) -> Option<MaskKey> {
    (number != 0).then_some(number.to_le_bytes())
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_header(input: &mut Lent, out: &mut Lent, number: u32) -> usize {
    match FrameHeader::parse(input.bytes(), side(number)) {
        ParsedHeader::Whole { header, header_bytes } => {
            header_bytes + header.bytes() + header.write(out.bytes()).unwrap_or(0)
        }
        ParsedHeader::Partial { header_bytes } => header_bytes,
        ParsedHeader::Invalid(code) => usize::from(code.0),
    }
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_mask(input: &mut Lent, out: &mut Lent, key: u32, offset: usize) -> bool {
    let input = input.bytes();
    apply_mask(input, key.to_le_bytes(), offset);
    copy_masked(input, out.bytes(), key.to_le_bytes(), offset).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_reframe(input: &mut Lent, out: &mut Lent, key: u32) -> usize {
    let reframed = reframe_into(input.bytes(), out.bytes(), mask(key));
    let placed = write_message(input.bytes(), mask(key), |_| Ok(key as usize)).unwrap_or(0);
    let ping = write_frame(out.bytes(), FrameKind::Ping, mask(key), input.bytes()).unwrap_or(0);
    placed + ping + reframed.map_or(0, |done| done.read_bytes + done.written_bytes)
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_close(input: &mut Lent, out: &mut Lent, code: u16) -> usize {
    let parsed = Close::parse(input.bytes()).unwrap_or(Close { code: CloseCode(code), reason: "" });
    parsed.write(out.bytes()).unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_assembly(
    assembly: &mut Assembly,
    filled: &mut Lent,
    out: &mut Lent,
    number: u32,
    limit_bytes: u32,
) -> usize {
    let rules = Rules { side: side(number), limit_bytes };
    let whole = assembly.whole_message(filled.bytes(), rules);
    let copied = whole.map_or(0, |whole| whole.copy_into(out.bytes()).unwrap_or(whole.rest.len()));
    let step = match assembly.step(filled.bytes(), rules) {
        Step::NeedMore { kept_bytes, missing_bytes } => kept_bytes + missing_bytes,
        Step::Piece => 0,
        Step::Message(place) | Step::Ping(place) | Step::Pong(place) => place.len(),
        Step::Close { code, reason } => usize::from(code.0) + reason.len(),
        Step::Invalid(code) => usize::from(code.0),
    };
    copied + step + assembly.kept_bytes()
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_acceptor(
    state: &mut [u8; Acceptor::STATE_BYTES],
    line: &mut Lent,
    input: &mut Lent,
    out: &mut Lent,
    limit_bytes: u16,
) -> usize {
    let mut acceptor = Acceptor::load(state);
    let (origin, mut input) =
        (core::str::from_utf8(out.bytes()).unwrap_or_default(), &*input.bytes());
    let policy = Policy { origins: &[origin], hosts: &[], limit_bytes };
    let done = acceptor.advance(line.bytes(), &mut input, policy);
    *state = acceptor.store();
    match done {
        Acceptance::NeedMore => 0,
        Acceptance::Accepted(accepted) => accepted.write_response(out.bytes()).unwrap_or(1),
        Acceptance::Refused(refusal) => refusal.response().len(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_request(key: &[u8; 16], text: &mut Lent, out: &mut Lent) -> usize {
    let text = core::str::from_utf8(text.bytes()).unwrap_or_default();
    let offer = Offer { protocols: &[text, text], ..Offer::OWN };
    let headers = [(text, text); 2];
    let request =
        Request { host: text, target: text, origin: Some(text), headers: &headers, offer };
    Requester::new(*key).write_request(request, out.bytes()).unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn web_socket_answer(
    state: &mut [u8; Requester::STATE_BYTES],
    line: &mut Lent,
    input: &mut Lent,
    limit_bytes: u16,
) -> u32 {
    let mut requester = Requester::load(state);
    let answer =
        requester.advance(line.bytes(), &mut &*input.bytes(), Offer { limit_bytes, ..Offer::OWN });
    *state = requester.store();
    match answer {
        Answer::NeedMore => 0,
        Answer::Open { protocol } => 1 + protocol.map_or(0, |chosen| 1 + u32::from(chosen)),
        Answer::Failed(_) => 3,
    }
}
