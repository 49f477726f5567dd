//! What the demonstration's database is filled with. Every step adds what is missing and leaves the rest,
//! so that a second start changes nothing that somebody did in between.

use oneloop_engine::{Actor, Engine, Reach};
use oneloop_protocol::{
    Access, CreateScope, CreateWorkspace, Grant, IsoTime, ListKeys, MigrateApiKey, Patch,
    PatchWorkspace, TeamId, UnixMillis, WorkspaceId, key,
};

use crate::engine::refused;
use crate::failure::{Failure, Outcome};
use crate::moment;

/// The customer whose settings page the demo page shows.
pub(super) const CUSTOMER: &str = "northwind";
/// A customer whose keys must never show there.
const OTHER_CUSTOMER: &str = "initech";

const TEAM: &str = "Acme";
const WORKSPACE: &str = "Acme production";
const PREFIX: &str = "acme";

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Representation, name, description.
const SCOPES: [(&str, &str, &str); 5] = [
    ("deployments", "Deployments", "Start, watch and roll back releases of your services."),
    ("metrics", "Metrics", "Traffic, latency and errors of your services, by the minute."),
    ("billing", "Billing", "Invoices, payment details and the current month's usage."),
    ("webhooks", "Webhooks", "Where we tell your systems about deployments and incidents."),
    ("members", "Members", "The people of your organisation and what they may do."),
];

/// A key with a past. Times are milliseconds before now; an expiry in the future is negative.
struct PastKey {
    customer: &'static str,
    name: &'static str,
    scopes: &'static [(&'static str, Access)],
    created: i64,
    used: Option<i64>,
    expired: Option<i64>,
    enabled: bool,
}

const ACTIVE: PastKey = PastKey {
    customer: CUSTOMER,
    name: "",
    scopes: &[],
    created: DAY,
    used: None,
    expired: None,
    enabled: true,
};

/// Oldest first, as they would have come to be.
const KEYS: [PastKey; 9] = [
    PastKey {
        name: "intern-2025",
        scopes: &[("deployments", Access::READ)],
        created: 532 * DAY,
        used: Some(444 * DAY + 5 * HOUR),
        expired: Some(440 * DAY),
        ..ACTIVE
    },
    PastKey {
        name: "old laptop",
        scopes: &[
            ("deployments", Access::ALL),
            ("billing", Access::READ),
            ("members", Access::ALL),
        ],
        created: 413 * DAY,
        used: Some(96 * DAY),
        enabled: false,
        ..ACTIVE
    },
    PastKey {
        customer: OTHER_CUSTOMER,
        name: "jenkins",
        scopes: &[("deployments", Access::ALL)],
        created: 350 * DAY,
        used: Some(2 * HOUR),
        ..ACTIVE
    },
    PastKey {
        name: "grafana",
        scopes: &[("deployments", Access::READ), ("metrics", Access::READ)],
        created: 204 * DAY,
        used: Some(MINUTE),
        ..ACTIVE
    },
    PastKey {
        customer: OTHER_CUSTOMER,
        name: "tps reports",
        scopes: &[("metrics", Access::READ), ("billing", Access::READ)],
        created: 120 * DAY,
        used: Some(6 * DAY),
        ..ACTIVE
    },
    PastKey {
        name: "terraform",
        scopes: &[
            ("deployments", Access::ALL),
            ("members", Access::READ),
            ("webhooks", Access::ALL),
        ],
        created: 87 * DAY,
        used: Some(5 * HOUR),
        expired: Some(-3 * DAY),
        ..ACTIVE
    },
    PastKey {
        name: "ci-deploy",
        scopes: &[("deployments", READ_AND_WRITE)],
        created: 61 * DAY,
        used: Some(4 * MINUTE),
        ..ACTIVE
    },
    PastKey {
        name: "staging webhook",
        scopes: &[("webhooks", READ_AND_WRITE)],
        created: 12 * DAY,
        ..ACTIVE
    },
    PastKey {
        name: "finance export",
        scopes: &[("billing", Access::READ)],
        created: 9 * DAY,
        used: Some(26 * HOUR),
        ..ACTIVE
    },
];

/// Everything but delete.
const READ_AND_WRITE: Access = Access::CREATE.union(Access::READ).union(Access::UPDATE);

/// The company.
pub(super) async fn team(engine: &Engine, operator: &Actor) -> Outcome<TeamId> {
    let teams = engine.list_teams().await.map_err(refused)?;
    match teams.into_iter().find(|team| team.name == TEAM) {
        Some(team) => Ok(team.id),
        None => engine.create_team(operator, TEAM).await.map(|team| team.id).map_err(refused),
    }
}

/// Its workspace, with the scope catalogue.
pub(super) async fn workspace(
    engine: &Engine,
    actor: &Actor,
    team: &TeamId,
) -> Outcome<WorkspaceId> {
    let existing = engine.list_workspaces(team).await.map_err(refused)?;
    let workspace = match existing.into_iter().find(|workspace| workspace.name == WORKSPACE) {
        Some(workspace) => workspace,
        None => {
            let body = CreateWorkspace { name: WORKSPACE.to_owned() };
            engine.create_workspace(actor, &body).await.map_err(refused)?
        }
    };
    if workspace.default_key_prefix.is_none() {
        let default_key_prefix = Patch::Value(PREFIX.to_owned());
        let patch = PatchWorkspace { default_key_prefix, ..PatchWorkspace::default() };
        engine.patch_workspace(actor, &workspace.id, &patch).await.map_err(refused)?;
    }
    let defined = engine.list_scopes(team, &workspace.id).await.map_err(refused)?;
    for (representation, name, description) in SCOPES {
        if defined.iter().any(|scope| scope.representation == representation) {
            continue;
        }
        let body = CreateScope {
            name: name.to_owned(),
            representation: representation.to_owned(),
            description: Some(description.to_owned()),
        };
        engine.create_scope(actor, &workspace.id, &body).await.map_err(refused)?;
    }
    Ok(workspace.id)
}

/// The customers' keys: those whose name its customer does not have yet, deleted ones included, so that
/// what somebody deletes in the demonstration does not come back.
pub(super) async fn keys(
    engine: &Engine,
    actor: &Actor,
    team: &TeamId,
    workspace: &WorkspaceId,
) -> Outcome {
    let now = engine.now();
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        let reach = Reach {
            team: team.clone(),
            workspace: workspace.clone(),
            customer_id: Some(customer.to_owned()),
        };
        let query = ListKeys { include_deleted: true, ..ListKeys::default() };
        let existing = engine.list_api_keys(&reach, &query).await.map_err(refused)?.api_keys;
        for past in KEYS.iter().filter(|key| key.customer == customer) {
            if existing.iter().any(|key| key.name == past.name) {
                continue;
            }
            let body = bring_along(past, workspace, now)?;
            engine.migrate_api_key(actor, &body).await.map_err(refused)?;
        }
    }
    Ok(())
}

/// The key as if it came from an older system: only a migrated key has a past. Nobody knows its secret,
/// which is drawn here and dropped.
fn bring_along(past: &PastKey, workspace: &WorkspaceId, now: UnixMillis) -> Outcome<MigrateApiKey> {
    let secret = key::mint(PREFIX, getrandom::fill).map_err(|error| {
        Failure::ours("the operating system gave no random bytes").because(&error)
    })?;
    let iso = |age: i64| IsoTime(moment::iso(now - age));
    Ok(MigrateApiKey {
        key: secret,
        name: past.name.to_owned(),
        workspace_id: workspace.clone(),
        customer_id: past.customer.to_owned(),
        enabled: past.enabled,
        scopes: past.scopes.iter().map(|(scope, access)| Grant::new(*scope, *access)).collect(),
        metadata: None,
        expires_at: past.expired.map(|age| now - age),
        created_at: Some(iso(past.created)),
        last_used_at: past.used.map(iso),
        prefix: Some(PREFIX.to_owned()),
    })
}
