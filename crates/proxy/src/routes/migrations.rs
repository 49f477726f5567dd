//! Migration jobs: our own endpoints, behind the gate. Unknown fields are refused.

use axum::extract::State;
use oneloop_protocol::migration::{
    ChunkAnswer, Comparison, CreateMigration, FinishMigration, Migration, MigrationAccess,
    MigrationAnswer, MigrationRow, MigrationsAnswer, RollBackMigration, RollBackStep, SignedReport,
};
use oneloop_protocol::{FieldError, MigrationId, Reason};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{ApiJson, ApiPath, Ndjson, OptionalJson, Parameters};
use crate::gate::{MigrationPass, ReadMigration, RollBackMigrationJob};

/// A job in its envelope.
fn answer(migration: Migration) -> Answer<MigrationAnswer> {
    Answer(MigrationAnswer { migration })
}

/// `GET /api/v1/migration/access`: whoever reads the answer would pass the gate.
pub(crate) async fn access(
    State(app): State<App>,
    pass: MigrationPass,
) -> Result<Answer<MigrationAccess>, ApiError> {
    let window = app.backend.migration_window(pass.team()).await?;
    Ok(Answer(MigrationAccess {
        open: true,
        closes_at: window.map(|window| window.closes_at),
        address: pass.actor().address.map(|address| address.to_string()),
        sdk_key: pass.actor().who.to_string(),
    }))
}

/// `POST /api/v1/migration`: a new job, or the one that was made from the same plan.
pub(crate) async fn create(
    State(app): State<App>,
    pass: MigrationPass,
    ApiJson(body): ApiJson<CreateMigration>,
) -> Result<Answer<MigrationAnswer>, ApiError> {
    Ok(answer(app.backend.create_migration(pass.actor(), &body).await?))
}

/// `GET /api/v1/migration`: the team's jobs, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    pass: MigrationPass<ReadMigration>,
) -> Result<Answer<MigrationsAnswer>, ApiError> {
    let migrations = app.backend.list_migrations(pass.team()).await?;
    Ok(Answer(MigrationsAnswer { migrations }))
}

/// `GET /api/v1/migration/{migration}`
pub(crate) async fn get(
    State(app): State<App>,
    pass: MigrationPass<ReadMigration>,
    ApiPath(id): ApiPath<MigrationId>,
) -> Result<Answer<MigrationAnswer>, ApiError> {
    Ok(answer(app.backend.migration(pass.team(), &id).await?))
}

/// `POST /api/v1/migration/{migration}/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    pass: MigrationPass,
    ApiPath(id): ApiPath<MigrationId>,
) -> Result<Answer<MigrationAnswer>, ApiError> {
    Ok(answer(app.backend.pause_migration(pass.actor(), &id).await?))
}

/// `POST /api/v1/migration/{migration}/resume`
pub(crate) async fn resume(
    State(app): State<App>,
    pass: MigrationPass,
    ApiPath(id): ApiPath<MigrationId>,
) -> Result<Answer<MigrationAnswer>, ApiError> {
    Ok(answer(app.backend.resume_migration(pass.actor(), &id).await?))
}

/// `POST /api/v1/migration/{migration}/finish`: no chunk is missing.
pub(crate) async fn finish(
    State(app): State<App>,
    pass: MigrationPass,
    ApiPath(id): ApiPath<MigrationId>,
    ApiJson(body): ApiJson<FinishMigration>,
) -> Result<Answer<MigrationAnswer>, ApiError> {
    Ok(answer(app.backend.finish_migration(pass.actor(), &id, body).await?))
}

/// `POST /api/v1/migration/{migration}/rollback`: undoes one chunk, the last that is left. Asked again until
/// the job is `rolled_back`.
pub(crate) async fn roll_back(
    State(app): State<App>,
    pass: MigrationPass<RollBackMigrationJob>,
    ApiPath(id): ApiPath<MigrationId>,
    OptionalJson(body): OptionalJson<RollBackMigration>,
) -> Result<Answer<RollBackStep>, ApiError> {
    Ok(Answer(app.backend.roll_back_migration(pass.actor(), &id, body).await?))
}

/// `GET /api/v1/migration/{migration}/report`: the job and both sides, signed.
pub(crate) async fn report(
    State(app): State<App>,
    pass: MigrationPass<ReadMigration>,
    ApiPath(id): ApiPath<MigrationId>,
) -> Result<Answer<SignedReport>, ApiError> {
    Ok(Answer(app.backend.migration_report(pass.team(), &id).await?))
}

/// `PUT /api/v1/migration/{migration}/chunk/{chunk}`: the next chunk, or one that was sent before. It is recognised by
/// `?digest=`, which its sender may make over what does not move by itself, or else by SHA-256 of the body.
pub(crate) async fn put_chunk(
    State(app): State<App>,
    pass: MigrationPass,
    ApiPath((id, chunk)): ApiPath<(MigrationId, u32)>,
    parameters: Parameters,
    Ndjson { lines, digest }: Ndjson<MigrationRow>,
) -> Result<Answer<ChunkAnswer>, ApiError> {
    let digest = parameters.get("digest").map_or(Ok(digest), |text| {
        text.parse().map_err(|_| {
            let message = "digest must be SHA-256 in hex, 64 digits";
            FieldError::new("digest", Reason::InvalidQuery, message)
        })
    })?;
    Ok(Answer(app.backend.import_chunk(pass.actor(), &id, chunk, digest, lines).await?))
}

/// `GET /api/v1/migration/{migration}/chunk/{chunk}`: what a chunk did.
pub(crate) async fn get_chunk(
    State(app): State<App>,
    pass: MigrationPass<ReadMigration>,
    ApiPath((id, chunk)): ApiPath<(MigrationId, u32)>,
) -> Result<Answer<ChunkAnswer>, ApiError> {
    Ok(Answer(app.backend.migration_chunk(pass.team(), &id, chunk).await?))
}

/// `PUT /api/v1/migration/{migration}/comparison/{chunk}`: a chunk of the source, held against what is here.
pub(crate) async fn compare_chunk(
    State(app): State<App>,
    pass: MigrationPass<ReadMigration>,
    ApiPath((id, chunk)): ApiPath<(MigrationId, u32)>,
    Ndjson { lines, .. }: Ndjson<MigrationRow>,
) -> Result<Answer<Comparison>, ApiError> {
    Ok(Answer(app.backend.compare_chunk(pass.actor(), &id, chunk, lines).await?))
}
