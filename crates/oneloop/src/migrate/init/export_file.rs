//! `init` over what `oneloop export` wrote: the file says itself what everything in it is.

use std::path::{Path, PathBuf};

use oneloop_import::export_file::{self, ExportFile, ExportFileError};
use oneloop_import::secret::fetch;
use oneloop_migrate::mapping::{Kind, Locator, Mapping};
use oneloop_migrate::origin::Origin;
use oneloop_migrate::recipe::{Algorithm, Hash, Inputs, LocatorRule, Recipe, SecretRef};
use oneloop_protocol::WorkspaceId;
use oneloop_protocol::export::{NATIVE, Recipe as Described};
use oneloop_protocol::workspace::{Workspace, WorkspaceScope};
use serde_json::json;

use super::super::from::From;
use super::super::numbers::grouped;
use super::super::problem::of_mapping;
use super::take_over::take_over;
use super::{Asks, InitArgs, find_origin, write};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

/// What an installation keeps of its pepper, to recognise it by, is the HMAC of this.
const PEPPER_CHECK: &str = "oneloop pepper check";

/// Whether the source is an export.
pub(super) fn is_one(from: &From) -> Outcome<bool> {
    if from.kind != Kind::Ndjson {
        return Ok(false);
    }
    export_file::is_export(Path::new(&from.location)).map_err(|error| refused(from, error))
}

/// One mapping: for one workspace, and for keys under one recipe.
struct Written {
    place: PathBuf,
    recipe: u32,
    keys: u64,
    text: String,
}

pub(super) fn run(args: &InitArgs, from: &From, asks: Asks, answer: Answer) -> Outcome {
    let origin = find_origin("oneloop")?;
    let export =
        export_file::survey(Path::new(&from.location)).map_err(|error| refused(from, error))?;
    let (source, catalogue) = choose(&export, args.source_workspace.as_ref(), asks)?;
    let target = match &args.workspace {
        Some(workspace) => workspace.clone(),
        None => asks.text("Which workspace do the keys go to? (its id)", "--workspace ID")?,
    };
    let secret = match &args.secret {
        Some(place) => place.clone(),
        None => asks
            .text(
                "Where is the pepper of the other installation kept, here and on the server that takes its keys in? \
                 (binary-file:PATH)",
                "--secret binary-file:PATH",
            )?
            .parse::<SecretRef>()
            .map_err(|error| Failure::user(format!("--secret: {error}")))?,
    };
    let is_here = check_pepper(&export, &secret)?;

    let (mut mappings, mut unusable) = (Vec::new(), 0);
    for ((_, number), keys) in export.keys.iter().filter(|((of, _), _)| *of == source.id) {
        let described = export.header.recipes.iter().find(|it| it.number == *number);
        let Some(known) = described.map(|it| Known::of(it, &secret)).transpose()?.flatten() else {
            unusable += keys;
            continue;
        };
        let place = place(&args.output, *number);
        let mapping = mapping(origin, from, &target, source, catalogue, known, *number)
            .and_then(|mapping| mapping.check().map(|()| mapping))
            .map_err(|error| of_mapping(&place, &error))?;
        mappings.push(Written { place, recipe: *number, keys: *keys, text: mapping.render() });
    }
    put(args, &mappings)?;
    if answer == Answer::Json {
        let written = mappings
            .iter()
            .map(|it| json!({ "mapping": it.place, "recipe": it.recipe, "keys": it.keys }));
        return output::json(&json!({
            "origin": origin.name,
            "sourceWorkspace": source.id,
            "mappings": written.collect::<Vec<_>>(),
            "unusable": unusable,
            "overlaps": export.end.overlaps,
        }));
    }
    tell(origin, &export, source, &mappings, unusable);
    if !is_here {
        output::warning(&format!(
            "there is nothing to read in `{secret}` on this machine: `prove` needs the pepper there, and the server \
             under the same name"
        ));
    }
    Ok(())
}

/// The workspace that is named, the only one with keys, or the one that is chosen.
fn choose<'e>(
    export: &'e ExportFile,
    wanted: Option<&WorkspaceId>,
    asks: Asks,
) -> Outcome<&'e (Workspace, Vec<WorkspaceScope>)> {
    let filled: Vec<_> = export
        .workspaces
        .iter()
        .filter(|(workspace, _)| export.keys.keys().any(|(of, _)| *of == workspace.id))
        .collect();
    let names = || filled.iter().map(|(it, _)| format!("{} ({})", it.id, it.name));
    match (wanted, filled.as_slice()) {
        (_, []) => Err(Failure::user("there is no key in the export")),
        (Some(wanted), _) => {
            filled.iter().find(|(it, _)| it.id == *wanted).copied().ok_or_else(|| {
                Failure::user(format!("the export has no keys of the workspace `{wanted}`"))
                    .hint(format!("it has keys of {}", names().collect::<Vec<_>>().join(", ")))
            })
        }
        (None, [only]) => Ok(*only),
        (None, several) => {
            let question = "Of which workspace are the keys that go there?";
            let names: Vec<_> = names().collect();
            let chosen = asks.choose(question, &names, "--source-workspace ID")?;
            several.get(chosen).copied().ok_or_else(|| Failure::ours("no workspace was chosen"))
        }
    }
}

/// Whether the pepper is on this machine. Another one than the export's is refused: no key would be recognised.
fn check_pepper(export: &ExportFile, place: &SecretRef) -> Outcome<bool> {
    let Ok(bytes) = fetch(place) else { return Ok(false) };
    let check = Recipe::of(Algorithm::Hmac { hash: Hash::Sha256, key: place.clone() });
    let expected = export.header.pepper_check.to_string();
    let inputs = Inputs { secret: Some(bytes.as_slice()), ..Inputs::default() };
    if check.matches(PEPPER_CHECK, expected.as_bytes(), inputs) {
        return Ok(true);
    }
    let failure = Failure::user(format!(
        "what is in `{place}` is not the pepper of the installation that this export is from"
    ));
    Err(match place {
        SecretRef::BinaryFile(_) => {
            failure.hint("it is the file beside that database, `.pepper` added to its name")
        }
        _ => failure.hint("a pepper is 32 bytes and no text: name its file as binary-file:PATH"),
    })
}

/// What keys are known by, with the pepper where it really is.
struct Known {
    recipe: Recipe,
    /// Where keys can only be tried: what leads to them.
    locator: Option<LocatorRule>,
}

impl Known {
    /// `None` if the header does not say.
    fn of(described: &Described, secret: &SecretRef) -> Outcome<Option<Self>> {
        let unreadable = |error: &(dyn std::error::Error + 'static)| {
            Failure::user("the export names a recipe that cannot be read").because(error)
        };
        let Some(text) = &described.recipe else { return Ok(None) };
        let recipe = text.parse::<Recipe>().map_err(|error| unreadable(&error))?;
        let Some(text) = &described.locator else {
            return Ok(Some(Self { recipe: with_pepper(recipe, secret)?, locator: None }));
        };
        let locator = match text.parse::<LocatorRule>().map_err(|error| unreadable(&error))? {
            LocatorRule::Digest(recipe) => {
                LocatorRule::Digest(Box::new(with_pepper(*recipe, secret)?))
            }
            part @ LocatorRule::Part(_) => part,
        };
        Ok(Some(Self { recipe, locator: Some(locator) }))
    }
}

/// A recipe of the header, which is under the pepper of its installation.
fn with_pepper(mut recipe: Recipe, secret: &SecretRef) -> Outcome<Recipe> {
    let Algorithm::Hmac { key, .. } = &mut recipe.algorithm else {
        return Err(Failure::user("the export names a recipe without the pepper"));
    };
    key.clone_from(secret);
    Ok(recipe)
}

/// Keys that came to that installation under another service's recipe go by a mapping of their own, beside the first.
fn place(output: &Path, recipe: u32) -> PathBuf {
    if recipe == NATIVE {
        return output.to_owned();
    }
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let end = output.extension().map(|it| format!(".{}", it.to_string_lossy())).unwrap_or_default();
    output.with_file_name(format!("{stem}-recipe-{recipe}{end}"))
}

fn mapping(
    origin: &Origin,
    from: &From,
    target: &str,
    source: &Workspace,
    catalogue: &[WorkspaceScope],
    known: Known,
    number: u32,
) -> Result<Mapping, oneloop_migrate::mapping::MappingError> {
    let mut mapping = origin.mapping(Kind::Ndjson, &from.location, target)?;
    mapping.recipe = known.recipe;
    if let Some(part) = known.locator {
        mapping.columns.key = "stored".to_owned();
        mapping.columns.salt = Some("salt".to_owned());
        mapping.columns.locator = Some(Locator { column: "locator".to_owned(), part });
    }
    let only = [("workspaceId", source.id.to_string()), ("recipe", number.to_string())];
    mapping.source.only =
        only.into_iter().map(|(column, value)| (column.to_owned(), value)).collect();
    take_over(&mut mapping, catalogue);
    Ok(mapping)
}

/// Writes all of them, or none where one is in the way.
fn put(args: &InitArgs, mappings: &[Written]) -> Outcome {
    if args.output == Path::new("-") {
        let [only] = mappings else {
            return Err(Failure::user(format!("there are {} mappings to write", mappings.len()))
                .hint("name a file with --output PATH; the others are written beside it"));
        };
        return output::verbatim(&only.text);
    }
    if let Some(there) = mappings.iter().find(|it| !args.force && it.place.exists()) {
        return Err(Failure::user(format!("`{}` is there already", there.place.display()))
            .hint("write to another file with --output PATH, or replace it with --force"));
    }
    mappings.iter().try_for_each(|it| write(&it.place, &it.text, args.force))
}

fn tell(
    origin: &Origin,
    export: &ExportFile,
    source: &Workspace,
    mappings: &[Written],
    unusable: u64,
) {
    let header = &export.header;
    output::talk(&format!(
        "{}: the workspace {} ({}) of the team {}, as it was at {}.",
        output::strong(origin.title),
        source.name,
        source.id,
        header.team_name,
        header.exported_at.0
    ));
    for Written { place, recipe, keys, .. } in mappings {
        let kind = match *recipe {
            NATIVE => String::new(),
            _ => {
                ", which that installation itself knew under a recipe of another service".to_owned()
            }
        };
        let place = output::strong(&place.display().to_string());
        output::talk(&format!("Wrote {place}: {} keys{kind}.", grouped(*keys)));
    }
    if unusable > 0 {
        output::warning(&format!(
            "{} keys cannot be brought along from here: they came to that installation from one that had them from \
             others, and were not used since. Bring them from where they were first",
            grouped(unusable)
        ));
    }
    let settings = settings(source);
    if !settings.is_empty() {
        output::hint(&format!(
            "the workspace has settings of its own, which stay behind: {}",
            settings.join(", ")
        ));
    }
    if let Some(first) = mappings.first() {
        output::hint(&format!(
            "next, prove its recipe with a real key and its tag: `oneloop migrate prove {}`",
            first.place.display()
        ));
    }
}

/// What a workspace was set to.
fn settings(workspace: &Workspace) -> Vec<String> {
    let number = |name: &str, value: Option<i64>| value.map(|value| format!("{name} = {value}"));
    let prefix = &workspace.default_key_prefix;
    let ips = &workspace.default_allowed_ips;
    [
        prefix.as_ref().map(|prefix| format!("defaultKeyPrefix = {prefix}")),
        (!ips.is_empty()).then(|| format!("defaultAllowedIPs = {}", ips.join(" "))),
        number("defaultRateLimitPerSecond", workspace.default_rate_limit_per_second.map(i64::from)),
        number("defaultExpiration", workspace.default_expiration),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn refused(from: &From, error: ExportFileError) -> Failure {
    let path = &from.location;
    match error {
        ExportFileError::Open(error) => super::super::problem::of_file(error),
        error @ ExportFileError::CutOff => {
            Failure::user(format!("`{path}` is no whole export: {error}"))
                .hint("export again; `oneloop export --output FILE` never leaves a part of a file")
        }
        error => Failure::user(format!("`{path}` cannot be taken in")).because(&error),
    }
}
