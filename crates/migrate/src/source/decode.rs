//! Any encoding in, UTF-8 out.
//!
//! Excel exports UTF-16; PowerShell did by default. A byte order mark decides; without one it is UTF-8 unless
//! the caller says otherwise. Bytes that are not of the encoding are an error: a replacement character in a
//! key would be a key that nobody holds.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a file without a byte order mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
}

impl Charset {
    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
        }
    }
}

/// A reader of UTF-8 over a reader of anything.
pub struct Utf8Reader<R> {
    inner: R,
    decoder: Decoder,
    /// Bytes read and not decoded yet.
    raw: Box<[u8]>,
    raw_at: usize,
    raw_end: usize,
    /// Text decoded and not handed out yet.
    text: String,
    text_at: usize,
    ended: bool,
}

const BUFFER: usize = 32 * 1024;

impl<R: Read> Utf8Reader<R> {
    /// A reader that takes `charset` where no byte order mark says otherwise. The mark itself is dropped.
    pub fn new(inner: R, charset: Charset) -> Self {
        Self {
            inner,
            decoder: charset.encoding().new_decoder(),
            raw: vec![0; BUFFER].into_boxed_slice(),
            raw_at: 0,
            raw_end: 0,
            text: String::with_capacity(BUFFER),
            text_at: 0,
            ended: false,
        }
    }

    /// The name of the encoding, as far as it is known: before the first bytes, what was assumed.
    pub fn charset(&self) -> &'static str {
        self.decoder.encoding().name()
    }

    /// Decodes until there is text, or the end.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.text_at = 0;
        while self.text.is_empty() && !self.ended {
            if self.raw_at == self.raw_end {
                self.raw_end = self.inner.read(&mut self.raw)?;
                self.raw_at = 0;
            }
            let last = self.raw_end == 0;
            let raw = self.raw.get(self.raw_at..self.raw_end).unwrap_or_default();
            let (result, read) =
                self.decoder.decode_to_string_without_replacement(raw, &mut self.text, last);
            self.raw_at += read;
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.text_at == self.text.len() {
            self.fill()?;
        }
        let rest = self.text.as_bytes().get(self.text_at..).unwrap_or_default();
        let taken = rest.len().min(out.len());
        if let (Some(from), Some(to)) = (rest.get(..taken), out.get_mut(..taken)) {
            to.copy_from_slice(from);
        }
        self.text_at += taken;
        Ok(taken)
    }
}

impl<R> std::fmt::Debug for Utf8Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Utf8Reader(…)")
    }
}
