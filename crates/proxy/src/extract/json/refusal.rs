//! What is wrong with a body, and where.
//!
//! The parser's own sentences are not passed on as they are: they name Rust types, and quote the value that
//! was found, which may be a key.

use oneloop_protocol::Reason;
use oneloop_protocol::amount::RULE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::ApiError;

/// Says why `body` is not a `T`, given what the plain parser said.
pub(super) fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    match error.classify() {
        Category::Data => locate::<T>(body),
        Category::Syntax | Category::Eof | Category::Io if body.trim_ascii().is_empty() => {
            ApiError::refused(Reason::InvalidJson, "the body is empty; it must be a JSON object")
        }
        Category::Syntax | Category::Eof | Category::Io if std::str::from_utf8(body).is_err() => {
            ApiError::refused(Reason::InvalidJson, "the body is not UTF-8")
        }
        // Sentences about syntax name a place and a kind, and quote nothing.
        Category::Syntax | Category::Eof | Category::Io => {
            ApiError::refused(Reason::InvalidJson, format!("the body is not JSON: {error}"))
        }
    }
}

/// Parses again, keeping track of the path to the field.
fn locate<T: DeserializeOwned>(body: &[u8]) -> ApiError {
    let mut parser = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut parser) {
        Err(error) => {
            let path = error.path().to_string();
            describe(if path == "." { "" } else { &path }, &error.inner().to_string())
        }
        // The two parsers agree on everything but what follows the value.
        Ok(_) => ApiError::refused(Reason::InvalidJson, "the body is not one JSON value"),
    }
}

/// Puts the parser's sentence about the value at `path` into ours.
fn describe(path: &str, sentence: &str) -> ApiError {
    let sentence = sentence.rsplit_once(" at line ").map_or(sentence, |(before, _)| before);
    let named = |prefix: &str| {
        let name = sentence.strip_prefix(prefix)?.strip_suffix('`')?;
        Some(if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") })
    };
    if let Some(field) = named("missing field `") {
        return refuse(&field, Reason::MissingField, "is missing");
    }
    if let Some(field) = named("duplicate field `") {
        return refuse(&field, Reason::InvalidJson, "stands twice");
    }
    if let Some((name, _)) =
        sentence.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
    {
        let field = if path.is_empty() || path == name { name.to_owned() } else { path.to_owned() };
        return refuse(&field, Reason::UnknownField, "is not a field of this body");
    }
    if sentence == RULE {
        return refuse(path, Reason::AmountInvalid, RULE);
    }
    let expected = sentence.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    if sentence.starts_with("invalid value: integer") {
        return refuse(path, Reason::OutOfRange, "is outside its range");
    }
    if sentence.starts_with("invalid ") {
        return refuse(path, Reason::InvalidType, &format!("must be {}", json_type(expected)));
    }
    // What is left are the sentences of our own types, which quote nothing.
    refuse(path, Reason::UnknownWord, &format!("cannot be read: {sentence}"))
}

fn refuse(field: &str, reason: Reason, says: &str) -> ApiError {
    let subject = if field.is_empty() { "the body" } else { field };
    let message = format!("{subject} {says}").into();
    let field = (!field.is_empty()).then(|| field.to_owned().into());
    ApiError::Refused { reason, message, field }
}

/// What the parser expected, in the words of JSON.
fn json_type(expected: &str) -> &'static str {
    match expected {
        "a string" | "a borrowed string" => "a string",
        "a digit string" => "a string of digits",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => "a whole number",
        _ if expected.starts_with("struct ") => "an object",
        _ => "of another type",
    }
}
