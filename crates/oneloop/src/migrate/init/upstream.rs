//! `init` over the API of another Oneloop, which shows everything of a key but the key.

use oneloop_import::apply::client::Client;
use oneloop_import::upstream::{self, KeyFile, UpstreamError};
use oneloop_migrate::mapping::{Kind, Mapping};
use oneloop_migrate::origin::SourceColumn;
use oneloop_migrate::recipe::{Algorithm, Recipe};
use oneloop_migrate::source::ColumnKind;
use oneloop_protocol::WorkspaceId;
use serde_json::json;

use super::super::from::From;
use super::super::problem::{of_mapping, of_upstream};
use super::take_over::take_over;
use super::{Asks, InitArgs, find_origin, write};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(super) async fn run(args: &InitArgs, from: &From, asks: Asks, answer: Answer) -> Outcome {
    let origin = find_origin("oneloop")?;
    let Some(keys) = &args.source_keys else {
        return Err(Failure::user(
            "no API shows a key: a Oneloop that is reached by its API alone gives names, owners and scopes, and the keys \
             have to come from you",
        )
        .hint(
            "name a file with the columns id and key with --source-keys PATH; where you have its database, \
             `oneloop export` needs no keys at all",
        ));
    };
    let place = args.source_sdk_key.clone().ok_or_else(|| {
        Failure::user("the other Oneloop asks for its SDK key")
            .hint("say where it is kept with --source-sdk-key env:NAME or file:PATH")
    })?;
    let file = KeyFile::read(keys).map_err(of_upstream)?;
    let client = upstream::client(&from.location, &place).map_err(of_upstream)?.trying(3);
    let workspace = choose(&client, args.source_workspace.as_ref(), asks).await?;
    let target = match &args.workspace {
        Some(workspace) => workspace.clone(),
        None => asks.text("Which workspace do the keys go to? (its id)", "--workspace ID")?,
    };
    let catalogue = client.scopes(&workspace).await.map_err(source_refused)?;

    let mut fragment = origin
        .mapping(Kind::Ndjson, &from.location, &target)
        .map_err(|error| of_mapping(&args.output, &error))?;
    fragment.columns.key = "key".to_owned();
    fragment.recipe = Recipe::of(Algorithm::Plaintext);
    let column = |name: &str| SourceColumn { name: name.to_owned(), kind: ColumnKind::Unknown };
    let columns: Vec<_> = file.columns().map(column).collect();
    let fit = fragment.fitted(&columns);
    let mut mapping: Mapping = fit.mapping;
    mapping.source.kind = Kind::Oneloop;
    mapping.source.workspace = Some(workspace.clone());
    mapping.source.sdk_key = Some(place);
    mapping.source.keys = Some(keys.clone());
    take_over(&mut mapping, &catalogue);
    mapping.check().map_err(|error| of_mapping(&args.output, &error))?;
    let text = mapping.render();
    if args.output == std::path::Path::new("-") {
        return output::verbatim(&text);
    }
    write(&args.output, &text, args.force)?;
    if answer == Answer::Json {
        return output::json(&json!({
            "mapping": args.output,
            "origin": origin.name,
            "sourceWorkspace": workspace,
            "leftOut": fit.dropped,
        }));
    }
    output::talk(&format!(
        "{}, by its API: names, owners, scopes, prefixes, expiry, counters and moments; the keys from {keys}.",
        output::strong(origin.title)
    ));
    if !fit.dropped.is_empty() {
        output::talk(&format!(
            "Its API does not show {}; where your file has such a column, it comes along.",
            fit.dropped.join(", ")
        ));
    }
    let place = args.output.display();
    output::talk(&format!("Wrote {}.", output::strong(&place.to_string())));
    output::hint(&format!(
        "next, note that keys stand there in clear: `oneloop migrate prove {place}`"
    ));
    Ok(())
}

async fn choose(client: &Client, wanted: Option<&WorkspaceId>, asks: Asks) -> Outcome<WorkspaceId> {
    if let Some(wanted) = wanted {
        return Ok(wanted.clone());
    }
    let mut workspaces = client.workspaces().await.map_err(source_refused)?;
    let names: Vec<_> = workspaces.iter().map(|it| format!("{} ({})", it.id, it.name)).collect();
    let chosen = match workspaces.len() {
        0 => return Err(Failure::user("the other Oneloop has no workspace")),
        1 => 0,
        _ => asks.choose(
            "Of which workspace are the keys that go there?",
            &names,
            "--source-workspace ID",
        )?,
    };
    Ok(workspaces.swap_remove(chosen).id)
}

/// A refusal of the source, so that nobody looks for it at the target.
fn source_refused(error: oneloop_import::apply::client::ClientError) -> Failure {
    match of_upstream(UpstreamError::Client(error)) {
        failure if failure.advice().is_some() => failure,
        failure => failure
            .hint("this was said by the other Oneloop, not by the server that takes the keys in"),
    }
}
