//! What happens to a plan after it was reviewed: it is sent, held against what arrived, and undone if need be.
//!
//! - [`client`]: the server's endpoints, with patience.
//! - [`row`]: a planned key as a line of a chunk. A raw key never becomes one.
//! - [`chunking`]: rows cut into chunks, and what is said of each row.
//! - [`spool`]: the plan's chunks in a file without a name, so that what was reviewed is what is sent, and memory
//!   does not grow with the rows.
//! - [`job`]: sending, comparing, undoing, chunk by chunk.
//! - [`report`]: whether a server really said what a report says.
//! - [`calls`]: the same for a server that has only the original one-key endpoint.

pub mod calls;
pub mod chunking;
pub mod client;
pub mod job;
pub mod report;
pub mod row;
pub mod spool;
