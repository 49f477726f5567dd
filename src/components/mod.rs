//! The views, one file each, with their styles beside them.

pub mod button;
pub mod choice;
pub mod copy;
pub mod create_dialog;
pub mod delete_dialog;
pub mod dialog;
pub mod edit_dialog;
pub mod expiry_picker;
pub mod form;
pub mod header;
pub mod icon;
pub mod key_list;
pub mod key_row;
pub mod key_status;
pub mod keys;
pub mod leave_guard;
pub mod moment;
pub mod name_field;
pub mod notice;
pub mod placeholder;
pub mod reveal_dialog;
pub mod rotate_dialog;
pub mod row_menu;
pub mod scope_picker;
pub mod snippets;
pub mod unique;
