//! What an installation stores of a team's keys, said by recipes that another one can go by.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use oneloop_protocol::export::Recipe as ExportedRecipe;
use oneloop_protocol::export::{NATIVE, PEPPER_PLACE};
use oneloop_recipe::{
    Algorithm, Hash, LocatorRule, Output, Recipe, Salt, SaltSource, SecretRef, TextEncoding,
};

use crate::recipes::RecipeSpec;
use crate::store::RecipeRow;
use crate::tag;

/// How keys of one recipe of the team are known.
struct Known {
    /// What makes of them what is stored: a tag, unless they are tried.
    recipe: Recipe,
    tried: Option<Tried>,
}

/// Keys that are held against stored values one by one.
struct Tried {
    /// The recipe as the team has it: values and salts are written as that says.
    own: Recipe,
    /// What leads to them.
    locator: LocatorRule,
}

/// What the team's keys are known by, by number; `None` where it cannot be said.
pub(super) struct Recipes(BTreeMap<u32, Option<Known>>);

impl Recipes {
    pub(super) fn of(team: u128, rows: &[RecipeRow]) -> Self {
        // A key that its installation knows by itself is digested as it is.
        let digest = Recipe::of(Algorithm::Digest(Hash::Sha256));
        let native = under_pepper(&tag::key_domain(team), Some(digest)).map(Known::by_tag);
        let others = rows.iter().map(|row| (row.number, known(team, row)));
        Self([(NATIVE, native)].into_iter().chain(others).collect())
    }

    fn known(&self, number: u32) -> Option<&Known> {
        self.0.get(&number)?.as_ref()
    }

    /// Whether keys of this recipe are known by their tags.
    pub(super) fn have_tags(&self, number: u32) -> bool {
        self.known(number).is_some_and(|known| known.tried.is_none())
    }

    /// Whether any are known by stored values.
    pub(super) fn have_stored_values(&self) -> bool {
        self.0.values().flatten().any(|known| known.tried.is_some())
    }

    /// A stored value and its salt, as the described recipe writes them: text, whatever they were.
    pub(super) fn written(
        &self,
        number: u32,
        stored: &[u8],
        salt: Option<&[u8]>,
    ) -> Option<(String, Option<String>)> {
        let Tried { own, .. } = self.known(number)?.tried.as_ref()?;
        let stored = if own.algorithm.is_self_describing() {
            std::str::from_utf8(stored).ok()?.to_owned()
        } else {
            HEXLOWER.encode(&own.stored_digest(stored)?)
        };
        let salt = match salt {
            None => None,
            Some(salt) => Some(HEXLOWER.encode(&own.salt.text.decode(salt)?)),
        };
        Some((stored, salt))
    }

    pub(super) fn described(&self) -> Vec<ExportedRecipe> {
        let described = |(number, known): (&u32, &Option<Known>)| {
            let known = known.as_ref();
            let tried = known.and_then(|known| known.tried.as_ref());
            ExportedRecipe {
                number: *number,
                recipe: known.map(|known| known.recipe.to_string()),
                locator: tried.map(|tried| tried.locator.to_string()),
            }
        };
        self.0.iter().map(described).collect()
    }
}

impl Known {
    fn by_tag(recipe: Recipe) -> Self {
        Self { recipe, tried: None }
    }
}

fn known(team: u128, row: &RecipeRow) -> Option<Known> {
    let spec = RecipeSpec::parse(Some(&row.recipe), row.locator.as_deref()).ok()??;
    if spec.needs_row() {
        return stored(team, row.number, spec);
    }
    // What was looked up were the recipe's bytes, however its service wrote them down.
    let output = Recipe::of(spec.recipe.algorithm.clone()).output;
    let made = Recipe { output, ..spec.recipe };
    under_pepper(&tag::recipe_domain(team, &spec.hash), Some(made)).map(Known::by_tag)
}

/// Keys that are tried: their recipe goes along, with values and salts as text. Of a locator there is the HMAC.
fn stored(team: u128, number: u32, spec: RecipeSpec) -> Option<Known> {
    let own = spec.recipe;
    let mut recipe = own.clone();
    if !own.algorithm.is_self_describing() {
        recipe.output = Output::default();
    }
    if own.salt.source == SaltSource::Column {
        recipe.salt.text = TextEncoding::Hex;
    }
    let domain = tag::locator_domain(team, number);
    let digest = match spec.locator? {
        LocatorRule::Part(part) => Recipe { part, ..under_pepper(&domain, None)? },
        // What a locator of such a rule is, is the text that it writes, and no recipe hashes the text of another.
        LocatorRule::Digest(_) => return None,
    };
    recipe.check().ok()?;
    let locator = LocatorRule::Digest(Box::new(digest));
    Some(Known { recipe, tried: Some(Tried { own, locator }) })
}

/// HMAC under the pepper of `domain`, followed by the key, or by what `prehash` makes of it. `None` where that stands too
/// deep.
fn under_pepper(domain: &[u8], prehash: Option<Recipe>) -> Option<Recipe> {
    let key = PEPPER_PLACE.parse::<SecretRef>().ok()?;
    let salt = Salt {
        source: SaltSource::Fixed(HEXLOWER.encode(domain)),
        text: TextEncoding::Hex,
        ..Salt::default()
    };
    let recipe = Recipe {
        prehash: prehash.map(Box::new),
        salt,
        output: Output::default(),
        ..Recipe::of(Algorithm::Hmac { hash: Hash::Sha256, key })
    };
    recipe.check().is_ok().then_some(recipe)
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::key::KeyDigest;
    use oneloop_recipe::Inputs;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::pepper::Pepper;
    use crate::tag::Tag;

    const TEAM: u128 = 0x0190_163d_8694_739f_aea5_966c_26f8_ad91;

    fn recipe(number: u32, recipe: &str, locator: Option<&str>) -> RecipeRow {
        let locator = locator.map(str::to_owned);
        RecipeRow { team: TEAM, number, recipe: recipe.to_owned(), locator, created_at: 1 }
    }

    /// What a header says makes of a key what is stored of it; the first answer is that of `tag.rs`, by Python.
    #[test]
    fn a_described_recipe_makes_the_tag() {
        let bytes: [u8; 32] = std::array::from_fn(|at| at as u8);
        let pepper = Pepper::from_bytes(&bytes);
        let row = recipe(
            3,
            r#"algorithm = "hmac-sha512", part = "after-first:|", hmac-key = "env:LEGACY", output = "base64""#,
            None,
        );
        let spec = RecipeSpec::parse(Some(&row.recipe), None).expect("reads").expect("not native");
        let legacy = Inputs { secret: Some(b"legacy secret"), ..Inputs::default() };
        let digest = spec.recipe.digest("17|abc", legacy).expect("has the part");
        let stored = Tag::of_recipe_digest(&pepper, TEAM, &spec.hash, &digest).to_hex();

        let described = Recipes::of(TEAM, &[row]).described();
        let text = |at: usize| described[at].recipe.clone().expect("a recipe");
        let secrets = [Some(bytes.as_slice()), Some(b"legacy secret".as_slice())];
        for (text, key, tag) in [
            (
                text(0),
                "abc",
                "03c0758255a57320ccc9906c40e74776f5884938f003b46c0ab08dff8c14899b".to_owned(),
            ),
            (text(0), "xyz", Tag::of_key(&pepper, TEAM, &KeyDigest::of("xyz")).to_hex()),
            (text(1), "17|abc", stored),
        ] {
            let read: Recipe = text.parse().expect(&text);
            let inputs = Inputs::of_secrets(None, &secrets);
            assert!(read.matches(key, tag.as_bytes(), inputs), "{text}");
            assert!(!read.matches(&format!("{key}x"), tag.as_bytes(), inputs), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_tried_goes_with_what_it_is_tried_against() {
        let recipes = Recipes::of(
            TEAM,
            &[
                recipe(1, r#"algorithm = "bcrypt""#, Some("first:8")),
                recipe(
                    2,
                    r#"algorithm = "sha256", salt = "column", output = "raw""#,
                    Some("first:8"),
                ),
                recipe(4, r#"algorithm = "md5""#, None),
            ],
        );
        let made = [NATIVE, 1, 2, 3, 4].map(|number| recipes.have_tags(number));
        assert_eq!(made, [true, false, false, false, true]);
        let described = recipes.described();
        let bcrypt = &described[1];
        assert_eq!(bcrypt.recipe.as_deref(), Some(r#"algorithm = "bcrypt""#));
        let locator: LocatorRule = bcrypt.locator.as_deref().expect("one").parse().expect("a rule");
        let bytes = [7; 32];
        let stored = Pepper::from_bytes(&bytes).mac(&[
            b"olc1",
            &TEAM.to_be_bytes(),
            &1_u32.to_be_bytes(),
            b"abcdefgh",
        ]);
        let led = locator.of("abcdefgh, and more", &[Some(bytes.as_slice())]).expect("long enough");
        assert_eq!(*led, HEXLOWER.encode(&stored));

        // Values and salts that are no text become text, and the recipe says how.
        let salted: Recipe =
            described[2].recipe.as_deref().expect("one").parse().expect("a recipe");
        let (digest, salt) = (Sha256::digest(b"\xff\x00key"), b"\xff\x00".as_slice());
        let (stored, salt) = recipes.written(2, &digest, Some(salt)).expect("as it was stored");
        let inputs = Inputs { salt: salt.as_deref().map(str::as_bytes), ..Inputs::default() };
        assert!(salted.matches("key", stored.as_bytes(), inputs));
        assert!(!salted.matches("kez", stored.as_bytes(), inputs));
        let phc = "$2b$04$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7oTLC";
        let written = recipes.written(1, phc.as_bytes(), None);
        assert_eq!(written, Some((phc.to_owned(), None)));
    }
}
