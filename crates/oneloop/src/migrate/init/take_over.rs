//! The scopes of another Oneloop, as they are.

use std::collections::BTreeMap;

use oneloop_migrate::mapping::{GrantMap, Mapping, ScopeText};
use oneloop_protocol::Access;
use oneloop_protocol::workspace::WorkspaceScope;

/// Each permission is the access of its name to the scope of its name, and scopes are called as they were.
pub(super) fn take_over(mapping: &mut Mapping, catalogue: &[WorkspaceScope]) {
    for scope in catalogue {
        let representation = &scope.representation;
        for access in [Access::CREATE, Access::READ, Access::UPDATE, Access::DELETE] {
            let grants = GrantMap(BTreeMap::from([(representation.clone(), access)]));
            mapping.permissions.insert(format!("{representation}:{access}"), grants);
        }
        let text =
            ScopeText { name: Some(scope.name.clone()), description: scope.description.clone() };
        mapping.scopes.insert(representation.clone(), text);
    }
}
