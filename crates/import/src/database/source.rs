//! A table as a source of rows.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::StreamExt;
use oneloop_migrate::source::{Cell, Header, Limits, Row, Sink, Source, SourceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::connect::{Connection, DatabaseError};
use super::select::{Bound, PAGE_ROWS, Select};
use super::wire::Cells;

/// Pages that are read ahead: one on its way while another is planned.
const PAGES_AHEAD: usize = 2;

/// The rows of a table, read in one snapshot.
#[derive(Debug)]
pub struct TableSource {
    connection: Option<Connection>,
    select: Select,
    count: u64,
    rows_per_second: Option<NonZeroU32>,
    runtime: Handle,
}

/// A row of the wrong shape: it cannot happen as long as the driver and the server agree.
#[derive(Debug, thiserror::Error)]
#[error("the database answered with columns that were not asked for")]
struct Misshapen;

impl TableSource {
    /// Counts the rows, in the snapshot in which they will be read. `rows_per_second` is the most that is read of
    /// them in a second; without it, as many as come.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Read`]; a mistake in the user's condition shows here.
    pub async fn new(
        mut connection: Connection,
        select: Select,
        rows_per_second: Option<NonZeroU32>,
    ) -> Result<Self, DatabaseError> {
        let counted = connection.wire.texts(&select.count(), &[]).await;
        let counted = counted.map_err(|cause| connection.failed(cause))?.concat().concat();
        let count = counted.parse().unwrap_or(0);
        let runtime = Handle::current();
        Ok(Self { connection: Some(connection), select, count, rows_per_second, runtime })
    }

    /// The statements, for people to see before they run.
    pub fn select(&self) -> &Select {
        &self.select
    }
}

impl Source for TableSource {
    fn name(&self) -> &'static str {
        match self.select.dialect() {
            super::Dialect::Postgres => "postgres",
            super::Dialect::Mysql => "mysql",
            super::Dialect::Sqlite => "sqlite",
        }
    }

    fn count(&self) -> Option<u64> {
        Some(self.count)
    }

    /// Blocks its thread, which must be one that may wait: `tokio::task::spawn_blocking` has such.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        // Read to its end: the snapshot is gone.
        let Some(connection) = self.connection.take() else { return Ok(()) };
        let header = Header::new(self.select.columns().iter().cloned());
        let (pages, mut ahead) = mpsc::channel(PAGES_AHEAD);
        let reader = Reader {
            connection,
            select: self.select.clone(),
            pace: Pace::new(self.rows_per_second),
            pages,
        };
        let task = self.runtime.spawn(reader.run());

        let mut number = 0;
        while let Some(page) = ahead.blocking_recv() {
            let page =
                page.map_err(|cause| SourceError::Failed { row: number, cause: cause.into() })?;
            for cells in page {
                number += 1;
                check(&cells, number, &header)?;
                let row = Row { number, line: number, header: header.clone(), cells };
                if sink.row(row) == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
        }
        // The channel closed because the reader ended; all that is left to learn is whether it ended well.
        let ended = self.runtime.block_on(task);
        ended.map_err(|cause| SourceError::Failed { row: number, cause: cause.into() })
    }
}

/// Bounds on what a cell may hold, the same as for files.
fn check(cells: &[Cell], row: u64, header: &Header) -> Result<(), SourceError> {
    let most = Limits::default().cell;
    let large = |cell: &Cell| cell.bytes().is_some_and(|bytes| bytes.len() > most);
    let Some(at) = cells.iter().position(large) else { return Ok(()) };
    let column = header.names().get(at).cloned().unwrap_or_default();
    Err(SourceError::Cell { row, column, problem: format!("the cell is larger than {most} bytes") })
}

/// The side that talks to the database.
struct Reader {
    connection: Connection,
    select: Select,
    pace: Pace,
    pages: mpsc::Sender<Result<Vec<Cells>, DatabaseError>>,
}

impl Reader {
    /// Reads until the table ends, a statement fails, or nobody listens any more.
    async fn run(mut self) {
        if let Err(error) = self.read().await {
            let _gone = self.pages.send(Err(error)).await;
        }
        self.connection.close().await;
    }

    async fn read(&mut self) -> Result<(), DatabaseError> {
        let order = self.select.order_columns();
        let (mut sql, mut bound) = (self.select.first(), Vec::new());
        loop {
            let (rows, last) = self.page(sql, bound, order).await?;
            let next = last.filter(|_| order > 0 && rows == PAGE_ROWS);
            let Some(next) = next else { return Ok(()) };
            (sql, bound) = (self.select.next(), next);
        }
    }

    /// Sends the rows of one statement on, a page at a time; how many there were, and what the next statement
    /// begins after. `None` where the listener is gone.
    async fn page(
        &mut self,
        sql: String,
        bound: Vec<Bound>,
        order: usize,
    ) -> Result<(usize, Option<Vec<Bound>>), DatabaseError> {
        let dialect = self.connection.dialect();
        let failed = |cause| DatabaseError::Read { dialect, cause };
        let misshapen = || failed(sqlx::Error::Decode(Box::new(Misshapen)));
        let mut rows = self.connection.wire.rows(sql, bound);
        let (mut count, mut last) = (0, None);
        let mut page = Vec::with_capacity(PAGE_ROWS);
        loop {
            let row = rows.next().await.transpose().map_err(failed)?;
            let ended = row.is_none();
            if let Some(mut cells) = row {
                count += 1;
                if order > 0 {
                    let at = cells.len().checked_sub(order).ok_or_else(misshapen)?;
                    let keys = cells.split_off(at);
                    if count == PAGE_ROWS {
                        let keys: Option<Vec<&[u8]>> = keys.iter().map(Cell::bytes).collect();
                        last = keys.and_then(|keys| self.select.bound(&keys));
                        if last.is_none() {
                            return Err(misshapen());
                        }
                    }
                }
                page.push(cells);
            }
            if !page.is_empty() && (ended || page.len() == PAGE_ROWS) {
                self.pace.wait_for(page.len()).await;
                let full = std::mem::replace(&mut page, Vec::with_capacity(PAGE_ROWS));
                if self.pages.send(Ok(full)).await.is_err() {
                    return Ok((count, None));
                }
            }
            if ended {
                return Ok((count, last));
            }
        }
    }
}

/// Keeps the rows of every second below a number of them.
struct Pace {
    rows_per_second: Option<NonZeroU32>,
    /// When the next rows are due.
    due: Instant,
}

impl Pace {
    fn new(rows_per_second: Option<NonZeroU32>) -> Self {
        Self { rows_per_second, due: Instant::now() }
    }

    /// Waits until so many rows may be taken. Time that was lost elsewhere is not made up for: a burst after a pause
    /// is what a cap is there to prevent.
    async fn wait_for(&mut self, rows: usize) {
        let Some(rate) = self.rows_per_second else { return };
        sleep_until(self.due).await;
        let took = Duration::from_secs_f64(rows as f64 / f64::from(rate.get()));
        self.due = self.due.max(Instant::now()) + took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cap_spreads_rows_over_time_and_makes_up_for_nothing() {
        let begin = Instant::now();
        let mut pace = Pace::new(NonZeroU32::new(1_000));
        for _ in 0..3 {
            pace.wait_for(500).await;
        }
        assert_eq!(
            begin.elapsed(),
            Duration::from_secs(1),
            "the third half is due after one second"
        );
        tokio::time::sleep(Duration::from_secs(60)).await;
        let after = Instant::now();
        for _ in 0..3 {
            pace.wait_for(500).await;
        }
        assert_eq!(after.elapsed(), Duration::from_secs(1));
        let mut free = Pace::new(None);
        free.wait_for(1_000_000).await;
        assert_eq!(after.elapsed(), Duration::from_secs(1));
    }
}
