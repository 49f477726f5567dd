//! SDK-key rights as an operator writes and reads them: `all`, or `workspace:read,api_keys:create+read`.

use std::str::FromStr;

use oneloop_protocol::{Access, Resource, Right, Rights};

/// Rights on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RightsText(pub(crate) Rights);

/// A list of rights that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadRights(String);

/// The words of the four bits, and one for all of them.
const ACCESS: [(&str, Access); 5] = [
    ("create", Access::CREATE),
    ("read", Access::READ),
    ("update", Access::UPDATE),
    ("delete", Access::DELETE),
    ("all", Access::ALL),
];

impl FromStr for RightsText {
    type Err = BadRights;

    fn from_str(text: &str) -> Result<Self, BadRights> {
        if text == "all" {
            return Ok(Self(Rights::ALL));
        }
        text.split(',').try_fold(Rights::NONE, add).map(Self)
    }
}

/// Adds one `resource:access+access`.
fn add(rights: Rights, entry: &str) -> Result<Rights, BadRights> {
    let (resource, words) = entry.trim().split_once(':').ok_or_else(|| {
        BadRights(format!("`{entry}` is not `all` or a right such as api_keys:create+read"))
    })?;
    let known = Resource::ALL.into_iter().find(|known| known.as_str() == resource);
    let resource = known.ok_or_else(|| {
        let names = Resource::ALL.map(Resource::as_str).join(", ");
        BadRights(format!("`{resource}` is not one of {names}"))
    })?;
    words.split('+').try_fold(rights, |rights, word| {
        let known = ACCESS.into_iter().find(|(known, _)| *known == word);
        let (_, access) = known.ok_or_else(|| {
            BadRights(format!("`{word}` is not one of create, read, update, delete, all"))
        })?;
        Ok(rights.with(Right(resource, access)))
    })
}

/// The rights in the words that [`RightsText`] reads.
pub(crate) fn describe(rights: Rights) -> String {
    if rights == Rights::ALL {
        return "all".to_owned();
    }
    let of = |(grant, access): (&str, Access)| match access {
        Access::ALL => format!("{grant}:all"),
        some => format!("{grant}:{some}"),
    };
    let grants = rights.to_grants();
    let entries = grants.iter().map(|grant| of((&grant.representation, grant.access())));
    let text = entries.collect::<Vec<_>>().join(",");
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_shown() {
        for text in
            ["all", "workspace:read", "workspace:read,api_keys:create+read+update", "migration:all"]
        {
            let RightsText(rights) = text.parse().expect(text);
            assert_eq!(describe(rights), text);
        }
        assert_eq!(describe(Rights::NONE), "none");
    }

    #[test]
    fn a_misspelt_right_is_named() {
        let refusal = |text: &str| text.parse::<RightsText>().expect_err(text).to_string();
        assert!(refusal("apikeys:read").starts_with("`apikeys` is not one of workspace, "));
        assert!(refusal("api_keys:write").starts_with("`write` is not one of create, "));
        assert!(refusal("api_keys").contains("such as api_keys:create+read"));
        assert!(refusal("").contains("such as"));
    }
}
