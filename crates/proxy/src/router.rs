//! Every URL, by who calls it.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any};
use oneloop_engine::Engine;
use oneloop_protocol::Reason;
use tower::util::MapFutureLayer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::backend::{App, Settings};
use crate::client_address::TrustedProxies;
use crate::error::ApiError;
use crate::options::ProxyOptions;
use crate::request_id::RequestIds;
use crate::routes::{
    api_keys, evidence, health, jwts, link_tokens, meters, migrate, migrations, scopes, verify,
    workspaces,
};
use crate::service::{KeyService, Limits};
use crate::{cors, envelope, guard, openapi, static_files};

/// A team's servers, with an SDK key. No page has business here, so no preflight is answered.
fn servers() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(verify::verify_api_key))
        .routes(routes!(workspaces::list_workspaces, workspaces::create_workspace))
        .routes(routes!(workspaces::get_workspace, workspaces::patch_workspace))
        .routes(routes!(scopes::create_scope))
        .routes(routes!(api_keys::refill_api_key))
        .routes(routes!(meters::record_usage))
        .routes(routes!(meters::get_usage))
        .routes(routes!(meters::get_customer_billing, meters::create_customer_billing))
        .routes(routes!(meters::refill_customer_billing))
        .routes(routes!(jwts::create_jwt))
        .routes(routes!(jwts::verify_jwt))
        .routes(routes!(jwts::rotate_signing_key))
        // For whoever holds a token: the keys are public.
        .routes(routes!(jwts::get_jwks))
        .routes(routes!(link_tokens::create_link_token))
        .routes(routes!(link_tokens::revoke_link_tokens))
        // A wrong method is answered like a wrong URL: while the gate is closed, nothing may show that it exists.
        .routes(routes!(migrate::migrate_api_key).map(|_| hidden().post(migrate::migrate_api_key)))
}

/// A route that does not exist for any method but those that are added.
fn hidden() -> MethodRouter<App> {
    any(unknown_route)
}

/// Migration jobs: what `oneloop migrate` and the server say to each other. Behind the gate, and described in
/// docs/http-api.md rather than in the document for integrators.
fn migration_jobs() -> Router<App> {
    Router::new()
        .route("/api/v1/migration", hidden().post(migrations::create).get(migrations::list))
        .route("/api/v1/migration/access", hidden().get(migrations::access))
        .route("/api/v1/migration/{migration}", hidden().get(migrations::get))
        .route("/api/v1/migration/{migration}/pause", hidden().post(migrations::pause))
        .route("/api/v1/migration/{migration}/resume", hidden().post(migrations::resume))
        .route("/api/v1/migration/{migration}/finish", hidden().post(migrations::finish))
        .route("/api/v1/migration/{migration}/rollback", hidden().post(migrations::roll_back))
        .route("/api/v1/migration/{migration}/report", hidden().get(migrations::report))
        .route(
            "/api/v1/migration/{migration}/chunk/{chunk}",
            hidden().put(migrations::put_chunk).get(migrations::get_chunk),
        )
        .route(
            "/api/v1/migration/{migration}/comparison/{chunk}",
            hidden().put(migrations::compare_chunk),
        )
}

/// Pages of a team's customers, with a link token; and the team's servers, too.
fn browsers() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(link_tokens::get_link_token))
        .routes(routes!(scopes::list_scopes))
        .routes(routes!(api_keys::create_api_key))
        .routes(routes!(api_keys::list_api_keys))
        .routes(routes!(
            api_keys::patch_api_key,
            api_keys::delete_api_key,
            api_keys::get_api_key, // servers only
        ))
        .routes(routes!(api_keys::rotate_api_key))
        .routes(routes!(api_keys::end_overlap))
        .routes(routes!(evidence::get_api_key_usage))
        .routes(routes!(evidence::get_api_key_activity))
}

/// Whoever runs the service.
fn operators() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(health::get_health))
        .routes(routes!(health::get_readiness))
}

/// Every operation of the three groups, as their handlers describe themselves.
pub(crate) fn described() -> OpenApi {
    let mut api = servers().into_openapi();
    api.merge(browsers().into_openapi());
    api.merge(operators().into_openapi());
    api
}

/// The whole service, ready for [`serve`](crate::serve()) or for calling without a socket.
///
/// The migration gate needs to know where a request comes from: without `ConnectInfo<SocketAddr>` in the
/// request, every address is unknown, and so refused.
pub fn router(engine: Engine, options: ProxyOptions) -> KeyService {
    let ProxyOptions {
        allowed_origins,
        trusted_proxies,
        widget_dir,
        request_timeout,
        head_timeout,
        max_connections,
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

    let router = Router::new()
        .merge(guarded(servers().into()))
        .merge(guarded(migration_jobs()))
        .merge(guarded(browsers().into()).layer(cors::layer(&allowed_origins)))
        .merge(guarded(operators().into()))
        .merge(guarded(openapi::routes()))
        .merge(guarded(static_files::widget(widget_dir)))
        .merge(guarded(extra_routes.with_state(())))
        .fallback(unknown_route)
        .layer(from_fn_with_state(app.clone(), envelope::envelope))
        .with_state(app.clone());
    let limits = Limits { time_limit: request_timeout, head_timeout, max_connections };
    KeyService::new(app, limits, router)
}

/// The answer for a URL that does not exist.
pub async fn unknown_route() -> ApiError {
    ApiError::not_found(Reason::UnknownRoute)
}

/// The answer for a URL that exists for other methods; axum adds which.
async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
