//! Habits that a reader counts on: telling names, files one can hold in one's head, nothing put off.

mod repository;

/// Names that say nothing about what is inside, and so attract everything.
const VAGUE: [&str; 7] = ["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// Beyond this a file has more than one idea.
const MOST_LINES: usize = 500;

/// What we write by hand.
const SOURCES: [&str; 9] = ["css", "html", "js", "md", "mjs", "rs", "sql", "toml", "ts"];

/// Marks of work put off, and of tests that do not run. Split, so that this file has none of them.
const POSTPONED: [&str; 9] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("test", ".skip("),
    concat!("test", ".only("),
    concat!("test", ".fixme("),
    concat!("describe", ".only("),
];

#[test]
fn no_file_has_a_vague_name() {
    let vague: Vec<String> =
        repository::files().into_iter().filter(|file| is_vague(file)).collect();
    assert!(vague.is_empty(), "name these after what they do: {}", vague.join(", "));
    assert!(is_vague("crates/engine/src/utils.rs") && is_vague("src/common/mod.rs"));
    assert!(!is_vague("src/command.rs"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut long = Vec::new();
    for (file, text) in repository::texts(&["css", "js", "mjs", "rs", "ts"]) {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{file} has {lines} lines, more than {MOST_LINES}"));
        }
    }
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn nothing_is_put_off() {
    let mut marked = Vec::new();
    for (file, text) in repository::texts(&SOURCES) {
        for (index, line) in text.lines().enumerate() {
            if let Some(mark) = POSTPONED.iter().find(|mark| line.contains(*mark)) {
                marked.push(format!("{file}:{}: {mark}", index + 1));
            }
        }
    }
    assert!(marked.is_empty(), "do it, drop it, or open an issue:\n{}\n", marked.join("\n"));
}

/// Whether a folder or file of the path is called by a vague name, whatever its extension.
fn is_vague(path: &str) -> bool {
    path.split('/').any(|part| VAGUE.contains(&part.split('.').next().unwrap_or(part)))
}
