//! The few pictures: one path each, drawn in the colour of the text beside them.

use crate::dom::{Element, svg};

/// A picture, 16 by 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Create.
    Plus,
    /// A menu.
    Dots,
    /// Leave.
    Cross,
    /// Something needs attention.
    Warning,
    /// Done.
    Check,
    /// Copy.
    Copy,
    /// Save a file.
    Download,
    /// A key, for the empty state.
    Key,
    /// Find.
    Search,
    /// A full circle: active.
    Full,
    /// A half-full circle: ends soon.
    Half,
    /// An empty circle: off.
    Empty,
    /// A cross in a circle's size: over.
    Over,
    /// Two arrows in a circle: rotating.
    Turning,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Plus => "M8 3v10M3 8h10",
            Self::Dots => "M3.5 8h.01M8 8h.01M12.5 8h.01",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Warning => "M8 2.5l6 11H2zM8 7v3M8 12h.01",
            Self::Check => "M3 8.5l3.5 3.5L13 4.5",
            Self::Copy => "M6 6h7v7H6zM10 6V3H3v7h3",
            Self::Download => "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",
            Self::Key => {
                "M10.5 9.5a3.5 3.5 0 1 0-3.3-2.4L2.5 11.8V13.5H5V12h1.5v-1.5l1.6-1.5M11 5.5h.01"
            }
            Self::Search => "M7 11.5a4.5 4.5 0 1 0 0-9a4.5 4.5 0 0 0 0 9M10.3 10.3l3.2 3.2",
            Self::Full => "M8 11.5a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7z",
            Self::Half => "M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM8 5a3 3 0 0 0 0 6z",
            Self::Empty => "M8 12a4 4 0 1 0 0-8a4 4 0 0 0 0 8z",
            Self::Over => "M5 5l6 6M11 5l-6 6",
            Self::Turning => {
                "M12.5 6A5 5 0 0 0 3.6 5.6M3.5 10a5 5 0 0 0 8.9.4M3.5 2.5v3.3h3.3M12.5 13.5v-3.3H9.2"
            }
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Dots => "icon icon-heavy",
            Self::Full | Self::Half => "icon icon-filled",
            _ => "icon",
        }
    }

    /// The picture as an element. Hidden from screen readers: there is always a word beside it.
    pub fn view(self) -> Element {
        svg("svg")
            .class(self.class())
            .attr("viewBox", "0 0 16 16")
            .attr("aria-hidden", "true")
            .attr("focusable", "false")
            .child(svg("path").attr("d", self.path()))
    }
}
