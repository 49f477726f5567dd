//! An origin's mapping, made to fit the columns that a source really has.

use super::Origin;
use crate::mapping::{Flag, FlagTest, Mapping, Moment, MomentFormat, PermissionFormat, Template};
use crate::recipe::Encoding;
use crate::source::ColumnKind;

/// A column of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A mapping that names only columns that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The mapping. Where [`Fit::missing`] names its key or owner, it still names the origin's column.
    pub mapping: Mapping,
    /// Columns that the origin usually has and this source has not; what they were for is left out.
    pub dropped: Vec<String>,
    /// Which of the two that cannot be left out are missing.
    pub missing: Vec<Needed>,
}

/// What every mapping needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// `columns.key`
    Key,
    /// `columns.owner`
    Owner,
}

impl Mapping {
    /// This mapping over those columns. Names are matched without regard to case and underscores, because the same
    /// library calls a column `createdAt` over one ORM and `created_at` over another.
    #[must_use]
    pub fn fitted(mut self, columns: &[SourceColumn]) -> Fit {
        let mut fitter = Fitter { columns, dropped: Vec::new() };
        let mut missing = Vec::new();
        match fitter.find(&self.columns.key) {
            Some(column) => {
                if column.kind == ColumnKind::Binary && !self.recipe.algorithm.is_self_describing()
                {
                    // The column holds the digest itself: nothing spelled it.
                    self.recipe.output.encoding = Encoding::Raw;
                    self.recipe.output.prefix.clear();
                }
                self.columns.key.clone_from(&column.name);
            }
            None => missing.push(Needed::Key),
        }
        match fitter.template(&self.columns.owner) {
            Some(owner) => self.columns.owner = owner,
            None => missing.push(Needed::Owner),
        }
        let it = &mut self.columns;
        it.id = it.id.take().and_then(|id| fitter.template_or_drop(&id));
        it.name = it.name.take().and_then(|name| fitter.template_or_drop(&name));
        it.salt = it
            .salt
            .take()
            .and_then(|salt| fitter.column_or_drop(&salt))
            .map(|column| column.name.clone());
        it.locator = it.locator.take().and_then(|mut locator| {
            locator.column.clone_from(&fitter.column_or_drop(&locator.column)?.name);
            Some(locator)
        });
        it.created = it.created.take().and_then(|moment| fitter.moment(moment));
        it.last_used = it.last_used.take().and_then(|moment| fitter.moment(moment));
        it.expires = it.expires.take().and_then(|moment| fitter.moment(moment));
        it.enabled = it.enabled.take().and_then(|flag| fitter.flag(flag));
        it.revoked = it.revoked.take().and_then(|flag| fitter.flag(flag));
        it.deleted = it.deleted.take().and_then(|flag| fitter.flag(flag));
        for text in [
            &mut it.uses_left,
            &mut it.metadata,
            &mut it.prefix,
            &mut it.masked_key,
            &mut it.meter,
            &mut it.key_id,
        ] {
            *text = text
                .take()
                .and_then(|name| fitter.column_or_drop(&name))
                .map(|column| column.name.clone());
        }
        it.permissions = it.permissions.take().and_then(|mut permissions| {
            let column = fitter.column_or_drop(&permissions.column)?;
            permissions.column.clone_from(&column.name);
            permissions.format = match (column.kind, permissions.format) {
                (ColumnKind::Array, _) => PermissionFormat::PostgresArray,
                (ColumnKind::Json, PermissionFormat::JsonMap) => PermissionFormat::JsonMap,
                (ColumnKind::Json, _) => PermissionFormat::JsonArray,
                (_, format) => format,
            };
            Some(permissions)
        });
        let metadata = std::mem::take(&mut self.metadata).into_iter();
        let kept = metadata
            .filter_map(|(name, template)| Some((name, fitter.template_or_drop(&template)?)));
        self.metadata = kept.collect();
        // An age counts from a creation: without that column it cannot be read.
        let counts = |it: &Moment| it.format == MomentFormat::SecondsAfterCreated;
        if it.created.is_none() && it.expires.as_ref().is_some_and(counts) {
            fitter.dropped.extend(it.expires.take().map(|it| it.column));
        }
        let mut dropped = fitter.dropped;
        dropped.dedup();
        Fit { mapping: self, dropped, missing }
    }
}

struct Fitter<'c> {
    columns: &'c [SourceColumn],
    dropped: Vec<String>,
}

impl<'c> Fitter<'c> {
    fn find(&self, name: &str) -> Option<&'c SourceColumn> {
        find(self.columns, name)
    }

    fn column_or_drop(&mut self, name: &str) -> Option<&'c SourceColumn> {
        let found = self.find(name);
        if found.is_none() {
            self.dropped.push(name.to_owned());
        }
        found
    }

    /// The template over the columns that are there; `None` if one is not.
    fn template(&self, template: &Template) -> Option<Template> {
        template.renamed(|name| self.find(name).map(|column| column.name.clone()))
    }

    fn template_or_drop(&mut self, template: &Template) -> Option<Template> {
        let found = self.template(template);
        if found.is_none() {
            let missing = template.columns().filter(|name| find(self.columns, name).is_none());
            self.dropped.extend(missing.map(str::to_owned));
        }
        found
    }

    fn moment(&mut self, mut moment: Moment) -> Option<Moment> {
        let column = self.column_or_drop(&moment.column)?;
        moment.column.clone_from(&column.name);
        match (column.kind, &moment.format) {
            (ColumnKind::Moment, _) => {
                moment.format = MomentFormat::Iso8601;
                moment.never.clear();
            }
            (ColumnKind::Integer, MomentFormat::Iso8601) => {
                moment.format = MomentFormat::UnixSeconds;
            }
            _ => {}
        }
        Some(moment)
    }

    fn flag(&mut self, mut flag: Flag) -> Option<Flag> {
        let column = self.column_or_drop(&flag.column)?;
        flag.column.clone_from(&column.name);
        match (column.kind, &flag.test) {
            (ColumnKind::Moment, FlagTest::Bool) => flag.test = FlagTest::Set,
            (ColumnKind::Boolean | ColumnKind::Bits, FlagTest::Set) => flag.test = FlagTest::Bool,
            _ => {}
        }
        Some(flag)
    }
}

/// The column that is called so: exactly, or without regard to case and underscores.
fn find<'c>(columns: &'c [SourceColumn], name: &str) -> Option<&'c SourceColumn> {
    let folded = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let exact = columns.iter().find(|column| column.name == name);
    exact.or_else(|| columns.iter().find(|column| folded(&column.name) == folded(name)))
}

/// How well an origin fits: of the columns that it names, how many are there, in thousandths. 0 without its key.
fn score(origin: &Origin, columns: &[SourceColumn]) -> u32 {
    let Ok(fit) = origin.over(columns) else { return 0 };
    if fit.missing.contains(&Needed::Key) {
        return 0;
    }
    let named = fit.mapping.column_names().len();
    let (there, all) = (named - fit.missing.len().min(named), named + fit.dropped.len());
    u32::try_from(there * 1_000 / all.max(1)).unwrap_or(0)
}

/// The origins that a source may be of, the likeliest first: at least four fifths of the columns are there. A table
/// that is called as the origin's counts for more than a column does.
pub fn detect(table: Option<&str>, columns: &[SourceColumn]) -> Vec<&'static Origin> {
    const LIKELY: u32 = 800;
    let named =
        |origin: &Origin| origin.table.zip(table).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let mut scored: Vec<(u32, &'static Origin)> = super::ALL
        .iter()
        .filter(|origin| origin.name != "generic")
        .map(|origin| (score(origin, columns) + if named(origin) { 150 } else { 0 }, origin))
        .filter(|(score, _)| *score >= LIKELY)
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, origin)| origin).collect()
}
