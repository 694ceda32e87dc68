//! What of a wasm module does not depend on the folder that it was built in.
//!
//! Cargo's names for crates outside of a workspace have the folder in them, and the linker sorts functions by name:
//! so the same sources give the same functions in another order, and numbers of functions that differ.
//!
//! Contract: two modules have one [`shape`] if all of their sections are as long, and their functions and pieces of
//! data are as long each, in whatever order. What is no module has none.

/// The number of the section with functions' bodies, and of that with data.
const CODE: u8 = 10;
const DATA: u8 = 11;
const HEADER_BYTES: usize = 8;

/// Sections by number and length, and the lengths of functions in order.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    sections: Vec<(u8, usize)>,
    functions: Vec<usize>,
}

/// The shape of a module.
pub(crate) fn shape(module: &[u8]) -> Option<Shape> {
    let mut rest = module.get(HEADER_BYTES..)?;
    let (mut sections, mut functions) = (Vec::new(), Vec::new());
    while let Some((&number, behind)) = rest.split_first() {
        let (bytes, behind) = number_of(behind)?;
        let (section, next) = behind.split_at_checked(bytes)?;
        sections.push((number, bytes));
        if number == CODE {
            functions = lengths(section)?;
        }
        rest = next;
    }
    functions.sort_unstable();
    let has_both = [CODE, DATA].iter().all(|wanted| sections.iter().any(|(it, _)| it == wanted));
    has_both.then_some(Shape { sections, functions })
}

/// The lengths of what a section counts.
fn lengths(section: &[u8]) -> Option<Vec<usize>> {
    let (count, mut rest) = number_of(section)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (bytes, behind) = number_of(rest)?;
        rest = behind.get(bytes..)?;
        found.push(bytes);
    }
    Some(found)
}

/// A varint, and what is behind it.
fn number_of(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7F) << (7 * place);
        if *byte < 0x80 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with these functions, and three bytes of data.
    fn module(functions: &[&[u8]]) -> Vec<u8> {
        let mut code = vec![functions.len() as u8];
        for body in functions {
            code.push(body.len() as u8);
            code.extend(*body);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for (number, section) in [(CODE, code), (DATA, vec![1, 2, 3])] {
            module.extend([number, section.len() as u8]);
            module.extend(section);
        }
        module
    }

    #[test]
    fn another_order_is_the_same_shape_and_another_length_is_not() {
        let one = shape(&module(&[b"ab", b"c"]));
        assert!(one.is_some());
        assert_eq!(one, shape(&module(&[b"d", b"ab"])));
        assert_ne!(one, shape(&module(&[b"abc", b""])));
        assert_ne!(one, shape(&module(&[b"ab"])));
        assert_eq!(shape(b"\0asm\x01\0\0\0"), None);
        assert_eq!(shape(&module(&[b"ab"])[..12]), None);
    }
}
