//! What the mapping file remembers of a proof: which recipe fitted, and how many keys. No key, no stored value.

use serde::Deserialize;

use crate::recipe::Recipe;

/// A proof on record. It counts only for the recipe that it names: change the recipe, prove it again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, try_from = "ProofForm")]
pub struct ProofRecord {
    /// The recipe that fitted.
    pub recipe: Recipe,
    /// How many keys it fitted; at least one.
    pub keys: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofForm {
    recipe: String,
    keys: usize,
}

impl TryFrom<ProofForm> for ProofRecord {
    type Error = String;

    fn try_from(form: ProofForm) -> Result<Self, String> {
        if form.keys == 0 {
            return Err("proof.keys is 0: nothing was proved".to_owned());
        }
        let recipe = form.recipe.parse().map_err(|error| format!("proof.recipe: {error}"))?;
        Ok(Self { recipe, keys: form.keys })
    }
}
