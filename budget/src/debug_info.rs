//! `DebugInfo`: what DWARF says of an image, as a tree with whole names.
//!
//! Contract: entries in the file's order, a parent before its children. Code ranges of functions that
//! the linker has thrown away are left out by whoever uses them: they lie outside of every section.

use std::collections::HashMap;

use gimli::{
    AttributeValue, DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian, Operation, Unit,
    UnitOffset,
};

use crate::image::Image;

type Reader<'d> = EndianSlice<'d, LittleEndian>;

/// What an entry is, as far as it matters here.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A struct, an enum, a union, a primitive.
    Type,
    /// An array.
    Array,
    /// How many elements the array above has.
    Subrange,
    /// A field.
    Member,
    /// The variants of an enum, or one of them.
    Variants,
    /// One variant.
    Variant,
    /// A function.
    Function,
    /// A function that was inlined into the one above.
    Inlined,
    /// A variable.
    Variable,
    /// Anything else.
    Other,
}

/// One entry.
#[derive(Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its name with the names above it: `a::b::Name<T>`.
    pub path: String,
    /// Its name alone.
    pub name: String,
    /// Number of the entry above it.
    pub parent: Option<usize>,
    /// Numbers of the entries below it.
    pub children: Vec<usize>,
    /// Bytes of a type; elements of a subrange; offset of a member.
    pub number: Option<u64>,
    /// Where a variable is.
    pub address: Option<u64>,
    /// Where a function's instructions are: begin and end.
    pub ranges: Vec<(u64, u64)>,
    type_offset: Option<usize>,
    origin_offset: Option<usize>,
}

/// The tree; see the [module](self).
#[derive(Debug, Default)]
pub struct DebugInfo {
    /// All entries.
    pub entries: Vec<Entry>,
    by_offset: HashMap<usize, usize>,
}

impl DebugInfo {
    /// Reads an image's.
    pub fn read(image: &Image) -> Result<Self, String> {
        Self::try_read(image).map_err(|error| format!("the debug information: {error}"))
    }

    fn try_read(image: &Image) -> gimli::Result<Self> {
        let dwarf = Dwarf::load(|section| {
            let bytes = image.debug_section(section.name());
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        })?;
        let mut info = Self::default();
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            info.read_unit(&dwarf, &dwarf.unit(header)?)?;
        }
        Ok(info)
    }

    fn read_unit<'d>(
        &mut self,
        dwarf: &Dwarf<Reader<'d>>,
        unit: &Unit<Reader<'d>>,
    ) -> gimli::Result<()> {
        let mut above: Vec<usize> = Vec::new();
        let mut depth = 0;
        let mut cursor = unit.entries();
        while let Some((delta, entry)) = cursor.next_dfs()? {
            depth += delta;
            above.truncate(depth.max(0) as usize);
            let parent = above.last().copied();
            let number = self.entries.len();
            let read = self.read_entry(dwarf, unit, entry, parent)?;
            self.by_offset.insert(global(unit, entry.offset()), number);
            self.entries.push(read);
            if let Some(parent) = parent {
                self.entries[parent].children.push(number);
            }
            above.push(number);
        }
        Ok(())
    }

    fn read_entry<'d>(
        &self,
        dwarf: &Dwarf<Reader<'d>>,
        unit: &Unit<Reader<'d>>,
        entry: &DebuggingInformationEntry<'_, '_, Reader<'d>>,
        parent: Option<usize>,
    ) -> gimli::Result<Entry> {
        let kind = kind_of(entry.tag());
        let name = match entry.attr_value(gimli::DW_AT_name)? {
            Some(value) => dwarf.attr_string(unit, value)?.to_string_lossy().into_owned(),
            None => String::new(),
        };
        let path = match parent.map(|parent| self.entries[parent].path.as_str()) {
            None => String::new(),
            Some(above) if above.is_empty() || name.is_empty() => format!("{above}{name}"),
            Some(above) => format!("{above}::{name}"),
        };
        let number_name = match kind {
            Kind::Subrange => gimli::DW_AT_count,
            Kind::Member => gimli::DW_AT_data_member_location,
            _ => gimli::DW_AT_byte_size,
        };
        let mut ranges = Vec::new();
        if matches!(kind, Kind::Function | Kind::Inlined) {
            let mut found = dwarf.die_ranges(unit, entry)?;
            while let Some(range) = found.next()? {
                ranges.push((range.begin, range.end));
            }
        }
        let origin = match entry.attr_value(gimli::DW_AT_abstract_origin)? {
            Some(value) => Some(value),
            None => entry.attr_value(gimli::DW_AT_specification)?,
        };
        Ok(Entry {
            kind,
            path,
            name,
            parent,
            children: Vec::new(),
            number: entry.attr_value(number_name)?.and_then(|value| value.udata_value()),
            address: address_of(unit, entry)?,
            ranges,
            type_offset: entry.attr_value(gimli::DW_AT_type)?.and_then(|v| reference(unit, &v)),
            origin_offset: origin.and_then(|value| reference(unit, &value)),
        })
    }

    /// The entry that describes the type of this one.
    pub fn type_of(&self, entry: &Entry) -> Option<usize> {
        self.by_offset.get(&entry.type_offset?).copied()
    }

    /// The path of a function, which another entry may have.
    pub fn function_path<'i>(&'i self, entry: &'i Entry) -> &'i str {
        let mut entry = entry;
        // An inlined copy names the function, which may name its declaration.
        for _ in 0..4 {
            let origin = entry.origin_offset.and_then(|offset| self.by_offset.get(&offset));
            let Some(origin) = origin else { break };
            entry = &self.entries[*origin];
        }
        &entry.path
    }

    /// Bytes of a type.
    pub fn size_of(&self, entry: usize) -> u64 {
        let entry = &self.entries[entry];
        match entry.kind {
            Kind::Array => {
                let element = self.type_of(entry).map_or(0, |element| self.size_of(element));
                element * self.elements_of(entry)
            }
            _ => entry.number.unwrap_or(0),
        }
    }

    /// Elements of an array.
    pub fn elements_of(&self, array: &Entry) -> u64 {
        let subranges = array.children.iter().map(|child| &self.entries[*child]);
        subranges
            .filter(|child| child.kind == Kind::Subrange)
            .filter_map(|child| child.number)
            .sum()
    }
}

fn kind_of(tag: gimli::DwTag) -> Kind {
    match tag {
        gimli::DW_TAG_structure_type
        | gimli::DW_TAG_union_type
        | gimli::DW_TAG_base_type
        | gimli::DW_TAG_enumeration_type
        | gimli::DW_TAG_pointer_type => Kind::Type,
        gimli::DW_TAG_array_type => Kind::Array,
        gimli::DW_TAG_subrange_type => Kind::Subrange,
        gimli::DW_TAG_member => Kind::Member,
        gimli::DW_TAG_variant_part => Kind::Variants,
        gimli::DW_TAG_variant => Kind::Variant,
        gimli::DW_TAG_subprogram => Kind::Function,
        gimli::DW_TAG_inlined_subroutine => Kind::Inlined,
        gimli::DW_TAG_variable => Kind::Variable,
        _ => Kind::Other,
    }
}

fn global(unit: &Unit<Reader<'_>>, offset: UnitOffset) -> usize {
    offset.to_debug_info_offset(&unit.header).map_or(usize::MAX, |offset| offset.0)
}

fn reference(unit: &Unit<Reader<'_>>, value: &AttributeValue<Reader<'_>>) -> Option<usize> {
    match value {
        AttributeValue::UnitRef(offset) => Some(global(unit, *offset)),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}

/// The address of a variable that is whole and at one place.
fn address_of(
    unit: &Unit<Reader<'_>>,
    entry: &DebuggingInformationEntry<'_, '_, Reader<'_>>,
) -> gimli::Result<Option<u64>> {
    if entry.tag() != gimli::DW_TAG_variable {
        return Ok(None);
    }
    let Some(AttributeValue::Exprloc(expression)) = entry.attr_value(gimli::DW_AT_location)? else {
        return Ok(None);
    };
    let mut operations = expression.operations(unit.encoding());
    let first = operations.next()?;
    let is_alone = operations.next()?.is_none();
    Ok(match first {
        Some(Operation::Address { address }) if is_alone => Some(address),
        _ => None,
    })
}
