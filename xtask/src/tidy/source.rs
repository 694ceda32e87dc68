//! How a Rust file reads: what is code, what is test code, where functions are.
//!
//! Contract: the code has the same lines as the text; strings, characters and comments are blank in
//! it, so that searching it finds code alone. A file that does not parse gives a guess, not an error:
//! the compiler is the one to complain.

/// What the rules need to know of a Rust file.
pub(super) struct Source {
    /// The text with everything but code blanked out, by lines.
    pub(super) code: Vec<String>,
    /// Which lines belong to tests.
    pub(super) is_test: Vec<bool>,
    /// Modules that are declared here, for tests, with their body in another file.
    pub(super) test_modules: Vec<String>,
    pub(super) functions: Vec<Function>,
}

/// One function with a body.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// Lines between its braces.
    pub(super) body_lines: usize,
}

impl Source {
    pub(super) fn parse(text: &str) -> Self {
        let code = blank_all_but_code(text);
        let mut source = Self {
            is_test: vec![false; code.lines().count()],
            code: code.lines().map(str::to_string).collect(),
            test_modules: Vec::new(),
            functions: functions(&code),
        };
        source.find_test_modules(&code);
        source
    }

    pub(super) fn mark_all_as_test(&mut self) {
        self.is_test.fill(true);
    }

    fn find_test_modules(&mut self, code: &str) {
        for (start, attribute) in code.match_indices("#[cfg(test)]") {
            let behind = start + attribute.len();
            let Some((head, declared)) = code[behind..].split_once("mod ") else { continue };
            if head.contains([';', '{', '}']) {
                continue; // The attribute is another item's; the module comes later.
            }
            let body = code.len() - declared.len() + declared.find(['{', ';']).unwrap_or(0);
            if code[body..].starts_with('{') {
                let lines = line_of(code, start)..=line_of(code, block_end(code, body));
                lines.for_each(|line| self.is_test[line - 1] = true);
            } else {
                self.test_modules.push(declared.chars().take_while(|c| is_word(*c)).collect());
            }
        }
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line of a byte, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text[..byte].matches('\n').count()
}

/// The byte of the brace that closes the one at `open`, or the last byte.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (byte, c) in code[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + byte;
        }
    }
    code.len().saturating_sub(1)
}

fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, keyword) in code.match_indices("fn ") {
        let name: String = code[at + keyword.len()..].chars().take_while(|c| is_word(*c)).collect();
        let is_inside_word = code[..at].ends_with(is_word);
        if name.is_empty() || is_inside_word {
            continue;
        }
        if let Some(open) = body_start(code, at) {
            let lines = line_of(code, block_end(code, open)) - line_of(code, open);
            let body_lines = lines.saturating_sub(1);
            found.push(Function { name, line: line_of(code, at), body_lines });
        }
    }
    found
}

/// The brace that opens the body of the function at `at`; `None` if it has none.
fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut byte = at;
    loop {
        byte += code[byte..].find(['{', ';', '['])?;
        match code.as_bytes()[byte] {
            b'{' if !is_const_argument(&code[at..byte]) => return Some(byte),
            b'{' => byte = block_end(code, byte),
            // The length of an array is behind a semicolon too.
            b'[' => byte += code[byte..].find(']')?,
            _ => return None,
        }
        byte += 1;
    }
}

/// Whether the brace behind `signature` belongs to a const generic, as in `Array<{ N + 1 }>`.
fn is_const_argument(signature: &str) -> bool {
    let arrows = signature.matches("->").count();
    signature.matches('<').count() > signature.matches('>').count() - arrows
}

/// The text, with spaces for everything that is not code. Lines stay where they are.
fn blank_all_but_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = not_code(rest, code.chars().next_back());
        let taken = if skipped > 0 { skipped } else { c.len_utf8() };
        let (part, after) = rest.split_at(taken);
        if skipped > 0 {
            code.extend(part.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            code.push(c);
        }
        rest = after;
    }
    code
}

/// Bytes of the comment, string or character that `rest` begins with; 0 if it is code.
fn not_code(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(inside) = rest.strip_prefix('"') {
        return 1 + quoted(inside, '"');
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        return character(inside).map_or(0, |bytes| 1 + bytes);
    }
    if before.is_some_and(is_word) { 0 } else { raw_string(rest) }
}

/// Comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut byte = 0;
    while byte < rest.len() {
        let ends = rest[byte..].starts_with("*/");
        depth += i32::from(rest[byte..].starts_with("/*")) - i32::from(ends);
        let is_mark = ends || rest[byte..].starts_with("/*");
        byte += if is_mark { 2 } else { rest[byte..].chars().next().map_or(1, char::len_utf8) };
        if depth == 0 {
            return byte;
        }
    }
    rest.len()
}

/// Bytes up to the closing `quote`, with it; a backslash hides what is behind it.
fn quoted(inside: &str, quote: char) -> usize {
    let mut is_hidden = false;
    for (byte, c) in inside.char_indices() {
        if !is_hidden && c == quote {
            return byte + c.len_utf8();
        }
        is_hidden = !is_hidden && c == '\\';
    }
    inside.len()
}

/// Bytes of a character behind its first quote; `None` if it is a lifetime.
fn character(inside: &str) -> Option<usize> {
    let mut chars = inside.chars();
    let first = chars.next()?;
    if first == '\\' || chars.next() == Some('\'') { Some(quoted(inside, '\'')) } else { None }
}

/// Bytes of a raw string, `r"…"` or `br#"…"#`; 0 if it is none. The letters before an ordinary
/// string are left as code.
fn raw_string(rest: &str) -> usize {
    let letters = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let Some(fence) = letters.strip_prefix('r') else { return 0 };
    let marks = fence.len() - fence.trim_start_matches('#').len();
    let Some(inside) = fence[marks..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(marks));
    let before = rest.len() - inside.len();
    inside.find(&end).map_or(rest.len(), |byte| before + byte + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        blank_all_but_code(text)
    }

    fn words(text: &str) -> Vec<String> {
        let code = code(text);
        assert_eq!(code.chars().count(), text.chars().count());
        assert_eq!(code.lines().count(), text.lines().count());
        code.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn comments_are_blank_and_lines_stay() {
        assert_eq!(words("a // b\nc"), ["a", "c"]);
        assert_eq!(words("a /* b /* c\n */ d */ e"), ["a", "e"]);
    }

    #[test]
    fn strings_and_characters_are_blank() {
        assert_eq!(words(r#"("a{\"b", 'c', '\'', b'{')"#), ["(", ",", ",", ",", "b", ")"]);
        assert_eq!(words("r#\"a\"{\"# + br\"{\" + for\"{\""), ["+", "+", "for"]);
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    }

    fn lengths(text: &str) -> Vec<(String, usize, usize)> {
        let found = functions(&code(text)).into_iter();
        found.map(|function| (function.name, function.line, function.body_lines)).collect()
    }

    #[test]
    fn bodies_are_counted_between_their_braces() {
        let text = "fn one() {}\n\nfn three() {\n    // {\n    let _ = '}';\n    \"}\";\n}\n";
        assert_eq!(lengths(text), [("one".into(), 1, 0), ("three".into(), 3, 3)]);
    }

    #[test]
    fn signatures_of_all_kinds_find_their_body() {
        assert_eq!(lengths("trait T { fn f(&self) -> [u8; 4]; }"), []);
        assert_eq!(lengths("fn f(a: [u8; 4]) -> Array<{ N + 1 }>\n{\n1\n}"), [("f".into(), 1, 1)]);
        assert_eq!(
            lengths("fn f<F>(f: F)\nwhere\n    F: fn(u8),\n{\n1\n2\n}"),
            [("f".into(), 1, 2)]
        );
        assert_eq!(lengths("struct S { call: fn (u8) }"), []);
    }

    #[test]
    fn a_test_module_s_lines_are_tests() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let source = Source::parse(text);
        assert_eq!(source.is_test, [false, true, true, true, true, false]);
    }

    #[test]
    fn test_modules_in_other_files_are_named() {
        let text = "#[cfg(test)]\nmod golden;\n#[cfg(test)]\nextern crate std;\nmod rest;\n\
                    #[cfg(test)]\n#[rustfmt::skip]\npub(crate) mod testing;\n";
        let source = Source::parse(text);
        assert_eq!(source.test_modules, ["golden", "testing"]);
        assert!(source.is_test.iter().all(|is_test| !is_test));
    }
}
