//! From a row to a key, or to the reason why not.

use std::sync::Arc;

use oneloop_protocol::limits::{self, check_customer_id};
use oneloop_protocol::meter::COUNTER_MAX;
use oneloop_protocol::{Reason, UnixMillis};
use zeroize::Zeroizing;

use super::attributes::Attributes;
use super::carried;
use super::code::Code;
use super::entropy::{BITS_FLAGGED, BITS_REFUSED, entropy_bits};
use super::identity::{Identity, KeyForm, PlannedKey};
use super::outcome::Outcome;
use crate::mapping::{Flag, GrantMap, Mapping, Moment, OnSight, Template, Weak};
use crate::recipe::{SaltSource, TextEncoding};
use crate::source::{Cell, Row};

/// Reads rows, each by itself: of a plan, the half that may run on another thread than the rest.
#[derive(Clone, Debug)]
pub struct Reader<'p> {
    mapping: &'p Mapping,
    recipe: Arc<str>,
    now: UnixMillis,
}

/// What a row says, taken by itself.
#[derive(Debug)]
pub struct ReadRow {
    pub(super) source_id: String,
    pub(super) read: Result<Read, Outcome>,
}

/// A row that became a key.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) key: Box<PlannedKey>,
    pub(super) notes: Vec<Code>,
}

impl<'p> Reader<'p> {
    /// Of rows of the mapping's source; `now` decides what has expired.
    pub(super) fn new(mapping: &'p Mapping, now: UnixMillis) -> Self {
        Self { mapping, recipe: mapping.recipe.to_string().into(), now }
    }

    /// Reads a row.
    pub fn read(&self, row: &Row) -> ReadRow {
        ReadRow {
            source_id: source_id(row, self.mapping),
            read: read(row, self.mapping, &self.recipe, self.now),
        }
    }
}

pub(super) fn refuse(code: Code, detail: impl Into<String>) -> Outcome {
    Outcome::Refused { code, detail: detail.into() }
}

pub(super) fn fill(template: &Template, row: &Row) -> String {
    template.fill(|column| row.text(column))
}

/// What identifies the row at its source. Cleaned, because it goes into reports.
fn source_id(row: &Row, mapping: &Mapping) -> String {
    let id = mapping.columns.id.as_ref().map(|id| fill(id, row)).unwrap_or_default();
    cleaned(&id)
}

/// Reads a row. Checks come in the order in which a person would look: the key, whose it is, what it may do,
/// and whether it still works.
fn read(row: &Row, mapping: &Mapping, recipe: &str, now: UnixMillis) -> Result<Read, Outcome> {
    let mut notes = Vec::new();
    let (identity, form) = secret(row, mapping, recipe, &mut notes)?;
    let customer_id = owner(row, mapping)?;
    let grants = grants(row, mapping)?;
    let metadata = carried::metadata(row, mapping)?;

    let columns = &mapping.columns;
    let created_at = moment(row, columns.created.as_ref(), None)?;
    let last_used_at = moment(row, columns.last_used.as_ref(), None)?;
    let expires_at = moment(row, columns.expires.as_ref(), created_at)?;
    let revoked = flag(row, columns.revoked.as_ref())?.unwrap_or(false);
    let enabled = flag(row, columns.enabled.as_ref())?.unwrap_or(true) && !revoked;
    let deleted = flag(row, columns.deleted.as_ref())?.unwrap_or(false);
    if deleted {
        on_sight(mapping.policy.revoked, Code::DeletedAtSource, &mut notes)?;
    } else if revoked {
        on_sight(mapping.policy.revoked, Code::RevokedAtSource, &mut notes)?;
    }
    if expires_at.is_some_and(|expires_at| expires_at <= now) {
        on_sight(mapping.policy.expired, Code::ExpiredAtSource, &mut notes)?;
    }
    let uses_left = uses_left(row, mapping)?;
    let name = name(row, mapping, &mut notes);
    let attributes = Attributes {
        name,
        customer_id,
        grants,
        enabled,
        expires_at,
        created_at,
        last_used_at,
        uses_left,
        metadata,
        deleted,
        id: carried::id(row, mapping)?,
        prefix: carried::prefix(row, mapping)?,
        masked_key: carried::masked_key(row, mapping),
        external_meter_id: carried::meter(row, mapping)?,
    };
    Ok(Read { key: Box::new(PlannedKey { identity, form, attributes }), notes })
}

fn on_sight(policy: OnSight, code: Code, notes: &mut Vec<Code>) -> Result<(), Outcome> {
    match policy {
        OnSight::Import => {
            notes.push(code);
            Ok(())
        }
        OnSight::Skip => Err(Outcome::LeftBehind(code)),
    }
}

fn secret(
    row: &Row,
    mapping: &Mapping,
    recipe_text: &str,
    notes: &mut Vec<Code>,
) -> Result<(Identity, KeyForm), Outcome> {
    let (columns, recipe) = (&mapping.columns, &mapping.recipe);
    let stored = row.cell(&columns.key).and_then(Cell::bytes).unwrap_or_default();
    if stored.is_empty() {
        return Err(refuse(Code::KeyMissing, format!("column `{}` is empty", columns.key)));
    }
    if !recipe.reads(stored) {
        return Err(refuse(
            Code::BadEncoding,
            format!("column `{}` is not written as the recipe says", columns.key),
        ));
    }
    if let Some(key) = recipe.to_plaintext(stored) {
        check_plaintext(&key, mapping.policy.weak, notes)?;
    }
    if let Some(digest) = recipe.to_native_digest(stored) {
        return Ok((Identity::native(&digest), KeyForm::Native(digest)));
    }

    let salt = match (&recipe.salt.source, &columns.salt) {
        (SaltSource::Column, Some(column)) => Some(salt(row, column, recipe.salt.text)?),
        _ => None,
    };
    let locator = match columns.locator.as_ref().filter(|_| recipe.needs_locator()) {
        None => None,
        Some(locator) => match row.text(&locator.column) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                let detail = format!("column `{}` is empty", locator.column);
                return Err(refuse(Code::LocatorMissing, detail));
            }
        },
    };
    let identity = Identity::legacy(recipe_text, salt.as_ref().map(|salt| salt.as_slice()), stored);
    Ok((identity, KeyForm::Legacy { stored: Zeroizing::new(stored.to_vec()), salt, locator }))
}

fn salt(row: &Row, column: &str, text: TextEncoding) -> Result<Zeroizing<Vec<u8>>, Outcome> {
    let bytes = row.cell(column).and_then(Cell::bytes);
    match bytes.filter(|bytes| text.decode(bytes).is_some()) {
        Some(bytes) => Ok(Zeroizing::new(bytes.to_vec())),
        None => {
            Err(refuse(Code::BadSalt, format!("column `{column}` holds no salt of this recipe")))
        }
    }
}

fn check_plaintext(key: &str, policy: Weak, notes: &mut Vec<Code>) -> Result<(), Outcome> {
    if let Err(error) = limits::check_key("the key", key) {
        let short = error.reason == Reason::KeyTooShort;
        return Err(refuse(if short { Code::TooShort } else { Code::TooLong }, error.message));
    }
    let bits = entropy_bits(key);
    if bits < BITS_REFUSED && policy == Weak::Refuse {
        let detail = format!("the key has at most {bits:.0} bits; {BITS_REFUSED:.0} are needed");
        return Err(refuse(Code::WeakSecret, detail));
    }
    if bits < BITS_FLAGGED {
        notes.push(Code::WeakSecret);
    }
    Ok(())
}

fn owner(row: &Row, mapping: &Mapping) -> Result<String, Outcome> {
    let owner = fill(&mapping.columns.owner, row);
    match check_customer_id("the owner", &owner) {
        Ok(()) => Ok(owner),
        Err(_) if owner.is_empty() => Err(refuse(Code::OwnerMissing, "the row belongs to nobody")),
        Err(error) => Err(refuse(Code::OwnerInvalid, error.message)),
    }
}

fn grants(row: &Row, mapping: &Mapping) -> Result<Vec<oneloop_protocol::Grant>, Outcome> {
    let mut grants = mapping.grants.clone();
    if let Some(column) = &mapping.columns.permissions {
        let cell = row.text(&column.column).unwrap_or_default();
        let held = column.format.read(cell).map_err(|problem| {
            refuse(Code::BadPermissions, format!("column `{}`: {problem}", column.column))
        })?;
        for permission in held {
            match mapping.permissions.get(&permission) {
                Some(meaning) => GrantMap::add(&mut grants, meaning),
                None => return Err(refuse(Code::UnknownPermission, cleaned(&permission))),
            }
        }
    }
    let grants = grants.to_grants();
    if grants.len() > limits::GRANTS_PER_KEY {
        let detail = format!("{} grants; the limit is {}", grants.len(), limits::GRANTS_PER_KEY);
        return Err(refuse(Code::TooManyGrants, detail));
    }
    Ok(grants)
}

fn moment(
    row: &Row,
    moment: Option<&Moment>,
    created: Option<UnixMillis>,
) -> Result<Option<UnixMillis>, Outcome> {
    let Some(moment) = moment else { return Ok(None) };
    let invalid = |detail: String| refuse(Code::InvalidDate, detail);
    let cell = row.cell(&moment.column).and_then(Cell::bytes).unwrap_or_default();
    let Ok(text) = std::str::from_utf8(cell) else {
        return Err(invalid(format!("column `{}` is not text", moment.column)));
    };
    let text = text.trim();
    // PostgreSQL's own word for "never".
    let never = text.is_empty() || text.eq_ignore_ascii_case("infinity");
    if never || moment.never.iter().any(|never| never == text) {
        return Ok(None);
    }
    let read = moment.format.read(text, created);
    read.map(Some).map_err(|problem| invalid(format!("column `{}`: {problem}", moment.column)))
}

fn flag(row: &Row, flag: Option<&Flag>) -> Result<Option<bool>, Outcome> {
    let Some(flag) = flag else { return Ok(None) };
    // An object of NDJSON may leave the column out, which says nothing. NULL is a no, as it is to the code
    // that read the table so far.
    let Some(cell) = row.cell(&flag.column) else { return Ok(None) };
    match flag.test.read(cell.as_text()) {
        Some(value) => Ok(Some(value)),
        None => Err(refuse(
            Code::InvalidFlag,
            format!("column `{}` is neither yes nor no", flag.column),
        )),
    }
}

/// How many uses are left. Nothing and NULL mean that nobody counts them.
fn uses_left(row: &Row, mapping: &Mapping) -> Result<Option<u64>, Outcome> {
    let Some(column) = &mapping.columns.uses_left else { return Ok(None) };
    let text = row.text(column).unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let left = text.parse().ok().filter(|left| *left <= COUNTER_MAX);
    left.map(Some).ok_or_else(|| {
        let detail = format!("column `{column}` is no whole number from 0 to {COUNTER_MAX}");
        refuse(Code::InvalidNumber, detail)
    })
}

/// The name, or what stands in for it. A key is not left behind over its label.
fn name(row: &Row, mapping: &Mapping, notes: &mut Vec<Code>) -> String {
    let given = mapping.columns.name.as_ref().map(|name| fill(name, row)).unwrap_or_default();
    let name = cleaned(&given);
    if name.is_empty() {
        notes.push(Code::NameEmpty);
        let id = source_id(row, mapping);
        return if id.is_empty() { format!("Key {}", row.number) } else { format!("Key {id}") };
    }
    if name != given {
        notes.push(Code::NameChanged);
    }
    name
}

/// Without control characters and outer white space, and no longer than a name may be.
fn cleaned(text: &str) -> String {
    // Five characters short of the limit leave room for "Key ".
    let most = limits::NAME.end() - 5;
    // Bytes are at least as many as characters.
    if text.len() <= most && text.trim() == text && !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cut: String = spaced.trim().chars().take(most).collect();
    cut.trim_end().to_owned()
}
