//! What the firmware's build refuses of a `device.toml`, instead of a device that finds out when it runs.

#[path = "../../../firmware-demo/roles/device_file.rs"]
mod device_file;

use std::path::Path;

use device_file::device;
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, REGION_MAX_BYTES};

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware-demo").join(path);
    std::fs::read_to_string(path).unwrap()
}

/// The constants of a device that has this otherwise than the demonstration.
fn built(own: &str) -> String {
    device(&file("device.toml"), Some(own), false).unwrap().source
}

#[track_caller]
fn expect_refused(own: &str, why: &str) {
    let problem = device(&file("device.toml"), Some(own), false).unwrap_err();
    assert!(problem.contains(why), "{own}: {problem}");
}

#[test]
fn what_a_file_says_is_a_constant_and_the_rest_is_the_demonstration_s() {
    let source = built("[network]\naddress = \"192.168.1.9/24\"\n[world]\nworld_id = 7\n");
    for line in [
        "pub const ADDRESS: ([u8; 4], u8) = ([192, 168, 1, 9], 24);",
        "pub const WORLD_ID: u32 = 7;",
        "pub const MAC: [u8; 6] = [2, 0, 0, 0, 113, 0];",
        "pub const ADDRESS: &str = \"10.0.2.2:7000\";",
        "pub const ORIGINS: &[&str] = &[\"*\"];",
    ] {
        assert!(source.contains(line), "{line} in {source}");
    }
    let memory = device(&file("device.toml"), None, false).unwrap().memory;
    assert!(memory.contains(&("ram_kb", "20".to_owned())));
}

#[test]
fn both_sides_of_a_client_s_key() {
    let key = "0aF".repeat(21) + "9";
    assert!(built(&format!("[client]\ndevice_key = \"{key}\"\n")).contains(&key));
    for wrong in [&key[1..], &format!("{key}0"), &key.replace('F', "g")] {
        expect_refused(
            &format!("[client]\ndevice_key = \"{wrong}\"\n"),
            "user add ID --device-key",
        );
    }
    let both = format!("[client]\naccount = \"board\"\ndevice_key = \"{key}\"\n");
    expect_refused(&both, "not both");
}

#[test]
fn a_name_is_no_address_because_a_device_resolves_none() {
    let names = ["main.example.org:7000", "localhost:7000", "[::1]:7000", "192.168.1.2", ""];
    for (section, name) in ["main", "login"].into_iter().flat_map(|of| names.map(|name| (of, name)))
    {
        expect_refused(
            &format!("[{section}]\naddress = \"{name}\"\n"),
            "a device resolves no names",
        );
    }
    expect_refused("[main]\naddress = \"192.168.1.2:0\"\n", "like 192.168.1.2:7000");
    expect_refused("[network]\naddress = \"device.local/24\"\n", "4 bytes");
    expect_refused("[network]\naddress = \"192.168.1.9/33\"\n", "like 10.0.2.15/24");
    expect_refused("[network]\ngateway = \"router.local\"\n", "4 bytes");
    // Clients resolve names, so they may be told one.
    assert!(built("[world]\npublic_address = \"world.example.org:7100\"\n").contains("example"));
    for own in ["tcp://", "ws://", "tcp://192.168.1.3:7100"] {
        assert!(built(&format!("[world]\npublic_address = \"{own}\"\n")).contains(own));
    }
    for half in [
        "tls://",
        "tcp:",
        "world.example.org",
        ":7100",
        "world.example.org:0",
        "world.example.org:65536",
    ] {
        expect_refused(&format!("[world]\npublic_address = \"{half}\"\n"), "what clients dial");
    }
}

#[test]
fn a_device_has_a_key_and_knows_whether_it_is_its_own() {
    const DEMONSTRATION: &str = "HAS_OWN_WORLD_KEY: bool = false";
    let own = "0".repeat(64);
    let source = built(&format!("[main]\nworld_key = \"{own}\"\n"));
    assert!(source.contains("HAS_OWN_WORLD_KEY: bool = true"));
    assert!(source.contains("HAS_OWN_CHAT_KEY: bool = false"));
    assert!(built("").contains(DEMONSTRATION));
    // The real boards come without one, and are refused by an assertion over that constant.
    for board in ["rp2040-w5500", "stm32h743"] {
        let own = file(&format!("{board}/device.toml"));
        let source = device(&file("device.toml"), Some(&own), true).unwrap().source;
        assert!(
            source.contains(DEMONSTRATION) && source.contains("HAS_OWN_CHAT_KEY: bool = false")
        );
    }
    for key in ["world_key", "chat_key"] {
        for broken in [&own[1..], &format!("{own}0"), &format!("{}g", &own[1..]), "a phrase", ""] {
            let own = format!("[main]\n{key} = \"{broken}\"\n");
            expect_refused(&own, &format!("`main.{key}` is not 64 hexadecimal digits"));
        }
    }
}

#[test]
fn both_sides_of_what_has_sixteen_bits() {
    let keys = [
        "world.world_id",
        "world.port",
        "world.room_capacity",
        "chat.port",
        "echo.port",
        "links.packets_per_second",
        "links.packet_burst",
        "links.frame_limit_bytes",
        "client.frame_limit_bytes",
        "client.moves_per_second",
    ];
    for name in keys {
        for number in [1, 65_535] {
            built(&format!("{name} = {number}\n"));
        }
        for number in [0, 65_536, -1] {
            expect_refused(
                &format!("{name} = {number}\n"),
                &format!("`{name}` is a number from 1"),
            );
        }
    }
}

#[test]
fn both_sides_of_the_longest_texts() {
    let names = [
        ("world.region", REGION_MAX_BYTES, ""),
        ("client.region", REGION_MAX_BYTES, ""),
        ("world.public_address", ADDRESS_MAX_BYTES, ":7100"),
    ];
    for (name, most, end) in names {
        let text = |bytes: usize| format!("{}{end}", "r".repeat(bytes - end.len()));
        built(&format!("{name} = \"{}\"\n", text(most)));
        let long = format!("{name} = \"{}\"\n", text(most + 1));
        expect_refused(&long, &format!("`{name}` has at most {most} bytes"));
    }
}

#[test]
fn unknown_keys_and_other_types_are_refused_by_name() {
    expect_refused("[world]\nregoin = \"\"\n", "there is no key `world.regoin`");
    expect_refused("[wrold]\n", "there is no key `wrold`");
    expect_refused("[world]\nport = \"7100\"\n", "`world.port` has to be of type integer");
    expect_refused("[memory]\nram_kb = -1\n", "`memory.ram_kb` is neither text");
    expect_refused("[world\n", "TOML parse error");
}

#[test]
fn an_address_from_the_network_needs_its_feature() {
    let dhcp = "[network]\naddressing = \"dhcp\"\n";
    expect_refused(dhcp, "needs `--features dhcp`");
    assert!(device(&file("device.toml"), Some(dhcp), true).is_ok());
    expect_refused("[network]\naddressing = \"guess\"\n", "is \"static\" or \"dhcp\"");
}

/// The blocks of the book's page on boards that begin with this line.
fn blocks_of_the_book(first: &str) -> Vec<String> {
    let page = file("../docs/board.md");
    let blocks: Vec<_> = page
        .split(first)
        .skip(1)
        .filter_map(|part| part.split("```").next())
        .map(str::to_owned)
        .collect();
    assert!(!blocks.is_empty(), "{first}");
    blocks
}

#[test]
fn the_devices_of_the_book_are_devices() {
    for block in blocks_of_the_book("```toml\n# device.toml\n") {
        built(&block);
    }
}

#[test]
fn the_image_of_the_book_is_one_that_is_built() {
    let image = file("mps2-an385/src/bin/coin-rush.rs");
    let blocks = blocks_of_the_book("```rust,ignore\n");
    // What is not a whole image is a part of a board's.
    let mut images = blocks.iter().filter(|block| block.contains("entry!")).peekable();
    assert!(images.peek().is_some(), "{blocks:?}");
    images.for_each(|block| assert!(image.ends_with(block), "{block}"));
}
