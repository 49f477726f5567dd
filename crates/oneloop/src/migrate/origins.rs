//! `oneloop migrate origins`.

use oneloop_migrate::origin;
use serde_json::json;

use crate::admin::Answer;
use crate::failure::Outcome;
use crate::output;

pub(super) fn run(answer: Answer) -> Outcome {
    if answer == Answer::Json {
        let origins: Vec<_> = origin::ALL
            .iter()
            .map(|origin| {
                json!({
                    "name": origin.name,
                    "title": origin.title,
                    "table": origin.table,
                    "documents": origin.documents,
                    "remarks": origin.remarks,
                })
            })
            .collect();
        return output::json(&json!({ "origins": origins }));
    }
    let rows: Vec<_> = origin::ALL
        .iter()
        .map(|origin| [origin.name, origin.table.unwrap_or("(a file)"), origin.title])
        .map(|row| row.map(str::to_owned))
        .collect();
    output::table(["NAME", "TABLE", "SERVICE"], &rows)
}
