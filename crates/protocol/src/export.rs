//! The lines of `oneloop export`: an installation's keys, for another one to go on with.
//!
//! NDJSON. The first line is a [`Header`], the last an [`End`]; a file without it was cut off. Fields are those of the
//! API. No line holds a secret: of a key there is the one-way tag that its installation stores, and what the tag is made
//! of is said by a recipe of the header. Whoever has neither the keys nor that installation's pepper can do nothing with
//! it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api_key::Metadata;
use crate::id::{ApiKeyId, TeamId, WorkspaceId};
use crate::migration::Hex32;
use crate::time::{IsoTime, UnixMillis};
use crate::workspace::{Workspace, WorkspaceScope};

/// The version of the format that this code writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// What a header names as the place of the pepper, for its reader to replace.
pub const PEPPER_PLACE: &str = "binary-file:old.pepper";

/// The number of the recipe of keys that their installation knew by themselves. Recipes that it had from migrations of
/// its own follow it.
pub const NATIVE: u32 = 0;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Line {
    /// What the file is.
    OneloopExport(Header),
    /// A workspace.
    Workspace(Workspace),
    /// An entry of a workspace's catalogue.
    #[serde(rename_all = "camelCase")]
    Scope {
        /// Whose.
        workspace_id: WorkspaceId,
        /// The entry.
        #[serde(flatten)]
        scope: WorkspaceScope,
    },
    /// A key.
    Key(Box<Key>),
    /// That the file is complete.
    End(End),
}

/// What the file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When the state was read that it holds.
    pub exported_at: IsoTime,
    /// Whose keys they are.
    pub team_id: TeamId,
    /// What the team is called.
    pub team_name: String,
    /// How much follows.
    pub counts: Counts,
    /// What the tags of the keys are made of, with [`PEPPER_PLACE`] where the pepper is named.
    pub recipes: Vec<Recipe>,
    /// What recognises the pepper: HMAC-SHA-256 under it of the text `oneloop pepper check`.
    pub pepper_check: Hex32,
}

/// How much follows the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Workspaces.
    pub workspaces: u64,
    /// Entries of their catalogues.
    pub scopes: u64,
    /// Keys, deleted ones among them.
    pub keys: u64,
}

/// How a tag is made of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// What keys call it.
    pub number: u32,
    /// Its text form; `null` where none can be said, because too many stand one in the other.
    pub recipe: Option<String>,
    /// For a recipe whose keys can only be tried: what makes [`Key::locator`] of a key.
    pub locator: Option<String>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its id, which it keeps.
    pub id: ApiKeyId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// The number of the recipe that says what its tag is made of.
    pub recipe: u32,
    /// What its installation stores of its secret. `null` for a key that came there under a slow hash, or one with a salt
    /// of its row, and was not used since: then there are `stored` and `locator`.
    pub tag: Option<Hex32>,
    /// What that hash made of it, as text.
    pub stored: Option<String>,
    /// The salt of its row, in hexadecimal digits.
    pub salt: Option<String>,
    /// What leads to it: an HMAC, under the pepper, of a part of it.
    pub locator: Option<Hex32>,
    /// What its holder calls it.
    pub name: String,
    /// Whose it is.
    pub customer_id: String,
    /// Its prefix.
    pub prefix: Option<String>,
    /// What may be shown of it.
    pub masked_key: String,
    /// What it may do: the words `create`, `read`, `update` and `delete`, by representation.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Returned by verify.
    pub metadata: Metadata,
    /// The meter it is bound to. What is on the meter stands in no line.
    pub external_meter_id: Option<String>,
    /// What is left of its own counter; `null` = it is not counted.
    pub total_usage_left: Option<u64>,
    /// Whether it works.
    pub enabled: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When it stops working; `null` = never.
    pub expires_at: Option<UnixMillis>,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it was last edited.
    pub updated_at: IsoTime,
    /// When it was last used, as far as it was written down.
    pub last_used_at: Option<IsoTime>,
    /// Until when a secret that a rotation replaced works, too. That secret is not in the file.
    pub overlap_until: Option<UnixMillis>,
}

/// What was written, as its writer counted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// Keys.
    pub keys: u64,
    /// Of these, how many have nothing by which another installation could recognise them.
    pub unusable: u64,
    /// Of these, how many are in the overlap of a rotation.
    pub overlaps: u64,
    /// Until when the last of those overlaps lasts.
    pub overlaps_until: Option<UnixMillis>,
}

impl End {
    /// Counts a key.
    pub fn count(&mut self, key: &Key) {
        self.keys += 1;
        self.unusable += u64::from(key.tag.is_none() && key.stored.is_none());
        self.overlaps += u64::from(key.overlap_until.is_some());
        self.overlaps_until = self.overlaps_until.max(key.overlap_until);
    }
}
