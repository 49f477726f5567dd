//! Which column of the source is which field of a key.

use serde::Deserialize;

use super::moment::MomentFormat;
use super::permissions::PermissionFormat;
use super::template::Template;
use crate::recipe::LocatorRule;

/// The columns. Only `key` and `owner` are required.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Columns {
    /// What identifies the row at its origin; it stands in reports.
    pub id: Option<Template>,
    /// The key, or what was stored for it.
    pub key: String,
    /// The row's salt.
    pub salt: Option<String>,
    /// A part of the key that the table holds in clear.
    pub locator: Option<Locator>,
    /// What its holder calls it. Where it comes out empty, the row's id takes its place.
    pub name: Option<Template>,
    /// Whose key it is: becomes the customer id.
    pub owner: Template,
    /// When it was created.
    pub created: Option<Moment>,
    /// When it was last used.
    pub last_used: Option<Moment>,
    /// When it stops working.
    pub expires: Option<Moment>,
    /// Whether it works.
    pub enabled: Option<Flag>,
    /// Whether it was revoked: imported as disabled.
    pub revoked: Option<Flag>,
    /// How many verifications are left on its own counter; a row that holds nothing is not counted.
    pub uses_left: Option<String>,
    /// What it may do.
    pub permissions: Option<PermissionColumn>,
    /// Its metadata: a JSON object, all of whose entries are kept. Those of `[metadata]` come on top.
    pub metadata: Option<String>,
    /// Whether it was deleted: imported as that, so that its caller goes on hearing so.
    pub deleted: Option<Flag>,
    /// The prefix that it was minted with.
    pub prefix: Option<String>,
    /// What may be shown of it, as this service masks keys; anything else is left out.
    pub masked_key: Option<String>,
    /// The meter that it is bound to.
    pub meter: Option<String>,
    /// The id that it keeps, where it comes from another Oneloop.
    pub key_id: Option<String>,
}

impl Columns {
    /// Those that hold a yes or no.
    pub fn flags(&self) -> impl Iterator<Item = &Flag> {
        [&self.enabled, &self.revoked, &self.deleted].into_iter().flatten()
    }

    /// Those that hold a text or number, which is taken as it is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let all = [&self.uses_left, &self.prefix, &self.masked_key, &self.meter, &self.key_id];
        all.into_iter().filter_map(|it| it.as_deref())
    }
}

/// How a presented key leads to its row, where hashing it first is impossible.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locator {
    /// The column that holds it.
    pub column: String,
    /// Which part of the key it is, or what is made of that.
    pub part: LocatorRule,
}

/// A column that holds a moment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The column.
    pub column: String,
    /// How it is written.
    #[serde(default)]
    pub format: MomentFormat,
    /// Values that mean "never", besides NULL and nothing.
    #[serde(default)]
    pub never: Vec<String>,
}

/// A column that holds a yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "FlagForm")]
pub struct Flag {
    /// The column.
    pub column: String,
    /// Which values mean yes.
    pub test: FlagTest,
}

/// Which values of a flag's column mean yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagTest {
    /// `true`, `t`, `1`, `yes`, `y`, `on`, in either case; their opposites and nothing mean no; anything else
    /// is refused rather than guessed.
    Bool,
    /// These values, in either case.
    Is(Vec<String>),
    /// Any value at all: `revoked_at` holds a date or nothing.
    Set,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagForm {
    column: String,
    is: Option<Vec<String>>,
    set: Option<bool>,
}

impl TryFrom<FlagForm> for Flag {
    type Error = &'static str;

    fn try_from(form: FlagForm) -> Result<Self, Self::Error> {
        let test = match (form.is, form.set) {
            (None, None) => FlagTest::Bool,
            (Some(words), None) if !words.is_empty() => FlagTest::Is(words),
            (None, Some(true)) => FlagTest::Set,
            _ => return Err("a flag has `is = [...]`, or `set = true`, or neither"),
        };
        Ok(Self { column: form.column, test })
    }
}

impl FlagTest {
    /// What a cell means; `None` if it cannot be told.
    pub fn read(&self, cell: Option<&str>) -> Option<bool> {
        let value = cell.unwrap_or_default();
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        match self {
            Self::Set => Some(!value.is_empty()),
            Self::Is(words) => Some(words.iter().any(|word| word.eq_ignore_ascii_case(value))),
            Self::Bool if is(&["true", "t", "1", "yes", "y", "on"]) => Some(true),
            Self::Bool if is(&["false", "f", "0", "no", "n", "off", ""]) => Some(false),
            Self::Bool => None,
        }
    }
}

/// A column that holds permissions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionColumn {
    /// The column.
    pub column: String,
    /// How they are written.
    pub format: PermissionFormat,
}
