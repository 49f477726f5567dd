//! Every URL, by who calls it.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, patch, post};
use oneloop_engine::Engine;
use oneloop_protocol::Reason;
use tower::util::MapFutureLayer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::backend::{App, Settings};
use crate::client_address::TrustedProxies;
use crate::error::ApiError;
use crate::options::ProxyOptions;
use crate::request_id::RequestIds;
use crate::routes::{
    api_keys, evidence, health, link_tokens, meters, migrate, scopes, verify, workspaces,
};
use crate::{cors, envelope, guard, static_files};

/// A team's servers, with an SDK key. No page has business here, so no preflight is answered.
fn servers() -> Router<App> {
    Router::new()
        .route("/api/v1/api-key/verify", post(verify::verify_api_key))
        .route(
            "/api/v1/workspace",
            get(workspaces::list_workspaces).post(workspaces::create_workspace),
        )
        .route(
            "/api/v1/workspace/{workspace}",
            get(workspaces::get_workspace).patch(workspaces::patch_workspace),
        )
        .route("/api/v1/workspace/{workspace}/scope", post(scopes::create_scope))
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}/refill",
            post(api_keys::refill_api_key),
        )
        .route("/api/v1/api-key/record-usage", post(meters::record_usage))
        .route("/api/v1/usage/{billing_id}", get(meters::get_usage))
        .route(
            "/api/v1/customer-billing",
            get(meters::get_customer_billing).post(meters::create_customer_billing),
        )
        .route("/api/v1/customer-billing/refill", post(meters::refill_customer_billing))
        .route("/api/v1/link-token", post(link_tokens::create_link_token))
        .route("/api/v1/link-token/revoke", post(link_tokens::revoke_link_tokens))
        // Any method: while the gate is closed, nothing here may show that the URL exists.
        .route("/api/v1/api-key/migrate", any(migrate::migrate_api_key))
}

/// Pages of a team's customers, with a link token; and the team's servers, too.
fn browsers() -> Router<App> {
    Router::new()
        .route("/api/v1/link-token/{token}", get(link_tokens::get_link_token))
        .route("/api/v1/workspace/{workspace}/scopes", get(scopes::list_scopes))
        .route("/api/v1/api-key", post(api_keys::create_api_key))
        .route("/api/v1/workspace/{workspace}/api-key", get(api_keys::list_api_keys))
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}",
            patch(api_keys::patch_api_key)
                .delete(api_keys::delete_api_key)
                .get(api_keys::get_api_key), // servers only
        )
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}/rotate",
            post(api_keys::rotate_api_key),
        )
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}/end-overlap",
            post(api_keys::end_overlap),
        )
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}/usage",
            get(evidence::get_api_key_usage),
        )
        .route(
            "/api/v1/workspace/{workspace}/api-key/{api_key}/activity",
            get(evidence::get_api_key_activity),
        )
}

/// Whoever runs the service.
fn operators() -> Router<App> {
    Router::new()
        .route("/healthz", get(health::get_health))
        .route("/readyz", get(health::get_readiness))
}

/// The whole service, ready for [`serve`](crate::serve()) or for calling without a socket.
///
/// The migration gate needs to know where a request comes from: without `ConnectInfo<SocketAddr>` in the
/// request, every address is unknown, and so refused.
pub fn router(engine: Engine, options: ProxyOptions) -> Router {
    let ProxyOptions {
        allowed_origins,
        trusted_proxies,
        widget_dir,
        request_timeout,
        extra_routes,
    } = options;
    let app = App {
        backend: engine,
        settings: Arc::new(Settings {
            trusted_proxies: TrustedProxies(trusted_proxies),
            request_ids: RequestIds::new(),
        }),
    };
    let guarded = |routes: Router<App>| {
        routes.method_not_allowed_fallback(method_not_allowed).layer((
            CatchPanicLayer::custom(guard::answer_panic),
            MapFutureLayer::new(move |answer| guard::limit_time(request_timeout, answer)),
        ))
    };

    Router::new()
        .merge(guarded(servers()))
        .merge(guarded(browsers()).layer(cors::layer(&allowed_origins)))
        .merge(guarded(operators()))
        .merge(guarded(static_files::widget(widget_dir)))
        .merge(guarded(extra_routes.with_state(())))
        .fallback(unknown_route)
        .layer(from_fn_with_state(app.clone(), envelope::envelope))
        .with_state(app)
}

/// The answer for a URL that does not exist.
pub async fn unknown_route() -> ApiError {
    ApiError::not_found(Reason::UnknownRoute)
}

/// The answer for a URL that exists for other methods; axum adds which.
async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
