//! `oneloop migrate init`: looks at the source, and writes the mapping file.

mod export_file;
mod take_over;
mod upstream;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use oneloop_import::database::{Connection, TableName};
use oneloop_import::survey;
use oneloop_migrate::mapping::{Kind, Mapping, Template};
use oneloop_migrate::origin::{self, Learnt, Needed, Origin, SourceColumn};
use oneloop_migrate::recipe::SecretRef;
use oneloop_protocol::WorkspaceId;
use serde_json::json;

use super::ask::Asks;
use super::from::{self, From};
use super::problem::{of_columns, of_database, of_look, of_mapping, of_open};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where the keys are: a file, a database's URL without a password, env:NAME of a variable with the URL, or the
    /// address of another Oneloop
    #[arg(long, value_name = "SOURCE")]
    from: String,
    /// The workspace that the keys go to
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// The service that the keys come from; `oneloop migrate origins` lists those known by name
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// The table, in a database: table or schema.table
    #[arg(long)]
    table: Option<String>,
    /// The column that holds the key, or what was stored for it
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// Whose key it is: text with columns in braces, such as {user_id} or org-{org_id}
    #[arg(long, value_name = "TEXT")]
    owner: Option<String>,
    /// Of another Oneloop with several workspaces: the one whose keys these are
    #[arg(long, value_name = "ID")]
    source_workspace: Option<WorkspaceId>,
    /// Of an export: where the pepper of its installation is kept, here and on the server, as binary-file:PATH
    #[arg(long, value_name = "PLACE")]
    secret: Option<SecretRef>,
    /// Of another Oneloop by its API: where its SDK key is kept, env:NAME or file:PATH. It needs to read keys and scopes
    #[arg(long, value_name = "PLACE")]
    source_sdk_key: Option<SecretRef>,
    /// Of another Oneloop by its API: a CSV or NDJSON file of yours with the columns id and key, because no API shows keys
    #[arg(long, value_name = "PATH")]
    source_keys: Option<String>,
    /// What kind of source it is, where that cannot be seen
    #[arg(long, value_parser = kind, value_name = "KIND")]
    kind: Option<Kind>,
    /// Write the mapping here; - prints it
    #[arg(long, short, default_value = "migration.toml", value_name = "PATH")]
    output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// Ask nothing: what cannot be seen must be given
    #[arg(long, short)]
    yes: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    let known = Kind::ALL.into_iter().find(|kind| kind.word() == text);
    known.ok_or_else(|| format!("one of {}", Kind::ALL.map(Kind::word).join(", ")))
}

pub(super) async fn run(args: InitArgs, answer: Answer) -> Outcome {
    let asks = Asks::whom(args.yes);
    if args.from == oneloop_import::file::STDIN {
        return Err(Failure::user("init has to look more than once, and standard input can be read only once")
            .hint("put its first lines into a file, and write location = \"-\" into the mapping afterwards"));
    }
    let place = Path::new(&args.output);
    let print = place == Path::new("-");
    if !print && !args.force && place.exists() {
        return Err(Failure::user(format!("`{}` is there already", place.display()))
            .hint("write to another file with --output PATH, or replace it with --force"));
    }
    let named = args.origin.as_deref().map(find_origin).transpose()?;
    let from = from::resolve(&args.from, args.kind)?;
    let is_oneloop = named.is_none_or(|origin| origin.name == "oneloop");
    if is_oneloop && export_file::is_one(&from)? {
        return export_file::run(&args, &from, asks, answer);
    }
    if from.kind == Kind::Oneloop {
        return upstream::run(&args, &from, asks, answer).await;
    }
    for (given, option) in [
        (args.source_workspace.is_some(), "--source-workspace"),
        (args.source_sdk_key.is_some(), "--source-sdk-key"),
        (args.source_keys.is_some(), "--source-keys"),
        (args.secret.is_some(), "--secret"),
    ] {
        if given {
            return Err(Failure::user(format!(
                "{option} is for another Oneloop, and this source is none"
            ))
            .hint("`oneloop export` writes a file that is one; an address begins with https://"));
        }
    }
    let (table, columns) = columns(&args, &from, named, asks).await?;
    let origin = match named {
        Some(origin) => origin,
        None => detect(table.as_deref(), &columns, asks)?,
    };
    let Draft { mut mapping, dropped } = draft(&args, &from, origin, table, &columns, asks)?;
    let mut learnt = survey::look(&mapping).await.map_err(of_look)?;
    adjust(&mut mapping, &learnt);
    if learnt.permissions.is_some() {
        // They were read as what they are not.
        learnt.found = survey::look(&mapping).await.map_err(of_look)?.found;
    }
    mapping.check().map_err(|error| of_mapping(place, &error))?;

    let text = mapping.render_with(&learnt.found);
    if print {
        return output::verbatim(&text);
    }
    write(place, &text, args.force)?;
    let unmapped: Vec<&String> = learnt.found.keys().collect();
    if answer == Answer::Json {
        return output::json(&json!({
            "mapping": place,
            "origin": origin.name,
            "table": mapping.source.table,
            "leftOut": dropped,
            "permissions": learnt.found,
        }));
    }
    output::talk(&format!("{}: {}", output::strong(origin.title), origin.remarks));
    if !dropped.is_empty() {
        output::talk(&format!(
            "Left out, because the source has no such column: {}.",
            dropped.join(", ")
        ));
    }
    if !unmapped.is_empty() {
        output::talk(&format!(
            "Found {} permissions; each needs a line in [permissions], or the plan stops.",
            unmapped.len()
        ));
    }
    output::talk(&format!(
        "Wrote {}: read it, every line may be changed.",
        output::strong(&place.display().to_string())
    ));
    output::hint(&format!(
        "next, prove its recipe with a real key: `oneloop migrate prove {}`",
        place.display()
    ));
    Ok(())
}

fn find_origin(name: &str) -> Outcome<&'static Origin> {
    origin::find(name).ok_or_else(|| {
        Failure::user(format!("no service is known as `{name}`"))
            .hint("`oneloop migrate origins` lists them; `generic` fits any table")
    })
}

/// The table, where the source has tables, and its columns.
async fn columns(
    args: &InitArgs,
    from: &From,
    origin: Option<&Origin>,
    asks: Asks,
) -> Outcome<(Option<String>, Vec<SourceColumn>)> {
    if !from.kind.is_database() {
        if args.table.is_some() {
            return Err(Failure::user("--table is for databases"));
        }
        let columns = survey::file_columns(from.kind, &from.location).map_err(of_columns)?;
        return Ok((None, columns));
    }
    let location = oneloop_import::open::location_of(from.kind, &from.location).map_err(of_open)?;
    let mut connection = Connection::open(&location).await.map_err(of_database)?;
    let name = match &args.table {
        Some(name) => TableName::parse(name).map_err(|error| Failure::user(error.to_string()))?,
        None => table(&mut connection, origin, asks).await?,
    };
    let columns = survey::table_columns(&mut connection, &name).await.map_err(of_database)?;
    connection.close().await;
    Ok((Some(name.to_string()), columns))
}

/// The table that an origin's is called, the only one that looks like an origin's, or the one that is chosen.
async fn table(
    connection: &mut Connection,
    origin: Option<&Origin>,
    asks: Asks,
) -> Outcome<TableName> {
    let tables = connection.tables().await.map_err(of_database)?;
    if tables.is_empty() {
        return Err(Failure::user("the database has no table that this user may read"));
    }
    if let Some(expected) = origin.and_then(|origin| origin.table)
        && let Some(found) = tables.iter().find(|name| name.table.eq_ignore_ascii_case(expected))
    {
        return Ok(found.clone());
    }
    let mut likely = Vec::new();
    for name in &tables {
        let columns = survey::table_columns(connection, name).await.map_err(of_database)?;
        let origins = origin::detect(Some(&name.table), &columns);
        if origins.iter().any(|found| origin.is_none_or(|wanted| *found == wanted)) {
            likely.push(name.clone());
        }
    }
    let choices = match likely.as_slice() {
        [one] => return Ok(one.clone()),
        [] => tables,
        _ => likely,
    };
    let shown: Vec<String> = choices.iter().map(ToString::to_string).collect();
    let chosen = asks.choose("Which table holds the keys?", &shown, "--table NAME")?;
    choices.into_iter().nth(chosen).ok_or_else(|| Failure::ours("no table was chosen"))
}

/// The one service that it looks like, the one that is chosen, or any.
fn detect(table: Option<&str>, columns: &[SourceColumn], asks: Asks) -> Outcome<&'static Origin> {
    let name = table.and_then(|table| TableName::parse(table).ok()).map(|name| name.table);
    let likely = origin::detect(name.as_deref(), columns);
    let generic = find_origin("generic")?;
    match (likely.as_slice(), asks) {
        ([], _) => Ok(generic),
        // A script gets the likeliest; the file says which, and prove finds out if it is wrong.
        ([first, ..], Asks::Nobody) => Ok(first),
        (several, Asks::Person) => {
            let choices = several.iter().map(|origin| origin.title.to_owned());
            let choices: Vec<String> = choices.chain(["something else".to_owned()]).collect();
            let chosen = asks.choose("This looks like", &choices, "--origin NAME")?;
            Ok(several.get(chosen).copied().unwrap_or(generic))
        }
    }
}

struct Draft {
    mapping: Mapping,
    dropped: Vec<String>,
}

/// The origin's mapping over these columns, with what had to be asked.
fn draft(
    args: &InitArgs,
    from: &From,
    origin: &Origin,
    table: Option<String>,
    columns: &[SourceColumn],
    asks: Asks,
) -> Outcome<Draft> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let workspace = match &args.workspace {
        Some(workspace) => workspace.clone(),
        None => asks.text("Which workspace do the keys go to? (its id)", "--workspace ID")?,
    };
    let mut fit = origin.over(columns).map_err(|error| of_mapping(&args.output, &error))?;
    let mut guess = origin::guess(columns);
    if origin.name == "generic" {
        fit.dropped.clear();
        fit.missing = vec![Needed::Key, Needed::Owner];
    } else {
        // A known service is not guessed at: what its table lacks is asked for.
        (guess.key, guess.owner) = (None, None);
    }
    let key = match (&args.key, fit.missing.contains(&Needed::Key)) {
        (Some(key), _) => key.clone(),
        (None, false) => fit.mapping.columns.key.clone(),
        (None, true) => match guess.key.clone() {
            Some(key) => key,
            None => pick(
                "Which column holds the key, or what was stored for it?",
                &names,
                "--key COLUMN",
                asks,
            )?,
        },
    };
    let owner = match (&args.owner, fit.missing.contains(&Needed::Owner)) {
        (Some(owner), _) => template(owner)?,
        (None, false) => fit.mapping.columns.owner.clone(),
        (None, true) => match guess.owner.clone() {
            Some(owner) => Template::column(owner),
            None => Template::column(pick(
                "Which column says whose key it is?",
                &names,
                "--owner TEXT",
                asks,
            )?),
        },
    };
    let mut mapping = fit.mapping;
    if origin.name == "generic" {
        mapping.columns = guess.columns(&key, owner);
    } else {
        (mapping.columns.key, mapping.columns.owner) = (key, owner);
    }
    for column in [mapping.columns.key.as_str()].into_iter().chain(mapping.columns.owner.columns())
    {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
            return Err(Failure::user(format!("the source has no column `{column}`"))
                .hint(format!("it has {}", names.join(", "))));
        }
    }
    // What is stored is bytes, or a guess: prove decides.
    let mapping = mapping.fitted(columns).mapping;
    let mut mapping = mapping;
    mapping.source.kind = from.kind;
    mapping.source.location.clone_from(&from.location);
    mapping.source.table = table;
    mapping.target.workspace = workspace.as_str().into();
    Ok(Draft { mapping, dropped: fit.dropped })
}

fn pick(question: &str, names: &[String], option: &str, asks: Asks) -> Outcome<String> {
    let chosen = asks.choose(question, names, option)?;
    names.get(chosen).cloned().ok_or_else(|| Failure::ours("no column was chosen"))
}

fn template(text: &str) -> Outcome<Template> {
    Template::try_from(text.to_owned()).map_err(|error| Failure::user(format!("--owner: {error}")))
}

/// Takes over what the rows told.
fn adjust(mapping: &mut Mapping, learnt: &Learnt) {
    let it = &mut mapping.columns;
    let moments = [it.created.as_mut(), it.last_used.as_mut(), it.expires.as_mut()];
    for (moment, format) in moments.into_iter().zip(&learnt.moments) {
        if let (Some(moment), Some(format)) = (moment, format) {
            moment.format = format.clone();
        }
    }
    if let (Some(column), Some(format)) = (it.permissions.as_mut(), learnt.permissions) {
        column.format = format;
    }
}

fn write(path: &Path, text: &str, force: bool) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::user(format!("cannot write `{}`", path.display())).because(&error)
    };
    let mut options = OpenOptions::new();
    options.write(true);
    // `create_new` closes the gap between looking and writing.
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
