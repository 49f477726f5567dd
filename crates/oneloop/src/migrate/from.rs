//! What `--from` names: which kind of source, and where.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use oneloop_import::database::{Dialect, Location};
use oneloop_migrate::mapping::Kind;

use crate::failure::{Failure, Outcome};

/// The first bytes of every SQLite file.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// A source on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct From {
    pub(super) kind: Kind,
    /// As it goes into the mapping file.
    pub(super) location: String,
}

/// Reads `--from`: a path, the URL of a database without a password, `env:NAME` of a variable that holds one, or the
/// address of another Oneloop.
pub(super) fn resolve(from: &str, kind: Option<Kind>) -> Outcome<From> {
    let found = |kind| From { kind, location: from.to_owned() };
    if let Some(kind) = kind {
        return Ok(found(kind));
    }
    if let Some(name) = from.strip_prefix("env:") {
        let value = std::env::var(name)
            .map_err(|_| Failure::user(format!("there is no environment variable {name}")))?;
        let kind = match value.parse::<Location>() {
            Ok(location) => of(location.dialect()),
            Err(error) => {
                // The value stays unspoken: it may hold a password.
                let failure =
                    Failure::user(format!("{name} holds no URL of a database")).because(&error);
                return if Path::new(&value).is_file() {
                    by_content(Path::new(&value)).map(found)
                } else {
                    Err(failure)
                };
            }
        };
        return Ok(found(kind));
    }
    if from.starts_with("https://") || from.starts_with("http://") {
        return Ok(found(Kind::Oneloop));
    }
    if let Ok(location) = from.parse::<Location>() {
        return Ok(found(of(location.dialect())));
    }
    by_content(Path::new(from)).map(found)
}

fn of(dialect: Dialect) -> Kind {
    match dialect {
        Dialect::Postgres => Kind::Postgres,
        Dialect::Mysql => Kind::Mysql,
        Dialect::Sqlite => Kind::Sqlite,
    }
}

/// By its first bytes, which do not lie as names may.
fn by_content(path: &Path) -> Outcome<Kind> {
    let failed = |error: std::io::Error| {
        Failure::user(format!("cannot read `{}`", path.display())).because(&error)
    };
    let mut begin = Vec::new();
    File::open(path).map_err(failed)?.take(4096).read_to_end(&mut begin).map_err(failed)?;
    if begin.starts_with(SQLITE) {
        return Ok(Kind::Sqlite);
    }
    // A byte order mark, and the zero bytes of UTF-16, stand before and between what is looked for.
    let first = begin.iter().find(|byte| {
        !matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) && !byte.is_ascii_whitespace()
    });
    Ok(if first == Some(&b'{') { Kind::Ndjson } else { Kind::Csv })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_known_by_its_url_or_its_first_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            path.to_str().expect("UTF-8").to_owned()
        };
        for (from, kind) in [
            (file("a", b"SQLite format 3\0..."), Kind::Sqlite),
            (file("b.csv", b"\n {\"key\":1}\n"), Kind::Ndjson),
            (file("c", b"\xEF\xBB\xBFkey,user\n"), Kind::Csv),
            (file("d", b"\xFF\xFE{\0\"\0"), Kind::Ndjson),
            ("postgresql://app@db/app".to_owned(), Kind::Postgres),
            ("mariadb://app@db/app".to_owned(), Kind::Mysql),
            ("sqlite:keys.db".to_owned(), Kind::Sqlite),
            ("https://keys.example.com".to_owned(), Kind::Oneloop),
        ] {
            assert_eq!(resolve(&from, None).expect("known"), From { kind, location: from });
        }
        assert!(resolve("no/such/file", None).is_err());
        assert!(resolve("env:NO_SUCH_VARIABLE_HERE", None).is_err());
    }
}
