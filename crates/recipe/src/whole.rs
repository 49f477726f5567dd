//! Whether a recipe looks at all of a key.

use crate::{Algorithm, BCRYPT_CUT, LocatorRule, Part, Recipe, TextEncoding};

impl Recipe {
    /// Whether no other text gives what this recipe makes of `key`, where `locator` leads to the row of the same text:
    /// then the key as it was presented is the key, and not one spelling of several.
    ///
    /// ```
    /// # use oneloop_recipe::Recipe;
    /// let whole: Recipe = r#"algorithm = "sha256""#.parse().unwrap();
    /// assert!(whole.is_of_all("17|s3cret", None));
    /// let part: Recipe = r#"algorithm = "sha256", part = "after-first:|""#.parse().unwrap();
    /// assert!(!part.is_of_all("17|s3cret", None), "99|s3cret gives the same");
    /// assert!(part.is_of_all("17|s3cret", Some(&"before-first:|".parse().unwrap())));
    /// let bcrypt: Recipe = r#"algorithm = "bcrypt""#.parse().unwrap();
    /// assert!(!bcrypt.is_of_all(&"x".repeat(72), None), "it sees no more than 72 bytes");
    /// ```
    pub fn is_of_all(&self, key: &str, locator: Option<&LocatorRule>) -> bool {
        if let Some(prehash) = &self.prehash {
            return prehash.is_of_all(key, locator);
        }
        let rest = match locator {
            Some(LocatorRule::Part(part)) => Some(part),
            _ => None,
        };
        let covered = match (&self.part, rest) {
            (Part::Full | Part::StripPrefix(_), _) => true,
            (Part::AfterFirst(by), Some(Part::BeforeFirst(before))) => by == before,
            (Part::AfterLast(by), Some(Part::BeforeLast(before))) => by == before,
            _ => false,
        };
        let plain = match self.text {
            TextEncoding::Utf8 => true,
            // Upper and lower case are the same bytes.
            TextEncoding::Hex => !key.bytes().any(|byte| byte.is_ascii_uppercase()),
            // Padded or not.
            TextEncoding::Base64 | TextEncoding::Base64Url => false,
        };
        let seen = match self.algorithm {
            Algorithm::Bcrypt | Algorithm::Django => key.len() < BCRYPT_CUT && !key.contains('\0'),
            _ => true,
        };
        covered && plain && seen
    }
}
