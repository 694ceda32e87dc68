//! What a file of a crate names: the file in which each name of it was made.
//!
//! Contract: a path in code leads through folders to a file, and from there through whatever that file hands on
//! (`use`, public or not) to the one that has the thing itself. A module is no thing; what is named in it is. What a
//! file only hands on, it does not name. Tests are not looked at.
//!
//! Bounds: methods are not followed, nor what macros make, nor links of documentation.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use super::rust::children_folder;
use super::source::{Source, is_word};

/// Uses that lead from one to the next, at most.
const HOPS_MAX: usize = 16;

pub(super) type Path = Vec<String>;

/// The files of one crate's sources, by their modules.
pub(super) struct Crate {
    rooms: BTreeMap<Path, Room>,
}

/// One file, as far as its names go.
struct Room {
    path: String,
    /// Its code without tests and without uses.
    code: String,
    uses: Vec<Use>,
}

/// One name that a `use` brings in: `*` for all of them.
struct Use {
    name: String,
    path: Path,
    is_public: bool,
}

impl Crate {
    /// The crate of these files, without those that are no sources.
    pub(super) fn of<'f>(files: impl Iterator<Item = &'f File>) -> Self {
        let rooms = files.filter_map(|file| {
            let source = file.source.as_ref()?;
            Some((module_of(&file.path)?, Room::read(file.path.clone(), source)))
        });
        Self { rooms: rooms.collect() }
    }

    /// Each file, and the others that it names.
    pub(super) fn names(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let rooms = self.rooms.iter();
        rooms.map(|(module, room)| (room.path.as_str(), self.named_in(module, room))).collect()
    }

    fn named_in(&self, module: &Path, room: &Room) -> BTreeSet<&str> {
        let uses = room.uses.iter().filter(|it| !it.is_public).map(|it| it.path.clone());
        let found = uses.chain(paths_in(&room.code));
        let found = found.flat_map(|path| self.made_in(module, &path, HOPS_MAX));
        found.filter(|path| *path != room.path).collect()
    }

    /// The files that have what a path leads to, seen from a module: several if features choose between them, and
    /// none for a module, and for what is not here.
    fn made_in(&self, module: &Path, path: &[String], hops: usize) -> Vec<&str> {
        let Some(hops) = hops.checked_sub(1) else { return Vec::new() };
        let Some((mut at, mut rest)) = self.start(module, path) else {
            return self.handed_on(module, path, hops);
        };
        while let [word, behind @ ..] = rest {
            let inside: Path = at.iter().chain([word]).cloned().collect();
            if !self.rooms.contains_key(&inside) {
                let found = self.handed_on(&at, rest, hops);
                let own = self.rooms.get(&at).filter(|_| found.is_empty());
                return found.into_iter().chain(own.map(|room| room.path.as_str())).collect();
            }
            (at, rest) = (inside, behind);
        }
        Vec::new()
    }

    /// The module that a path begins at, and the rest of the path; `None` if it begins with a name.
    fn start<'p>(&self, module: &Path, path: &'p [String]) -> Option<(Path, &'p [String])> {
        let first = path.first()?;
        let ups = path.iter().take_while(|word| *word == "super").count();
        let inside: Path = module.iter().chain([first]).cloned().collect();
        match first.as_str() {
            "crate" => Some((Path::new(), &path[1..])),
            "self" => Some((module.clone(), &path[1..])),
            "super" => Some((module.get(..module.len().checked_sub(ups)?)?.to_vec(), &path[ups..])),
            _ => self.rooms.contains_key(&inside).then(|| (inside, &path[1..])),
        }
    }

    /// The files that have the first of a path, as far as the module has it by a use.
    fn handed_on(&self, module: &Path, path: &[String], hops: usize) -> Vec<&str> {
        let (Some(room), [name, rest @ ..]) = (self.rooms.get(module), path) else {
            return Vec::new();
        };
        let brought = room.uses.iter().filter(|it| it.name == *name && it.path != path);
        let by_name = brought.flat_map(|it| self.made_in(module, &[&it.path, rest].concat(), hops));
        let globs = room.uses.iter().filter(|it| it.name == "*");
        let by_glob = globs.flat_map(|it| {
            let found = self.made_in(module, &[&it.path, path].concat(), hops);
            found.into_iter().filter(|path| self.makes(path, name))
        });
        by_name.chain(by_glob).collect()
    }

    /// Whether a file has an item of this name.
    fn makes(&self, path: &str, name: &str) -> bool {
        const ITEMS: [&str; 9] =
            ["struct", "enum", "trait", "union", "fn", "const", "static", "type", "macro_rules!"];
        let room = self.rooms.values().find(|room| room.path == path);
        room.is_some_and(|Room { code, .. }| {
            ITEMS.iter().any(|item| {
                let item = format!("{item} {name}");
                code.match_indices(&item)
                    .any(|(at, item)| !code[at + item.len()..].starts_with(is_word))
            })
        })
    }
}

impl Room {
    fn read(path: String, source: &Source) -> Self {
        let lines = source.code.iter().zip(&source.is_test).filter(|(_, is_test)| !**is_test);
        let mut code: String = lines.map(|(line, _)| line.clone() + "\n").collect();
        let mut uses = Vec::new();
        while let Some((start, end)) = next_use(&code) {
            let before = code[..start].trim_end();
            let is_public = before.ends_with("pub") || before.ends_with(')');
            if !before.ends_with("#[cfg(doc)]") {
                expand(&code[start + "use ".len()..end], &mut Path::new(), is_public, &mut uses);
            }
            code.replace_range(start..end, "");
        }
        Self { path, code, uses }
    }
}

/// The module of a file of a crate's sources.
pub(super) fn module_of(path: &str) -> Option<Path> {
    let root = path.find("src/")? + "src/".len();
    let folder = children_folder(path);
    let inside = folder.get(root..)?;
    Some(inside.split_terminator('/').map(str::to_owned).collect())
}

/// Where a `use` begins, and its semicolon.
fn next_use(code: &str) -> Option<(usize, usize)> {
    let starts = code.match_indices("use ").map(|(at, _)| at);
    let start = starts.into_iter().find(|at| !code[..*at].ends_with(is_word))?;
    Some((start, start + code[start..].find(';')?))
}

/// The names of a tree of uses; answers with what is behind it.
fn expand<'c>(code: &'c str, before: &mut Path, is_public: bool, uses: &mut Vec<Use>) -> &'c str {
    let (word, mut rest) = first_word(code);
    before.push(word.to_owned());
    if let Some(behind) = rest.strip_prefix("::") {
        rest = match behind.strip_prefix('{') {
            Some(list) => expand_list(list, before, is_public, uses),
            None => expand(behind, before, is_public, uses),
        };
    } else {
        let mut path = before.clone();
        if matches!(word, "self" | "*") && path.len() > 1 {
            path.pop();
        }
        let (keyword, behind) = first_word(rest);
        let mut name = if word == "*" { word } else { path.last().map_or("", |word| word) };
        if keyword == "as" {
            (name, rest) = first_word(behind);
        }
        uses.push(Use { name: name.to_owned(), path: path.clone(), is_public });
    }
    before.pop();
    rest
}

fn expand_list<'c>(
    mut code: &'c str,
    before: &mut Path,
    is_public: bool,
    uses: &mut Vec<Use>,
) -> &'c str {
    loop {
        code = code.trim_start();
        match code.chars().next() {
            None => return code,
            Some('}') => return &code[1..],
            Some(',') => code = &code[1..],
            Some(_) => code = expand(code, before, is_public, uses),
        }
    }
}

/// The word or the one sign that comes first, and what is behind it.
fn first_word(code: &str) -> (&str, &str) {
    let code = code.trim_start();
    let sign = code.chars().next().map_or(0, char::len_utf8);
    code.split_at(code.find(|c| !is_word(c)).unwrap_or(code.len()).max(sign))
}

/// Every path in code, of one word or more.
fn paths_in(code: &str) -> impl Iterator<Item = Path> {
    let words = code.split(|c: char| !is_word(c) && c != ':').map(|path| path.trim_matches(':'));
    let paths = words.filter(|path| path.starts_with(is_word));
    paths.map(|path| path.split("::").map(str::to_owned).collect())
}
