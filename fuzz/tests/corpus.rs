//! Everything that a fuzzer has found, once more.

use std::path::Path;

#[test]
fn what_was_found_still_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in tinyrealm_fuzz::TARGETS {
        let packed = std::fs::read(corpus.join(name)).expect("the target has a corpus");
        let mut rest = &packed[..];
        let mut count = 0;
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (input, behind) = behind.split_at(u16::from_le_bytes(*length).into());
            // A panic is told with the number of its input.
            println!("{name} {count}");
            target(input);
            rest = behind;
            count += 1;
        }
        assert!(count >= 40, "{name} has {count} inputs");
    }
}
