use std::fs;

use oneloop_proxy::ProxyOptions;
use tempfile::TempDir;

use crate::app::TestApp;

/// A built widget, as far as serving it goes.
async fn app() -> (TestApp, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let folder = directory.path().join("0a1b2c3d");
    fs::create_dir(&folder).expect("a folder");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect(name);
    write("oneloop-keys.js", "import './0a1b2c3d/define.js'");
    write("oneloop-keys.js.br", "entry, brotli");
    write("oneloop-keys.js.gz", "entry, gzip");
    write("0a1b2c3d/define.js", "define");
    write("0a1b2c3d/define.js.br", "define, brotli");
    write("0a1b2c3d/oneloop_keys_bg.wasm", "\0asm");
    write("0a1b2c3d/theme.css", ":host {}");
    let widget_dir = directory.path().to_owned();
    (TestApp::with(ProxyOptions { widget_dir, ..ProxyOptions::default() }).await, directory)
}

#[tokio::test]
async fn the_entry_is_asked_for_each_time() {
    let (app, _directory) = app().await;
    let reply = app.anonymous().get("/widget/oneloop-keys.js").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(reply.header("content-type"), "text/javascript");

    let etag = reply.header("etag").to_owned();
    let again = app.anonymous().header("if-none-match", &etag).get("/widget/oneloop-keys.js").await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    assert_eq!(again.header("cache-control"), "no-cache");
    let since = reply.header("last-modified").to_owned();
    let again =
        app.anonymous().header("if-modified-since", &since).get("/widget/oneloop-keys.js").await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn what_lies_in_a_folder_never_changes() {
    let (app, _directory) = app().await;
    for (file, content_type) in [
        ("define.js", "text/javascript"),
        ("oneloop_keys_bg.wasm", "application/wasm"),
        ("theme.css", "text/css"),
    ] {
        let reply = app.anonymous().get(&format!("/widget/0a1b2c3d/{file}")).await;
        assert_eq!(reply.status, 200, "{file}");
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(reply.header("content-type"), content_type);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn the_smallest_encoding_that_the_client_takes_is_sent() {
    let (app, _directory) = app().await;
    for (accept, path, encoding, text) in [
        ("br, gzip", "oneloop-keys.js", "br", "entry, brotli"),
        ("gzip", "oneloop-keys.js", "gzip", "entry, gzip"),
        ("identity", "oneloop-keys.js", "", "import './0a1b2c3d/define.js'"),
        ("gzip", "0a1b2c3d/define.js", "", "define"),
        ("gzip, deflate, br, zstd", "0a1b2c3d/define.js", "br", "define, brotli"),
    ] {
        let reply =
            app.anonymous().header("accept-encoding", accept).get(&format!("/widget/{path}")).await;
        assert_eq!((reply.status, reply.header("content-encoding")), (200, encoding), "{accept}");
        assert_eq!(String::from_utf8_lossy(&reply.bytes), text);
        assert_eq!(reply.header("content-type"), "text/javascript");
        assert_eq!(reply.header("vary"), "accept-encoding");
    }
}

#[tokio::test]
async fn what_is_not_there_is_our_404() {
    let (app, directory) = app().await;
    fs::write(directory.path().parent().expect("a parent").join("oneloop-canary"), "x")
        .expect("writes");
    for path in [
        "nowhere.js",
        "",
        "0a1b2c3d",
        "0a1b2c3d/",
        "../oneloop-canary",
        "%2e%2e/oneloop-canary",
        "0a1b2c3d/..%2f..%2foneloop-canary",
        "%00",
        "%ff",
    ] {
        let reply = app.anonymous().get(&format!("/widget/{path}")).await;
        reply.refused(404, "unknown_route", "");
    }
    // Asking for a part is answered with the whole.
    let part = app.anonymous().header("range", "bytes=900-").get("/widget/oneloop-keys.js").await;
    assert_eq!(part.status, 200);
}

#[tokio::test]
async fn a_widget_that_was_not_built_says_what_to_run() {
    let widget_dir = std::path::PathBuf::from("no/such/directory");
    let app = TestApp::with(ProxyOptions { widget_dir, ..ProxyOptions::default() }).await;
    let reply = app.anonymous().get("/widget/oneloop-keys.js").await;
    reply.refused(404, "unknown_route", "");
    let message = reply.text_at("/error/message");
    assert!(message.contains("cargo xtask package"), "{message}");
}
