//! Writes the JavaScript modules and their types beside this crate.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = tinyrealm_web::files().into_iter();
    files.try_for_each(|(name, content)| std::fs::write(folder.join(name), content))
}
