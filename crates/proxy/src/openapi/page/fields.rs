//! Schemas as lists of fields.

use maud::{Markup, html};
use serde_json::Value;

use super::{list, markdown, text};
use crate::openapi::schemas::name_in;

/// The fields of an object, or the words of an enumeration.
pub(super) fn fields(schema: &Value) -> Markup {
    let required: Vec<_> = list(&schema["required"]).iter().map(text).collect();
    let properties = schema["properties"].as_object();
    html! {
        @for part in list(&schema["allOf"]) {
            @if part["$ref"].is_null() { (fields(part)) }
            @else { p { "All of " (type_of(part)) ", and:" } }
        }
        @for choice in list(&schema["oneOf"]) { (fields(choice)) }
        @if !schema["enum"].is_null() { p { (words(&schema["enum"])) } }
        @if let Some(properties) = properties {
            dl {
                @for (name, field) in properties {
                    dt {
                        code { (name) }
                        ": " (type_of(field))
                        @if !required.contains(&name.as_str()) { ", may be left out" }
                    }
                    dd {
                        (markdown(text(&field["description"])))
                        @let limits = limits(field);
                        @if !limits.is_empty() { p.limits { (limits) } }
                    }
                }
            }
        }
    }
}

/// A type in a few words; the name of another schema is a link to it.
pub(super) fn type_of(schema: &Value) -> Markup {
    let choices = list(&schema["oneOf"]);
    html! {
        @if let Some(name) = schema["$ref"].as_str().and_then(name_in) {
            a href=(format!("#type-{name}")) { (name) }
        } @else if !choices.is_empty() {
            @for (at, choice) in choices.iter().enumerate() {
                @if at > 0 { " or " }
                (type_of(choice))
            }
        } @else if schema["type"] == "array" {
            "list of " (type_of(&schema["items"]))
        } @else if !schema["enum"].is_null() {
            (words(&schema["enum"]))
        } @else if let Some(types) = schema["type"].as_array() {
            @for (at, name) in types.iter().enumerate() {
                @if at > 0 { " or " }
                (text(name))
            }
        } @else {
            (text(&schema["type"]))
            @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
        }
    }
}

fn words(words: &Value) -> Markup {
    html! {
        @for (at, word) in list(words).iter().enumerate() {
            @if at > 0 { ", " }
            code { (text(word)) }
        }
    }
}

/// The limits of a field, in words.
fn limits(field: &Value) -> String {
    let between = |least: &str, most: &str, what: &str| {
        let (least, most) = (field[least].as_i64(), field[most].as_i64());
        match (least, most) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
            (Some(least), None) => Some(format!("at least {least}{what}")),
            (None, Some(most)) => Some(format!("at most {most}{what}")),
            (None, None) => None,
        }
    };
    let pattern = field["pattern"].as_str().map(|pattern| format!("matches {pattern}"));
    let all = [
        between("minLength", "maxLength", " characters"),
        between("minItems", "maxItems", " entries"),
        between("minProperties", "maxProperties", " entries"),
        between("minimum", "maximum", ""),
        pattern,
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
