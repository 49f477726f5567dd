//! How published clients write "nothing": Python sends an explicit `null`, Go drops empty arrays.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the type's default. With `#[serde(default)]`, an absent field too.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
