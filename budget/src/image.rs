//! `Image`: an ELF file as the linker left it.
//!
//! Contract: 32-bit little-endian ARM, with symbols and DWARF; anything else is an error that says so.

use std::collections::BTreeSet;
use std::path::Path;

use object::elf::{SHF_ALLOC, SHF_EXECINSTR, STT_FUNC, STT_OBJECT};
use object::read::elf::{ElfFile32, FileHeader};
use object::{
    Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolFlags, SymbolKind,
};

/// A section that the device has in its memory.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Where it is when the device runs.
    pub address: u64,
    /// Its content; empty for one that is cleared at the start.
    pub bytes: Vec<u8>,
    /// How long it is.
    pub size: u64,
    /// It lies in RAM.
    pub in_ram: bool,
    /// It costs flash: it has content.
    pub in_flash: bool,
    /// It has instructions.
    pub is_code: bool,
}

impl Section {
    /// Whether it has this address.
    pub fn contains(&self, address: u64) -> bool {
        (self.address..self.address + self.size).contains(&address)
    }
}

/// A function or a variable.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Its name in the source, without the hash.
    pub name: String,
    /// Its name for the linker.
    pub raw_name: String,
    /// Where it begins; without the bit that says Thumb.
    pub address: u64,
    /// How long it is.
    pub size: u64,
    /// It is a function.
    pub is_function: bool,
}

/// What a mapping symbol says of the bytes behind it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Instructions.
    Code,
    /// Constants and jump tables.
    Data,
}

/// The file; see the [module](self).
#[derive(Debug, Default)]
pub struct Image {
    /// What the device has in memory, by address.
    pub sections: Vec<Section>,
    /// Functions and variables, by address.
    pub symbols: Vec<Symbol>,
    /// Where code and data change, by address.
    pub contents: Vec<(u64, Content)>,
    /// Where constants of the image were put in by the linker, if it tells (`--emit-relocs`): no other one is an address.
    pub relocated: Option<BTreeSet<u64>>,
    /// It is for a processor that has registers for floats, and uses them.
    pub has_floats: bool,
    /// Bytes between the variables and the end of the RAM that the linker was given, if its script tells.
    pub stack_space: Option<u64>,
    debug_sections: Vec<(String, Vec<u8>)>,
}

impl Image {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&bytes).map_err(|problem| format!("{}: {problem}", path.display()))
    }

    /// Reads the bytes of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: ElfFile32<'_> =
            ElfFile32::parse(bytes).map_err(|error| format!("no 32-bit ELF file: {error}"))?;
        if !file.is_little_endian() || file.architecture() != object::Architecture::Arm {
            return Err("not for a little-endian ARM".into());
        }
        let mut image = Self {
            sections: file.sections().filter_map(|section| memory_section(&section)).collect(),
            symbols: file.symbols().filter_map(|symbol| named_symbol(&symbol)).collect(),
            contents: file.symbols().filter_map(|symbol| mapping(&symbol)).collect(),
            relocated: relocated(&file),
            has_floats: has_floats(&file),
            stack_space: stack_space(&file),
            debug_sections: Vec::new(),
        };
        image.sections.sort_by_key(|section| section.address);
        image.symbols.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
        image.contents.sort_by_key(|(address, _)| *address);
        for section in file.sections() {
            let name = section.name().unwrap_or_default();
            if name.starts_with(".debug_") {
                let bytes = section.uncompressed_data().map_err(|error| error.to_string())?;
                image.debug_sections.push((name.to_owned(), bytes.into_owned()));
            }
        }
        if image.symbols.is_empty() || image.debug_section(".debug_info").is_empty() {
            return Err("it has no symbols or no debug information: build it with debug = 2".into());
        }
        Ok(image)
    }

    /// A section that the device does not have; empty if the file does not have it either.
    pub fn debug_section(&self, name: &str) -> &[u8] {
        let found = self.debug_sections.iter().find(|(found, _)| found == name);
        found.map_or(&[], |(_, bytes)| bytes)
    }

    /// Bytes of RAM that are taken before the stack.
    pub fn ram_bytes(&self) -> u64 {
        self.sections.iter().filter(|section| section.in_ram).map(|section| section.size).sum()
    }

    /// Bytes of flash.
    pub fn flash_bytes(&self) -> u64 {
        self.sections.iter().filter(|section| section.in_flash).map(|section| section.size).sum()
    }

    /// The sections with instructions.
    pub fn code(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.is_code && section.size > 0)
    }

    /// Whether a word of a table there may be an address.
    pub fn may_be_address(&self, place: u64) -> bool {
        self.relocated.as_ref().is_none_or(|places| places.contains(&place))
    }

    /// The variable of that name, whatever its module.
    pub fn variable(&self, name: &str) -> Option<&Symbol> {
        let last = |symbol: &Symbol| symbol.name.rsplit("::").next() == Some(name);
        self.symbols.iter().find(|symbol| !symbol.is_function && last(symbol))
    }
}

fn memory_section<'d>(section: &impl ObjectSection<'d>) -> Option<Section> {
    let SectionFlags::Elf { sh_flags } = section.flags() else { return None };
    if sh_flags & u64::from(SHF_ALLOC) == 0 || section.size() == 0 {
        return None;
    }
    let is_cleared = section.kind() == SectionKind::UninitializedData;
    let writes = sh_flags & u64::from(object::elf::SHF_WRITE) != 0;
    Some(Section {
        name: section.name().unwrap_or_default().to_owned(),
        address: section.address(),
        bytes: section.data().unwrap_or_default().to_vec(),
        size: section.size(),
        in_ram: writes,
        in_flash: !is_cleared,
        is_code: sh_flags & u64::from(SHF_EXECINSTR) != 0,
    })
}

/// Of what the device has in memory: debug information has addresses of its own.
fn relocated(file: &ElfFile32<'_>) -> Option<BTreeSet<u64>> {
    let sections = file.sections().filter(|section| memory_section(section).is_some());
    let places = sections.flat_map(|section| section.relocations().map(|(place, _)| place));
    Some(places.collect::<BTreeSet<u64>>()).filter(|places| !places.is_empty())
}

/// By the flags of the ARM ELF specification, 5.2.
fn has_floats(file: &ElfFile32<'_>) -> bool {
    let flags = file.elf_header().e_flags(file.endian());
    flags & object::elf::EF_ARM_ABI_FLOAT_HARD != 0
}

/// By the names that cortex-m-rt's script has for both ends.
fn stack_space(file: &ElfFile32<'_>) -> Option<u64> {
    let address = |name| file.symbol_by_name(name).map(|symbol| symbol.address());
    address("_stack_start")?.checked_sub(address("_stack_end")?)
}

fn named_symbol<'d>(symbol: &impl ObjectSymbol<'d>) -> Option<Symbol> {
    let SymbolFlags::Elf { st_info, .. } = symbol.flags() else { return None };
    let kind = st_info & 0xF;
    let is_function = kind == STT_FUNC;
    if !(is_function || kind == STT_OBJECT) || symbol.is_undefined() || symbol.size() == 0 {
        return None;
    }
    let raw_name = symbol.name().ok()?.to_owned();
    Some(Symbol {
        name: format!("{:#}", rustc_demangle::demangle(&raw_name)),
        raw_name,
        address: if is_function { symbol.address() & !1 } else { symbol.address() },
        size: symbol.size(),
        is_function,
    })
}

/// Mapping symbols of the ARM ELF specification, 5.5.5: `$t`, `$d`, also with something behind a dot.
fn mapping<'d>(symbol: &impl ObjectSymbol<'d>) -> Option<(u64, Content)> {
    let name = symbol.name().ok().filter(|_| symbol.kind() != SymbolKind::Section)?;
    match name.split('.').next()? {
        "$t" => Some((symbol.address(), Content::Code)),
        "$d" => Some((symbol.address(), Content::Data)),
        _ => None,
    }
}
