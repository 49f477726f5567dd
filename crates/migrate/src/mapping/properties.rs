//! A mapping survives being written and read, whatever stands in it.

use oneloop_protocol::Access;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::recipe::Part;
use crate::recipe_samples::recipes;

/// Text with what TOML and templates must escape.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 _.\"'\\\\{}#=\\n\\u{7}é|-]{1,10}"
}

fn templates() -> impl Strategy<Value = Template> {
    let braces = text().prop_map(|text| text.replace('{', "{{").replace('}', "}}"));
    ("[a-z_ ]{1,8}", braces).prop_map(|(column, text)| {
        Template::try_from(format!("{text}{{{column}}}{text}")).expect("escaped")
    })
}

fn moments() -> impl Strategy<Value = Moment> {
    let format = prop_oneof![
        Just(MomentFormat::Iso8601),
        Just(MomentFormat::UnixSeconds),
        Just(MomentFormat::UnixMillis),
        Just(MomentFormat::UnixMicros),
        Just(MomentFormat::Strftime("%d.%m.%Y \"%H\"".to_owned())),
    ];
    (text(), format, prop::collection::vec(text(), 0..3))
        .prop_map(|(column, format, never)| Moment { column, format, never })
}

fn flags() -> impl Strategy<Value = Flag> {
    let words = prop::collection::vec(text(), 1..3).prop_map(FlagTest::Is);
    (text(), prop_oneof![Just(FlagTest::Bool), Just(FlagTest::Set), words])
        .prop_map(|(column, test)| Flag { column, test })
}

fn grants() -> impl Strategy<Value = GrantMap> {
    let access = (0_u8..16).prop_map(Access::from_bits);
    prop::collection::btree_map("[a-z.:/-]{1,8}", access, 0..3).prop_map(GrantMap)
}

fn columns() -> impl Strategy<Value = Columns> {
    let locator = (text(), 1_usize..99)
        .prop_map(|(column, bytes)| Locator { column, part: Part::First(bytes).into() });
    let permissions = (text(), select(PermissionFormat::ALL.to_vec()))
        .prop_map(|(column, format)| PermissionColumn { column, format });
    (
        (option::of(templates()), text(), text(), locator, option::of(templates()), templates()),
        (option::of(moments()), option::of(moments()), option::of(moments())),
        (option::of(flags()), option::of(flags()), option::of(permissions), option::of(text())),
    )
        .prop_map(
            |((id, column, salt, locator, name, owner), (created, last_used, expires), flags)| {
                let (enabled, revoked, permissions, uses_left) = flags;
                let (salt, locator) = (Some(salt), Some(locator));
                // No template names it: that is refused.
                let key = format!("KEY {column}");
                Columns {
                    id,
                    key,
                    salt,
                    locator,
                    name,
                    owner,
                    created,
                    last_used,
                    expires,
                    enabled,
                    revoked,
                    uses_left,
                    permissions,
                    metadata: None,
                    deleted: None,
                    prefix: None,
                    masked_key: None,
                    meter: None,
                    key_id: None,
                }
            },
        )
}

/// The same, with what few sources have.
fn all_columns() -> impl Strategy<Value = Columns> {
    let carried = (
        option::of(text()),
        option::of(flags()),
        (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
    );
    (columns(), carried).prop_map(
        |(columns, (metadata, deleted, (prefix, masked_key, meter, key_id)))| Columns {
            metadata,
            deleted,
            prefix,
            masked_key,
            meter,
            key_id,
            ..columns
        },
    )
}

fn scopes() -> impl Strategy<Value = BTreeMap<String, ScopeText>> {
    let text = (option::of(text()), option::of(text()))
        .prop_map(|(name, description)| ScopeText { name, description });
    prop::collection::btree_map("[a-z.:/-]{1,8}", text, 0..3)
}

fn mappings() -> impl Strategy<Value = Mapping> {
    let only = prop::collection::btree_map(text(), text(), 0..3);
    let source =
        (select(Kind::ALL.to_vec()), text(), text(), option::of(text()), only, option::of(text()))
            .prop_map(|(kind, location, table, filter, only, origin)| {
                let database = kind.is_database();
                let (table, filter) = (database.then_some(table), filter.filter(|_| database));
                let only = if database { BTreeMap::new() } else { only };
                let oneloop = kind == Kind::Oneloop;
                let location = if oneloop { format!("https://{location}") } else { location };
                SourceSpec {
                    kind,
                    table,
                    filter,
                    only,
                    workspace: oneloop.then(|| location.as_str().into()),
                    sdk_key: oneloop.then(|| "env:KEY".parse().expect("a place")),
                    keys: oneloop.then(|| location.clone()),
                    location,
                    origin,
                }
            });
    let policy =
        (select(Conflict::ALL), select(OnSight::ALL), select(OnSight::ALL), select(Weak::ALL))
            .prop_map(|(conflict, expired, revoked, weak)| Policy {
                conflict,
                expired,
                revoked,
                weak,
            });
    (
        source,
        text(),
        all_columns(),
        prop::collection::btree_map(text(), templates(), 0..3),
        (recipes(), 0_usize..3),
        prop::collection::btree_map(text(), grants(), 0..4),
        (grants(), policy, scopes()),
    )
        .prop_map(
            |(
                source,
                workspace,
                columns,
                metadata,
                (recipe, keys),
                permissions,
                (grants, policy, scopes),
            )| {
                let proof = (keys > 0).then(|| ProofRecord { recipe: recipe.clone(), keys });
                let target = Target { workspace: workspace.into() };
                Mapping {
                    version: VERSION,
                    source,
                    target,
                    columns,
                    metadata,
                    recipe,
                    proof,
                    permissions,
                    scopes,
                    grants,
                    policy,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_rendered_mapping_reads_back_as_it_was(mapping in mappings()) {
        let text = mapping.render();
        let read = Mapping::parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&mapping), "{}", text);
        prop_assert_eq!(mapping.render(), text);
    }

    #[test]
    fn a_template_reads_back_as_it_was(template in templates()) {
        prop_assert_eq!(Template::try_from(template.to_string()), Ok(template));
    }

    #[test]
    fn no_cell_panics(cell in "\\PC{0,40}") {
        for format in PermissionFormat::ALL {
            let _ = format.read(&cell);
        }
        for format in ["iso8601", "unix-s", "unix-ms", "unix-us", "strftime:%d.%m.%Y", "seconds-after-created"] {
            let _ = MomentFormat::try_from(format.to_owned()).expect(format).read(&cell, Some(1));
        }
    }
}
