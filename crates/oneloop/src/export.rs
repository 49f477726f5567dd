//! `oneloop export`: what an installation holds of its keys, for another one to go on with.

mod file;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use oneloop_engine::{Database, ExportError, ExportOptions};
use oneloop_protocol::export::{End, Line};
use oneloop_protocol::{TeamId, UnixMillis, WorkspaceId};

use self::file::OutputFile;
use crate::config::Storage;
use crate::failure::{Failure, Outcome};
use crate::migrate::numbers::grouped;
use crate::migrate::progress::Progress;
use crate::stop::Stop;
use crate::{config, engine as service, moment, output};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The database to read: sqlite:PATH or postgres://… [default: sqlite:oneloop.db]
    #[arg(long, env = "ONELOOP_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<Database>,
    /// The pepper file: the audit log, in which the export is written down, is sealed with it [default: the database's
    /// path + ".pepper"]
    #[arg(long, env = "ONELOOP_PEPPER_FILE", value_name = "PATH", hide_env_values = true)]
    pepper_file: Option<PathBuf>,
    /// Read database and pepper-file from this file, the one `oneloop serve` uses
    #[arg(long, env = "ONELOOP_CONFIG", value_name = "PATH", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Whose keys [default: those of the only team there is]
    #[arg(long, value_name = "ID")]
    team: Option<TeamId>,
    /// Of this workspace alone [default: all of the team's]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// Write to this file, readable by its owner only; it is there once it is complete [default: standard output]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
}

pub(crate) async fn run(args: ExportArgs) -> Outcome {
    let storage = config::resolve_storage(args.database, args.pepper_file, args.config.as_deref())?;
    if let Database::Sqlite(path) = &storage.database
        && !path.exists()
    {
        return Err(Failure::user(format!("there is no database at `{}`", path.display()))
            .hint("name yours with `--database sqlite:PATH`"));
    }
    let pepper = storage.pepper_file.clone();
    let pepper = pepper.unwrap_or_else(|| storage.database.default_pepper_path());
    let now = jiff::Timestamp::now().as_millisecond();
    let (team, workspace) = (args.team, args.workspace);
    let Storage { database, pepper_file } = storage;
    let options = ExportOptions { database, pepper_file, team, workspace, now };
    let end = match &args.output {
        Some(path) => to_file(&options, path, args.force).await?,
        None => {
            // A reader that closed the pipe has had enough, as everywhere.
            let mut stdout = BufWriter::new(io::stdout());
            match write(&options, &mut stdout).await {
                Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                written => written.map_err(refused)?,
            }
        }
    };
    tell(&end, args.output.as_deref(), &pepper, now);
    Ok(())
}

/// Writes the file beside its place, and moves it there when it is complete.
async fn to_file(options: &ExportOptions, path: &Path, force: bool) -> Outcome<End> {
    let mut file = OutputFile::create(path, force)?;
    // Asked to stop, it leaves nothing behind; killed, nothing under this name.
    let stopped = Stop::listen()?.first();
    let end = tokio::select! {
        end = write(options, &mut file) => end.map_err(refused)?,
        () = stopped => {
            return Err(Failure::user("stopped before the export was complete: nothing was written"));
        }
    };
    file.keep()?;
    Ok(end)
}

async fn write(options: &ExportOptions, out: &mut (impl Write + Send)) -> Result<End, ExportError> {
    let mut progress = None::<Progress>;
    let end = oneloop_engine::export(options, &mut |line| {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
        if let Line::OneloopExport(header) = line {
            progress = Some(Progress::begin(Some(header.counts.keys)));
        }
        if let (Line::Key(_), Some(progress)) = (line, &mut progress) {
            progress.row();
        }
        Ok(())
    })
    .await;
    if let Some(mut progress) = progress {
        progress.end();
    }
    out.flush()?;
    end
}

fn tell(end: &End, path: Option<&Path>, pepper: &Path, now: UnixMillis) {
    let place = path.map_or_else(String::new, |path| {
        format!(" to {}", output::strong(&path.display().to_string()))
    });
    output::talk(&format!("Exported {} keys{place}.", grouped(end.keys)));
    if end.overlaps > 0 {
        let until = moment::describe(end.overlaps_until.unwrap_or(now));
        output::warning(&format!(
            "{} keys are in the overlap of a rotation, the last until {until}: the secrets that were replaced do not \
             travel. Switch over after that, or end the overlaps",
            grouped(end.overlaps)
        ));
    }
    if end.unusable > 0 {
        output::warning(&format!(
            "{} keys cannot be recognised anywhere else, and a plan refuses them: they came here from an installation \
             that had them from others, and were not used since",
            grouped(end.unusable)
        ));
    }
    output::hint(&format!(
        "the tags are made with this installation's pepper (`{}`): give the \
         server that takes the keys in a copy, `--recipe-secrets binary-file:PATH`; next, \
         `oneloop migrate init --from FILE`",
        pepper.display()
    ));
}

fn refused(error: ExportError) -> Failure {
    match error {
        ExportError::Open(error) => service::unopened(error),
        error @ ExportError::NoInstallation(_) => {
            Failure::user(error.to_string()).hint("name yours with `--database`")
        }
        ExportError::SeveralTeams(teams) => {
            let ids: Vec<_> = teams.iter().map(ToString::to_string).collect();
            Failure::user(format!("there are {} teams: {}", ids.len(), ids.join(", ")))
                .hint("name one with `--team`; `oneloop admin team list` says what they are called")
        }
        error @ ExportError::UnknownTeam => {
            Failure::user(error.to_string()).hint("`oneloop admin team list` lists them")
        }
        error @ ExportError::UnknownWorkspace => Failure::user(error.to_string())
            .hint("`GET /api/v1/workspace` lists them; leave `--workspace` out for all"),
        ExportError::Database(cause) => Failure::ours("the database refused")
            .because(cause.as_ref())
            .hint("nothing was changed: run the same command again"),
        ExportError::Write(cause) => Failure::ours("the export cannot be written").because(&cause),
    }
}
