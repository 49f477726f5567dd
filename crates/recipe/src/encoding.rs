//! How text becomes the bytes that are hashed, and how a digest becomes the text that is stored.

use data_encoding::{
    BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER,
};
use zeroize::Zeroizing;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value, the likeliest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word in a mapping file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value behind a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What the text of a key (or of a salt) stands for.
    TextEncoding {
        /// Its own bytes.
        #[default]
        Utf8 = "utf-8",
        /// Hexadecimal in either case: the bytes behind it are hashed, as django-rest-knox 4 does.
        Hex = "hex",
        /// Standard base 64, padded or not.
        Base64 = "base64",
        /// URL-safe base 64, padded or not.
        Base64Url = "base64url",
    }
}

impl TextEncoding {
    /// The bytes behind `text`; `None` if it is not of this encoding.
    pub fn decode(self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let without_padding = || {
            let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
            text.get(..end).unwrap_or_default()
        };
        match self {
            Self::Utf8 => Some(text.to_vec()),
            Self::Hex => HEXLOWER_PERMISSIVE.decode(text).ok(),
            Self::Base64 => BASE64_NOPAD.decode(without_padding()).ok(),
            Self::Base64Url => BASE64URL_NOPAD.decode(without_padding()).ok(),
        }
        .map(Zeroizing::new)
    }
}

words! {
    /// How a digest is written down. Each is strict: the other case, missing padding or stray trailing bits
    /// are another encoding, or none.
    Encoding {
        /// Hexadecimal, lower case.
        #[default]
        Hex = "hex",
        /// Hexadecimal, upper case.
        HexUpper = "hex-upper",
        /// Standard base 64 with padding.
        Base64 = "base64",
        /// Standard base 64 without padding.
        Base64NoPad = "base64-nopad",
        /// URL-safe base 64 with padding.
        Base64Url = "base64url",
        /// URL-safe base 64 without padding.
        Base64UrlNoPad = "base64url-nopad",
        /// The bytes themselves.
        Raw = "raw",
    }
}

impl Encoding {
    /// Writes `bytes` down.
    pub fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let text = match self {
            Self::Hex => HEXLOWER.encode(bytes),
            Self::HexUpper => HEXUPPER.encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64NoPad => BASE64_NOPAD.encode(bytes),
            Self::Base64Url => BASE64URL.encode(bytes),
            Self::Base64UrlNoPad => BASE64URL_NOPAD.encode(bytes),
            Self::Raw => return Zeroizing::new(bytes.to_vec()),
        };
        Zeroizing::new(text.into_bytes())
    }

    /// Reads what [`Encoding::encode`] writes, and nothing else.
    pub fn decode(self, stored: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Hex => HEXLOWER.decode(stored).ok(),
            Self::HexUpper => HEXUPPER.decode(stored).ok(),
            Self::Base64 => BASE64.decode(stored).ok(),
            Self::Base64NoPad => BASE64_NOPAD.decode(stored).ok(),
            Self::Base64Url => BASE64URL.decode(stored).ok(),
            Self::Base64UrlNoPad => BASE64URL_NOPAD.decode(stored).ok(),
            Self::Raw => Some(stored.to_vec()),
        }
        .map(Zeroizing::new)
    }

    /// Whether what it writes is text whatever the bytes are.
    pub fn is_text(self) -> bool {
        self != Self::Raw
    }

    /// Its name in a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::HexUpper => "upper-case hex",
            Self::Base64 => "base64",
            Self::Base64NoPad => "base64 without padding",
            Self::Base64Url => "URL-safe base64",
            Self::Base64UrlNoPad => "URL-safe base64 without padding",
            Self::Raw => "raw bytes",
        }
    }
}

/// How a stored value is written: a constant text, then an encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// What stands in front, such as `sha256:`; usually empty.
    pub prefix: String,
    /// What the rest is.
    pub encoding: Encoding,
}

impl Output {
    /// Writes a digest as it is stored.
    pub fn encode(&self, digest: &[u8]) -> Zeroizing<Vec<u8>> {
        let encoded = self.encoding.encode(digest);
        Zeroizing::new([self.prefix.as_bytes(), &encoded].concat())
    }

    /// The digest behind a stored value.
    pub fn decode(&self, stored: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.encoding.decode(stored.strip_prefix(self.prefix.as_bytes())?)
    }
}
