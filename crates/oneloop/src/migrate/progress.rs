//! How far a step is: a bar with rate and time left on a terminal, a line now and then elsewhere.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use oneloop_import::apply::client::Waiting;

use super::numbers::grouped;
use crate::output;

/// Rows between two looks at the clock.
const STRIDE: u64 = 1_024;

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Counts rows, and shows how many.
#[derive(Debug)]
pub(crate) struct Progress {
    rows: u64,
    total: Option<u64>,
    began: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// Nothing done yet, of `total` rows if that is known.
    pub(crate) fn begin(total: Option<u64>) -> Self {
        let now = Instant::now();
        let shown = if stderr().is_terminal() {
            Shown::Bar(bar(total))
        } else {
            Shown::Lines { last: now }
        };
        Self { rows: 0, total, began: now, shown }
    }

    /// One row more.
    pub(crate) fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(STRIDE) {
            self.advance(0);
        }
    }

    /// So many rows more, at once.
    pub(crate) fn advance(&mut self, rows: u64) {
        self.rows += rows;
        match &mut self.shown {
            Shown::Bar(bar) => bar.set_position(self.rows),
            Shown::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                output::talk(&line(self.rows, self.total, self.began.elapsed()));
            }
            Shown::Lines { .. } => {}
        }
    }

    /// So many rows by now.
    pub(crate) fn set(&mut self, rows: u64) {
        self.rows = 0;
        self.advance(rows);
    }

    /// Tells of pauses, above the bar where there is one.
    pub(crate) fn teller(&self) -> Waiting {
        let bar = match &self.shown {
            Shown::Bar(bar) => Some(bar.clone()),
            Shown::Lines { .. } => None,
        };
        Box::new(move |error, pause| {
            let say = || {
                output::warning(&format!("{error}; trying again in {:.1} s", pause.as_secs_f64()));
            };
            match &bar {
                Some(bar) => bar.suspend(say),
                None => say(),
            }
        })
    }

    /// Takes the bar away: what came out of it follows.
    pub(crate) fn end(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    /// How long it took.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:30} {human_pos} of {human_len} rows, {fast}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {human_pos} rows, {fast}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    // A template that does not parse leaves indicatif's own.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // Whole rows, as in the lines of a log.
    bar.with_style(style.with_key("fast", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Ignored: indicatif writes into memory.
        let _ = out.write_str(&fast(state.per_sec()));
    }))
}

fn fast(rate: f64) -> String {
    format!("{} a second", grouped(rate as u64))
}

fn line(rows: u64, total: Option<u64>, elapsed: Duration) -> String {
    let rate = rows as f64 / elapsed.as_secs_f64().max(0.001);
    let fast = fast(rate);
    match total.filter(|total| *total >= rows && rate > 0.0) {
        Some(total) => {
            let left = (total - rows) as f64 / rate;
            format!("{} of {} rows, {fast}, {left:.0} s left", grouped(rows), grouped(total))
        }
        None => format!("{} rows, {fast}", grouped(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(20_000, Some(50_000), ten),
            "20,000 of 50,000 rows, 2,000 a second, 15 s left"
        );
        assert_eq!(line(20_000, None, ten), "20,000 rows, 2,000 a second");
    }
}
