//! The document as a page: plain HTML, made once, without a script. So it works under the strictest policy,
//! in every browser, in print, and offline; what the ready-made viewers add is a megabyte of JavaScript that
//! writes styles into elements.

mod fields;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Event, Parser, html::push_html};
use serde_json::Value;

use super::operations;
use fields::{fields, type_of};

/// The page's stylesheet.
pub(super) const STYLE: &str = include_str!("page/style.css");

/// The whole page.
pub(super) fn render(document: &Value) -> String {
    let info = &document["info"];
    let schemas = document["components"]["schemas"].as_object();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text(&info["title"])) " API" }
                link rel="stylesheet" href="docs/style.css";
            }
            body {
                (contents(document))
                main {
                    h1 { (text(&info["title"])) " API " small { (text(&info["version"])) } }
                    (markdown(text(&info["description"])))
                    p { "For programs: " a href="openapi.json" { "openapi.json" } ", OpenAPI " (text(&document["openapi"])) "." }
                    @for tag in list(&document["tags"]) {
                        section {
                            h2 id=(anchor(text(&tag["name"]))) { (text(&tag["name"])) }
                            (markdown(text(&tag["description"])))
                            @for (path, method, operation) in of_tag(document, tag) {
                                (section(document, path, method, operation))
                            }
                        }
                    }
                    section {
                        h2 id="types" { "Types" }
                        @for (name, schema) in schemas.into_iter().flatten() {
                            article id=(format!("type-{name}")) {
                                h3 { (name) }
                                (markdown(text(&schema["description"])))
                                (fields(schema))
                            }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The list of all operations, at the side.
fn contents(document: &Value) -> Markup {
    html! {
        nav aria-label="Operations" {
            @for tag in list(&document["tags"]) {
                h2 { a href=(format!("#{}", anchor(text(&tag["name"])))) { (text(&tag["name"])) } }
                ul {
                    @for (_, method, operation) in of_tag(document, tag) {
                        li {
                            a href=(format!("#{}", text(&operation["operationId"]))) {
                                span class=(format!("method {method}")) { (method.to_uppercase()) }
                                " " (text(&operation["summary"]))
                            }
                        }
                    }
                }
            }
            h2 { a href="#types" { "Types" } }
        }
    }
}

/// One operation.
fn section(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let id = text(&operation["operationId"]);
    let body = &operation["requestBody"]["content"]["application/json"];
    let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    html! {
        article id=(id) {
            h3 { (text(&operation["summary"])) " " a.anchor href=(format!("#{id}")) aria-label="Link to this" { "#" } }
            p.url { span class=(format!("method {method}")) { (method.to_uppercase()) } " " code { (path) } }
            (markdown(text(&operation["description"])))
            (callers(operation))
            @let parameters = list(&operation["parameters"]);
            @if !parameters.is_empty() {
                h4 { "Parameters" }
                dl {
                    @for parameter in parameters {
                        dt {
                            code { (text(&parameter["name"])) }
                            " in " (text(&parameter["in"])) ", " (type_of(&parameter["schema"]))
                        }
                        dd { (markdown(text(&parameter["description"]))) }
                    }
                }
            }
            @if !body.is_null() {
                h4 { "Body: " (type_of(&body["schema"])) }
            }
            h4 { "Example" }
            pre { code { (example(path, method, operation)) } }
            h4 { "Answer: " (type_of(answer)) }
            (refusals(document, operation))
        }
    }
}

/// Who may call it.
fn callers(operation: &Value) -> Markup {
    let right = text(&operation["x-sdk-key-right"]);
    let permission = text(&operation["x-link-token-permission"]);
    html! {
        p.callers {
            @if right.is_empty() { "Needs no credential." }
            @else { "Needs an SDK key with the right " code { (right) } }
            @match permission {
                "" => { @if !right.is_empty() { "." } },
                "itself" => { ", or the link token itself." },
                _ => { ", or a link token that may " code { (permission) } "." },
            }
        }
    }
}

/// The statuses of refusal, and what each of them means.
fn refusals(document: &Value, operation: &Value) -> Markup {
    let responses = operation["responses"].as_object().into_iter().flatten();
    html! {
        details {
            summary { "Refusals" }
            dl {
                @for (status, response) in responses.filter(|(status, _)| *status != "200") {
                    @let name = text(&response["$ref"]).rsplit('/').next().unwrap_or_default();
                    @let shared = &document["components"]["responses"][name]["description"];
                    dt { (status) }
                    dd { (markdown(shared.as_str().unwrap_or(text(&response["description"])))) }
                }
            }
        }
    }
}

/// The example as a command, with the credential left to the reader's environment.
fn example(path: &str, method: &str, operation: &Value) -> String {
    let mut url = path.to_owned();
    for parameter in list(&operation["parameters"]) {
        if parameter["in"] == "path" {
            let name = format!("{{{}}}", text(&parameter["name"]));
            url = url.replace(&name, text(&parameter["example"]));
        }
    }
    for (at, parameter) in list(&operation["parameters"])
        .iter()
        .filter(|it| it["in"] == "query" && it["required"] == true)
        .enumerate()
    {
        url.push(if at == 0 { '?' } else { '&' });
        url.push_str(&format!("{}={}", text(&parameter["name"]), text(&parameter["example"])));
    }
    let mut command = match method {
        "get" => format!("curl \"$ONELOOP_URL{url}\""),
        _ => format!("curl -X {} \"$ONELOOP_URL{url}\"", method.to_uppercase()),
    };
    if !text(&operation["x-sdk-key-right"]).is_empty() {
        command.push_str(" \\\n  -H \"Authorization: Bearer $ONELOOP_SDK_KEY\"");
    }
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    if !body.is_null() {
        command
            .push_str(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body:#}'"));
    }
    command
}

fn of_tag<'a>(
    document: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    operations(document).filter(|(_, _, operation)| operation["tags"][0] == tag["name"])
}

/// The Markdown of a doc comment. What looks like HTML in it is text.
fn markdown(text: &str) -> Markup {
    let events = Parser::new(text).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        event => event,
    });
    let mut html = String::new();
    push_html(&mut html, events);
    PreEscaped(html)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
