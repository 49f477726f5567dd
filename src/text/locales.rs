//! The catalogues of `www/widget/locales/` against the texts in the code: no key missing, none too many, the
//! same placeholders, and the plural forms that the language has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::message::{Message, digest};

/// The languages besides English, and the plural categories of each that whole numbers up to a million can have (CLDR 47).
const LANGUAGES: [(&str, &[&str]); 19] = [
    ("ar", &["zero", "one", "two", "few", "many", "other"]),
    ("cs", &["one", "few", "other"]),
    ("da", &["one", "other"]),
    ("de", &["one", "other"]),
    ("es", &["one", "other"]),
    ("fi", &["one", "other"]),
    ("fr", &["one", "other"]),
    ("he", &["one", "two", "other"]),
    ("it", &["one", "other"]),
    ("ja", &["other"]),
    ("ko", &["other"]),
    ("nb", &["one", "other"]),
    ("nl", &["one", "other"]),
    ("pl", &["one", "few", "many", "other"]),
    ("pt-BR", &["one", "other"]),
    ("sv", &["one", "other"]),
    ("tr", &["one", "other"]),
    ("uk", &["one", "few", "many", "other"]),
    ("zh-CN", &["other"]),
];

/// Texts whose translation may be the English one: names and abbreviations that many languages share.
const MAY_BE_ENGLISH: usize = 20;

type Catalogue = BTreeMap<String, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("www/widget/locales")
}

fn read(language: &str) -> Catalogue {
    let file = folder().join(format!("{language}.json"));
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every text of the code, and those that the element needs where there is no wasm.
fn english() -> Catalogue {
    let modules: [&[Message]; 10] = [
        super::MESSAGES,
        super::delete::MESSAGES,
        super::details::MESSAGES,
        super::form::MESSAGES,
        super::grants::MESSAGES,
        super::list::MESSAGES,
        super::many::MESSAGES,
        super::problem::MESSAGES,
        super::reveal::MESSAGES,
        super::rotate::MESSAGES,
    ];
    let own = modules.into_iter().flatten();
    let own = own.map(|message| (message.name.to_owned(), message.english.to_owned()));
    own.chain(before_wasm()).collect()
}

/// The lines `'load.…': '…',` of the element's own texts.
fn before_wasm() -> Vec<(String, String)> {
    let source = include_str!("../../www/widget/failure.ts");
    let lines = source.lines().filter_map(|line| {
        let (key, text) = line.trim().strip_prefix('\'')?.split_once("': '")?;
        key.starts_with("load.").then(|| (key.to_owned(), text.trim_end_matches("',").to_owned()))
    });
    lines.collect()
}

/// The names in braces, with those of a plural marked, and whether a count is written.
fn placeholders(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('{') {
        let inside = &text[at + 1..];
        let end = inside.find(['}', ',', '{']).unwrap_or(inside.len());
        let (name, next) = (inside[..end].trim(), inside[end..].chars().next());
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !name.is_empty();
        match next {
            Some(',') if inside[end + 1..].trim_start().starts_with("plural") => {
                found.insert(format!("{name}, plural"));
            }
            // `{phrase}` is a value; the `{one day}` of a plural form is text, and has a blank or more.
            Some('}') if plain => {
                found.insert(name.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// The selectors of a plural, without exact ones.
fn categories(text: &str) -> BTreeSet<&str> {
    const ALL: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];
    ALL.into_iter().filter(|category| text.contains(&format!(" {category} {{"))).collect()
}

#[test]
fn english_has_every_text_and_its_file_is_what_translators_get() {
    let mut text = serde_json::to_string_pretty(&english()).expect("texts are JSON");
    text.push('\n');
    let file = folder().join("en.json");
    if std::env::var_os("UPDATE_CATALOGUE").is_some() {
        fs::write(&file, &text).expect("the file can be written");
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(known == text, "run this test with UPDATE_CATALOGUE=1 to write {}", file.display());
    assert_eq!(before_wasm().len(), 5, "the texts of failure.ts are found");
}

#[test]
fn no_two_keys_have_the_same_digest() {
    let keys = english();
    let digests: BTreeSet<u32> = keys.keys().map(|key| digest(key)).collect();
    assert_eq!(digests.len(), keys.len());
}

#[test]
fn the_catalogues_are_the_ones_that_the_element_offers() {
    let offered = include_str!("../../www/widget/language.ts");
    let mut files: Vec<String> = fs::read_dir(folder())
        .expect("there are catalogues")
        .filter_map(|file| {
            file.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned)
        })
        .filter(|name| name != "en")
        .collect();
    files.sort_unstable();
    assert_eq!(files, LANGUAGES.map(|(language, _)| language));
    for (language, _) in LANGUAGES {
        assert!(offered.contains(&format!("./locales/{language}.json")), "{language}");
    }
}

#[test]
fn no_language_lacks_a_text_or_a_value() {
    let english = english();
    let mut wrong = Vec::new();
    for (language, plurals) in LANGUAGES {
        let catalogue = read(language);
        for key in english.keys().filter(|key| !catalogue.contains_key(*key)) {
            wrong.push(format!("{language}: {key} is missing"));
        }
        for (key, text) in &catalogue {
            let Some(original) = english.get(key) else {
                wrong.push(format!("{language}: {key} is not used"));
                continue;
            };
            if placeholders(text) != placeholders(original) {
                wrong.push(format!("{language}: {key} has other values than {original:?}"));
            }
            let one_form =
                original.contains("plural") && categories(text) == BTreeSet::from(["other"]);
            let all_forms = categories(text) == plurals.iter().copied().collect();
            if original.contains(", plural,") && !one_form && !all_forms {
                wrong.push(format!("{language}: {key} needs the forms {plurals:?}"));
            }
            if text.trim().is_empty() {
                wrong.push(format!("{language}: {key} is empty"));
            }
        }
        let same = catalogue.iter().filter(|(key, text)| english.get(*key) == Some(text)).count();
        if same > MAY_BE_ENGLISH {
            wrong.push(format!("{language}: {same} texts are still English"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn placeholders_are_told_from_the_words_of_a_plural_form() {
    let text = "{count, plural, one {one of {name}} other {# of {name}, {x}}}";
    let expected = ["count, plural", "name", "x"].map(str::to_owned);
    assert_eq!(placeholders(text), BTreeSet::from(expected));
    assert_eq!(categories(text), BTreeSet::from(["one", "other"]));
}
