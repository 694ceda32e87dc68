//! What a change costs: an image's figures beside those that it had.
//!
//! Contract: the former figures are what `--json` printed, whichever state of the program did; a part that one of both does
//! not know has no bytes there. What has not changed is not shown.
//!
//! ```
//! use tinyrealm_budget::compare::Former;
//!
//! let former = Former::parse(
//!     r#"{"images": [{"name": "world", "now": {"ram_by_part": {"sessions": 640}, "flash_by_part": {},
//!         "static_bytes": 640, "ram_bytes": 2048, "flash_bytes": 9000, "stack_bound_bytes": 1408}}]}"#,
//! ).unwrap();
//! assert!(former.image("world").is_some() && former.image("chat").is_none());
//! assert!(Former::parse("{}").is_err());
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::part::Part;
use crate::report::{Report, both, row};

/// The images of another state; see the [module](self).
#[derive(Debug)]
pub struct Former {
    images: BTreeMap<String, Figures>,
}

/// The figures of one image.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Figures {
    ram_by_part: BTreeMap<String, u64>,
    flash_by_part: BTreeMap<String, u64>,
    static_bytes: u64,
    ram_bytes: u64,
    flash_bytes: u64,
    stack_bound_bytes: u64,
}

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    name: String,
    now: Figures,
}

impl Former {
    /// What a file has.
    ///
    /// # Errors
    /// It can't be read, or is not what `--json` prints.
    pub fn read(path: &Path) -> Result<Self, String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| at(&error))?;
        Self::parse(&text).map_err(|error| at(&error))
    }

    /// What `--json` printed.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text)
            .map_err(|error| format!("these are not the figures of a budget: {error}"))?;
        let images = file.images.into_iter().map(|image| (image.name, image.now));
        Ok(Self { images: images.collect() })
    }

    /// One of them.
    pub fn image(&self, name: &str) -> Option<&Figures> {
        self.images.get(name)
    }

    /// What has become of the images, and which are no more.
    ///
    /// # Errors
    /// Never, but for a fault in [`Report::json`].
    pub fn table(&self, reports: &[Report<'_>]) -> Result<String, String> {
        let mut text = String::new();
        for report in reports {
            let now = Figures::of(report)?;
            text += &match self.image(&report.settings.name) {
                Some(former) => difference(&report.settings.name, former, &now),
                None => format!("{}\n  is new: {}\n", report.settings.name, now.in_one_line()),
            };
        }
        for name in self.images.keys() {
            if reports.iter().all(|report| report.settings.name != *name) {
                text += &format!("{name}\n  is no more, or was not asked about\n");
            }
        }
        Ok(text)
    }
}

impl Figures {
    fn of(report: &Report<'_>) -> Result<Self, String> {
        let now = report.json().get("now").cloned().unwrap_or_default();
        serde_json::from_value(now).map_err(|error| error.to_string())
    }

    fn in_one_line(&self) -> String {
        let Self { ram_bytes, flash_bytes, .. } = self;
        format!("{ram_bytes} bytes of RAM, {flash_bytes} of flash")
    }
}

fn difference(name: &str, former: &Figures, now: &Figures) -> String {
    if former == now {
        return format!("{name}\n  has not changed: {}\n", now.in_one_line());
    }
    let heads = ["RAM before", "now", "", "flash before", "now", ""];
    let mut text = format!("{name}\n{}", row("", &heads.map(String::from)));
    let of = |sums: &BTreeMap<String, u64>, part: &str| sums.get(part).copied().unwrap_or(0);
    for (part, label) in parts(former, now) {
        let ram = (of(&former.ram_by_part, &part), of(&now.ram_by_part, &part));
        let flash = (of(&former.flash_by_part, &part), of(&now.flash_by_part, &part));
        if ram.0 != ram.1 || flash.0 != flash.1 {
            text += &row(&label, &both(ram, flash));
        }
    }
    let flash = (former.flash_bytes, now.flash_bytes);
    let sums = [
        ("in all", (former.static_bytes, now.static_bytes), flash),
        ("stack, at most", (former.stack_bound_bytes, now.stack_bound_bytes), (0, 0)),
        ("with stack", (former.ram_bytes, now.ram_bytes), flash),
    ];
    sums.iter().fold(text, |text, (label, ram, flash)| text + &row(label, &both(*ram, *flash)))
}

/// Whatever part one of both has, in the order of tables, and how it is called there.
fn parts(former: &Figures, now: &Figures) -> Vec<(String, String)> {
    let key = |part: Part| match serde_json::to_value(part) {
        Ok(Value::String(key)) => key,
        _ => String::new(),
    };
    let known: Vec<(String, String)> =
        Part::ALL.into_iter().map(|part| (key(part), part.label().to_owned())).collect();
    let sums = [&former.ram_by_part, &former.flash_by_part, &now.ram_by_part, &now.flash_by_part];
    let mut others: Vec<&String> = sums.into_iter().flat_map(BTreeMap::keys).collect();
    others.retain(|part| known.iter().all(|(key, _)| key != *part));
    others.sort();
    others.dedup();
    let others = others.into_iter().map(|part| (part.clone(), part.clone()));
    known.iter().cloned().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(sessions: u64, flash: u64) -> Figures {
        Figures {
            ram_by_part: BTreeMap::from([("sessions".to_owned(), sessions)]),
            flash_by_part: BTreeMap::from([("sessions".to_owned(), flash)]),
            static_bytes: sessions,
            ram_bytes: sessions + 100,
            flash_bytes: flash,
            stack_bound_bytes: 100,
        }
    }

    #[test]
    fn what_changes_is_shown_with_its_sign_and_nothing_else() {
        let mut now = figures(600, 9_100);
        now.ram_by_part.insert("rooms".to_owned(), 8);
        let mut former = figures(640, 9_000);
        former.ram_by_part.insert("rooms".to_owned(), 8);
        former.ram_by_part.insert("what_was_once".to_owned(), 3);
        let text = difference("world", &former, &now);
        let line = |label: &str| text.lines().find(|line| line.trim_start().starts_with(label));
        let sessions: Vec<&str> =
            line(Part::Sessions.label()).unwrap().split_whitespace().rev().take(6).collect();
        assert_eq!(sessions, ["+100", "9100", "9000", "-40", "600", "640"]);
        assert!(line("what_was_once").unwrap().contains("-3"));
        assert_eq!(line(Part::Rooms.label()), None, "{text}");
        assert!(line("with stack").unwrap().contains("740"));
    }

    #[test]
    fn what_does_not_change_is_one_line() {
        let text = difference("world", &figures(640, 9_000), &figures(640, 9_000));
        assert_eq!(text, "world\n  has not changed: 740 bytes of RAM, 9000 of flash\n");
    }
}
