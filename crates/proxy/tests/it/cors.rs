use oneloop_proxy::{Origin, ProxyOptions};

use crate::app::{Client, TestApp};
use crate::reply::Reply;

const APP: &str = "https://app.example.com";

async fn app() -> TestApp {
    let origins: Vec<Origin> =
        [APP, "http://localhost:3000"].map(|origin| origin.parse().expect("an origin")).into();
    TestApp::with(ProxyOptions { allowed_origins: origins, ..ProxyOptions::default() }).await
}

async fn preflight(client: Client, origin: &str, method: &str, path: &str) -> Reply {
    client
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "x-link-token,content-type")
        .send("OPTIONS", path, "")
        .await
}

#[tokio::test]
async fn a_listed_page_may_send_what_the_widget_sends() {
    let app = app().await;
    for (method, path) in [
        ("GET", "/api/v1/link-token/t".to_owned()),
        ("GET", app.path("scopes")),
        ("GET", app.path("api-key")),
        ("POST", "/api/v1/api-key".to_owned()),
        ("PATCH", app.path("api-key/ak_1")),
        ("DELETE", app.path("api-key/ak_1")),
        ("POST", app.path("api-key/ak_1/rotate")),
    ] {
        let reply = preflight(app.anonymous(), APP, method, &path).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), APP);
        assert_eq!(reply.header("access-control-allow-methods"), "GET,POST,PATCH,DELETE");
        let headers = "x-link-token,content-type,idempotency-key";
        assert_eq!(reply.header("access-control-allow-headers"), headers);
        assert_eq!(reply.header("access-control-max-age"), "7200");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
        assert_eq!(reply.header("vary"), "origin");
    }
}

#[tokio::test]
async fn any_other_page_may_not() {
    let app = app().await;
    let path = app.path("api-key");
    for origin in [
        "https://evil.test",
        "http://app.example.com",
        "https://app.example.com.evil.test",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "null",
    ] {
        let reply = preflight(app.anonymous(), origin, "GET", &path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(reply.header("vary"), "origin");
        let reply = app.link("northwind").await.header("origin", origin).get(&path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
    }
    let closed = TestApp::new().await;
    let reply = preflight(closed.anonymous(), APP, "GET", &closed.path("api-key")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn refusals_can_be_read_by_the_page_too() {
    let app = app().await;
    let page = |client: Client| client.header("origin", APP);
    let path = app.path("api-key");
    for reply in [
        page(app.link("northwind").await).get(&path).await,
        page(app.anonymous()).get(&path).await,
        page(app.anonymous()).send("PUT", &path, "").await,
        page(app.link("northwind").await).send("POST", "/api/v1/api-key", "{").await,
    ] {
        assert_eq!(reply.header("access-control-allow-origin"), APP, "{}", reply.status);
        assert_eq!(reply.header("access-control-expose-headers"), "x-request-id,retry-after");
        assert_eq!(reply.header("vary"), "origin");
    }
}

#[tokio::test]
async fn no_page_may_use_what_is_for_servers() {
    let app = app().await;
    for (method, path) in [
        ("POST", "/api/v1/api-key/verify".to_owned()),
        ("GET", "/api/v1/workspace".to_owned()),
        ("POST", "/api/v1/link-token".to_owned()),
        ("POST", app.path("scope")),
        ("POST", "/api/v1/api-key/migrate".to_owned()),
    ] {
        let reply = preflight(app.anonymous(), APP, method, &path).await;
        assert_ne!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
}

#[test]
fn an_origin_is_exact() {
    for other in
        ["*", "https://app.example.com/", "https://*.example.com", "app.example.com", "null", ""]
    {
        let error = other.parse::<Origin>().expect_err(other);
        assert!(error.to_string().starts_with(&format!("`{other}` is not an origin")), "{error}");
    }
    assert_eq!(APP.parse::<Origin>().expect("an origin").to_string(), APP);
}
