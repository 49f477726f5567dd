//! `oneloop migrate check-access`: knocks at the gate as `apply` would, and says what keeps it shut.

use oneloop_import::apply::client::{Client, ClientError};
use oneloop_protocol::migration::MigrationAccess;
use serde_json::json;

use super::server::{ADDRESS, ServerArgs, of_client};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::moment::describe;
use crate::output;

/// What is known of one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Passed,
    Failed,
    /// The server says nothing of it while an earlier one fails.
    Unknown,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What an attempt tells of the gate.
#[derive(Debug)]
struct Rehearsal {
    sdk_key: Check,
    window: Check,
    right: Check,
    address: Check,
    access: Option<MigrationAccess>,
    /// The server's own sentence, where it gave one.
    said: Option<String>,
}

pub(super) async fn run(args: ServerArgs, answer: Answer) -> Outcome {
    let client = args.client()?;
    let rehearsal = rehearse(&client).await.map_err(of_client)?;
    rehearsal.show(answer)?;
    rehearsal.verdict()
}

async fn rehearse(client: &Client) -> Result<Rehearsal, ClientError> {
    use Check::{Failed, Passed, Unknown};
    let found = |sdk_key, window, right, address| Rehearsal {
        sdk_key,
        window,
        right,
        address,
        access: None,
        said: None,
    };
    match client.access().await {
        Ok(access) => {
            let open = found(Passed, Passed, Passed, Passed);
            Ok(Rehearsal { access: Some(access), ..open })
        }
        Err(ClientError::Refused { status: 403, reason, message, .. }) => {
            let said = Some(message);
            Ok(if reason.as_deref() == Some(ADDRESS) {
                Rehearsal { said, ..found(Passed, Passed, Passed, Failed) }
            } else {
                Rehearsal { said, ..found(Passed, Passed, Failed, Unknown) }
            })
        }
        // Closed to everybody, or to this key: from outside it looks the same.
        Err(ClientError::Refused { status: 401 | 404, .. }) => Ok(if client.knows_key().await? {
            found(Passed, Failed, Unknown, Unknown)
        } else {
            found(Failed, Unknown, Unknown, Unknown)
        }),
        Err(error) => Err(error),
    }
}

impl Rehearsal {
    fn show(&self, answer: Answer) -> Outcome {
        let access = self.access.as_ref();
        if answer == Answer::Json {
            return output::json(&json!({
                "open": access.is_some(),
                "checks": {
                    "sdkKey": self.sdk_key.word(),
                    "window": self.window.word(),
                    "right": self.right.word(),
                    "address": self.address.word(),
                },
                "address": access.and_then(|access| access.address.as_deref()),
                "closesAt": access.and_then(|access| access.closes_at),
            }));
        }
        let closes = access.and_then(|access| access.closes_at);
        let closes = closes.map(|at| format!("open until {}", describe(at))).unwrap_or_default();
        let address = access.and_then(|access| access.address.as_deref());
        let address = address.map(|it| format!("the server sees {it}")).unwrap_or_default();
        let row = |name: &str, check: Check, more: &str| {
            let more = if check == Check::Passed { more } else { "" };
            [name.to_owned(), check.word().to_owned(), more.to_owned()]
        };
        output::table(
            ["CHECK", "RESULT", ""],
            &[
                row("SDK key", self.sdk_key, "the server knows it"),
                row("window", self.window, &closes),
                row("right", self.right, "migration:create"),
                row("address", self.address, &address),
            ],
        )
    }

    fn verdict(&self) -> Outcome {
        let said = self.said.as_deref().unwrap_or_default();
        let (message, hint) = if self.sdk_key == Check::Failed {
            (
                "the server does not know this SDK key".to_owned(),
                "`oneloop admin sdk-key list` shows those that work",
            )
        } else if self.window == Check::Failed {
            (
                "the migration window is closed; right and address are checked once it is open"
                    .to_owned(),
                "on the server: `oneloop admin migration-window open --team ID --from ADDRESS --for 2h`",
            )
        } else if self.right == Check::Failed {
            (
                said.to_owned(),
                "make a key that may: `oneloop admin sdk-key create --team ID --name NAME --rights all`",
            )
        } else if self.address == Check::Failed {
            (
                said.to_owned(),
                "open the window for this address; behind a proxy, trusted-proxies decides which one counts",
            )
        } else {
            return Ok(());
        };
        Err(Failure::user(message).hint(hint))
    }
}
