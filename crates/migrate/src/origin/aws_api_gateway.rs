//! AWS API Gateway: the API key file format.
//!
//! `Name,key,description,Enabled,usageplanIds`, headers in any case and order, keys of 20 to 128 characters in clear.
//!
//! # Source
//!
//! Amazon API Gateway Developer Guide, "API Gateway API key file format": `Enabled` is true where it is empty, and
//! `UsagePlanIds` is a comma-separated list in quotes.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "aws_api_gateway",
    title: "AWS API Gateway",
    table: None,
    documents: "Amazon API Gateway Developer Guide, API Gateway API key file format",
    remarks: "The file names no owner: the default takes the key's name as the customer. Usage plans are mapped like permissions.",
    fragment: r#"
[columns]
id = "{name}"
key = "key"
name = "{name}"
owner = "{name}"
enabled = { column = "enabled", is = ["true", ""] }
permissions = { column = "usageplanids", format = "comma" }
[recipe]
algorithm = "plaintext"
"#,
    alternatives: &[],
    permissions: &[],
};
