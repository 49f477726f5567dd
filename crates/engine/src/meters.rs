//! Billing meters: a customer's credit, and what was used of it (endpoints 13, 15 and 19 to 22).

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::meter::{
    BilledDay, CreateMeter, DEFAULT_USAGE_NAME, Meter, RecordUsage, RefillApiKey, RefillMeter,
    UsageRequest, check_counter,
};
use oneloop_protocol::{
    Amount, ApiKey, ApiKeyId, MeterId, Reason, TeamId, UnixMillis, WorkspaceId, limits,
};
use serde_json::json;

use crate::actor::Actor;
use crate::api_key::{on_wire as key_on_wire, own_key, refuse_deleted};
use crate::caller::Reach;
use crate::engine::{Engine, team_bits};
use crate::error::EngineError;
use crate::key_entry::KeyEntry;
use crate::ledger::{Charge, Target};
use crate::store::{BilledRow, MeterRow, TagHolder, USAGE_DAYS_KEPT};
use crate::tag::Tag;
use crate::time::{day_name, day_of, iso};
use crate::verify::{presented, shared};
use crate::workspaces::own_workspace;

impl Engine {
    /// A meter of a team's workspace; `None` if there is none of this name.
    pub async fn get_meter(
        &self,
        team: &TeamId,
        workspace: &WorkspaceId,
        external_id: &str,
    ) -> Result<Option<Meter>, EngineError> {
        limits::check_external_id("externalMeterId", external_id)?;
        let mut store = self.snapshot().await?;
        let workspace = own_workspace(store.as_mut(), team, workspace).await?;
        Ok(store.meter(workspace.id, external_id).await?.as_ref().map(on_wire))
    }

    /// Creates a meter. One that is there already is the answer, unchanged.
    pub async fn create_meter(
        &self,
        actor: &Actor,
        body: &CreateMeter,
    ) -> Result<Meter, EngineError> {
        body.check()?;
        let now = self.now();
        let mut turn = self.turn().await?;
        let team = actor.acting_team()?;
        let workspace = own_workspace(turn.store.as_mut(), team, &body.workspace_id).await?;
        if let Some(row) = turn.store.meter(workspace.id, &body.external_meter_id).await? {
            return Ok(on_wire(&row));
        }
        let row = MeterRow {
            id: self.fresh_id(now),
            team: workspace.team,
            workspace: workspace.id,
            external_id: body.external_meter_id.clone(),
            total_credits: body.total_credits.unwrap_or_default(),
            used_credits: Amount::ZERO,
            allow_overages: body.allow_overages.unwrap_or_default(),
            spend_cap: body.spend_cap,
            created_at: now,
            updated_at: now,
        };
        turn.store.insert_meter(&row).await?;
        let id = MeterId::from_bits(row.id);
        let detail = json!({
            "workspaceId": body.workspace_id,
            "externalMeterId": row.external_id,
            "totalCredits": row.total_credits,
            "allowOverages": row.allow_overages,
            "spendCap": row.spend_cap,
        });
        let audit = turn.audit(actor, Some(row.team), "meter.created", &id, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(meter.id = %id, "Created meter `{id}`");
        Ok(on_wire(&row))
    }

    /// Adds credit to a meter.
    pub async fn refill_meter(
        &self,
        actor: &Actor,
        body: &RefillMeter,
    ) -> Result<Meter, EngineError> {
        let intent = self.intent(actor, "meter.refill", body)?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        body.check()?;
        let mut turn = self.turn().await?;
        if let Some(answer) = turn.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        let team = actor.acting_team()?;
        let workspace = own_workspace(turn.store.as_mut(), team, &body.workspace_id).await?;
        let row = turn.store.meter(workspace.id, &body.external_meter_id).await?;
        let mut row = row.ok_or(EngineError::NotFound(Reason::UnknownMeter))?;
        row.total_credits = row.total_credits.plus(body.refill).ok_or_else(|| {
            let message = format!("refill would make the credit more than {}", Amount::MAX);
            EngineError::conflict(Reason::OutOfRange, Some("refill".to_owned()), message)
        })?;
        row.updated_at = self.now();
        turn.store.update_meter(&row).await?;
        let id = MeterId::from_bits(row.id);
        let detail = json!({ "refill": body.refill, "totalCredits": row.total_credits });
        let audit = turn.audit(actor, Some(row.team), "meter.refilled", &id, detail);
        let answer = on_wire(&row);
        turn.remember(intent.as_ref(), &answer).await?;
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(meter.id = %id, "Refilled meter `{id}`");
        Ok(answer)
    }

    /// Adds to the counter of a key that was created with one.
    pub async fn refill_api_key(
        &self,
        actor: &Actor,
        reach: &Reach,
        id: &ApiKeyId,
        body: &RefillApiKey,
    ) -> Result<ApiKey, EngineError> {
        let intent = self.intent(actor, "api_key.refill", &(&reach.workspace, id, body))?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        let amount = body.check()?;
        let now = self.now();
        let mut turn = self.turn().await?;
        if let Some(answer) = turn.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        let (workspace, row) = own_key(turn.store.as_mut(), reach, id).await?;
        refuse_deleted(&row)?;
        let left = row.usage_left.ok_or_else(|| {
            let message = "the API key has no counter; it was created without totalUsageAllowed";
            EngineError::conflict(Reason::UsageNotLimited, None, message)
        })?;
        // Verifications may take some off meanwhile; nothing adds but this.
        check_counter("amount", u128::from(left) + u128::from(amount))?;
        turn.store.add_usage_left(row.id, amount, now).await?;
        let row = turn.store.api_key(row.id).await?;
        let row = row.ok_or(EngineError::NotFound(Reason::UnknownApiKey))?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;
        let detail = json!({ "amount": amount });
        let audit = turn.audit(actor, Some(row.team), "api_key.refilled", id, detail);
        let answer = key_on_wire(&row, catalogue.as_slice(), now);
        turn.remember(intent.as_ref(), &answer).await?;
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(api_key.id = %id, "Refilled API key `{id}`");
        Ok(answer)
    }

    /// Charges usage that has happened, to the meter that a verification of the same key would charge. It is charged
    /// in full, over the credit too, and whatever has become of the key since: it was used.
    ///
    /// Under a name (`Idempotency-Key`) it is charged once: the name is kept in the transaction of the charge.
    pub async fn record_usage(&self, actor: &Actor, body: &RecordUsage) -> Result<(), EngineError> {
        let intent = self.intent(actor, "usage.record", body)?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        body.check()?;
        let team = team_bits(actor.acting_team()?)?;
        let request = UsageRequest {
            usage: body.usage,
            usage_name: body.usage_name.clone(),
            ..UsageRequest::default()
        };
        let key = self.key_that_was_used(team, presented(&body.key)).await?;
        let key = key.ok_or(EngineError::NotFound(Reason::UnknownApiKey))?;
        let charge = charge_of(team, &key, Some(&request), self.now());
        if let Some(charge) = charge.filter(|charge| charge.amount > Amount::ZERO) {
            let once = match &intent {
                Some(intent) => Some(Box::new(intent.keep(&(), self.now())?)),
                None => None,
            };
            let charge = Charge { counter: None, may_be_denied: false, once, ..charge };
            let charged = self.charge(charge).await?;
            if let (Some(intent), Some(before)) = (&intent, &charged.before) {
                return intent.answer_in(before);
            }
        }
        Ok(())
    }

    /// The key behind a secret with which it was used, if only before its last rotations.
    async fn key_that_was_used(
        &self,
        team: u128,
        presented: &str,
    ) -> Result<Option<KeyEntry>, EngineError> {
        let tag = Tag::of_key(self.pepper(), team, &KeyDigest::of(presented));
        let known = |tag: &Tag| {
            let (keys, now) = (self.index().keys(), self.now());
            let by_recipe = || self.key_by_recipe(&keys, team, presented, now);
            keys.find_by(tag, now).or_else(by_recipe).map(|found| shared(found.key))
        };
        if let Some(key) = known(&tag) {
            return Ok(Some(key));
        }
        if let Some(tag) = Box::pin(self.recognise(team, presented)).await? {
            return Ok(known(&tag));
        }
        let mut store = self.snapshot().await?;
        match store.tag_holder(&tag).await? {
            Some(TagHolder::Replaced(id)) => {
                Ok(store.load_some_keys(&[id]).await?.pop().map(|key| key.entry))
            }
            // Another node has just made it.
            Some(TagHolder::Current(row)) => Ok(Some(row.into_indexed().entry)),
            None => Ok(None),
        }
    }

    /// What a team used of one meter, by day and name, oldest first. The meter is named by its id, by its external
    /// id, or by the free word under which usage was charged.
    pub async fn billed_usage(
        &self,
        team: &TeamId,
        billing_id: &str,
    ) -> Result<Vec<BilledDay>, EngineError> {
        limits::check_external_id("billingId", billing_id)?;
        let team = team_bits(team)?;
        let since = day_of(self.now()) - USAGE_DAYS_KEPT;
        let mut store = self.snapshot().await?;
        let mut names = vec![billing_id.to_owned()];
        let meters = store.meters_named(team, billing_id).await?;
        names.extend(meters.iter().map(MeterRow::billing_id));
        let rows = store.billed_usage(team, &names, since).await?;
        let on_wire = |row: BilledRow| BilledDay {
            billing_id: row.billing_id,
            day: day_name(row.day),
            total_billing_usage: row.amount,
            billing_usage_name: row.name,
        };
        Ok(rows.into_iter().map(on_wire).collect())
    }
}

/// What a request with `key` spends; `None` if the key has neither meter nor counter and nothing is to be charged.
///
/// The meter (protocol, 3.7): the one that the request names; else the key's own, unless an older client asks for the
/// customer's; else the one named like the customer.
pub(crate) fn charge_of(
    team: u128,
    key: &KeyEntry,
    request: Option<&UsageRequest>,
    now: UnixMillis,
) -> Option<Charge> {
    let extra = key.extra.as_deref();
    let own = extra.and_then(|extra| extra.external_meter_id.as_deref());
    let counted = extra.is_some_and(|extra| extra.counted);
    let amount = request.and_then(|request| request.usage).unwrap_or_default();
    let named = request.and_then(|request| request.id.as_deref()).filter(|id| !id.is_empty());
    let of_customer = request.is_some_and(|request| request.use_customer_id_for_billing.is_some());
    let meter = match (named, own) {
        (Some(id), _) => Target::Named(id.to_owned()),
        (None, Some(own)) if !of_customer => Target::OfKey(own.to_owned()),
        (None, _) if amount > Amount::ZERO => Target::Named(key.holder.customer_id().to_owned()),
        (None, _) => Target::None,
    };
    let nothing = match meter {
        Target::OfKey(_) => false,
        Target::Named(_) | Target::None => amount == Amount::ZERO,
    };
    if nothing && !counted {
        return None;
    }
    let name = request.and_then(|request| request.usage_name.as_deref());
    let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_USAGE_NAME);
    Some(Charge {
        team,
        workspace: key.workspace,
        meter,
        amount,
        name: name.to_owned(),
        day: day_of(now),
        counter: counted.then_some(key.id),
        may_be_denied: true,
        once: None,
    })
}

impl MeterRow {
    /// Its id, as usage is kept under it.
    pub(crate) fn billing_id(&self) -> String {
        MeterId::from_bits(self.id).as_str().to_owned()
    }
}

pub(crate) fn on_wire(row: &MeterRow) -> Meter {
    Meter {
        id: row.billing_id(),
        total_credits: row.total_credits,
        used_credits: row.used_credits,
        allow_overages: row.allow_overages,
        spend_cap: row.spend_cap,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
    }
}
