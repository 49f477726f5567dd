//! The text form of a recipe, as it stands in a mapping file, and the rules it must keep.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Recipe;
use crate::algorithm::Algorithm;
use crate::check::{RecipeError, error};
use crate::encoding::{Encoding, Output, TextEncoding};
use crate::hash::Hash;
use crate::kdf::ScryptCost;
use crate::part::Part;
use crate::salt::{Position, Salt, SaltSource, SecretRef};
use crate::toml_text::quoted;

/// The keys of a recipe's table. What is absent has its default: the whole key, as UTF-8, unsalted, in hex
/// (for plaintext: as it is).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Form {
    /// `sha256`, `hmac-sha512`, `bcrypt` … Required.
    pub algorithm: String,
    /// What is made of the key first: `sha256`, or the text of a whole recipe.
    pub prehash: Option<String>,
    /// `full`, `after-first:|` … See [`Part`].
    pub part: Option<String>,
    /// `utf-8`, `hex`, `base64`, `base64url`: what the text of that part stands for.
    pub text: Option<String>,
    /// `column`, `fixed:TEXT`, or `secret:` and a place as in `hmac-key`.
    pub salt: Option<String>,
    /// What the salt's text stands for; the same words as `text`.
    pub salt_text: Option<String>,
    /// `before` or `after`.
    pub salt_position: Option<String>,
    /// `env:NAME`, `file:PATH` or `binary-file:PATH`.
    pub hmac_key: Option<String>,
    /// Rounds of PBKDF2.
    pub iterations: Option<u32>,
    /// scrypt: the base-2 logarithm of N.
    pub log_n: Option<u8>,
    /// scrypt: block size.
    pub r: Option<u32>,
    /// scrypt: parallelism.
    pub p: Option<u32>,
    /// Bytes that PBKDF2 or scrypt yield.
    pub length: Option<usize>,
    /// `hex`, `base64` …: how the result is written down.
    pub output: Option<String>,
    /// A constant text in front of it.
    pub output_prefix: Option<String>,
}

/// A word of a closed list, or the default when absent.
fn word<T: Default>(
    field: &'static str,
    value: Option<&str>,
    read: fn(&str) -> Option<T>,
) -> Result<T, RecipeError> {
    let Some(value) = value else { return Ok(T::default()) };
    read(value).ok_or_else(|| error(field, format!("`{value}` is not one of its words")))
}

impl TryFrom<&Form> for Recipe {
    type Error = RecipeError;

    fn try_from(form: &Form) -> Result<Self, RecipeError> {
        let algorithm = algorithm(form)?;
        let part = form.part.as_deref().map_or(Ok(Part::Full), Part::from_str);
        let encoding = match (&form.output, &algorithm) {
            (None, Algorithm::Plaintext) => Encoding::Raw,
            (output, _) => word("output", output.as_deref(), Encoding::from_word)?,
        };
        let recipe = Self {
            prehash: form.prehash.as_deref().map(prehash).transpose()?,
            part: part.map_err(|problem| error("part", problem.to_string()))?,
            text: word("text", form.text.as_deref(), TextEncoding::from_word)?,
            salt: Salt {
                source: salt_source(form.salt.as_deref())?,
                text: word("salt-text", form.salt_text.as_deref(), TextEncoding::from_word)?,
                position: word(
                    "salt-position",
                    form.salt_position.as_deref(),
                    Position::from_word,
                )?,
            },
            output: Output { prefix: form.output_prefix.clone().unwrap_or_default(), encoding },
            algorithm,
        };
        recipe.check()?;
        // Whatever the recipe does not say about itself when written again was not meant for it.
        let written = Form::from(&recipe);
        for (field, given, kept) in [
            ("iterations", form.iterations.is_some(), written.iterations.is_some()),
            ("log-n", form.log_n.is_some(), written.log_n.is_some()),
            ("r", form.r.is_some(), written.r.is_some()),
            ("p", form.p.is_some(), written.p.is_some()),
            ("length", form.length.is_some(), written.length.is_some()),
            ("hmac-key", form.hmac_key.is_some(), written.hmac_key.is_some()),
        ] {
            if given && !kept {
                let name = recipe.algorithm.name();
                return Err(error(field, format!("does not belong to algorithm `{name}`")));
            }
        }
        Ok(recipe)
    }
}

fn algorithm(form: &Form) -> Result<Algorithm, RecipeError> {
    let need = |field| error(field, format!("algorithm `{}` needs it", form.algorithm));
    let hash =
        |name: &str, fits: fn(Hash) -> bool| Hash::from_name(name).filter(|hash| fits(*hash));
    let found = match form.algorithm.as_str() {
        "plaintext" => Some(Algorithm::Plaintext),
        "bcrypt" => Some(Algorithm::Bcrypt),
        "argon2" => Some(Algorithm::Argon2),
        "scrypt-phc" => Some(Algorithm::ScryptPhc),
        "django" => Some(Algorithm::Django),
        "scrypt" => {
            let log_n = form.log_n.ok_or_else(|| need("log-n"))?;
            let (r, p) = (form.r.ok_or_else(|| need("r"))?, form.p.ok_or_else(|| need("p"))?);
            let length = form.length.unwrap_or(32);
            Some(Algorithm::Scrypt { cost: ScryptCost { log_n, r, p }, length })
        }
        name => {
            if let Some(hash) = name.strip_prefix("hmac-").and_then(|it| hash(it, Hash::has_hmac)) {
                let key = form.hmac_key.as_deref().ok_or_else(|| need("hmac-key"))?;
                let key = key.parse().map_err(|_| secret_ref("hmac-key"))?;
                Some(Algorithm::Hmac { hash, key })
            } else if let Some(hash) =
                name.strip_prefix("pbkdf2-").and_then(|it| hash(it, Hash::has_pbkdf2))
            {
                let iterations = form.iterations.ok_or_else(|| need("iterations"))?;
                let length = form.length.unwrap_or(hash.bytes());
                Some(Algorithm::Pbkdf2 { hash, iterations, length })
            } else {
                Hash::from_name(name).map(Algorithm::Digest)
            }
        }
    };
    found.ok_or_else(|| {
        error("algorithm", format!("`{}` is not an algorithm this version knows", form.algorithm))
    })
}

/// A word is the plain hash of that name; anything else is a recipe.
fn prehash(text: &str) -> Result<Box<Recipe>, RecipeError> {
    let recipe = match Hash::from_name(text) {
        Some(hash) => Ok(Recipe::of(Algorithm::Digest(hash))),
        None if text.contains('=') => text.parse(),
        None => {
            return Err(error("prehash", format!("`{text}` is no hash this version knows")));
        }
    };
    recipe.map(Box::new).map_err(|problem: RecipeError| error("prehash", problem.to_string()))
}

fn prehash_text(recipe: &Recipe) -> String {
    match &recipe.algorithm {
        Algorithm::Digest(hash) if *recipe == Recipe::of(recipe.algorithm.clone()) => {
            hash.name().to_owned()
        }
        _ => recipe.to_string(),
    }
}

fn salt_source(text: Option<&str>) -> Result<SaltSource, RecipeError> {
    let Some(text) = text else { return Ok(SaltSource::None) };
    match text.split_once(':') {
        None if text == "column" => Ok(SaltSource::Column),
        None if text == "none" => Ok(SaltSource::None),
        Some(("fixed", salt)) if !salt.is_empty() => Ok(SaltSource::Fixed(salt.to_owned())),
        Some(("secret", place)) => {
            place.parse().map(SaltSource::Secret).map_err(|_| secret_ref("salt"))
        }
        _ => Err(error(
            "salt",
            "write none, column, fixed:TEXT, secret:env:NAME, secret:file:PATH or secret:binary-file:PATH",
        )),
    }
}

fn secret_ref(field: &'static str) -> RecipeError {
    error(field, crate::salt::SecretRefError.to_string())
}

impl From<&Recipe> for Form {
    fn from(recipe: &Recipe) -> Self {
        let unless = |word: &str, default: &str| (word != default).then(|| word.to_owned());
        let plain = Recipe::of(recipe.algorithm.clone()).output.encoding.word();
        let mut form = Self {
            algorithm: recipe.algorithm.name(),
            prehash: recipe.prehash.as_deref().map(prehash_text),
            part: unless(&recipe.part.to_string(), "full"),
            text: unless(recipe.text.word(), "utf-8"),
            salt: match &recipe.salt.source {
                SaltSource::None => None,
                SaltSource::Column => Some("column".to_owned()),
                SaltSource::Fixed(text) => Some(format!("fixed:{text}")),
                SaltSource::Secret(place) => Some(format!("secret:{place}")),
            },
            salt_text: unless(recipe.salt.text.word(), "utf-8"),
            salt_position: unless(recipe.salt.position.word(), "before"),
            output: unless(recipe.output.encoding.word(), plain),
            output_prefix: unless(&recipe.output.prefix, ""),
            ..Self::default()
        };
        match &recipe.algorithm {
            Algorithm::Hmac { key, .. } => form.hmac_key = Some(SecretRef::to_string(key)),
            Algorithm::Pbkdf2 { iterations, length, .. } => {
                form.iterations = Some(*iterations);
                form.length = Some(*length);
            }
            Algorithm::Scrypt { cost, length } => {
                (form.log_n, form.r, form.p) = (Some(cost.log_n), Some(cost.r), Some(cost.p));
                form.length = Some(*length);
            }
            _ => {}
        }
        form
    }
}

impl Form {
    /// Its lines, `key = value`, in a fixed order.
    pub fn lines(&self) -> Vec<String> {
        let text = |key: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{key} = {}", quoted(value)))
        };
        let number = |key: &str, value: Option<u64>| value.map(|value| format!("{key} = {value}"));
        [
            text("algorithm", &Some(self.algorithm.clone())),
            text("prehash", &self.prehash),
            text("part", &self.part),
            text("text", &self.text),
            text("salt", &self.salt),
            text("salt-text", &self.salt_text),
            text("salt-position", &self.salt_position),
            text("hmac-key", &self.hmac_key),
            number("iterations", self.iterations.map(u64::from)),
            number("log-n", self.log_n.map(u64::from)),
            number("r", self.r.map(u64::from)),
            number("p", self.p.map(u64::from)),
            number("length", self.length.map(|length| length as u64)),
            text("output", &self.output),
            text("output-prefix", &self.output_prefix),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Form::from(self).lines().join(", "))
    }
}

impl FromStr for Recipe {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Line {
            recipe: Form,
        }
        let line: Line = toml::from_str(&format!("recipe = {{ {text} }}"))
            .map_err(|problem| error("text", problem.message().to_owned()))?;
        Self::try_from(&line.recipe)
    }
}

impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        Self::try_from(&form).map_err(serde::de::Error::custom)
    }
}
