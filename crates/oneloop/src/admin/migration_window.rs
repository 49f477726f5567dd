//! `oneloop admin migration-window`.

use clap::{ArgGroup, Args, Subcommand};
use jiff::{SignedDuration, Unit};
use oneloop_engine::{Actor, Engine, MigrationWindow};
use oneloop_protocol::{TeamId, UnixMillis};
use serde_json::json;

use super::Answer;
use super::answers::{WindowAnswer, WindowState};
use crate::config::{Period, Source};
use crate::failure::{Failure, Outcome};
use crate::moment::{Moment, describe};
use crate::{engine as service, output};

#[derive(Debug, Subcommand)]
pub(crate) enum WindowCommand {
    /// Open the window: from these addresses, for this long; replaces one that is open
    Open(OpenArgs),
    /// Show a team's window
    Show {
        /// Whose window
        #[arg(long, value_name = "ID")]
        team: TeamId,
    },
    /// Close a team's window now
    Close {
        /// Whose window
        #[arg(long, value_name = "ID")]
        team: TeamId,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true).args(["for", "until"])))]
pub(crate) struct OpenArgs {
    /// Whose keys are brought along
    #[arg(long, value_name = "ID")]
    team: TeamId,
    /// Where requests may come from: an address or a CIDR block; repeat it for more
    #[arg(long = "from", value_name = "ADDR", required = true, value_delimiter = ',')]
    sources: Vec<Source>,
    /// Stay open for this long: 30m, 2h, 7d …; 31 days at most
    #[arg(long, value_name = "TIME")]
    r#for: Option<Period>,
    /// Stay open until this moment, such as 2026-11-24T18:00:00Z
    #[arg(long, value_name = "MOMENT")]
    until: Option<Moment>,
    /// Open only then [default: now]
    #[arg(long, value_name = "MOMENT")]
    starting: Option<Moment>,
}

pub(super) async fn run(engine: &Engine, command: WindowCommand, answer: Answer) -> Outcome {
    match command {
        WindowCommand::Open(args) => open(engine, args, answer).await,
        WindowCommand::Show { team } => show(engine, &team, answer).await,
        WindowCommand::Close { team } => close(engine, &team, answer).await,
    }
}

async fn open(engine: &Engine, args: OpenArgs, answer: Answer) -> Outcome {
    let now = engine.now();
    let wanted = window(&args, now)?;
    let opened = engine
        .open_migration_window(&Actor::operator(), &args.team, &wanted)
        .await
        .map_err(service::refused)?;
    if opened.sources.iter().any(|source| source.prefix_len() == 0) {
        output::warning("a source with the prefix /0 is every address there is");
    }
    if answer == Answer::Json {
        return output::json(&json!({ "migrationWindow": WindowAnswer::of(&opened, now) }));
    }
    output::talk(&sentence(&opened, now));
    Ok(())
}

/// The window that the options ask for.
fn window(args: &OpenArgs, now: UnixMillis) -> Outcome<MigrationWindow> {
    let opens_at = args.starting.map_or(now, |moment| moment.0);
    let closes_at = match (args.r#for, args.until) {
        (Some(period), _) => i64::try_from(period.0.as_millis())
            .ok()
            .and_then(|length| opens_at.checked_add(length))
            .ok_or_else(|| Failure::user("--for is longer than the calendar"))?,
        (None, Some(moment)) => moment.0,
        (None, None) => return Err(Failure::ours("neither --for nor --until was given")),
    };
    if closes_at <= now.max(opens_at) {
        let end = describe(closes_at);
        return Err(Failure::user(format!("the window would close at {end}, before it opens"))
            .hint(format!("it is {} now", describe(now))));
    }
    let sources = args.sources.iter().map(|source| source.0).collect();
    Ok(MigrationWindow { sources, opens_at, closes_at })
}

async fn show(engine: &Engine, team: &TeamId, answer: Answer) -> Outcome {
    let now = engine.now();
    let window = engine.migration_window(team).await.map_err(service::refused)?;
    if answer == Answer::Json {
        let window = window.as_ref().map(|window| WindowAnswer::of(window, now));
        return output::json(&json!({ "migrationWindow": window }));
    }
    let Some(window) = window else {
        output::talk("Closed: no migration window is set.");
        return Ok(());
    };
    let sources: Vec<_> = window.sources.iter().map(ToString::to_string).collect();
    let row = [
        WindowState::of(&window, now).as_str().to_owned(),
        describe(window.opens_at),
        describe(window.closes_at),
        sources.join(","),
    ];
    output::table(["STATE", "OPENS", "CLOSES", "FROM"], &[row])
}

async fn close(engine: &Engine, team: &TeamId, answer: Answer) -> Outcome {
    let closed =
        engine.close_migration_window(&Actor::operator(), team).await.map_err(service::refused)?;
    if answer == Answer::Json {
        return output::json(&json!({ "closed": closed }));
    }
    output::talk(if closed {
        "Closed the migration window."
    } else {
        "No migration window was set."
    });
    Ok(())
}

/// The window in one sentence.
fn sentence(window: &MigrationWindow, now: UnixMillis) -> String {
    let (from, until) = (describe(window.opens_at), describe(window.closes_at));
    match WindowState::of(window, now) {
        WindowState::Open => {
            let left = SignedDuration::from_millis(window.closes_at - now);
            let left = left.round(Unit::Minute).unwrap_or(left);
            format!("Open until {until}, {left:#} from now.")
        }
        WindowState::Upcoming => format!("Opens at {from}, until {until}."),
        WindowState::Over => format!("Closed since {until}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn args(length: Option<&str>, until: Option<UnixMillis>) -> OpenArgs {
        OpenArgs {
            team: TeamId::from_bits(1),
            sources: vec!["203.0.113.7".parse().expect("an address")],
            r#for: length.map(|text| text.parse().expect("a period")),
            until: until.map(Moment),
            starting: None,
        }
    }

    #[test]
    fn a_window_lasts_as_long_as_asked() {
        let window = window(&args(Some("2h"), None), 5 * HOUR).expect("a window");
        assert_eq!((window.opens_at, window.closes_at), (5 * HOUR, 7 * HOUR));
    }

    #[test]
    fn a_window_that_would_be_over_is_refused() {
        let refused = window(&args(None, Some(4 * HOUR)), 5 * HOUR).expect_err("over");
        assert!(refused.to_string().contains("before it opens"));
        assert!(refused.advice().is_some_and(|hint| hint.contains("05:00:00 UTC now")));
    }

    #[test]
    fn the_sentence_says_how_long_is_left() {
        let window = window(&args(Some("2h"), None), 0).expect("a window");
        assert_eq!(sentence(&window, 0), "Open until 1970-01-01 02:00:00 UTC, 2h from now.");
        assert_eq!(
            sentence(&window, HOUR / 2 + 1),
            "Open until 1970-01-01 02:00:00 UTC, 1h 30m from now."
        );
        assert_eq!(
            sentence(&window, -HOUR),
            "Opens at 1970-01-01 00:00:00 UTC, until 1970-01-01 02:00:00 UTC."
        );
        assert_eq!(sentence(&window, 2 * HOUR), "Closed since 1970-01-01 02:00:00 UTC.");
    }
}
