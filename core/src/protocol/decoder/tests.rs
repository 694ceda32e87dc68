//! The decoder beside postcard's own: what both take, and what only longer forms are.

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::protocol::{decode, take};

/// All that serde knows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Everything {
    truth: bool,
    bytes: (u8, i8),
    short: (u16, i16),
    middle: (u32, i32),
    long: (u64, i64),
    longest: (u128, i128),
    floats: (f32, f64),
    character: char,
    text: String,
    option: Option<u16>,
    unit: (),
    list: Vec<Shape>,
    array: [u8; 3],
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(u16),
    Line(i8, i8),
    Box { width: u32, height: Option<i64> },
}

fn samples() -> Vec<Everything> {
    let zero = Everything {
        truth: false,
        bytes: (0, 0),
        short: (0, 0),
        middle: (0, 0),
        long: (0, 0),
        longest: (0, 0),
        floats: (0.0, -0.0),
        character: 'a',
        text: String::new(),
        option: None,
        unit: (),
        list: vec![],
        array: [0x80, 0, 0xFF],
    };
    let most = Everything {
        truth: true,
        bytes: (u8::MAX, i8::MIN),
        short: (u16::MAX, i16::MIN),
        middle: (u32::MAX, i32::MIN),
        long: (u64::MAX, i64::MIN),
        longest: (u128::MAX, i128::MIN),
        floats: (f32::MAX, f64::MIN),
        character: '한',
        text: "ß한".to_string(),
        option: Some(128),
        list: vec![
            Shape::Point,
            Shape::Circle(300),
            Shape::Line(-1, 1),
            Shape::Box { width: 1 << 28, height: Some(-1) },
        ],
        ..zero.clone()
    };
    vec![zero, most]
}

fn bytes_of(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = [0; 256];
    postcard::to_slice(value, &mut bytes).unwrap().to_vec()
}

#[test]
fn what_postcard_encodes_decodes() {
    for sample in samples() {
        let bytes = bytes_of(&sample);
        assert_eq!(decode(&bytes), Some(sample));
        for end in 0..bytes.len() {
            assert_eq!(decode::<Everything>(&bytes[..end]), None, "{end} bytes");
        }
        assert_eq!(decode::<Everything>(&[&bytes[..], &[0]].concat()), None);
    }
}

/// Whatever decodes is encoded as the same bytes; bytes are changed at random places.
#[test]
fn a_value_has_one_encoding() {
    let seed = 0x5EED_u64;
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize
    };
    let mut decoded = 0;
    for round in 0..200_000 {
        let mut bytes = bytes_of(&samples()[round % 2]);
        let place = random() % bytes.len();
        match random() % 3 {
            0 => bytes[place] = random() as u8,
            1 => bytes.insert(place, [0, 0x80, 0xFF][random() % 3]),
            // A number made longer.
            _ => {
                bytes[place] |= 0x80;
                bytes.insert(place + 1, 0);
            }
        }
        if let Some(value) = decode::<Everything>(&bytes) {
            decoded += 1;
            // No NaN is equal to itself.
            if value == value.clone() {
                assert_eq!(bytes_of(&value), bytes, "seed {seed}, round {round}");
            }
        }
    }
    assert!(decoded > 10_000, "{decoded}");
}

/// Both sides of each width: the most that fits, and one bit more; the shortest form, and a longer one.
#[test]
fn numbers_have_widths_and_one_form() {
    fn holds<T: Copy + PartialEq + core::fmt::Debug + Serialize + DeserializeOwned>(
        most: T,
        zero: T,
    ) {
        let bytes = bytes_of(&most);
        assert_eq!(decode(&bytes), Some(most));
        let mut too_much = bytes.clone();
        *too_much.last_mut().unwrap() = (bytes.last().unwrap() << 1) | 1;
        assert_eq!(decode::<T>(&too_much), None, "{most:?} and a bit");
        for zeros in 0..20 {
            let mut longer = vec![0x80; zeros];
            longer.push(0);
            assert_eq!(decode::<T>(&longer), (zeros == 0).then_some(zero), "{zeros} zeros");
            let mut longer = bytes.clone();
            *longer.last_mut().unwrap() |= 0x80;
            longer.extend(vec![0x80; zeros]);
            longer.push(0);
            assert_eq!(decode::<T>(&longer), None, "{most:?} and {zeros} zeros");
        }
    }
    holds(u16::MAX, 0);
    holds(u32::MAX, 0);
    holds(u64::MAX, 0);
    holds(u128::MAX, 0);
    holds(i16::MIN, 0);
    holds(i32::MIN, 0);
    holds(i64::MIN, 0);
    holds(i128::MIN, 0);
    assert_eq!(decode::<u32>(&[0xFF; 64]), None, "without an end");
}

#[test]
fn counts_and_tags_are_numbers_as_well() {
    assert_eq!(decode::<&[u8]>(&[0x81, 0x00, 7]), None);
    assert_eq!(decode::<&str>(&[0x80, 0x00]), None);
    assert_eq!(decode::<Vec<u8>>(&[0x82, 0x00, 7, 7]), None);
    assert_eq!(decode::<Shape>(&[0x80, 0x00]), None);
    assert_eq!(decode::<Shape>(&[4]), None);
    assert_eq!(decode::<Option<u8>>(&[2, 7]), None);
    assert_eq!(decode::<bool>(&[2]), None);
    assert_eq!(decode::<&[u8]>(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), None, "more than there is");
    assert_eq!(decode::<&str>(&[1, 0xFF]), None);
    assert_eq!(decode::<char>(&[2, b'a', b'b']), None);
}

#[test]
fn a_map_is_pairs() {
    let map: BTreeMap<u16, u8> = [(1, 7), (200, 8)].into();
    assert_eq!(decode(&bytes_of(&map)), Some(map));
    assert_eq!(decode::<BTreeMap<u16, u8>>(&[1, 1]), None);
}

#[test]
fn the_start_of_a_payload_may_be_enough() {
    assert_eq!(take::<(u16, u16)>(&[1, 0x80, 0x01, 9]), Some((1, 128)));
    assert_eq!(take::<(u16, u16)>(&[1]), None);
}
