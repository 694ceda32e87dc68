//! Rules for Markdown: what it points to is there.

use super::{Complaints, File, Tree};

/// Links to files of the repository; those to the web and within the page are not looked at.
pub(super) fn broken_link(tree: &Tree, file: &File) -> Complaints {
    let lines = prose(file);
    let links = lines.flat_map(|(number, line)| link_targets(line).map(move |to| (number, to)));
    links
        .filter(|(_, target)| !is_there(tree, &file.path, target))
        .map(|(number, target)| (number, format!("`{target}` is not there")))
        .collect()
}

/// `cargo xtask X` is a command. Examples in code blocks count too.
pub(super) fn unknown_command(tree: &Tree, file: &File) -> Complaints {
    if !is_markdown(file) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for mention in line.split("cargo xtask ").skip(1) {
            let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
            let end = mention.find(|c| !is_name(c)).unwrap_or(mention.len());
            let name = &mention[..end];
            let is_known = tree.commands.contains(&name);
            if !name.is_empty() && !is_known {
                found.push((number, format!("there is no `cargo xtask {name}`")));
            }
        }
    }
    found
}

fn is_markdown(file: &File) -> bool {
    file.path.ends_with(".md")
}

/// The lines outside of code blocks, from 1.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let text = if is_markdown(file) { file.text.as_str() } else { "" };
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// What a line's `[text](target)` links lead to.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| rest.split([')', ' ']).next()).filter(|target| !target.is_empty())
}

fn is_there(tree: &Tree, from: &str, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains(':') {
        return true;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let wanted = resolve(folder, path);
    let folder_of_others = format!("{wanted}/");
    tree.paths.contains(&wanted)
        || wanted.is_empty()
        || tree.paths.iter().any(|path| path.starts_with(&folder_of_others))
}

/// `path`, seen from `folder`, as git names it.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') { "" } else { folder };
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::findings_in;

    fn found(text: &str) -> Vec<String> {
        findings_in(&[("docs/a.md", text), ("docs/b.md", ""), ("c/d.txt", "")])
    }

    #[test]
    fn links_to_files_and_folders_hold() {
        let good =
            "[b](b.md) [b](./b.md#part) [d](../c/d.txt) [c](../c/) [root](..) [web](https://x.y/z)";
        assert_eq!(found(good), [""; 0]);
        assert_eq!(found("[here](#part)\n\n```\n[no](link.md)\n```\n"), [""; 0]);
        assert_eq!(found("one\n[gone](gone.md)\n"), ["docs/a.md:2: broken-link"]);
        assert_eq!(found("[b](../b.md)"), ["docs/a.md:1: broken-link"]);
    }

    #[test]
    fn commands_that_are_mentioned_exist() {
        assert_eq!(found("`cargo xtask`, `cargo xtask test fmt`, `cargo xtask …`"), [""; 0]);
        let unknown = concat!("`cargo", " xtask fly`");
        assert_eq!(found(unknown), ["docs/a.md:1: unknown-command"]);
    }
}
