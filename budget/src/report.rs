//! The report, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::account::{Account, Line};
use crate::part::Part;
use crate::parts::Sums;
use crate::settings::ImageSettings;
use crate::stack::Depth;

/// Letters of a full bar.
const BAR: u64 = 20;

/// One image, its figures, and what they would be.
#[derive(Debug)]
pub struct Report<'a> {
    /// Its limits.
    pub settings: &'a ImageSettings,
    /// As it is built.
    pub account: Account,
    /// With what `--what-if` says.
    pub what_if: Option<Account>,
}

impl Report<'_> {
    /// The limits that do not hold: of what is asked for, if something is.
    pub fn broken(&self) -> Vec<Line> {
        let account = self.what_if.as_ref().unwrap_or(&self.account);
        account.lines(self.settings).into_iter().filter(|line| !line.holds()).collect()
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut text = format!("{}\n", self.settings.name);
        match &self.what_if {
            None => self.parts(&mut text),
            Some(what_if) => self.difference(&mut text, what_if),
        }
        let account = self.what_if.as_ref().unwrap_or(&self.account);
        write_stack(&mut text, account);
        for line in account.lines(self.settings) {
            write_line(&mut text, &line);
        }
        text
    }

    fn parts(&self, text: &mut String) {
        let Account { parts, static_bytes, flash_bytes, .. } = &self.account;
        *text += &format!("  {:<28}{:>7}{:>6}   {:>7}{:>6}\n", "", "RAM", "", "flash", "");
        for part in Part::ALL {
            let (ram, flash) = (bytes(&parts.ram, part), bytes(&parts.flash, part));
            if ram + flash > 0 {
                let (in_ram, in_flash) = (share(ram, *static_bytes), share(flash, *flash_bytes));
                *text += &format!(
                    "{} {:<28}{ram:>7}{in_ram:>6}   {flash:>7}{in_flash:>6}  {}",
                    if part.is_core_share() { "*" } else { " " },
                    part.label(),
                    bar(ram, *static_bytes)
                );
                *text = text.trim_end().to_owned() + "\n";
            }
        }
        *text += &format!("  {:<28}{static_bytes:>7}{:>6}   {flash_bytes:>7}\n", "in all", "");
        let units = self.account.units.iter().map(|unit| format!("{} {}", unit.name, unit.bytes));
        let core = self.account.parts.core_share();
        *text += &format!("* {:<28}{core:>7}\n", "core's share");
        *text += &format!("  bytes of {}\n", units.collect::<Vec<_>>().join(", "));
    }

    fn difference(&self, text: &mut String, what_if: &Account) {
        let heads = ["RAM now", "then", "", "flash now", "then", ""];
        *text += &row("", &heads.map(String::from));
        for part in Part::ALL {
            let ram = (bytes(&self.account.parts.ram, part), bytes(&what_if.parts.ram, part));
            let flash = (bytes(&self.account.parts.flash, part), bytes(&what_if.parts.flash, part));
            if ram.0 + ram.1 + flash.0 + flash.1 > 0 {
                *text += &row(part.label(), &both(ram, flash));
            }
        }
        let (now, then) = (&self.account, what_if);
        let ram = (now.static_bytes, then.static_bytes);
        *text += &row("in all", &both(ram, (now.flash_bytes, then.flash_bytes)));
        let ram = (now.ram_bytes(), then.ram_bytes());
        *text += &row("with stack", &both(ram, (now.flash_bytes, then.flash_bytes)));
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let what_if = self.what_if.as_ref().map(|account| account_json(account, self.settings));
        json!({
            "name": self.settings.name,
            "holds": self.broken().is_empty(),
            "now": account_json(&self.account, self.settings),
            "what_if": what_if,
        })
    }
}

fn account_json(account: &Account, settings: &ImageSettings) -> Value {
    json!({
        "ram_by_part": account.parts.ram,
        "flash_by_part": account.parts.flash,
        "static_bytes": account.static_bytes,
        "flash_bytes": account.flash_bytes,
        "core_bytes": account.parts.core_share(),
        "stack_bound_bytes": account.stack.bytes(),
        "stack_painted_bytes": account.painted_bytes,
        "stack": account.stack,
        "ram_bytes": account.ram_bytes(),
        "units": account.units,
        "limits": account.lines(settings),
    })
}

fn bytes(sums: &Sums, part: Part) -> u64 {
    sums.get(&part).copied().unwrap_or(0)
}

fn share(bytes: u64, whole: u64) -> String {
    format!("{:.1}%", bytes as f64 * 100.0 / whole.max(1) as f64)
}

fn bar(bytes: u64, whole: u64) -> String {
    "#".repeat((bytes * BAR).div_ceil(whole.max(1)).min(BAR) as usize)
}

pub(crate) fn both(ram: (u64, u64), flash: (u64, u64)) -> [String; 6] {
    let change = |(now, then): (u64, u64)| match then.cast_signed() - now.cast_signed() {
        0 => String::new(),
        change => format!("{change:+}"),
    };
    let text = |number: u64| number.to_string();
    [text(ram.0), text(ram.1), change(ram), text(flash.0), text(flash.1), change(flash)]
}

pub(crate) fn row(name: &str, columns: &[String; 6]) -> String {
    let columns: String = columns.iter().map(|column| format!("{column:>10}")).collect();
    format!("  {name:<28}{columns}\n").trim_end().to_owned() + "\n"
}

fn write_stack(text: &mut String, account: &Account) {
    let stack = &account.stack;
    *text += &format!(
        "  stack: at most {} bytes: {} of the program, {} of an interrupt; seen in QEMU: {}\n",
        stack.bytes(),
        stack.program.bytes,
        stack.interrupt.bytes,
        account.painted_bytes.map_or("not measured in this run".into(), |bytes| bytes.to_string())
    );
    *text += &format!("    deepest: {}\n", chain(&stack.program));
    for gap in &stack.gaps {
        *text += &format!("    gap: {gap}\n");
    }
}

/// The frames of a chain that matter.
fn chain(depth: &Depth) -> String {
    let steps = depth.chain.iter().filter(|step| step.bytes * 20 >= depth.bytes);
    let steps = steps.map(|step| format!("{} {}", short(&step.function), step.bytes));
    steps.collect::<Vec<_>>().join(" > ")
}

/// `World<G>::remove_user` of a long name.
fn short(name: &str) -> String {
    let parts: Vec<&str> = name.rsplitn(3, "::").collect();
    let (last, above) = (parts[0], parts.get(1).copied().unwrap_or_default());
    if above.is_empty() { last.to_owned() } else { format!("{above}::{last}") }
}

fn write_line(text: &mut String, line: &Line) {
    let Line { what, used, limit } = line;
    let verdict = if line.holds() {
        format!("{} free", limit - used)
    } else {
        format!("OVER BUDGET by {}", used - limit)
    };
    let _ = writeln!(
        text,
        "  {what:<20}{used:>7} of {limit:>6}  [{:<20}] {verdict}",
        bar(*used, *limit)
    );
}
