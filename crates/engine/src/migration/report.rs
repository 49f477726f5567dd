//! What the server attests about a job, signed.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer, SigningKey};
use oneloop_protocol::migration::{MigrationReport, MigrationState, PublicKey, SignedReport};
use oneloop_protocol::{MigrationId, TeamId};
use serde_json::json;

use super::{on_wire, own_migration};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::time::iso;

impl Engine {
    /// A job and, if its source was compared, both sides; signed with a key of this installation and team.
    pub async fn migration_report(
        &self,
        team: &TeamId,
        id: &MigrationId,
    ) -> Result<SignedReport, EngineError> {
        let mut store = self.snapshot().await?;
        let row = own_migration(store.as_mut(), team, id).await?;
        let recipes = store.recipes(Some(row.team)).await?;
        let compared = row.comparison.clone();
        let whole = compared.as_ref().is_some_and(|sums| {
            let (source, target) = (&sums.sides.source, &sums.sides.target);
            // In how many chunks means nothing: another sender may cut them otherwise.
            source.rows == row.counts.rows
                && source.digest == target.digest
                && target.same == source.rows
        });
        let report = MigrationReport {
            migration: on_wire(&row, &recipes),
            reconciled: row.state == MigrationState::Finished && whole,
            comparison: compared.map(|sums| sums.sides),
            at: iso(self.now()),
        };
        let key = self.report_key(row.team);
        let x = BASE64URL_NOPAD.encode(key.verifying_key().as_bytes());
        let public_key = PublicKey { kty: "OKP".to_owned(), crv: "Ed25519".to_owned(), x };
        let header =
            json!({ "alg": "EdDSA", "typ": "oneloop-migration-report+json", "jwk": public_key });
        let encode = |document: Result<Vec<u8>, serde_json::Error>| {
            document.map(|bytes| BASE64URL_NOPAD.encode(&bytes)).map_err(EngineError::internal)
        };
        let signed = format!(
            "{}.{}",
            encode(serde_json::to_vec(&header))?,
            encode(serde_json::to_vec(&report))?
        );
        let signature = BASE64URL_NOPAD.encode(&key.sign(signed.as_bytes()).to_bytes());
        Ok(SignedReport { report, jws: format!("{signed}.{signature}"), public_key })
    }

    /// Made from the pepper, so that it needs no keeping of its own and lives as long as the keys do.
    fn report_key(&self, team: u128) -> SigningKey {
        SigningKey::from_bytes(&self.pepper().mac(&[b"olsr1", &team.to_be_bytes()]))
    }
}
