//! Which server, and how to knock: its address, and an SDK key that is named by its place and never typed.

use clap::Args;
use oneloop_import::apply::client::{Client, ClientError};
use oneloop_import::apply::job::JobError;
use oneloop_import::secret::fetch;
use oneloop_migrate::recipe::SecretRef;
use oneloop_protocol::Secret;
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

/// The reason of a request from an address that the window does not name.
pub(super) const ADDRESS: &str = "migration_address";

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The server that the keys go to, such as `https://keys.example.com`
    #[arg(long, env = "ONELOOP_URL", value_name = "URL")]
    pub(super) server: String,
    #[command(flatten)]
    pub(super) sdk_key: SdkKeyArgs,
}

#[derive(Debug, Args)]
pub(super) struct SdkKeyArgs {
    /// Where the SDK key is kept, env:NAME or file:PATH. It needs the right `migration`
    #[arg(long, value_name = "PLACE", default_value = "env:ONELOOP_SDK_KEY")]
    pub(super) sdk_key: SecretRef,
}

impl ServerArgs {
    /// A client of the server.
    pub(super) fn client(&self) -> Outcome<Client> {
        self.sdk_key.client(&self.server)
    }
}

impl SdkKeyArgs {
    /// A client of the server at `address`.
    pub(super) fn client(&self, address: &str) -> Outcome<Client> {
        let place = &self.sdk_key;
        let bytes = fetch(place).map_err(|error| {
            Failure::user(format!("there is no SDK key in `{place}`"))
                .because(&error)
                .hint("name its place with --sdk-key env:NAME or file:PATH")
        })?;
        let text = std::str::from_utf8(&bytes).map(str::trim).ok().filter(|text| !text.is_empty());
        let text = text
            .map(|text| Zeroizing::new(text.to_owned()))
            .ok_or_else(|| Failure::user(format!("what is in `{place}` is no SDK key")))?;
        Client::new(address, &Secret::new(text.as_str())).map_err(of_client)
    }
}

/// A refusal in words for the command line.
pub(super) fn of_client(error: ClientError) -> Failure {
    match &error {
        ClientError::Address(_) => Failure::user(error.to_string())
            .hint("a user name or password has no place in it; the SDK key is named with --sdk-key"),
        ClientError::Key => Failure::user(error.to_string()),
        ClientError::Unreachable(_) => Failure::user("the server cannot be reached")
            .because(&error)
            .hint("is it running, and is --server its address? The same command goes on where it ended"),
        ClientError::NotOurs(_) => Failure::user(error.to_string()),
        ClientError::Refused { status, message, .. } => refused(*status, message, error.reason()),
    }
}

fn refused(status: u16, message: &str, reason: Option<&str>) -> Failure {
    const REHEARSE: &str = "`oneloop migrate check-access` says what is missing";
    match (status, reason) {
        (401, _) => Failure::user("the server does not know this SDK key")
            .hint("`oneloop admin sdk-key list` shows those that work"),
        (403, Some(ADDRESS)) => Failure::user(message).hint(REHEARSE),
        (403, _) => Failure::user(format!("the SDK key may not do this: {message}"))
            .hint("it needs the rights migration and workspace_scopes"),
        (404, Some("unknown_route") | None) => {
            Failure::user("the migration gate is closed to this SDK key").hint(format!(
                "{REHEARSE}; an upstream that has no migration jobs at all takes `apply --send-raw`"
            ))
        }
        (404, Some("unknown_migration")) => Failure::user("there is no such migration job")
            .hint("`oneloop migrate status` lists them"),
        (404, Some("unknown_workspace")) => {
            Failure::user("the server has no such workspace for this SDK key")
                .hint("correct target.workspace in the mapping")
        }
        (500.., _) => Failure::ours(format!("the server failed ({status}): {message}"))
            .hint("the same command goes on where it ended"),
        _ => Failure::user(format!("the server refused: {message}")),
    }
}

/// What ends a job, in words for the command line.
pub(super) fn of_job(error: JobError) -> Failure {
    match error {
        JobError::Client(error) => of_client(error),
        JobError::Io(error) => Failure::ours("a file failed").because(&error),
        JobError::Conflict { chunk, rows } => Failure::blocked(format!(
            "{rows} keys of chunk {chunk} are there already and differ, and policy.conflict is \"fail\""
        ))
        .hint(
            "nothing of that chunk was written; the outcome file says where they differ. Set policy.conflict to \
             \"skip\" or \"update\", plan again, and run the same command",
        ),
        JobError::Paused => Failure::user("the job is paused")
            .hint("`oneloop migrate resume` lets it go on; then run the same command again"),
        JobError::Empty => Failure::user("the plan has no key to send"),
        JobError::Changed(chunk) => Failure::user(format!(
            "chunk {chunk} was sent before with other rows: the source gives its rows in another order than then"
        ))
        .hint("undo the job with `oneloop migrate rollback`, and apply the plan anew"),
    }
}
