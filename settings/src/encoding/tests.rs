//! What is written, what is refused, and what comes back.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::tests::{longest, short};
use crate::{DEMONSTRATION_KEYS, Wrong};

fn encoded(settings: &Settings<'_>) -> Vec<u8> {
    let mut place = [0; SETTINGS_MAX_BYTES];
    let length = encode(settings, &mut place).unwrap();
    place[..length].to_vec()
}

#[test]
fn the_longest_settings_have_room() {
    let settings = longest(1);
    assert_eq!(settings.check(), Ok(()));
    let bytes = encoded(&settings);
    assert_eq!(decode(&bytes), Ok(settings));
    let mut place = vec![0; bytes.len()];
    assert_eq!(encode(&settings, &mut place), Some(bytes.len()));
    assert_eq!(encode(&settings, &mut place[1..]), None);
}

/// What is written into flash today is read by each later image.
#[test]
fn bytes_stay_as_they_are() {
    assert_eq!(encoded(&Settings::default()), []);
    let key = [1; 32];
    assert_eq!(encoded(&short(1)), [&[4][..], &key, &[6, 1]].concat());
    let settings = Settings {
        addressing: Some(Addressing::Dhcp),
        account: Some(Account::Password { id: "a", password: "b" }),
        ..Settings::default()
    };
    assert_eq!(encoded(&settings), [1, 11, 1, b'a', 1, b'b']);
    let settings =
        Settings { account: Some(Account::DeviceKey(Key::new(key))), ..Settings::default() };
    assert_eq!(encoded(&settings), [&[12][..], &key].concat());
}

#[test]
fn each_is_there_once() {
    let once = encoded(&short(1));
    assert_eq!(decode(&[&once[..], &once].concat()), Err(Unreadable));
    // Each of these is one of the other kind.
    assert_eq!(decode(&[1, 2, 10, 0, 0, 2, 24, 10, 0, 0, 1]), Err(Unreadable));
}

#[test]
fn both_sides_of_what_a_board_may_have() {
    use Wrong::{
        Address, ChatKey, ClientRegion, Gateway, LoginAddress, Mac, MainAddress, Password,
        PublicAddress, Region, WorldKey,
    };
    let none = Settings::default;
    let address = |a, bits, g| Settings {
        addressing: Some(Addressing::Static {
            address: Ipv4Addr::from(a),
            prefix_bits: bits,
            gateway: Ipv4Addr::from(g),
        }),
        ..none()
    };
    let main = |ip, port| Settings { main_address: Some(socket(ip, port)), ..none() };
    let login = |ip, port| Settings { login_address: Some(socket(ip, port)), ..none() };
    let public = |text| Settings { public_address: Some(text), ..none() };
    let account =
        |id, password| Settings { account: Some(Account::Password { id, password }), ..none() };
    let (long, wide) = ("x".repeat(129), "x".repeat(59) + ":7100");
    let wider = format!("x{wide}");
    let mac = |mac| Settings { mac: Some(mac), ..none() };
    let cases = [
        (none(), None),
        (mac([2, 0, 0, 0, 0, 1]), None),
        (mac([3, 0, 0, 0, 0, 1]), Some(Mac)),
        (mac([0; 6]), Some(Mac)),
        (address([10, 0, 2, 15], 24, [10, 0, 2, 2]), None),
        (address([10, 0, 2, 15], 32, [10, 0, 2, 2]), Some(Gateway)),
        (address([10, 0, 2, 15], 33, [10, 0, 2, 2]), Some(Address)),
        (address([10, 0, 2, 15], 1, [10, 0, 2, 2]), None),
        (address([10, 0, 2, 15], 0, [10, 0, 2, 2]), Some(Address)),
        (address([10, 0, 2, 15], 28, [10, 0, 2, 16]), Some(Gateway)),
        (address([10, 0, 2, 15], 27, [10, 0, 2, 16]), None),
        (address([10, 0, 2, 15], 24, [10, 0, 2, 15]), Some(Gateway)),
        (address([224, 0, 0, 1], 24, [224, 0, 0, 2]), Some(Address)),
        (address([0; 4], 24, [0, 0, 0, 2]), Some(Address)),
        (main([10, 0, 2, 2], 1), None),
        (main([10, 0, 2, 2], 0), Some(MainAddress)),
        (main([0; 4], 7_000), Some(MainAddress)),
        (main([255; 4], 7_000), Some(MainAddress)),
        (login([10, 0, 2, 2], 7_200), None),
        (login([10, 0, 2, 2], 0), Some(LoginAddress)),
        (short(1), None),
        (Settings { world_key: Some(DEMONSTRATION_KEYS[0]), ..none() }, Some(WorldKey)),
        (Settings { world_key: Some(DEMONSTRATION_KEYS[1]), ..none() }, Some(WorldKey)),
        (Settings { chat_key: Some(DEMONSTRATION_KEYS[1]), ..none() }, Some(ChatKey)),
        (Settings { region: Some(&long[..16]), ..none() }, None),
        (Settings { region: Some(&long[..17]), ..none() }, Some(Region)),
        (Settings { client_region: Some(&long[..17]), ..none() }, Some(ClientRegion)),
        (public(""), None),
        (public("ws://"), None),
        (public("tcp://"), None),
        (public("http://"), Some(PublicAddress)),
        (public("a:65535"), None),
        (public("a:65536"), Some(PublicAddress)),
        (public(":7100"), Some(PublicAddress)),
        (public(&wide), None),
        (public(&wider), Some(PublicAddress)),
        (account("a", &long[..128]), None),
        (account("a", &long[..129]), Some(Password)),
        (account("a", ""), Some(Password)),
        (account(&long[..32], "b"), None),
        (account(&long[..33], "b"), Some(Wrong::Account)),
        (account("", "b"), Some(Wrong::Account)),
    ];
    for (settings, wrong) in cases {
        assert_eq!(settings.check().err(), wrong, "{settings:?}");
    }
}

/// They are what everyone finds in this repository.
#[test]
fn the_demonstration_s_keys_are_those_of_its_device() {
    let device = include_str!("../../../firmware-demo/device.toml");
    for (name, key) in ["world_key", "chat_key"].into_iter().zip(DEMONSTRATION_KEYS) {
        let text = device.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        assert_eq!(text.and_then(|text| text.trim_end_matches('"').parse().ok()), Some(key));
    }
}

#[test]
fn both_sides_of_a_key_s_text_and_no_word_of_a_secret() {
    let text = "0f".repeat(32);
    assert_eq!(text.parse(), Ok(Key::new([15; 32])));
    for wrong in [&text[1..], &text[2..], &format!("{text}0"), &format!("{}g", &text[1..])] {
        assert_eq!(wrong.parse::<Key>(), Err(crate::NoKey), "{wrong}");
    }
    let told = format!("{:?}", longest(1));
    assert!(!told.contains("165") && !told.contains("0123456789abcdef0123456789abcdef\","));
    let Some(Account::Password { password, .. }) = longest(1).account else { unreachable!() };
    assert!(!told.contains(password));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_no_settings_does_no_harm(bytes in vec(any::<u8>(), 0..SETTINGS_MAX_BYTES)) {
        let _ = decode(&bytes);
    }

    /// Any that a board may have come back as they went.
    #[test]
    fn settings_come_back(
        mac in any::<Option<[u8; 6]>>(),
        main in any::<Option<([u8; 4], u16)>>(),
        keys in any::<(Option<[u8; 32]>, Option<[u8; 32]>)>(),
        id in any::<u16>(),
        texts in prop::option::of(("[a-zä]{0,8}", "[a-z]{1,20}:[1-9][0-9]{0,3}")),
        account in prop::option::of(("[a-z]{1,32}", "[ -~]{1,128}")),
    ) {
        let settings = Settings {
            mac,
            main_address: main.map(|(address, port)| socket(address, port)),
            world_key: keys.0.map(Key::new),
            chat_key: keys.1.map(Key::new),
            world_id: NonZero::new(id),
            region: texts.as_ref().map(|texts| &texts.0[..]),
            public_address: texts.as_ref().map(|texts| &texts.1[..]),
            account: account.as_ref().map(|(id, password)| Account::Password { id, password }),
            ..Settings::default()
        };
        let bytes = encoded(&settings);
        prop_assert_eq!(decode(&bytes), Ok(settings));
    }
}
