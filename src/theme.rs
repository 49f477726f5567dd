//! The widget's stylesheet: one text, for one constructable sheet in the shadow root.
//!
//! Compiled in rather than fetched: `style-src` need not know about it, and it cannot be missing.

/// Every rule: the theme, then one file a component.
pub const STYLESHEET: &str = concat!(
    include_str!("theme.css"),
    include_str!("components/button.css"),
    include_str!("components/field.css"),
    include_str!("components/notice.css"),
    include_str!("components/header.css"),
    include_str!("components/key_list.css"),
    include_str!("components/key_status.css"),
    include_str!("components/placeholder.css"),
    include_str!("components/row_menu.css"),
    include_str!("components/dialog.css"),
    include_str!("components/choice.css"),
    include_str!("components/scope_picker.css"),
    include_str!("components/reveal_dialog.css"),
    include_str!("components/snippets.css"),
);
