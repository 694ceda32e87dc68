//! The deepest that the stack can be, from the image's instructions.
//!
//! Purpose: a bound that holds whatever a test has run, beside what a test has measured.
//!
//! Contract: frames and direct calls are exact or too large. A call through a register goes to the
//! functions that `budget.toml` names for its caller; any other one to the deepest function whose
//! address the image has, of which a further call through a register is a gap. Gaps are named, as are
//! recursion and frames of unknown size; with them it is an estimate, and without them a bound. What the
//! compiler has cut out of several functions calls for each of them, so its calls through registers are theirs.
//! Interrupts do not interrupt each other: the deepest handler comes on top, with what the processor
//! saves.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::image::{Image, Symbol};
use crate::settings::PointerCall;
use crate::thumb::{self, Frame};

/// What the processor saves for an interrupt: eight registers, and a word to align the stack.
const EXCEPTION_BYTES: u64 = 8 * 4 + 4;
/// And where there are registers for floats: sixteen of them, their status, and a word (ARM DDI 0403, B1.5.7).
const FLOATS_BYTES: u64 = 18 * 4;

/// One function of the deepest chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub function: String,
    /// Bytes of its frame.
    pub bytes: u64,
}

/// A stack's depth.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Depth {
    /// Bytes.
    pub bytes: u64,
    /// The functions that add up to them.
    pub chain: Vec<Step>,
}

/// A stack that lies in a variable for a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Borrowed {
    /// The variable.
    pub variable: String,
    /// Its bytes.
    pub bytes: u64,
    /// What the functions on it need, with an interrupt on top.
    pub depth: Depth,
}

/// What is known of an image's stacks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Stack {
    /// The program's, without interrupts.
    pub program: Depth,
    /// The deepest interrupt handler's, with what the processor saves.
    pub interrupt: Depth,
    /// Stacks in variables.
    pub borrowed: Vec<Borrowed>,
    /// What the depth does not know.
    pub gaps: Vec<String>,
}

impl Stack {
    /// Bytes of the program and an interrupt on top.
    pub fn bytes(&self) -> u64 {
        self.program.bytes + self.interrupt.bytes
    }

    /// Reads an image's stacks.
    pub fn of(image: &Image, pointer_calls: &[PointerCall]) -> Result<Self, String> {
        let graph = Graph::new(image, pointer_calls);
        let mut walk = Walk { graph: &graph, known: BTreeMap::new(), gaps: BTreeSet::new() };
        let reset = graph.named("Reset").next().ok_or("the image has no function `Reset`")?;
        let program = walk.depth(reset, Reach::Program);
        let handlers = graph.vectors(image).into_iter().filter(|handler| *handler != reset);
        let handlers = handlers.map(|handler| walk.depth(handler, Reach::Program));
        let mut interrupt = handlers.max_by_key(|depth| depth.bytes).unwrap_or_default();
        interrupt.bytes += EXCEPTION_BYTES + if image.has_floats { FLOATS_BYTES } else { 0 };
        let mut borrowed = Vec::new();
        for call in pointer_calls {
            let Some(name) = &call.stack_in else { continue };
            // A role without that variable does not call either.
            let Some(variable) = image.variable(name) else { continue };
            for function in graph.named(&call.to) {
                let mut depth = walk.depth(function, Reach::Program);
                depth.bytes += interrupt.bytes;
                borrowed.push(Borrowed { variable: name.clone(), bytes: variable.size, depth });
            }
        }
        Ok(Self { program, interrupt, borrowed, gaps: walk.gaps.into_iter().collect() })
    }
}

struct Function<'i> {
    symbol: &'i Symbol,
    frame: Frame,
}

struct Graph<'i> {
    functions: BTreeMap<u64, Function<'i>>,
    /// Functions whose address is somewhere in the image, other than those that are named to be called.
    pointed: Vec<u64>,
    pointer_calls: &'i [PointerCall],
}

impl<'i> Graph<'i> {
    fn new(image: &'i Image, pointer_calls: &'i [PointerCall]) -> Self {
        let mut functions = BTreeMap::new();
        for symbol in image.symbols.iter().filter(|symbol| symbol.is_function) {
            let scanned = || Function { symbol, frame: thumb::scan(image, symbol) };
            functions.entry(symbol.address).or_insert_with(scanned);
        }
        give_back_outlined_calls(&mut functions);
        let mut graph = Self { functions, pointed: Vec::new(), pointer_calls };
        let table = graph.vectors(image);
        let is_named = |name: &str| pointer_calls.iter().any(|call| matches(name, &call.to));
        let pointed = graph.addresses(image);
        graph.pointed = pointed
            .into_iter()
            .filter(|address| !table.contains(address))
            .filter(|address| !is_named(&graph.functions[address].symbol.name))
            .collect();
        graph
    }

    fn named<'g>(&'g self, pattern: &'g str) -> impl Iterator<Item = u64> + 'g {
        let functions = self.functions.iter();
        functions.filter(|(_, f)| matches(&f.symbol.name, pattern)).map(|(address, _)| *address)
    }

    /// Functions whose address, with the bit that says Thumb, is a constant of the image.
    fn addresses(&self, image: &Image) -> BTreeSet<u64> {
        let tables = image.sections.iter().filter(|section| !section.is_code);
        let words = tables.flat_map(|section| {
            let places = (section.address..).step_by(WORD_BYTES);
            let words = places.zip(words_of(&section.bytes));
            words.filter(|(place, _)| image.may_be_address(*place)).map(|(_, word)| word)
        });
        let constants = self.functions.values().flat_map(|f| f.frame.constants.iter().copied());
        words.chain(constants).filter_map(|number| self.pointed_at(number)).collect()
    }

    fn pointed_at(&self, number: u64) -> Option<u64> {
        let address = (number & 1 == 1).then_some(number & !1)?;
        self.functions.contains_key(&address).then_some(address)
    }

    /// The functions of the vector table: the start and the interrupts' handlers.
    fn vectors(&self, image: &Image) -> BTreeSet<u64> {
        let table = image.sections.iter().find(|section| section.name == ".vector_table");
        let words = table.into_iter().flat_map(|section| words_of(&section.bytes));
        words.filter_map(|number| self.pointed_at(number)).collect()
    }
}

/// How the compiler names what it has cut out of functions.
const OUTLINED: &str = "OUTLINED_FUNCTION_";

/// Of what takes no stack of its own: it is as deep in its callers as in itself.
fn give_back_outlined_calls(functions: &mut BTreeMap<u64, Function<'_>>) {
    let is_outlined = |f: &Function<'_>| f.symbol.name.starts_with(OUTLINED) && f.frame.bytes == 0;
    let outlined = functions.iter_mut().filter(|(_, f)| is_outlined(f));
    let calls: BTreeMap<u64, u32> = outlined
        .map(|(address, f)| (*address, core::mem::take(&mut f.frame.indirect_calls)))
        .collect();
    for function in functions.values_mut() {
        let given_back = function.frame.calls.iter().filter_map(|callee| calls.get(callee));
        function.frame.indirect_calls += given_back.sum::<u32>();
    }
}

const WORD_BYTES: usize = 4;

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .chunks_exact(WORD_BYTES)
        .map(|word| u64::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
}

/// Whether a function's name has this one in it; without generics in between, as the linker has it.
fn matches(name: &str, pattern: &str) -> bool {
    name == pattern || (pattern.contains("::") && name.contains(pattern))
}

/// How far calls through registers are followed.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// They are.
    Program,
    /// They have led here, and are a gap from here on.
    Pointed,
}

struct Walk<'g, 'i> {
    graph: &'g Graph<'i>,
    /// `None` while a function is being looked at.
    known: BTreeMap<(u64, Reach), Option<Depth>>,
    gaps: BTreeSet<String>,
}

impl Walk<'_, '_> {
    fn depth(&mut self, address: u64, reach: Reach) -> Depth {
        let graph = self.graph;
        let Some(function) = graph.functions.get(&address) else {
            self.gaps.insert(format!("a call to {address:#x}, where no function begins"));
            return Depth::default();
        };
        match self.known.get(&(address, reach)) {
            Some(Some(depth)) => return depth.clone(),
            Some(None) => {
                self.gaps.insert(format!("recursion through {}", function.symbol.name));
                return Depth::default();
            }
            None => {}
        }
        self.known.insert((address, reach), None);
        if function.frame.is_unbounded {
            self.gaps.insert(format!("a frame of unknown size in {}", function.symbol.name));
        }
        let callees = self.callees(function, reach);
        let below = callees.into_iter().map(|(address, reach)| self.depth(address, reach));
        let mut depth = below.max_by_key(|depth| depth.bytes).unwrap_or_default();
        depth.bytes += function.frame.bytes;
        let step = Step { function: function.symbol.name.clone(), bytes: function.frame.bytes };
        depth.chain.insert(0, step);
        self.known.insert((address, reach), Some(depth.clone()));
        depth
    }

    fn callees(&mut self, function: &Function<'_>, reach: Reach) -> Vec<(u64, Reach)> {
        let direct = function.frame.calls.iter().map(|callee| (*callee, reach));
        let mut callees: Vec<(u64, Reach)> = direct.collect();
        if function.frame.indirect_calls == 0 {
            return callees;
        }
        let (name, calls) = (&function.symbol.name, self.graph.pointer_calls);
        let named: Vec<&PointerCall> =
            calls.iter().filter(|call| matches(name, &call.from)).collect();
        // An image has those of its features alone.
        if named.iter().all(|call| self.graph.named(&call.to).next().is_none()) {
            let none_of = named.iter().map(|call| format!("`{}`", call.to));
            self.gaps.extend(none_of.map(|to| format!("{name} calls {to}, and there is none")));
        }
        for call in &named {
            // What has a stack of its own is not on this one.
            if call.stack_in.is_none() {
                callees.extend(self.graph.named(&call.to).map(|callee| (callee, Reach::Program)));
            }
        }
        if named.is_empty() && reach == Reach::Program {
            let pointed = self.graph.pointed.iter();
            callees.extend(pointed.map(|callee| (*callee, Reach::Pointed)));
        } else if named.is_empty() {
            self.gaps.insert(format!("a call through a register in {name}, itself called so"));
        }
        callees
    }
}
