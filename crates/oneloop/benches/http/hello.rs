//! The yardstick: the least that axum can do, on the same allocator, runtime and socket options.

use std::io::{Write as _, stdout};

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::Result;

/// Where a POST is greeted: the path of a verification, so that it gets the very same requests.
const VERIFY: &str = "/api/v1/api-key/verify";

/// Serves "Hello" until killed; the address is the first line of standard output.
pub(crate) fn serve() -> Result {
    // As `oneloop` builds its own: a worker for each CPU the process may use, which here is one.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(stdout(), "{}", listener.local_addr()?)?;
        let listener = listener.tap_io(|connection| {
            // As `oneloop_proxy::serve` does; a connection that is gone says so by itself.
            let _gone = connection.set_nodelay(true);
        });
        let router = Router::new()
            .route("/", get(|| async { "Hello" }))
            .route(VERIFY, post(|_: Bytes| async { "Hello" }));
        axum::serve(listener, router).await?;
        Ok(())
    })
}
