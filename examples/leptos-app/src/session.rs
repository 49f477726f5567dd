//! Where the application's own backend is, and the link tokens that it mints.

use gloo_net::http::Request;
use js_sys::{JSON, Reflect};
use oneloop_keys::{Options, Secret};

/// Where the key service is. Here it serves the page as well.
pub(crate) fn server() -> String {
    let origin = Reflect::get(&js_sys::global(), &"origin".into());
    origin.ok().and_then(|origin| origin.as_string()).unwrap_or_default()
}

/// What all three places have in common.
pub(crate) fn options() -> Options {
    Options::new(&server(), link_token).key_variable("ACME_API_KEY")
}

/// A token for whoever is signed in. Only a backend can mint one; the demonstration has one.
async fn link_token() -> Result<Secret, String> {
    let answer = Request::post("/demo/session").send().await.map_err(|error| error.to_string())?;
    if !answer.ok() {
        return Err(format!("no session: HTTP {}", answer.status()));
    }
    let text = answer.text().await.map_err(|error| error.to_string())?;
    let token = JSON::parse(&text).and_then(|session| Reflect::get(&session, &"token".into()));
    let token = token.ok().and_then(|token| token.as_string());
    token.map(Secret::new).ok_or_else(|| "the answer has no token".to_owned())
}
