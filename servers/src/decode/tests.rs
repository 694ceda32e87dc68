//! Every vector, in each framing; what is wrong, by name.

use serde_json::Value;

use super::*;
use tinyrealm_core::protocol::schema::Vocabulary;
use tinyrealm_core::protocol::{FieldSchema, LinkSchema, MessageSchema, SCHEMAS};
use tinyrealm_core::wire::Opcode;

fn vectors(kind: &str) -> Vec<(String, Vec<u8>)> {
    let all: Value = serde_json::from_str(include_str!("../../../vectors.json")).unwrap();
    let vectors = all[kind].as_array().unwrap().iter();
    let text = |vector: &Value, name: &str| vector[name].as_str().unwrap().to_owned();
    vectors.map(|it| (text(it, "message"), bytes_of(&text(it, "frame")).unwrap())).collect()
}

fn told(hex: &str, framing: Option<Framing>) -> Told {
    tell(&Schema::of_today(), &bytes_of(hex).unwrap(), framing).unwrap()
}

/// As a frame of a WebSocket.
fn web_socket(body: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![0x82];
    match u8::try_from(body.len()) {
        Ok(short @ 0..126) => frame.push(bit | short),
        _ => {
            frame.push(bit | 126);
            frame.extend((body.len() as u16).to_be_bytes());
        }
    }
    frame.extend(mask.into_iter().flatten());
    let mask = mask.unwrap_or_default();
    frame.extend(body.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[test]
fn every_vector_is_told_in_either_framing_and_as_a_body() {
    let schema = Schema::of_today();
    for (name, frame) in vectors("valid") {
        let body = &frame[2..];
        let masked = web_socket(body, Some([1, 2, 3, 4]));
        let cases = [&frame[..], &web_socket(body, None), &masked, body];
        for (bytes, framing) in cases.into_iter().zip([
            Framing::Stream,
            Framing::WebSocket,
            Framing::WebSocket,
            Framing::Body,
        ]) {
            let told = tell(&schema, bytes, Some(framing)).unwrap();
            assert!(told.is_whole && told.text.contains(&name), "{name}: {}", told.text);
            let guessed = tell(&schema, bytes, None).unwrap();
            assert!(guessed.is_whole && guessed.text.contains(&name), "{name}: {}", guessed.text);
        }
    }
}

#[test]
fn every_negative_vector_is_refused_with_a_reason() {
    let schema = Schema::of_today();
    for (name, frame) in vectors("invalid") {
        let told = tell(&schema, &frame, Some(Framing::Stream)).unwrap();
        assert!(!told.is_whole && told.text.contains("  wrong: "), "{name}: {}", told.text);
    }
}

#[test]
fn names_and_meanings_are_told() {
    let told = told("07 00 | 01 00 00 00 | 0d 84 40", None);
    let expected = "a stream frame\n  07 00          7 bytes follow\n  01 00 00 00    Error 0x0001, either way\n  \
                    0d             code: 13, NO_WORLD\n  84 40          about: 4098, EnterWorldReq\n";
    assert_eq!(told.text, expected);
}

#[test]
fn what_a_message_carries_of_the_game_is_told_below_it() {
    const NUDGE: MessageSchema = MessageSchema {
        name: "Nudge",
        method: "nudge",
        opcode: Opcode(0x5002),
        fields: &[FieldSchema { name: "by", type_name: "i16" }],
    };
    const STOP: MessageSchema =
        MessageSchema { name: "Stop", method: "stop", opcode: Opcode(0x5003), fields: &[] };
    const GAME: LinkSchema = LinkSchema { name: "client_to_wheel", messages: &[NUDGE, STOP] };
    let schema = Schema::of(&[&SCHEMAS[..], &[&GAME]].concat(), Vocabulary::REALM).unwrap();
    let tell = |hex: &str| tell(&schema, &bytes_of(hex).unwrap(), Some(Framing::Body)).unwrap();
    let nudge = tell("05 20 00 00 | 09 02 02 b4 01");
    assert!(nudge.is_whole, "{}", nudge.text);
    assert!(
        nudge.text.ends_with("Nudge of the game\n  b4 01              by: 90\n"),
        "{}",
        nudge.text
    );
    let stop = tell("05 20 00 00 | 09 03 00");
    assert!(stop.is_whole && stop.text.ends_with("Stop of the game\n"), "{}", stop.text);
    let unknown = tell("05 20 00 00 | 09 09 01 05");
    assert!(unknown.is_whole && unknown.text.ends_with("data: 05\n"), "{}", unknown.text);
    let broken = tell("05 20 00 00 | 09 02 01 b4");
    assert!(!broken.is_whole && broken.text.contains("`by`: it ends here"), "{}", broken.text);
}

#[test]
fn several_frames_are_told_one_by_one() {
    let both = told("05 00 02 00 00 00 05 05 00 03 00 00 00 05", None);
    assert!(both.text.contains("Ping") && both.text.contains("Pong") && both.is_whole);
    // A message in two pieces, a Ping between them, and a Close.
    let pieces = told("02 03 02 00 00 89 00 80 02 00 05 88 04 03 e8 6f 6b", None);
    assert!(pieces.is_whole, "{}", pieces.text);
    assert!(pieces.text.contains("Ping 0x0002") && pieces.text.contains("code 1000, \"ok\""));
}

#[test]
fn what_is_wrong_is_named() {
    for (hex, problem) in [
        ("03 00 01 02 03", "a length of 3"),
        ("47 45 54 20", "a length of 17735"),
        ("05 00 02 00", "it ends behind 2 of them"),
        ("05", "inside of a length"),
        ("06 00 02 00 00 00 85 00", "a longer form of 5"),
        ("09 00 02 00 00 00 ff ff ff ff 1f", "more than 32 bits"),
        ("06 00 02 00 00 00 05 00", "1 bytes are left over"),
        ("04 00 02 00 00 00", "`nonce`: it ends here"),
        ("04 00 01 7f 00 00", "no message"),
    ] {
        let told = told(hex, Some(Framing::Stream));
        assert!(!told.is_whole && told.text.contains(problem), "{hex}: {}", told.text);
    }
    for (hex, problem) in [
        ("81 02 68 69", "text"),
        ("c2 00", "reserved bits"),
        ("80 00", "a continuation of nothing"),
        ("82 7e 01", "inside of a header"),
        ("02 00", "the last piece is missing"),
        ("82 05 00", "5 bytes should follow"),
    ] {
        let told = told(hex, Some(Framing::WebSocket));
        assert!(!told.is_whole && told.text.contains(problem), "{hex}: {}", told.text);
    }
}

#[test]
fn hex_comes_as_it_is_written() {
    for hex in [
        "0500020000000 5",
        "05,00,02 00:00|00 05",
        "0x05 0x00 0x02 0x00 0x00 0x00 0x05",
        r"\x05\x00\x02\x00\x00\x00\x05",
    ] {
        assert_eq!(bytes_of(hex).unwrap(), [5, 0, 2, 0, 0, 0, 5], "{hex}");
    }
    for (hex, problem) in [("", "no hex"), ("0g", "`g`"), ("050", "half a byte")] {
        assert!(bytes_of(hex).unwrap_err().to_string().contains(problem), "{hex}");
    }
}
