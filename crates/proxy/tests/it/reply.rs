//! An answer, read to its end.

use std::ops::Index;

use axum::http::HeaderMap;
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// Status, reason and field (`""` = none) of a refusal.
pub(crate) type Refusal = (u16, &'static str, &'static str);

/// An answer. Indexing looks into its body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` when the body is empty or not JSON.
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    /// Reads a response to its end.
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the body is whole").to_bytes().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Self { status: parts.status.as_u16(), headers: parts.headers, body, bytes }
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("printable"))
    }

    /// The text at a JSON pointer.
    pub(crate) fn text_at(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.body)).to_owned()
    }

    /// Asserts a success in JSON.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        self
    }

    /// Asserts a success if it `passes`, and this refusal otherwise.
    #[track_caller]
    pub(crate) fn succeeded_or_refused(self, passes: bool, (status, reason, field): Refusal) {
        if passes {
            self.succeeded();
        } else {
            self.refused(status, reason, field);
        }
    }

    /// Asserts a refusal of the one shape, with this status, reason and field (`""` = none).
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, reason: &str, field: &str) {
        let error = &self.body["error"];
        let found = (self.status, error["reason"].as_str(), error["field"].as_str());
        let field = (!field.is_empty()).then_some(field);
        assert_eq!(found, (status, Some(reason), field), "{}", self.body);
        assert_eq!(error["code"], json!(status), "the code is the status");
        let message = error["message"].as_str().expect("a message");
        assert!(!message.is_empty());
        assert_eq!(self.header("content-type"), "application/json");
        let members = error.as_object().expect("an object").len();
        assert_eq!(members, 3 + usize::from(field.is_some()), "nothing else: {}", self.body);
    }
}

impl Index<&str> for Reply {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}
