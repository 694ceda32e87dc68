//! Writes the JavaScript module and its types beside this crate.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(folder.join("protocol.js"), tinyrealm_web::module())?;
    std::fs::write(folder.join("protocol.d.ts"), tinyrealm_web::types())
}
