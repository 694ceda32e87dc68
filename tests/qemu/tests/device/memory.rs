//! What a device has needed of its memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use tinyrealm_qemu::Machine;

/// Fails unless the stack has had room within the RAM of the image as it ships, and keeps what was seen.
#[track_caller]
pub(crate) fn expect_room(machine: &mut Machine, ram_bytes: u32, image: &str) {
    let stack = machine.stack_use().unwrap();
    let in_all = ram_bytes - stack.available_bytes + stack.used_bytes;
    println!("{image}: {in_all} bytes of RAM in all, {} of them stack", stack.used_bytes);
    assert!(in_all < ram_bytes, "{stack:?}");
    keep_for_the_budget(image, stack.used_bytes);
}

/// `cargo xtask budget` shows what was measured beside what it computes.
fn keep_for_the_budget(image: &str, stack_bytes: u32) {
    /// Tests that run beside each other write one file.
    static WRITING: Mutex<()> = Mutex::new(());
    let Some(folder) = std::env::var_os("TINYREALM_BUDGET") else { return };
    let _alone = WRITING.lock().unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let path = Path::new(&folder).join("stack-high-water.json");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let mut seen: BTreeMap<String, u32> = serde_json::from_str(&before).unwrap_or_default();
    seen.insert(image.to_owned(), stack_bytes);
    std::fs::write(path, serde_json::to_string(&seen).unwrap()).unwrap();
}
