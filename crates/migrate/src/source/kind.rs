//! What kind of values a column holds.

/// What a source says of a column, as far as reading and mapping it are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Nothing is said: a column of a file.
    Unknown,
    /// Text, and whatever else is best read as its text.
    Text,
    /// Bytes.
    Binary,
    /// A field of bits: read as a number.
    Bits,
    /// True or false.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Moments and dates.
    Moment,
    /// JSON.
    Json,
    /// PostgreSQL's arrays.
    Array,
    /// What has no text, such as MySQL's geometry.
    Opaque,
}
