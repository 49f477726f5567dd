//! What can be learnt from the rows themselves: how moments and permissions are written, and which permissions there
//! are.

use std::collections::BTreeMap;

use crate::mapping::{Columns, Moment, MomentFormat, PermissionFormat};
use crate::source::Row;

/// Cells of one column that are kept to tell its format by.
const CELLS: usize = 200;

/// Different permissions that are kept; beyond, the column holds something else.
const PERMISSIONS: usize = 500;

/// Looks at rows, one after the other.
#[derive(Debug)]
pub struct Look<'c> {
    columns: &'c Columns,
    moments: [Vec<String>; 3],
    permissions: Vec<String>,
    found: BTreeMap<String, u64>,
}

/// What was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The formats of created, last used and expires, where the rows tell.
    pub moments: [Option<MomentFormat>; 3],
    /// How permissions are written, where the rows tell.
    pub permissions: Option<PermissionFormat>,
    /// The permissions that were met, with the number of rows that have each.
    pub found: BTreeMap<String, u64>,
}

impl<'c> Look<'c> {
    /// Looks at rows of these columns.
    pub fn new(columns: &'c Columns) -> Self {
        Self {
            columns,
            moments: [const { Vec::new() }; 3],
            permissions: Vec::new(),
            found: BTreeMap::new(),
        }
    }

    /// Looks at a row.
    pub fn row(&mut self, row: &Row) {
        let moments = moments(self.columns);
        for (moment, kept) in moments.into_iter().zip(&mut self.moments) {
            let cell = moment
                .and_then(|moment| row.text(&moment.column))
                .map(str::trim)
                .unwrap_or_default();
            let never = moment.is_some_and(|moment| moment.never.iter().any(|never| never == cell));
            if !cell.is_empty() && !never && kept.len() < CELLS {
                kept.push(cell.to_owned());
            }
        }
        let Some(column) = &self.columns.permissions else { return };
        let cell = row.text(&column.column).map(str::trim).unwrap_or_default();
        if !cell.is_empty() && self.permissions.len() < CELLS {
            self.permissions.push(cell.to_owned());
        }
        for permission in column.format.read(cell).unwrap_or_default() {
            if self.found.len() < PERMISSIONS || self.found.contains_key(&permission) {
                *self.found.entry(permission).or_default() += 1;
            }
        }
    }

    /// What was learnt. A format is only said to be another than the mapping's if the mapping's cannot read what is
    /// there and the other can.
    pub fn finish(self) -> Learnt {
        let named = moments(self.columns);
        let mut formats = [None, None, None];
        for ((moment, cells), format) in named.into_iter().zip(&self.moments).zip(&mut formats) {
            *format = moment.and_then(|moment| moment_format(&moment.format, cells));
        }
        let column = self.columns.permissions.as_ref();
        let permissions =
            column.and_then(|column| permission_format(column.format, &self.permissions));
        Learnt { moments: formats, permissions, found: self.found }
    }
}

fn moments(columns: &Columns) -> [Option<&Moment>; 3] {
    [columns.created.as_ref(), columns.last_used.as_ref(), columns.expires.as_ref()]
}

/// The first format that reads every cell, if `format` does not.
fn moment_format(format: &MomentFormat, cells: &[String]) -> Option<MomentFormat> {
    // 2001-09-09 to 2286-11-20 in each unit: between them nothing is ambiguous.
    let whole = |cell: &str| cell.parse::<u64>().ok();
    let within = |cell: &String, digits: u32| {
        let number = whole(cell.split('.').next().unwrap_or(cell));
        number.is_some_and(|number| number.checked_ilog10() == Some(digits))
    };
    let unit = |digits: u32| !cells.is_empty() && cells.iter().all(|cell| within(cell, digits));
    let other = if unit(9) {
        MomentFormat::UnixSeconds
    } else if unit(12) {
        MomentFormat::UnixMillis
    } else if unit(15) {
        MomentFormat::UnixMicros
    } else {
        MomentFormat::Iso8601
    };
    let reads = |format: &MomentFormat| cells.iter().all(|cell| format.read(cell, Some(1)).is_ok());
    let differs = other != *format && *format != MomentFormat::SecondsAfterCreated;
    (!cells.is_empty() && differs && reads(&other)).then_some(other)
}

/// The likeliest format that reads every cell, if `format` is not what the cells look like.
fn permission_format(format: PermissionFormat, cells: &[String]) -> Option<PermissionFormat> {
    let all = |test: fn(&String) -> bool| !cells.is_empty() && cells.iter().all(test);
    let other = if all(|cell| cell.starts_with('[')) {
        PermissionFormat::JsonArray
    } else if all(|cell| cell.starts_with("{\"") && cell.contains(':')) {
        PermissionFormat::JsonMap
    } else if all(|cell| cell.starts_with('{')) {
        PermissionFormat::PostgresArray
    } else if all(|cell| cell.starts_with("---")) {
        PermissionFormat::YamlList
    } else if cells.iter().any(|cell| cell.contains(',')) {
        PermissionFormat::Comma
    } else {
        return None;
    };
    let reads = cells.iter().all(|cell| other.read(cell).is_ok());
    (other != format && reads).then_some(other)
}
