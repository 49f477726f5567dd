//! What a source may know of a key besides what every table does: its id at another Oneloop, its prefix, its mask, the
//! meter it is bound to, and metadata of its own.

use std::collections::BTreeMap;

use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::limits::{check_external_id, check_metadata, check_prefix};
use oneloop_protocol::{ApiKeyId, mask};
use serde_json::{Map, Value};

use super::code::Code;
use super::outcome::Outcome;
use super::read::{fill, refuse};
use crate::mapping::Mapping;
use crate::source::Row;

/// What stands in a column that may be absent; nothing counts as absent.
fn text<'r>(row: &'r Row, column: Option<&String>) -> Option<&'r str> {
    row.text(column?).map(str::trim).filter(|text| !text.is_empty())
}

/// The id that the key is to keep.
pub(super) fn id(row: &Row, mapping: &Mapping) -> Result<Option<ApiKeyId>, Outcome> {
    let Some(id) = text(row, mapping.columns.key_id.as_ref()) else { return Ok(None) };
    let id = ApiKeyId::from(id);
    match id.bits() {
        Some(_) => Ok(Some(id)),
        None => Err(refuse(Code::InvalidId, "it is no id of a key: ak_ and 32 hexadecimal digits")),
    }
}

/// The prefix that the key was minted with.
pub(super) fn prefix(row: &Row, mapping: &Mapping) -> Result<Option<String>, Outcome> {
    let Some(prefix) = text(row, mapping.columns.prefix.as_ref()) else { return Ok(None) };
    check_prefix("the prefix", prefix)
        .map_err(|error| refuse(Code::InvalidPrefix, error.message))?;
    Ok(Some(prefix.to_owned()))
}

/// The meter that the key is bound to.
pub(super) fn meter(row: &Row, mapping: &Mapping) -> Result<Option<String>, Outcome> {
    let Some(meter) = text(row, mapping.columns.meter.as_ref()) else { return Ok(None) };
    check_external_id("the meter", meter)
        .map_err(|error| refuse(Code::InvalidMeter, error.message))?;
    Ok(Some(meter.to_owned()))
}

/// What may be shown of the key. Anything that is not masked as this service does it may be the key itself, and is left
/// out.
pub(super) fn masked_key(row: &Row, mapping: &Mapping) -> Option<String> {
    let mask = text(row, mapping.columns.masked_key.as_ref())?;
    mask::is_mask(mask).then(|| mask.to_owned())
}

/// The entries of the column that holds metadata, then those of `[metadata]`.
pub(super) fn metadata(row: &Row, mapping: &Mapping) -> Result<Metadata, Outcome> {
    let mut metadata = object(row, mapping.columns.metadata.as_ref())?;
    let filled = mapping.metadata.iter().map(|(key, template)| (key.clone(), fill(template, row)));
    metadata.extend(filled.filter(|(_, value)| !value.is_empty()));
    match check_metadata("metadata", &metadata) {
        Ok(()) => Ok(metadata),
        Err(error) => Err(refuse(Code::InvalidMetadata, error.message)),
    }
}

/// A JSON object of any values. Texts stay texts; whatever else there is becomes its JSON, and `null` nothing.
fn object(row: &Row, column: Option<&String>) -> Result<Metadata, Outcome> {
    let (Some(cell), Some(column)) = (text(row, column), column) else {
        return Ok(Metadata::new());
    };
    let no_object =
        || refuse(Code::InvalidMetadata, format!("column `{column}` is no JSON object"));
    let entries = match serde_json::from_str(cell) {
        Ok(Value::Object(entries)) => entries,
        Ok(Value::Null) => Map::new(),
        // Some libraries write the text of an object as JSON once more.
        Ok(Value::String(inner)) => serde_json::from_str(&inner).map_err(|_| no_object())?,
        _ => return Err(no_object()),
    };
    let entry = |(key, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some((key, text)),
        other => Some((key, other.to_string())),
    };
    Ok(entries.into_iter().filter_map(entry).collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Keys, mapping, plan, row};
    use super::*;

    /// The key of a row, or the code of its refusal, where `column` says what is in the cell.
    fn carried(
        column: fn(&mut Mapping, Option<String>),
        cell: &str,
    ) -> Result<super::super::Attributes, Code> {
        let mut mapping = mapping();
        mapping.columns.uses_left = None;
        column(&mut mapping, Some("left".to_owned()));
        let row = row(1, &[("left", cell)]);
        match plan(&mapping, &[row], &Keys::new()).0.remove(0).outcome {
            Outcome::Create(key) => Ok(key.attributes),
            other => Err(other.code()),
        }
    }

    #[test]
    fn all_of_an_object_is_metadata_and_its_texts_stay_as_they_are() {
        let metadata = |cell: &str| {
            let carried = carried(|mapping, it| mapping.columns.metadata = it, cell);
            carried.map(|key| key.metadata.into_iter().collect::<Vec<_>>())
        };
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            Ok(owned.collect::<Vec<_>>())
        };
        assert_eq!(
            metadata(
                r#"{"plan":"pro","seats":3,"tags":["a",{"b":null}],"none":null,"on":true,"empty":""}"#
            ),
            pairs(&[
                ("empty", ""),
                ("legacy", "7"),
                ("on", "true"),
                ("plan", "pro"),
                ("seats", "3"),
                ("tags", r#"["a",{"b":null}]"#),
            ])
        );
        assert_eq!(metadata(r#""{\"plan\":\"pro\"}""#), pairs(&[("legacy", "7"), ("plan", "pro")]));
        assert_eq!(
            metadata(r#"{"legacy":"mine"}"#),
            pairs(&[("legacy", "7")]),
            "[metadata] is said last"
        );
        for nothing in ["", "null", "{}"] {
            assert_eq!(metadata(nothing), pairs(&[("legacy", "7")]), "{nothing}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_025));
        for wrong in ["[1]", "7", "plan=pro", r#""text""#, &long] {
            assert_eq!(metadata(wrong), Err(Code::InvalidMetadata), "{wrong}");
        }
    }

    #[test]
    fn an_id_a_prefix_and_a_meter_are_taken_over_or_refused_by_name() {
        let id = "ak_0190163d8694739faea5966c26f8ad91";
        let key_id: fn(&mut Mapping, _) = |mapping, it| mapping.columns.key_id = it;
        let prefix: fn(&mut Mapping, _) = |mapping, it| mapping.columns.prefix = it;
        let meter: fn(&mut Mapping, _) = |mapping, it| mapping.columns.meter = it;
        assert_eq!(carried(key_id, id).expect("an id").id, Some(ApiKeyId::from(id)));
        assert_eq!(carried(prefix, "acme").expect("a prefix").prefix.as_deref(), Some("acme"));
        let bound = carried(meter, "meter-7").expect("a meter").external_meter_id;
        assert_eq!(bound.as_deref(), Some("meter-7"));
        for column in [key_id, prefix, meter] {
            let absent = carried(column, "").expect("nothing is absent");
            assert_eq!((absent.id, absent.prefix, absent.external_meter_id), (None, None, None));
        }
        assert_eq!(carried(key_id, "7").expect_err("no id"), Code::InvalidId);
        assert_eq!(carried(prefix, "a-b").expect_err("no prefix"), Code::InvalidPrefix);
        assert_eq!(carried(meter, &"x".repeat(300)).expect_err("too long"), Code::InvalidMeter);
    }

    #[test]
    fn what_is_no_mask_may_be_the_key_and_is_left_out() {
        let mask = |cell: &str| {
            let column: fn(&mut Mapping, _) = |mapping, it| mapping.columns.masked_key = it;
            carried(column, cell).expect("a key").masked_key
        };
        assert_eq!(mask("ol_****abcd").as_deref(), Some("ol_****abcd"));
        assert_eq!((mask("sk_live_abcd"), mask("****abcde"), mask("")), (None, None, None));
    }

    #[test]
    fn the_digest_of_a_plan_names_what_few_sources_know() {
        let mut mapping = mapping();
        mapping.columns.uses_left = None;
        mapping.columns.prefix = Some("left".to_owned());
        let digest = |mapping: &Mapping, cell: &str| {
            plan(mapping, &[row(1, &[("left", cell)])], &Keys::new()).1.digest
        };
        assert_ne!(digest(&mapping, "a"), digest(&mapping, "b"));
        let without = digest(&mapping, "");
        mapping.columns.prefix = None;
        assert_eq!(digest(&mapping, "a"), without, "and changes nothing for the others");
        mapping.columns.deleted = mapping.columns.revoked.take();
        let deleted = plan(&mapping, &[row(1, &[("revoked", "t")])], &Keys::new());
        assert_ne!(deleted.1.digest, without);
        assert_eq!(deleted.0[0].notes, [Code::DeletedAtSource]);
    }
}
