//! Documents name only what exists: every path and every link in README.md and docs/.

mod repository;

use std::path::Path;

/// Folders that are made by the tools: documents may name what will be in them.
const MADE: [&str; 4] = ["dist", "target", "node_modules", ".data"];

/// A code span that ends like this is a file of ours, even if its folder is unknown.
const SOURCES: [&str; 10] =
    [".css", ".html", ".json", ".md", ".mjs", ".rs", ".sh", ".sql", ".toml", ".ts"];

#[test]
fn every_path_and_link_of_the_documents_leads_somewhere() {
    let files = repository::files();
    let mut dead = Vec::new();
    for (document, text) in documents() {
        let prose = without_fences(&text);
        for link in links(&prose) {
            if !link_exists(&document, link, &files) {
                dead.push(format!("{document}: the link ({link}) leads nowhere"));
            }
        }
        for span in code_spans(&prose).filter(|span| is_path(span, &files)) {
            if !path_exists(&document, span, &files) {
                dead.push(format!("{document}: `{span}` does not exist"));
            }
        }
    }
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

#[test]
fn paths_are_told_from_other_code() {
    let files = ["crates/engine/src/lib.rs".to_owned()];
    assert!(is_path("crates/engine", &files));
    assert!(is_path("www/gone.ts", &files));
    for code in
        ["application/json", "/demo/session", "npm start", "dist/widget", "a/b/<hash>.js", "1/2"]
    {
        assert!(!is_path(code, &files), "{code}");
    }
    assert!(path_exists("docs/a.md", "crates/engine/src/", &files));
    assert!(path_exists("crates/engine/README.md", "src/lib.rs", &files));
    assert!(!path_exists("docs/a.md", "crates/gone.rs", &files));
    assert_eq!(
        links("a [b](c.md#d) and ![e](f.png \"g\")").collect::<Vec<_>>(),
        ["c.md#d", "f.png"]
    );
    assert_eq!(slug("The `npm start` way, once"), "the-npm-start-way-once");
    assert_eq!(without_fences("a\n```sh\nb\n```\nc"), "a\nc\n");
}

/// README.md and what is in docs/, with their text.
fn documents() -> Vec<(String, String)> {
    let is_document = |name: &str| name == "README.md" || name.starts_with("docs/");
    repository::texts(&["md"]).into_iter().filter(|(name, _)| is_document(name)).collect()
}

/// The text without its fenced blocks: those show commands and output, and are run by CI.
fn without_fences(text: &str) -> String {
    let mut outside = true;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            outside = !outside;
        } else if outside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The targets of `[text](target "title")`.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next())
}

fn code_spans(prose: &str) -> impl Iterator<Item = &str> {
    prose.split('`').skip(1).step_by(2)
}

/// Whether a code span names a file or folder of the repository.
fn is_path(span: &str, files: &[String]) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let Some((first, _)) = span.split_once('/') else { return false };
    if first.is_empty() || MADE.contains(&first) || !span.chars().all(plain) {
        return false;
    }
    let known_folder =
        files.iter().any(|file| file.split_once('/').is_some_and(|(top, _)| top == first));
    known_folder || SOURCES.iter().any(|source| span.ends_with(source))
}

/// Code spans name files from the root or from beside the document.
fn path_exists(document: &str, path: &str, files: &[String]) -> bool {
    [resolve("", path), resolve(document, path)].iter().any(|path| exists(path, files))
}

fn link_exists(document: &str, link: &str, files: &[String]) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, id)| (path, Some(id)));
    let target = if path.is_empty() { document.to_owned() } else { resolve(document, path) };
    let headed = heading.is_none_or(|id| headings(&target).iter().any(|heading| heading == id));
    exists(&target, files) && headed
}

fn exists(path: &str, files: &[String]) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    files.iter().any(|file| file == path || file.starts_with(&folder))
}

/// A path from the root, for one written in `document`; `..` and `.` are taken out.
fn resolve(document: &str, path: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The ids that a Markdown viewer gives to the headings of a document.
fn headings(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository::root().join(Path::new(document)));
    let text = without_fences(&text.unwrap_or_default());
    let titles = text.lines().filter(|line| line.starts_with('#'));
    titles.map(|line| slug(line.trim_start_matches('#').trim())).collect()
}

fn slug(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
