//! `oneloop migrate prove`: which recipe turned keys into what is stored, found offline from real keys.

use std::io::{IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use oneloop_import::file::{self, FileFormat, STDIN};
use oneloop_import::secret::fetch;
use oneloop_migrate::origin;
use oneloop_migrate::prove::{Clues, Miss, Pair, Proven, SharedSecret, prove};
use oneloop_migrate::recipe::{Encoding, Recipe, SecretRef};
use oneloop_migrate::source::Row;
use serde_json::json;
use zeroize::Zeroizing;

use super::mapping_file::MappingFile;
use super::problem::{of_file, of_source};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ProveArgs {
    /// The mapping file
    #[arg(default_value = "migration.toml")]
    mapping: PathBuf,
    /// Read the pairs from this CSV or NDJSON file with the columns key, stored and, if there is one, salt; - is
    /// standard input. Without it they are typed, unseen
    #[arg(long, value_name = "PATH")]
    pairs: Option<String>,
    /// A secret that may have taken part, an HMAC key or a pepper: env:NAME, file:PATH, or binary-file:PATH for one
    /// that is no text. It is not stored
    #[arg(long, value_name = "PLACE")]
    secret: Option<SecretRef>,
    /// Rounds to try first, where PBKDF2 comes to be tried
    #[arg(long, value_name = "N")]
    iterations: Vec<u32>,
    /// Say what fits, and leave the mapping as it is
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &ProveArgs, answer: Answer) -> Outcome {
    let file = MappingFile::read(&args.mapping)?;
    let recipe = &file.mapping.recipe;
    let clues = Clues {
        suspects: suspects(&file, recipe),
        secret: secret(args.secret.as_ref().or(recipe.secret_ref()), args.secret.is_some())?,
        prehash_secrets: prehash_secrets(recipe)?,
        iterations: args.iterations.clone(),
    };
    let salted = file.mapping.columns.salt.is_some();
    let pairs = match args.pairs.as_deref() {
        Some(path) => read(path)?,
        None => typed(salted)?,
    };
    let raw = recipe.output.encoding == Encoding::Raw
        && recipe.algorithm != oneloop_migrate::recipe::Algorithm::Plaintext;
    match find(&pairs, &clues, raw) {
        Ok(proven) => {
            if !args.dry_run {
                file.record(&proven)?;
            }
            report(args, &proven, recipe, answer)
        }
        Err(miss) => Err(missed(&miss)),
    }
}

/// The mapping's own recipe, then those that the origin's versions and settings use.
fn suspects(file: &MappingFile, recipe: &Recipe) -> Vec<Recipe> {
    let origin = file.mapping.source.origin.as_deref().and_then(origin::find);
    let known = origin.and_then(|origin| origin.suspects().ok()).unwrap_or_default();
    [recipe.clone()].into_iter().chain(known).collect()
}

/// The secret behind a reference. One that only the mapping names may be missing here: then it plays no part.
fn secret(place: Option<&SecretRef>, asked: bool) -> Outcome<Option<SharedSecret>> {
    let Some(place) = place else { return Ok(None) };
    match fetch(place) {
        Ok(bytes) => Ok(Some(SharedSecret { place: place.clone(), bytes })),
        Err(error) if asked => {
            Err(Failure::user(format!("there is no secret in `{place}`")).because(&error))
        }
        Err(_) => {
            output::warning(&format!(
                "the mapping's recipe needs a secret, and there is none in `{place}`"
            ));
            Ok(None)
        }
    }
}

/// The secrets of what the mapping's recipe is made of.
fn prehash_secrets(recipe: &Recipe) -> Outcome<Vec<SharedSecret>> {
    let places = recipe.secret_refs().skip(1).flatten();
    let secrets = places.map(|place| secret(Some(place), false));
    secrets.filter_map(Outcome::transpose).collect()
}

/// Stored values are text as a rule. Where the column is binary, what is typed is its hex; where the text itself
/// fits nothing, its bytes are tried as well.
fn find(pairs: &[Pair], clues: &Clues, raw: bool) -> Result<Proven, Miss> {
    let bytes = || pairs.iter().map(behind_hex).collect::<Option<Vec<Pair>>>();
    if raw && let Some(pairs) = bytes() {
        return prove(&pairs, clues);
    }
    prove(pairs, clues)
}

/// The pair with the bytes that its stored value spells: `\x…` as PostgreSQL prints them, `0x…` as MySQL does, or
/// plain hex.
fn behind_hex(pair: &Pair) -> Option<Pair> {
    let text = std::str::from_utf8(&pair.stored).ok()?.trim();
    let digits = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x")).unwrap_or(text);
    let stored = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?);
    Some(Pair { key: pair.key.clone(), stored, salt: pair.salt.clone() })
}

/// Pairs out of a file.
fn read(path: &str) -> Outcome<Vec<Pair>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = match path {
        STDIN => stdin().read_to_end(&mut bytes),
        path => file::open_file(Path::new(path)).map_err(of_file)?.read_to_end(&mut bytes),
    };
    read.map_err(|error| Failure::user(format!("cannot read `{path}`")).because(&error))?;
    let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let format = if begin == Some(&b'{') { FileFormat::Ndjson } else { FileFormat::Csv };
    let mut pairs = Vec::new();
    let mut missing = None;
    let mut sink = |row: Row| {
        let text = |name| row.text(name).filter(|text| !text.is_empty());
        match (text("key"), text("stored")) {
            (Some(key), Some(stored)) => {
                let pair = Pair::new(key, stored);
                pairs.push(match text("salt") {
                    Some(salt) => pair.with_salt(salt),
                    None => pair,
                });
                std::ops::ControlFlow::Continue(())
            }
            _ => {
                missing = Some(row.line);
                std::ops::ControlFlow::Break(())
            }
        }
    };
    file::reading(format, bytes.as_slice()).read(&mut sink).map_err(|error| of_source(&error))?;
    match missing {
        Some(line) => {
            Err(Failure::user(format!("line {line} of the pairs has no key or no stored value"))
                .hint("the columns are called key, stored and, if there is one, salt"))
        }
        None => Ok(pairs),
    }
}

/// One pair, typed.
fn typed(salted: bool) -> Outcome<Vec<Pair>> {
    if !stdin().is_terminal() {
        return Err(Failure::user("a key cannot be typed here: standard input is no terminal")
            .hint("name a file of pairs, or - for standard input, with --pairs"));
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|error| Failure::user("nothing was typed").because(&error))
    };
    output::talk("Nothing that is typed is shown, stored or sent.");
    let key = ask("A key that works today: ")?;
    let stored = ask("What the table holds for it: ")?;
    let pair = Pair::new(key.as_str(), stored.as_bytes());
    Ok(vec![if salted { pair.with_salt(ask("Its salt: ")?.as_bytes()) } else { pair }])
}

fn report(args: &ProveArgs, proven: &Proven, before: &Recipe, answer: Answer) -> Outcome {
    let also: Vec<String> = proven.also.iter().map(ToString::to_string).collect();
    if answer == Answer::Json {
        return output::json(&json!({
            "recipe": proven.recipe.to_string(),
            "explanation": proven.explanation,
            "keys": proven.pairs,
            "alsoFit": also,
            "changed": proven.recipe != *before,
            "recorded": !args.dry_run,
        }));
    }
    output::data(&proven.explanation)?;
    output::talk(&format!("As a recipe: {}", proven.recipe));
    if !also.is_empty() {
        output::talk(&format!(
            "These fit as well: {}. A pair of another shape would decide.",
            also.join(" · ")
        ));
    }
    if args.dry_run {
        return Ok(());
    }
    let path = args.mapping.display();
    match proven.recipe == *before {
        true => output::talk(&format!("{path} said so already; the proof is noted there.")),
        false => output::talk(&format!("{path} says so now, with the proof.")),
    }
    output::hint(&format!("next, see what would be done: `oneloop migrate plan {path}`"));
    Ok(())
}

fn missed(miss: &Miss) -> Failure {
    let failure = Failure::user(miss.to_string());
    match miss {
        Miss::Near { .. } | Miss::PairsDisagree { .. } => failure,
        Miss::NoPair | Miss::EmptyKey { .. } | Miss::EmptyStored { .. } => {
            failure.hint("the file needs the columns key and stored, and one line for each key")
        }
        Miss::Nothing(_) => failure.hint(
            "is it the key as its holder sends it, and the value of the same row? A pepper or an HMAC key is given \
             with --secret env:NAME, file:PATH or binary-file:PATH",
        ),
    }
}
