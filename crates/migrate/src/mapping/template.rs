//! Text made of columns: `{tokenable_type}:{tokenable_id}`.

use std::fmt;

use serde::Deserialize;

/// A text with columns in braces. `{{` and `}}` stand for braces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
}

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` has a brace without its partner, or nothing between two; write {{{{ for a brace itself"
)]
pub struct TemplateError(String);

impl Template {
    /// The template that is one column.
    pub fn column(name: impl Into<String>) -> Self {
        Self(vec![Piece::Column(name.into())])
    }

    /// The columns it needs, in order of appearance.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The same text over other columns: each is called as `name` says. `None` as soon as it knows none.
    pub fn renamed(&self, name: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let piece = |piece: &Piece| {
            Some(match piece {
                Piece::Text(text) => Piece::Text(text.clone()),
                Piece::Column(column) => Piece::Column(name(column)?),
            })
        };
        self.0.iter().map(piece).collect::<Option<_>>().map(Self)
    }

    /// The text for a row. A column that is NULL or missing counts as empty; if all are, so is the result,
    /// so that `user-{id}` of no id is nothing rather than `user-`.
    pub fn fill<'r>(&self, cell: impl Fn(&str) -> Option<&'r str>) -> String {
        let mut out = String::new();
        let mut any = self.columns().next().is_none();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Column(name) => {
                    let value = cell(name).unwrap_or_default();
                    any |= !value.is_empty();
                    out.push_str(value);
                }
            }
        }
        if any { out } else { String::new() }
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            literal.push_str(before);
            if let Some((brace, tail)) = after
                .strip_prefix("{{")
                .map(|it| ('{', it))
                .or(after.strip_prefix("}}").map(|it| ('}', it)))
            {
                literal.push(brace);
                rest = tail;
                continue;
            }
            let inside = after.strip_prefix('{').and_then(|it| it.split_once('}'));
            let Some((name, tail)) =
                inside.filter(|(name, _)| !name.is_empty() && !name.contains('{'))
            else {
                return Err(TemplateError(text));
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Column(name.to_owned()));
            rest = tail;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Piece::Column(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}
