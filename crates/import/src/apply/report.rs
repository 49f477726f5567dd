//! Whether a server really said what a report says: checked offline, with nothing but the file.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use oneloop_protocol::migration::{MigrationReport, PublicKey, SignedReport};
use serde::Deserialize;

/// What the header of a report names as its type.
const TYPE: &str = "oneloop-migration-report+json";

/// Why a report is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The signature is not a JWS in compact form, or not one over a migration report with Ed25519.
    #[error("it is not signed as reports of migrations are")]
    NotSigned,
    /// The signature does not fit what it stands over.
    #[error("the signature does not fit: somebody changed the report")]
    Forged,
    /// The report beside the signature is not the one that was signed.
    #[error("the report and what was signed are not the same")]
    OtherReport,
    /// Somebody else signed it.
    #[error("it is signed with another key than the expected one")]
    OtherKey,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    jwk: PublicKey,
}

/// The report that was signed. `expected` is the server's public key, as it was noted elsewhere (`x` of the JWK):
/// without it, all that is known is that whoever holds the key in the report signed it.
///
/// # Errors
///
/// [`ReportError`]
pub fn verify(
    signed: &SignedReport,
    expected: Option<&str>,
) -> Result<MigrationReport, ReportError> {
    let decode =
        |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ReportError::NotSigned);
    let (message, signature) = signed.jws.rsplit_once('.').ok_or(ReportError::NotSigned)?;
    let (header, payload) = message.split_once('.').ok_or(ReportError::NotSigned)?;
    let (header, payload) = (decode(header)?, decode(payload)?);
    let header: Header = serde_json::from_slice(&header).map_err(|_| ReportError::NotSigned)?;
    let Header { alg, typ, jwk } = header;
    if (alg.as_str(), typ.as_str()) != ("EdDSA", TYPE) || jwk.crv != "Ed25519" {
        return Err(ReportError::NotSigned);
    }
    if expected.is_some_and(|expected| expected != jwk.x) || jwk != signed.public_key {
        return Err(ReportError::OtherKey);
    }
    let key: [u8; 32] = decode(&jwk.x)?.try_into().map_err(|_| ReportError::NotSigned)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| ReportError::NotSigned)?;
    let signature =
        Signature::from_slice(&decode(signature)?).map_err(|_| ReportError::NotSigned)?;
    key.verify_strict(message.as_bytes(), &signature).map_err(|_| ReportError::Forged)?;
    let report: MigrationReport =
        serde_json::from_slice(&payload).map_err(|_| ReportError::NotSigned)?;
    if report == signed.report { Ok(report) } else { Err(ReportError::OtherReport) }
}
