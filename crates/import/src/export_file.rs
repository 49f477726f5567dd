//! What `oneloop export` wrote, looked through from its first line to its last: is it whole, and what is in it besides
//! the keys, which are read as rows of any NDJSON file are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use oneloop_protocol::WorkspaceId;
use oneloop_protocol::export::{End, Header, Line, VERSION};
use oneloop_protocol::workspace::{Workspace, WorkspaceScope};
use serde::Deserialize;

use crate::file::{OpenFileError, open_file};

/// How the first line of every export begins.
const BEGIN: &[u8] = br#"{"type":"oneloop-export","#;

/// Bytes of a line, at most: far more than a key with all that it may have.
const LINE: u64 = 1024 * 1024;

/// An export, but for its keys.
#[derive(Debug)]
pub struct ExportFile {
    /// Its first line.
    pub header: Header,
    /// The workspaces, each with its catalogue, in the order of the file.
    pub workspaces: Vec<(Workspace, Vec<WorkspaceScope>)>,
    /// How many keys there are of which workspace under which recipe.
    pub keys: BTreeMap<(WorkspaceId, u32), u64>,
    /// Its last line.
    pub end: End,
}

/// A file that is no export, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum ExportFileError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenFileError),
    /// It cannot be read.
    #[error("cannot read it")]
    Io(#[from] io::Error),
    /// A newer program wrote it.
    #[error("it has version {0} of the format, and this program reads version {VERSION}")]
    Version(u32),
    /// A line that does not belong there.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong. Never repeats the line.
        problem: String,
    },
    /// Its last line is missing, or says that there are more keys than there are.
    #[error("it was cut off: its last line does not say that it is complete")]
    CutOff,
}

/// Whether a file begins as an export does.
///
/// # Errors
///
/// If it cannot be opened or read.
pub fn is_export(path: &Path) -> Result<bool, ExportFileError> {
    let mut begin = Vec::new();
    open_file(path)?.take(BEGIN.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == BEGIN)
}

/// The lines, as far as they are looked at here: of a key, where it belongs.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Seen {
    #[serde(rename_all = "camelCase")]
    Key { workspace_id: WorkspaceId, recipe: u32 },
}

/// Looks through an export, holding nothing but what it answers with.
///
/// # Errors
///
/// [`ExportFileError`]
pub fn survey(path: &Path) -> Result<ExportFile, ExportFileError> {
    let mut lines = Lines { input: BufReader::new(open_file(path)?), line: Vec::new(), number: 0 };
    let header = match lines.next()?.then(|| lines.read()).transpose()? {
        Some(Line::OneloopExport(header)) if header.version == VERSION => header,
        Some(Line::OneloopExport(header)) => return Err(ExportFileError::Version(header.version)),
        _ => return Err(lines.refuse("it is no export: the first line says what it is")),
    };
    let mut found =
        ExportFile { header, workspaces: Vec::new(), keys: BTreeMap::new(), end: End::default() };
    let mut keys = 0;
    while lines.next()? {
        if let Ok(Seen::Key { workspace_id, recipe }) = serde_json::from_slice(&lines.line) {
            keys += 1;
            *found.keys.entry((workspace_id, recipe)).or_default() += 1;
            continue;
        }
        match lines.read()? {
            Line::Workspace(workspace) => found.workspaces.push((workspace, Vec::new())),
            Line::Scope { workspace_id, scope } => {
                let of = found.workspaces.iter_mut().find(|(it, _)| it.id == workspace_id);
                let Some((_, catalogue)) = of else {
                    return Err(lines.refuse("the scope is of no workspace of this file"));
                };
                catalogue.push(scope);
            }
            Line::End(end) if end.keys == keys && !lines.next()? => {
                found.end = end;
                return Ok(found);
            }
            Line::End(_) => return Err(ExportFileError::CutOff),
            Line::OneloopExport(_) | Line::Key(_) => {
                return Err(lines.refuse("the line does not belong there"));
            }
        }
    }
    Err(ExportFileError::CutOff)
}

struct Lines {
    input: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// Goes to the next line; false at the end.
    fn next(&mut self) -> Result<bool, ExportFileError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.input).take(LINE).read_until(b'\n', &mut self.line)?;
        if read as u64 == LINE {
            return Err(self.refuse("the line is longer than any of an export"));
        }
        Ok(read > 0)
    }

    fn read(&self) -> Result<Line, ExportFileError> {
        // serde_json's own message may repeat what it met.
        serde_json::from_slice(&self.line).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => ExportFileError::CutOff,
            _ => self.refuse("it is none of an export's lines"),
        })
    }

    fn refuse(&self, problem: &str) -> ExportFileError {
        ExportFileError::Line { line: self.number, problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "ws_0190163d8694739faea5966c26f8ad92";

    fn lines() -> Vec<String> {
        let times =
            r#""createdAt":"2026-01-01T08:00:00.000Z","updatedAt":"2026-01-01T08:00:00.000Z""#;
        let check = "07".repeat(32);
        vec![
            format!(
                r#"{{"type":"oneloop-export","version":1,"program":"0.1.0","exportedAt":"2026-01-01T08:00:00.000Z","teamId":"team_1","teamName":"Acme","counts":{{"workspaces":1,"scopes":1,"keys":2}},"recipes":[{{"number":0,"recipe":"algorithm = \"sha256\""}}],"pepperCheck":"{check}"}}"#
            ),
            format!(
                r#"{{"type":"workspace","id":"{WORKSPACE}","name":"Production","teamId":"team_1","defaultKeyPrefix":null,"defaultAllowedIPs":[],"defaultRateLimitPerSecond":null,"defaultExpiration":null,{times}}}"#
            ),
            format!(
                r#"{{"type":"scope","workspaceId":"{WORKSPACE}","id":"sc_1","name":"Logs","representation":"logs","description":null,{times}}}"#
            ),
            format!(r#"{{"type":"key","workspaceId":"{WORKSPACE}","recipe":0,"tag":"canary"}}"#),
            format!(r#"{{"type":"key","workspaceId":"{WORKSPACE}","recipe":3,"tag":null}}"#),
            r#"{"type":"end","keys":2,"unusable":1,"overlaps":0,"overlapsUntil":null}"#.to_owned(),
        ]
    }

    fn surveyed(lines: &[String]) -> Result<ExportFile, ExportFileError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("export.ndjson");
        std::fs::write(&path, lines.join("\n")).expect("written");
        assert_eq!(is_export(&path).expect("reads"), lines[0].contains("oneloop-export"));
        survey(&path)
    }

    #[test]
    fn a_whole_file_says_what_is_in_it() {
        let found = surveyed(&lines()).expect("whole");
        let [(workspace, catalogue)] = found.workspaces.as_slice() else { panic!("{found:?}") };
        assert_eq!((workspace.name.as_str(), catalogue.len()), ("Production", 1));
        let id = WorkspaceId::from(WORKSPACE);
        assert_eq!(found.keys, BTreeMap::from([((id.clone(), 0), 1), ((id, 3), 1)]));
        assert_eq!((found.header.team_name.as_str(), found.end.unusable), ("Acme", 1));
    }

    #[test]
    fn a_file_that_was_cut_off_or_spoilt_is_refused_and_nothing_of_it_repeated() {
        type Spoil<'s> = &'s dyn Fn(&mut Vec<String>);
        let cases: [(&str, Spoil<'_>); 8] = [
            ("cut off", &|lines| drop(lines.pop())),
            ("cut off", &|lines| drop(lines.remove(4))),
            ("cut off", &|lines| {
                lines.pop();
                lines[4].truncate(30);
            }),
            ("cut off", &|lines| lines.push(lines[3].clone())),
            ("line 1: it is no export", &|lines| drop(lines.remove(0))),
            ("version 2", &|lines| lines[0] = lines[0].replace("\"version\":1", "\"version\":2")),
            ("line 2: the scope is of no workspace", &|lines| drop(lines.remove(1))),
            ("line 4: it is none of", &|lines| {
                lines[3] = lines[3].replace("workspaceId", "canary");
            }),
        ];
        for (says, spoil) in cases {
            let mut lines = lines();
            spoil(&mut lines);
            let refused = surveyed(&lines).expect_err(says).to_string();
            assert!(refused.contains(says) && !refused.contains("canary"), "{says}: {refused}");
        }
    }
}
