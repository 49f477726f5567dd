//! Reads a configuration file, and names the file, the line and the key of whatever is wrong in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::{Args, Command};
use toml::{Spanned, Value};

use super::Options;
use crate::failure::{Failure, Outcome};

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Outcome<Options> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::user(format!("cannot read the configuration file `{shown}`"))
            .because(&error)
            .hint("`oneloop config > oneloop.toml` writes one to start from")
    })?;
    parse(&text, &format!("`{shown}`"))
}

/// Reads `text`; `file` is how a message calls it.
pub(super) fn parse(text: &str, file: &str) -> Outcome<Options> {
    let broken = |error: &toml::de::Error| {
        let place =
            error.span().map_or_else(String::new, |at| format!(", line {}", line(text, at.start)));
        Failure::user(format!("in {file}{place}: {}", error.message()))
    };
    let entries: BTreeMap<Spanned<String>, Value> =
        toml::from_str(text).map_err(|error| broken(&error))?;
    let known = keys();
    if let Some(unknown) = entries.keys().find(|key| !known.contains(key.get_ref())) {
        let (key, line) = (unknown.get_ref(), line(text, unknown.span().start));
        let failure = Failure::user(format!("in {file}, line {line}: unknown key `{key}`"));
        return Err(failure.hint(suggestion(key, &known)));
    }
    toml::from_str(text).map_err(|error| broken(&error))
}

/// The keys a file may have: the long options, so that no list of them can fall behind.
pub(super) fn keys() -> Vec<String> {
    let command = Options::augment_args(Command::new("serve"));
    command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).collect()
}

/// A key that was perhaps meant, or where to find them all.
fn suggestion(key: &str, known: &[String]) -> String {
    let spelled = key.replace('_', "-");
    let likeness = |candidate: &&String| strsim::jaro_winkler(&spelled, candidate);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(nearest) if likeness(&nearest) > 0.8 => format!("did you mean `{nearest}`?"),
        _ => "`oneloop config` lists every key".to_owned(),
    }
}

/// The line, counted from 1, of a byte offset.
fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::super::DEFAULT;
    use super::*;

    fn refusal(text: &str) -> (String, String) {
        let failure = parse(text, "`test.toml`").expect_err("refused");
        (failure.to_string(), failure.advice().unwrap_or_default().to_owned())
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_a_likely_correction() {
        let (message, hint) = refusal("# mine\nlisten = \"127.0.0.1:1\"\nallowed_origin = []\n");
        assert_eq!(message, "in `test.toml`, line 3: unknown key `allowed_origin`");
        assert_eq!(hint, "did you mean `allowed-origins`?");

        let (message, hint) = refusal("[tls]\ncert = 1\n");
        assert_eq!(message, "in `test.toml`, line 1: unknown key `tls`");
        assert_eq!(hint, "`oneloop config` lists every key");
    }

    #[test]
    fn a_bad_value_is_named_with_its_line() {
        let (message, _) = refusal("\nlisten = \"here\"\n");
        assert!(
            message
                .starts_with("in `test.toml`, line 2: invalid value `here`: expected an address"),
            "{message}"
        );
        let (message, _) = refusal("demo = \"yes\"\n");
        assert!(message.contains("line 1") && message.contains("expected a boolean"), "{message}");
        let (message, _) = refusal("demo = \n");
        assert!(message.starts_with("in `test.toml`, line 1: "), "{message}");
    }

    /// Every option must be documented in the default file, as a key or, without a default, as a
    /// commented example; and the file must not document what does not exist.
    #[test]
    fn the_default_file_and_the_options_name_the_same_things() {
        let documented = DEFAULT.lines().filter_map(|line| {
            let line = line.strip_prefix("# ").unwrap_or(line);
            let (key, _) = line.split_once(" = ")?;
            key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then(|| key.to_owned())
        });
        let mut documented: Vec<_> = documented.collect();
        let mut options = keys();
        documented.sort();
        options.sort();
        assert_eq!(documented, options);
    }

    /// The commented examples are right too: with their `# ` removed the file still parses.
    #[test]
    fn the_examples_of_the_default_file_can_be_switched_on() {
        let switched_on: String = DEFAULT
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(example)
                    if keys().iter().any(|key| example.starts_with(&format!("{key} = "))) =>
                {
                    example
                }
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let table: Table = toml::from_str(&switched_on).expect("TOML");
        assert_eq!(table.len(), keys().len());
        parse(&switched_on, "the switched-on file").expect("valid values");
    }
}
