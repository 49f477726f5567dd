use crate::app::TestApp;

#[tokio::test]
async fn the_service_is_alive_and_ready() {
    let app = TestApp::new().await;
    for path in ["/healthz", "/readyz"] {
        let reply = app.anonymous().get(path).await.succeeded();
        assert_eq!(reply["status"], "ok");
        let head = app.anonymous().send("HEAD", path, "").await;
        assert_eq!((head.status, head.bytes.len()), (200, 0));
    }
}
