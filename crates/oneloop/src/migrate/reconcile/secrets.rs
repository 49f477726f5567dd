//! Real keys, verified as their holders' requests will be: the last proof that the recipe was right.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use oneloop_import::apply::client::Client;
use oneloop_import::secret::fetch;
use oneloop_migrate::recipe::SecretRef;
use oneloop_protocol::{Secret, Verdict};
use serde::Serialize;

use super::super::numbers::grouped;
use super::super::progress::Progress;
use super::super::server::of_client;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Verifications at once: enough to hide the distance.
const AT_ONCE: usize = 8;

/// Lines that are named one by one.
const SHOWN: usize = 20;

/// What verifying them found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verified {
    /// How many keys had which verdict.
    verdicts: BTreeMap<String, u64>,
    /// The lines of keys that the server does not know.
    unknown_lines: Vec<usize>,
}

/// A key and its line.
pub(super) type Line = (usize, Secret);

/// The keys behind a reference, one a line.
pub(super) fn read(place: &SecretRef) -> Outcome<Vec<Line>> {
    let bytes = fetch(place).map_err(|error| {
        Failure::user(format!("there are no keys in `{place}`")).because(&error)
    })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::user(format!("what is in `{place}` is no text of keys")))?;
    let keys: Vec<Line> = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| (number, Secret::new(line)))
        .collect();
    if keys.is_empty() {
        return Err(Failure::user(format!("there are no keys in `{place}`"))
            .hint("it holds one key on each line"));
    }
    Ok(keys)
}

/// Verifies each.
pub(super) async fn verify(client: &Client, keys: Vec<Line>) -> Outcome<Verified> {
    let mut progress = Progress::begin(Some(keys.len() as u64));
    let mut verdicts = stream::iter(keys)
        .map(|(line, key)| async move { (line, client.verify(key).await) })
        .buffer_unordered(AT_ONCE);
    let mut found = Verified { verdicts: BTreeMap::new(), unknown_lines: Vec::new() };
    while let Some((line, verdict)) = verdicts.next().await {
        let verdict = verdict.map_err(of_client)?;
        let word = serde_json::to_value(verdict).ok().and_then(|it| it.as_str().map(str::to_owned));
        *found.verdicts.entry(word.unwrap_or_default()).or_default() += 1;
        if verdict == Verdict::Invalid {
            found.unknown_lines.push(line);
        }
        progress.advance(1);
    }
    progress.end();
    found.unknown_lines.sort_unstable();
    Ok(found)
}

impl Verified {
    /// How many keys the server does not know.
    pub(super) fn unknown(&self) -> u64 {
        self.unknown_lines.len() as u64
    }

    pub(super) fn show(&self) -> Outcome {
        let rows: Vec<[String; 2]> =
            self.verdicts.iter().map(|(verdict, keys)| [grouped(*keys), verdict.clone()]).collect();
        output::data("")?;
        output::table(["REAL KEYS", "VERDICT"], &rows)?;
        if !self.unknown_lines.is_empty() {
            let lines = self.unknown_lines.iter().take(SHOWN).map(ToString::to_string);
            output::talk(&format!("Not known: lines {}.", lines.collect::<Vec<_>>().join(", ")));
        }
        Ok(())
    }
}
