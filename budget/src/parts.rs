//! How many bytes of RAM and flash each part has.
//!
//! Purpose: a `static` like the node's memory, or a task, holds several parts, and after link-time
//! optimisation so does a function. The debug information knows the fields and the inlined functions
//! of the target itself, so the parts are told from those, byte by byte.
//!
//! Contract: every byte of every section belongs to one part; the sums are the sections' sizes, which
//! is checked.

use std::collections::BTreeMap;

use crate::debug_info::{DebugInfo, Entry, Kind};
use crate::image::{Image, Section};
use crate::paint::Paint;
use crate::part::{self, Part};

/// Bytes by part.
pub type Sums = BTreeMap<Part, u64>;

/// RAM before the stack, and flash.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    /// Bytes of RAM.
    pub ram: Sums,
    /// Bytes of flash.
    pub flash: Sums,
}

impl Parts {
    /// The parts of an image.
    pub fn of(image: &Image, info: &DebugInfo) -> Result<Self, String> {
        let mut parts = Self::default();
        for section in &image.sections {
            let mut paint = Paint::new(section.address, section.size);
            if section.is_code {
                paint_functions(&mut paint, section, info);
            } else {
                paint_variables(&mut paint, section, image, info)?;
            }
            paint_symbols(&mut paint, section, image);
            if section.in_ram {
                paint.add_to(&mut parts.ram);
            }
            if section.in_flash {
                paint.add_to(&mut parts.flash);
            }
        }
        let (ram, flash): (u64, u64) = (parts.ram.values().sum(), parts.flash.values().sum());
        if (ram, flash) != (image.ram_bytes(), image.flash_bytes()) {
            return Err("the parts are not the whole: an error of the budget itself".into());
        }
        Ok(parts)
    }

    /// Bytes of the core's own share of the RAM.
    pub fn core_share(&self) -> u64 {
        let share = self.ram.iter().filter(|(part, _)| part.is_core_share());
        share.map(|(_, bytes)| bytes).sum()
    }
}

/// What was inlined is painted over what it was inlined into, unless it is a mere helper.
fn paint_functions(paint: &mut Paint, section: &Section, info: &DebugInfo) {
    let functions = info.entries.iter().filter(|entry| entry.kind == Kind::Function);
    for function in functions {
        let is_here = function.ranges.iter().any(|(begin, _)| section.contains(*begin));
        if is_here {
            paint_function(paint, info, function, Part::Library);
        }
    }
}

fn paint_function(paint: &mut Paint, info: &DebugInfo, entry: &Entry, above: Part) {
    let part = match entry.kind {
        Kind::Function | Kind::Inlined => {
            let part = Part::of_path(info.function_path(entry)).unwrap_or(above);
            for (begin, end) in &entry.ranges {
                paint.paint(*begin, end.saturating_sub(*begin), part);
            }
            part
        }
        _ => above,
    };
    for child in &entry.children {
        let child = &info.entries[*child];
        // A function within a function is found by itself.
        if child.kind != Kind::Function {
            paint_function(paint, info, child, part);
        }
    }
}

fn paint_variables(
    paint: &mut Paint,
    section: &Section,
    image: &Image,
    info: &DebugInfo,
) -> Result<(), String> {
    for entry in &info.entries {
        let Some(address) = entry.address.filter(|address| section.contains(*address)) else {
            continue;
        };
        let symbol = image.symbols.iter().find(|symbol| symbol.address == address);
        let Some(size) = symbol.map(|symbol| symbol.size) else { continue };
        let own = Part::of_path(&entry.path).unwrap_or(Part::Roles);
        paint.paint(address, size, own);
        let Some(kind) = info.type_of(entry) else { continue };
        let kind = task_in_pool(info, entry, kind)?.unwrap_or(kind);
        // The optimiser may have kept a piece of a variable: its type says nothing of that.
        if info.size_of(kind) == size {
            paint_type(paint, info, kind, address, own)?;
        }
    }
    Ok(())
}

/// The type of the task whose memory a pool of embassy's macro is: the pool itself is mere bytes.
fn task_in_pool(info: &DebugInfo, pool: &Entry, kind: usize) -> Result<Option<usize>, String> {
    if !info.entries[kind].name.starts_with("TaskPoolHolder<") {
        return Ok(None);
    }
    let function = pool.path.strip_suffix("::POOL").unwrap_or(&pool.path);
    let (above, name) = function.rsplit_once("::").unwrap_or(("", function));
    let task = format!("TaskStorage<{above}::__{name}_task::");
    let is_task = |number: &usize| {
        let entry = &info.entries[*number];
        entry.kind == Kind::Type && entry.name.starts_with(&task)
    };
    let size = info.size_of(kind);
    let mut found = (0..info.entries.len()).filter(is_task);
    found.find(|number| info.size_of(*number) == size).map(Some).ok_or_else(|| {
        format!("the task in `{}` is not found: is its function called `{name}`?", pool.path)
    })
}

/// Paints the fields of a type that lies at `address`.
fn paint_type(
    paint: &mut Paint,
    info: &DebugInfo,
    kind: usize,
    address: u64,
    above: Part,
) -> Result<(), String> {
    let entry = &info.entries[kind];
    if entry.kind == Kind::Array {
        return paint_elements(paint, info, entry, address, above);
    }
    let own = Part::of_path(without_generics(&entry.path)).unwrap_or(above);
    paint.paint(address, info.size_of(kind), own);
    paint_members(paint, info, entry, address, own)
}

fn paint_elements(
    paint: &mut Paint,
    info: &DebugInfo,
    array: &Entry,
    address: u64,
    above: Part,
) -> Result<(), String> {
    let Some(element) = info.type_of(array) else { return Ok(()) };
    for number in 0..info.elements_of(array) {
        paint_type(paint, info, element, address + number * info.size_of(element), above)?;
    }
    Ok(())
}

fn paint_members(
    paint: &mut Paint,
    info: &DebugInfo,
    entry: &Entry,
    address: u64,
    own: Part,
) -> Result<(), String> {
    let structure = without_generics(&entry.name);
    for child in sorted_children(info, entry) {
        match child.kind {
            Kind::Variants | Kind::Variant => paint_members(paint, info, child, address, own)?,
            Kind::Member => {
                let Some(kind) = info.type_of(child) else { continue };
                let address = address + child.number.unwrap_or(0);
                match part::of_field(structure, &child.name)? {
                    Some(part) => paint.paint(address, info.size_of(kind), part),
                    None => paint_type(paint, info, kind, address, own)?,
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Variants share their bytes: the one that holds most is painted last.
fn sorted_children<'i>(info: &'i DebugInfo, entry: &Entry) -> Vec<&'i Entry> {
    let mut children: Vec<&Entry> =
        entry.children.iter().map(|child| &info.entries[*child]).collect();
    if entry.kind == Kind::Variants {
        children.sort_by_key(|child| bytes_held(info, child, 0));
    }
    children
}

/// Bytes of the fields below; a variant's struct is as large as its enum, so its own size says nothing.
fn bytes_held(info: &DebugInfo, entry: &Entry, depth: u32) -> u64 {
    let children = entry.children.iter().map(|child| &info.entries[*child]);
    let members = children.filter(|child| child.kind == Kind::Member);
    members
        .filter_map(|member| info.type_of(member))
        .map(|kind| match depth {
            0 => bytes_held(info, &info.entries[kind], 1),
            _ => info.size_of(kind),
        })
        .sum()
}

/// Symbols of what the debug information does not know: assembly, the library, tables of constants.
fn paint_symbols(paint: &mut Paint, section: &Section, image: &Image) {
    if section.name == ".vector_table" {
        paint.paint_rest(section.address, section.size, Part::Board);
    }
    for symbol in image.symbols.iter().filter(|symbol| section.contains(symbol.address)) {
        let part = match Part::of_path(path_of_symbol(&symbol.name)) {
            Some(part) => part,
            None if symbol.is_function => part_of_function(&symbol.name),
            None => Part::Rest,
        };
        paint.paint_rest(symbol.address, symbol.size, part);
    }
}

/// Functions with a plain name are the start-up code's, or those that a compiler calls.
fn part_of_function(name: &str) -> Part {
    const START: [&str; 6] =
        ["Reset", "DefaultPreInit", "__pre_init", "HardFaultTrampoline", "main", "DefaultHandler_"];
    if START.contains(&name) { Part::Board } else { Part::Library }
}

/// `a::b` of `<a::b<T> as c::D>::e`.
fn path_of_symbol(name: &str) -> &str {
    let name = name.trim_start_matches(['<', '&']);
    let end = name.find(['<', '>', ' ']).unwrap_or(name.len());
    &name[..end]
}

fn without_generics(name: &str) -> &str {
    name.split('<').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_symbol_is_that_of_its_type() {
        assert_eq!(
            path_of_symbol("<smoltcp::wire::Repr as core::fmt::Debug>::fmt"),
            "smoltcp::wire::Repr"
        );
        assert_eq!(path_of_symbol("a::Node<R>::settle"), "a::Node");
        assert_eq!(path_of_symbol("memcpy"), "memcpy");
    }
}
