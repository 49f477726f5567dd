//! The limits of every field, and the checks that name them (decisions, "limits").
//!
//! Lengths are in Unicode characters for text a person reads, and in bytes for keys, which are compared as
//! bytes. A check answers with the field, the limit and what was found, so that a refusal can be acted on.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::{FieldError, Reason};

/// Characters in a name of a workspace, scope or key.
pub const NAME: RangeInclusive<usize> = 1..=255;
/// Characters in a customer id.
pub const CUSTOMER_ID: RangeInclusive<usize> = 1..=255;
/// Characters in an id that the caller chooses for a meter.
pub const EXTERNAL_ID: RangeInclusive<usize> = 1..=255;
/// Characters in a scope's description.
pub const DESCRIPTION_MAX: usize = 1_000;
/// Characters in a scope's representation, each one of `[A-Za-z0-9_.:/-]`.
pub const REPRESENTATION: RangeInclusive<usize> = 1..=128;
/// Characters in a key prefix, each one of `[A-Za-z0-9_]`.
pub const PREFIX: RangeInclusive<usize> = 1..=16;
/// Bytes in a key that is brought along.
pub const KEY: RangeInclusive<usize> = 8..=512;
/// Scopes in one workspace's catalogue.
pub const SCOPES_PER_WORKSPACE: usize = 256;
/// Grants on one key, and scopes asked for in one verification.
pub const GRANTS_PER_KEY: usize = 256;
/// Entries of a key's metadata.
pub const METADATA_ENTRIES: usize = 50;
/// Characters in a metadata key.
pub const METADATA_KEY: RangeInclusive<usize> = 1..=64;
/// Characters in a metadata value.
pub const METADATA_VALUE_MAX: usize = 1_024;
/// Entries of a workspace's address list.
pub const ALLOWED_IPS: usize = 256;
/// Origins that a link token may be bound to.
pub const ORIGINS: usize = 32;
/// Seconds that a rotated key's old secret may go on working: 30 days.
pub const OVERLAP_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;
/// Seconds that a key policy may name as a lifetime: up to 10 years.
pub const LIFETIME_SECONDS: RangeInclusive<u64> = 1..=10 * 366 * 24 * 60 * 60;
/// Seconds for which a link token may be asked to work: up to a day.
pub const LINK_TOKEN_SECONDS: RangeInclusive<u64> = 60..=24 * 60 * 60;
/// Bytes in a request body.
pub const BODY_BYTES: usize = 1024 * 1024;
/// The latest moment that may be named: 9999-12-31T23:59:59.999Z, in Unix milliseconds.
pub const MOMENT_MAX: i64 = 253_402_300_799_999;

/// Checks the length of `text`, and that it holds no control characters.
///
/// Control characters are refused because U+0000 cannot be stored in PostgreSQL and the others make two
/// names look alike in a list.
pub fn check_text(
    field: &str,
    text: &str,
    length: &RangeInclusive<usize>,
    empty: Reason,
    too_long: Reason,
) -> Result<(), FieldError> {
    let found = text.chars().count();
    if found < *length.start() {
        return Err(FieldError::new(field, empty, format!("{field} must not be empty")));
    }
    if found > *length.end() {
        let limit = length.end();
        return Err(FieldError::new(
            field,
            too_long,
            format!("{field} has {found} characters; the limit is {limit}"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(
            field,
            Reason::ControlCharacter,
            format!("{field} must not contain control characters"),
        ));
    }
    Ok(())
}

/// Checks a name.
pub fn check_name(field: &str, name: &str) -> Result<(), FieldError> {
    check_text(field, name, &NAME, Reason::NameEmpty, Reason::NameTooLong)?;
    if name.trim().is_empty() {
        return Err(FieldError::new(
            field,
            Reason::NameEmpty,
            format!("{field} must not be blank"),
        ));
    }
    Ok(())
}

/// Checks a customer id.
pub fn check_customer_id(field: &str, id: &str) -> Result<(), FieldError> {
    check_text(field, id, &CUSTOMER_ID, Reason::CustomerIdEmpty, Reason::CustomerIdTooLong)
}

/// Checks an id that the caller chooses for a meter.
pub fn check_external_id(field: &str, id: &str) -> Result<(), FieldError> {
    check_text(field, id, &EXTERNAL_ID, Reason::ExternalIdEmpty, Reason::ExternalIdTooLong)
}

/// Checks a scope's representation.
pub fn check_representation(field: &str, text: &str) -> Result<(), FieldError> {
    check_text(
        field,
        text,
        &REPRESENTATION,
        Reason::RepresentationEmpty,
        Reason::RepresentationTooLong,
    )?;
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'/' | b'-');
    if text.bytes().all(allowed) {
        return Ok(());
    }
    let message = format!("{field} may contain letters, digits and _ . : / - only");
    Err(FieldError::new(field, Reason::RepresentationInvalid, message))
}

/// Checks a scope's description.
pub fn check_description(field: &str, text: &str) -> Result<(), FieldError> {
    check_text(
        field,
        text,
        &(0..=DESCRIPTION_MAX),
        Reason::DescriptionTooLong,
        Reason::DescriptionTooLong,
    )
}

/// Checks a key prefix.
pub fn check_prefix(field: &str, text: &str) -> Result<(), FieldError> {
    check_text(field, text, &PREFIX, Reason::PrefixEmpty, Reason::PrefixTooLong)?;
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    let message = format!("{field} may contain letters, digits and _ only");
    Err(FieldError::new(field, Reason::PrefixInvalid, message))
}

/// Checks a key that is brought along. Says the length found, and nothing else about the key.
pub fn check_key(field: &str, key: &str) -> Result<(), FieldError> {
    let (found, least, most) = (key.len(), KEY.start(), KEY.end());
    if found < *least {
        let message = format!("{field} has {found} bytes; it needs at least {least}");
        return Err(FieldError::new(field, Reason::KeyTooShort, message));
    }
    if found > *most {
        let message = format!("{field} has {found} bytes; the limit is {most}");
        return Err(FieldError::new(field, Reason::KeyTooLong, message));
    }
    Ok(())
}

/// Checks a key's metadata.
pub fn check_metadata(field: &str, metadata: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if metadata.len() > METADATA_ENTRIES {
        let message =
            format!("{field} has {} entries; the limit is {METADATA_ENTRIES}", metadata.len());
        return Err(FieldError::new(field, Reason::TooManyMetadata, message));
    }
    for (key, value) in metadata {
        let entry = format!("{field}.{key}");
        let reasons = (Reason::MetadataKeyEmpty, Reason::MetadataKeyTooLong);
        check_text(field, key, &METADATA_KEY, reasons.0, reasons.1)?;
        let found = value.chars().count();
        if found > METADATA_VALUE_MAX {
            let message =
                format!("{entry} has {found} characters; the limit is {METADATA_VALUE_MAX}");
            return Err(FieldError::new(entry, Reason::MetadataValueTooLong, message));
        }
        if value.contains('\0') {
            let message = format!("{entry} must not contain U+0000");
            return Err(FieldError::new(entry, Reason::ControlCharacter, message));
        }
    }
    Ok(())
}

/// Checks a number of seconds, if there is one.
pub fn check_seconds(
    field: &str,
    seconds: Option<u64>,
    range: &RangeInclusive<u64>,
) -> Result<(), FieldError> {
    match seconds {
        Some(found) if !range.contains(&found) => {
            let (least, most) = (range.start(), range.end());
            let message = format!("{field} is {found}; it must be between {least} and {most}");
            Err(FieldError::new(field, Reason::OutOfRange, message))
        }
        _ => Ok(()),
    }
}

/// Checks a moment or a duration in milliseconds: from 1 to [`MOMENT_MAX`].
pub fn check_millis(field: &str, millis: i64) -> Result<(), FieldError> {
    if (1..=MOMENT_MAX).contains(&millis) {
        return Ok(());
    }
    let message =
        format!("{field} is {millis}; it must be between 1 and {MOMENT_MAX} milliseconds");
    Err(FieldError::new(field, Reason::OutOfRange, message))
}
