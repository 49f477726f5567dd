//! Answers and bodies as JavaScript objects: read and written field by field.
//!
//! Serde compiles a reader and a writer for each type, and with them the printing of floating-point numbers for
//! messages that nobody sees. A dozen fields do not need that. A field that is
//! missing or of another type makes the whole answer unreadable, as it should.

use js_sys::{Array, JSON, Object, Reflect};
use oneloop_protocol::{
    ApiKey, ApiKeyId, CreateApiKey, Grant, IsoTime, KeyPolicy, LinkTokenPermissions,
    LinkTokenStatus, PatchApiKey, RotateApiKey, ScopeId, Secret, WorkspaceId, WorkspaceScope,
};
use wasm_bindgen::JsValue;

use crate::evidence::{Day, Happening, Usage};
use crate::host::Template;
use crate::listing::KeyPage;
use crate::problem::Refusal;

/// What is read of an answer. `None` = the answer is not what the protocol says.
pub trait Read: Sized {
    /// Reads it from `fields`.
    fn read(fields: &Fields) -> Option<Self>;
}

/// The fields of an object.
pub struct Fields(JsValue);

impl Fields {
    /// Those of `value`, if it is an object.
    pub fn of(value: JsValue) -> Option<Self> {
        value.is_object().then_some(Self(value))
    }

    /// A field; `None` also when it is `null`.
    fn get(&self, name: &str) -> Option<JsValue> {
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_null() && !value.is_undefined()).then_some(value)
    }

    /// A field that may be absent or `null`, and must be readable otherwise.
    fn optional<T>(&self, name: &str, read: fn(&JsValue) -> Option<T>) -> Option<Option<T>> {
        self.get(name).map_or(Some(None), |value| read(&value).map(Some))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_string()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    fn number(&self, name: &str) -> Option<i64> {
        number(&self.get(name)?)
    }

    /// An object in a field.
    pub fn object<T: Read>(&self, name: &str) -> Option<T> {
        T::read(&Self::of(self.get(name)?)?)
    }

    /// A list of objects in a field.
    pub fn list<T: Read>(&self, name: &str) -> Option<Vec<T>> {
        let value = self.get(name)?;
        let all = Array::is_array(&value).then(|| Array::from(&value))?;
        all.iter().map(|entry| T::read(&Self::of(entry)?)).collect()
    }
}

fn text(value: &JsValue) -> Option<String> {
    value.as_string()
}

/// A whole number, as far as JavaScript can tell them apart.
fn number(value: &JsValue) -> Option<i64> {
    value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64)
}

impl Read for ApiKey {
    fn read(fields: &Fields) -> Option<Self> {
        let time = |value: &JsValue| value.as_string().map(IsoTime);
        Some(Self {
            id: ApiKeyId::from(fields.text("id")?),
            name: fields.text("name")?,
            masked_key: fields.text("maskedKey")?,
            prefix: fields.optional("prefix", text)?,
            expires_at: fields.optional("expiresAt", number)?,
            total_usage_left: None,
            limit_usage: false,
            scopes: fields.get("scopes").map_or(Some(Vec::new()), |_| fields.list("scopes"))?,
            enabled: fields.flag("enabled")?,
            customer_id: None,
            deleted: fields.flag("deleted")?,
            created_at: IsoTime(fields.text("createdAt")?),
            updated_at: IsoTime(fields.text("updatedAt")?),
            last_used_at: fields.optional("lastUsedAt", time)?,
            billing_id: None,
            previous_key_expires_at: fields.optional("previousKeyExpiresAt", number)?,
        })
    }
}

impl Read for KeyPage {
    fn read(fields: &Fields) -> Option<Self> {
        let total = fields.optional("total", number)?;
        Some(Self {
            keys: fields.list("apiKeys")?,
            next: fields.optional("nextCursor", text)?,
            total: total.and_then(|total| usize::try_from(total).ok()),
        })
    }
}

impl Read for Usage {
    fn read(fields: &Fields) -> Option<Self> {
        fields.list("days").map(Self)
    }
}

impl Read for Day {
    fn read(fields: &Fields) -> Option<Self> {
        let total = usize::try_from(fields.number("total")?).ok()?;
        Some(Self { day: fields.text("day")?, total })
    }
}

impl Read for Happening {
    fn read(fields: &Fields) -> Option<Self> {
        let actor = Fields::of(fields.get("actor")?)?;
        let enabled = fields.get("detail").and_then(Fields::of)?.get("enabled");
        Some(Self {
            at: IsoTime(fields.text("at")?),
            action: fields.text("action")?,
            actor: actor.text("kind")?,
            enabled: enabled.and_then(|enabled| enabled.as_bool()),
        })
    }
}

impl Read for Grant {
    fn read(fields: &Fields) -> Option<Self> {
        Some(Self {
            id: fields.optional("id", text)?.map(ScopeId::from),
            representation: fields.text("representation")?,
            create: fields.flag("create")?,
            read: fields.flag("read")?,
            update: fields.flag("update")?,
            del: fields.flag("del")?,
        })
    }
}

impl Read for WorkspaceScope {
    fn read(fields: &Fields) -> Option<Self> {
        Some(Self {
            id: ScopeId::from(fields.text("id")?),
            name: fields.text("name")?,
            representation: fields.text("representation")?,
            description: fields.optional("description", text)?,
            created_at: IsoTime(fields.text("createdAt")?),
            updated_at: IsoTime(fields.text("updatedAt")?),
        })
    }
}

impl Read for LinkTokenStatus {
    fn read(fields: &Fields) -> Option<Self> {
        let permissions = |words: &JsValue| {
            let words: Option<Vec<String>> =
                Array::from(words).iter().map(|word| word.as_string()).collect();
            LinkTokenPermissions::try_from(words?).ok()
        };
        Some(Self {
            valid: fields.flag("valid")?,
            expires_at: fields.number("expiresAt")?,
            workspace_id: WorkspaceId::from(fields.text("workspaceId")?),
            customer_id: fields.text("customerId")?,
            external_billing_id: None,
            permissions: fields.optional("permissions", permissions)?,
            grantable_scopes: match fields.get("grantableScopes") {
                Some(_) => Some(fields.list("grantableScopes")?),
                None => None,
            },
            key_policy: match fields.get("keyPolicy") {
                Some(_) => Some(fields.object("keyPolicy")?),
                None => None,
            },
        })
    }
}

impl Read for KeyPolicy {
    fn read(fields: &Fields) -> Option<Self> {
        let seconds =
            |value: &JsValue| number(value).and_then(|seconds| u64::try_from(seconds).ok());
        Some(Self {
            expiry_required: fields.flag("expiryRequired").unwrap_or_default(),
            min_lifetime_seconds: fields.optional("minLifetimeSeconds", seconds)?,
            max_lifetime_seconds: fields.optional("maxLifetimeSeconds", seconds)?,
            max_overlap_seconds: fields.optional("maxOverlapSeconds", seconds)?,
        })
    }
}

impl Read for Template {
    fn read(fields: &Fields) -> Option<Self> {
        Some(Self { name: fields.text("name")?, grants: fields.list("grants")? })
    }
}

impl Read for Secret {
    /// The field of an issued key that holds it.
    fn read(fields: &Fields) -> Option<Self> {
        fields.text("key").map(Self::new)
    }
}

impl Read for Refusal {
    /// The inside of an error body. The status and `Retry-After` are not in it.
    fn read(fields: &Fields) -> Option<Self> {
        Some(Self {
            message: fields.text("message")?,
            reason: fields.optional("reason", text)?,
            field: fields.optional("field", text)?,
            ..Self::default()
        })
    }
}

/// An object that is being written.
#[derive(Default)]
struct Body(Object);

impl Body {
    fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    /// A field that is left out when there is nothing to write.
    fn optional(self, name: &str, value: Option<impl Into<JsValue>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn json(self) -> String {
        // A plain object of texts, numbers and flags has a spelling.
        JSON::stringify(&self.0).map(String::from).unwrap_or_default()
    }
}

fn grants(grants: &[Grant]) -> Array {
    let write = |grant: &Grant| -> JsValue {
        Body::default()
            .with("representation", &grant.representation)
            .with("create", grant.create)
            .with("read", grant.read)
            .with("update", grant.update)
            .with("del", grant.del)
            .0
            .into()
    };
    grants.iter().map(write).collect()
}

/// A moment or a number of seconds; JavaScript has no other numbers.
fn float(number: i64) -> f64 {
    number as f64
}

/// What a request carries.
pub trait Write {
    /// Its JSON.
    fn json(&self) -> String;
}

impl Write for CreateApiKey {
    fn json(&self) -> String {
        Body::default()
            .with("name", &self.name)
            .with("workspaceId", self.workspace_id.as_str())
            .with("customerId", &self.customer_id)
            .with("enabled", self.enabled)
            .with("scopes", grants(&self.scopes))
            .optional("expiresAt", self.expires_at.map(float))
            .json()
    }
}

impl Write for PatchApiKey {
    fn json(&self) -> String {
        Body::default()
            .optional("name", self.name.as_deref())
            .optional("enabled", self.enabled)
            .optional("scopes", self.scopes.as_deref().map(grants))
            .json()
    }
}

impl Write for RotateApiKey {
    fn json(&self) -> String {
        let seconds = self.overlap_seconds.and_then(|seconds| i64::try_from(seconds).ok());
        Body::default().optional("overlapSeconds", seconds.map(float)).json()
    }
}
