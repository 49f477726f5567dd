//! Reading, planning and what comes after, each on a thread of its own: while one row is planned, the next is read and
//! the one before is written down. What a row says by itself is found out where it is read. Rows go from one to the next in batches, because handing over costs more than a row.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::RowPlan;
use oneloop_migrate::source::{Cell, Row, Source, SourceError};

use super::Sink;
use crate::failure::{Failure, Outcome};

/// Most rows in a batch.
const ROWS: usize = 256;

/// Most bytes in the cells of a batch, before the row that is too much: few long rows fill it as well.
const BYTES: usize = 256 * 1024;

/// Batches between two stages.
const AHEAD: usize = 4;

/// Rows on their way to the next stage.
struct Batches<T> {
    batch: Vec<T>,
    bytes: usize,
    next: SyncSender<Vec<T>>,
}

impl<T> Batches<T> {
    fn new() -> (Self, Receiver<Vec<T>>) {
        let (next, receiver) = sync_channel(AHEAD);
        (Self { batch: Vec::with_capacity(ROWS), bytes: 0, next }, receiver)
    }

    /// Adds one; breaks if nobody takes any more.
    fn push(&mut self, row: T, bytes: usize) -> ControlFlow<()> {
        self.batch.push(row);
        self.bytes += bytes;
        if self.batch.len() < ROWS && self.bytes < BYTES {
            return ControlFlow::Continue(());
        }
        self.flush()
    }

    fn flush(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let full = std::mem::replace(&mut self.batch, Vec::with_capacity(ROWS));
        match self.next.send(full) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn size(row: &Row) -> usize {
    row.cells.iter().filter_map(Cell::bytes).map(<[u8]>::len).sum()
}

/// Pushes every row of `source` through `read` and `plan`, and with its plan into `sink`. Whichever stage fails ends the others; of
/// several failures the one of the earliest row is not always the one that is told.
pub(super) fn run<R: Send>(
    source: &mut (dyn Source + Send),
    mapping: &Mapping,
    sink: &mut dyn Sink,
    read: impl Fn(&Row) -> R + Send,
    mut plan: impl FnMut(&Row, R) -> Outcome<RowPlan>,
) -> Outcome<Result<(), SourceError>> {
    thread::scope(|scope| {
        let (mut next, rows) = Batches::new();
        let reading = scope.spawn(move || {
            let result = source.read(&mut |row: Row| {
                let (bytes, read) = (size(&row), read(&row));
                next.push((row, read), bytes)
            });
            // Nobody listening is no failure of the source.
            let _ = next.flush();
            result
        });
        let (mut planned, plans) = Batches::new();
        let sinking = scope.spawn(move || -> Outcome {
            for batch in plans {
                for (row, plan) in batch {
                    sink.row(&row, &plan, mapping)?;
                }
            }
            Ok(())
        });

        let planning = || -> Outcome {
            for batch in rows {
                for (row, read) in batch {
                    let (bytes, plan) = (size(&row), plan(&row, read)?);
                    if planned.push((row, plan), bytes).is_break() {
                        return Ok(());
                    }
                }
            }
            let _ = planned.flush();
            Ok(())
        };
        let outcome = planning();
        // The stages around this one see that it is over.
        drop(planned);
        joined(sinking)?.and(outcome)?;
        joined(reading)
    })
}

fn joined<T>(stage: ScopedJoinHandle<'_, T>) -> Outcome<T> {
    stage.join().map_err(|_| Failure::ours("planning ended early"))
}

#[cfg(test)]
mod tests {
    use oneloop_migrate::plan::Outcome as Planned;
    use oneloop_migrate::source::Csv;

    use super::*;

    /// More batches than are ever on their way.
    const MANY: usize = ROWS * (2 * AHEAD + 3);

    fn csv(rows: usize) -> String {
        let mut text = "key\n".to_owned();
        (1..=rows).for_each(|row| text.push_str(&format!("k{row}\n")));
        text
    }

    fn mapping() -> Mapping {
        let text = "version = 1\n[source]\nkind = \"csv\"\nlocation = \"x\"\n[target]\nworkspace = \"ws_1\"\n\
                    [columns]\nkey = \"key\"\nowner = \"ada\"\n[recipe]\nalgorithm = \"sha256\"\n";
        Mapping::parse(text).expect("a mapping")
    }

    fn unplanned(row: &Row) -> RowPlan {
        RowPlan {
            number: row.number,
            line: row.line,
            source_id: String::new(),
            outcome: Planned::Unchanged,
            notes: Vec::new(),
        }
    }

    #[derive(Default)]
    struct Collected {
        rows: Vec<u64>,
        fails_at: Option<u64>,
    }

    impl Sink for Collected {
        fn row(&mut self, row: &Row, plan: &RowPlan, _: &Mapping) -> Outcome {
            assert_eq!(row.number, plan.number);
            if self.fails_at == Some(row.number) {
                return Err(Failure::user("full"));
            }
            self.rows.push(row.number);
            Ok(())
        }
    }

    fn through(text: &str, sink: &mut Collected) -> Outcome<Result<(), SourceError>> {
        let mut source = Csv::new(text.as_bytes());
        run(
            &mut source,
            &mapping(),
            sink,
            |row| row.number,
            |row, read| {
                assert_eq!(read, row.number, "what was read goes with its row");
                Ok(unplanned(row))
            },
        )
    }

    #[test]
    fn every_row_arrives_once_and_in_order() {
        for rows in [0, 1, ROWS - 1, ROWS, ROWS + 1, MANY] {
            let mut sink = Collected::default();
            through(&csv(rows), &mut sink).expect("no stage fails").expect("a whole file");
            assert!(sink.rows.iter().copied().eq(1..=rows as u64), "{rows}");
        }
    }

    #[test]
    fn a_stage_that_fails_ends_the_others() {
        let mut sink = Collected { fails_at: Some(3), ..Collected::default() };
        let failure = through(&csv(MANY), &mut sink).expect_err("the sink fails");
        assert_eq!((failure.to_string().as_str(), sink.rows), ("full", vec![1, 2]));

        let mut sink = Collected::default();
        let text = csv(MANY);
        let mut source = Csv::new(text.as_bytes());
        let planned = run(
            &mut source,
            &mapping(),
            &mut sink,
            |row| row.number,
            |row, number| match number {
                1..5 => Ok(unplanned(row)),
                _ => Err(Failure::user("no plan")),
            },
        );
        assert_eq!(planned.expect_err("planning fails").to_string(), "no plan");
    }

    #[test]
    fn rows_before_a_broken_one_arrive() {
        let mut sink = Collected::default();
        let broken = csv(ROWS + 10) + "one,two\n" + &csv(MANY);
        let read = through(&broken, &mut sink).expect("no other stage fails");
        assert!(matches!(read, Err(SourceError::Ragged { .. })), "{read:?}");
        assert_eq!(sink.rows.len(), ROWS + 10);
    }

    #[test]
    fn long_rows_fill_a_batch_as_well() {
        let (mut batches, received) = Batches::new();
        assert!(batches.push("long", BYTES).is_continue());
        assert_eq!(received.try_recv().expect("a batch"), ["long"]);
        drop(received);
        assert!(batches.push("more", BYTES).is_break(), "nobody listens");
    }
}
