//! Doc comments, made into sentences for readers of the API.

use serde_json::Value;

use super::{Object, each_operation};

/// Turns the doc comment of every operation into a summary and a description, and the links that only
/// rustdoc can follow into plain words, everywhere.
pub(super) fn tidy(document: &mut Value) {
    each_operation(document, |_, operation| split(operation));
    unlink(document);
}

/// The first sentence is the summary. The library takes the first line, which ends where the line was full.
fn split(operation: &mut Object) {
    let part = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{}\n{}", part("summary"), part("description"));
    let whole = whole.trim();
    let end = whole
        .match_indices('.')
        .map(|(at, _)| at)
        .find(|at| whole[at + 1..].is_empty() || whole[at + 1..].starts_with(char::is_whitespace));
    let (summary, rest) = whole.split_at(end.unwrap_or(whole.len()));
    let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = rest.trim_start_matches('.').trim().to_owned();

    operation.insert("summary".to_owned(), summary.into());
    if rest.is_empty() {
        operation.remove("description");
    } else {
        operation.insert("description".to_owned(), rest.into());
    }
}

/// ``[`denied`](crate::verify)`` → `` `denied` ``; and without the references to documents that only we have.
fn plain(text: &str) -> String {
    let mut plain = text.replace("[`", "`").replace("`]", "`");
    for begin in ["(crate::", "(Self::", " (protocol, ", " (decisions, "] {
        while let Some(at) = plain.find(begin) {
            let Some(length) = plain[at..].find(')') else { break };
            plain.replace_range(at..=at + length, "");
        }
    }
    plain
}

fn unlink(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" || name == "summary" => {
                        *text = plain(text);
                    }
                    _ => unlink(member),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(unlink),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_and_references_that_only_we_can_follow_are_left_out() {
        for (text, expected) in [
            ("See [`KeyUsage`](crate::usage::KeyUsage).", "See `KeyUsage`."),
            ("The superset (protocol, 2.3), with [`Grant`].", "The superset, with `Grant`."),
            ("Exact (RFC 6454, section 7).", "Exact (RFC 6454, section 7)."),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn the_first_sentence_is_the_summary() {
        for (summary, description, sentence, rest) in [
            ("Lists keys.", "", "Lists keys", ""),
            ("Lists 1.5 keys that", "wrap. And more.", "Lists 1.5 keys that wrap", "And more."),
            ("Lists keys.", "Slowly.\n\nVery.", "Lists keys", "Slowly.\n\nVery."),
            ("No full stop", "", "No full stop", ""),
        ] {
            let mut operation = json!({ "summary": summary, "description": description });
            split(operation.as_object_mut().expect("an object"));
            assert_eq!(operation["summary"], sentence);
            assert_eq!(operation["description"].as_str().unwrap_or_default(), rest);
        }
    }
}
