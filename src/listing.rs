//! What the list is asked for, and how far it has been read.

use oneloop_protocol::ApiKey;

/// Keys fetched at once.
const PAGE: &str = "100";

/// What can be asked of the list by name, as the server reads it.
///
/// Expired keys are apart: everything but the view of their own leaves them out.
pub const SHOWN: [&str; 7] = [
    "status=current",
    "status=expiring",
    "status=rotating",
    "status=disabled",
    "status=current&lastUsed=never",
    "status=current&lastUsed=unused90d",
    "status=expired",
];
/// The place in [`SHOWN`] of the keys that end soon.
pub const EXPIRING: usize = 1;
/// The place in [`SHOWN`] of the keys whose time is over.
pub const EXPIRED: usize = 6;

/// The orders, as the server reads them. The first five have names of their own, see [`named_order`]; the others are
/// those that only a column's heading asks for.
pub const ORDERS: [&str; 8] =
    ["-created", "created", "name", "-lastUsed", "expires", "-name", "lastUsed", "-expires"];

/// The place in [`ORDERS`] under whose name an order goes: that of the same column.
pub fn named_order(order: usize) -> usize {
    if order < 5 { order } else { order - 3 }
}

/// What is asked for. All of it holds at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Part of a name or of a masked key, or a whole id.
    pub text: String,
    /// A place in [`SHOWN`].
    pub shown: usize,
    /// A scope's representation; empty = any.
    pub scope: String,
    /// A place in [`ORDERS`].
    pub order: usize,
}

impl Query {
    /// The one that finds the key with this id, whatever its state.
    pub fn one(id: &str) -> String {
        parameters("", id, "", "", "")
    }

    /// The one that counts what stands at a place of [`SHOWN`].
    pub fn count(shown: usize) -> String {
        ["?limit=1&", SHOWN[shown]].concat()
    }

    /// Whether it leaves anything out, besides expired keys.
    pub fn is_narrow(&self) -> bool {
        self.shown != 0 || !self.scope.is_empty() || !self.text.trim().is_empty()
    }

    /// The query of a request for the page behind `cursor`; empty = the first one. `escape` is what a value needs.
    pub fn parameters(&self, cursor: &str, escape: fn(&str) -> String) -> String {
        let (text, scope) = (escape(self.text.trim()), escape(&self.scope));
        parameters(SHOWN[self.shown], &text, &scope, ORDERS[self.order], &escape(cursor))
    }
}

/// The server takes an empty value for none.
fn parameters(shown: &str, text: &str, scope: &str, order: &str, cursor: &str) -> String {
    let parts = [
        "?limit=", PAGE, "&", shown, "&q=", text, "&scope=", scope, "&sort=", order, "&cursor=",
        cursor,
    ];
    parts.concat()
}

/// One page of the list.
#[derive(Debug)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// Where the next page begins; `None` = this is the last one.
    pub next: Option<String>,
    /// How many keys there are in all, if the server counts them.
    pub total: Option<usize>,
}

/// The rows of a long list that are in the page: those in sight, and some around them, so that scrolling and the
/// keyboard find them there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first one.
    pub from: usize,
    /// The one behind the last.
    pub to: usize,
}

impl Window {
    /// Rows around those in sight.
    const AROUND: usize = 6;
    /// Rows that are in sight at the least: before anything was measured, and in a page that is not shown yet.
    const SIGHT: usize = 14;
    /// Rows by which it moves.
    const STEP: usize = 4;

    /// The window when the row `first` is the first one in sight, and `sight` rows are.
    pub fn at(first: usize, sight: usize) -> Self {
        let from = first.saturating_sub(Self::AROUND) / Self::STEP * Self::STEP;
        // However large a host makes the list, what is in the page stays bounded.
        let sight = sight.clamp(Self::SIGHT, 4 * Self::SIGHT);
        Self { from, to: from + sight + 2 * Self::AROUND + Self::STEP }
    }

    /// The places that are in the page when there are `count` rows and `focused` has the focus: that one stays, however
    /// far away it is. A place that is none has no effect.
    pub fn places(self, count: usize, focused: usize) -> Vec<usize> {
        let (from, to) = (self.from.min(count), self.to.min(count));
        let mut places = Vec::with_capacity(to - from + 1);
        if focused < from {
            places.push(focused);
        }
        places.extend(from..to);
        if focused >= to && focused < count {
            places.push(focused);
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::ListKeys;

    use super::*;

    fn read(parameters: &str) -> ListKeys {
        let pairs = parameters.trim_start_matches('?').split('&');
        ListKeys::read(pairs.filter_map(|pair| pair.split_once('='))).expect("the server reads it")
    }

    #[test]
    fn the_server_understands_every_question() {
        for shown in 0..SHOWN.len() {
            for (order, word) in ORDERS.iter().enumerate() {
                let query = Query { text: " a ".to_owned(), shown, scope: "b".to_owned(), order };
                let read = read(&query.parameters("c", str::to_owned));
                assert_eq!((read.q.as_deref(), read.scope.as_deref()), (Some("a"), Some("b")));
                assert_eq!((read.cursor.as_deref(), read.limit), (Some("c"), Some(100)));
                assert_eq!(read.order().as_str(), *word);
                assert!(read.status.is_some());
            }
            assert!(read(&Query::count(shown)).status.is_some());
        }
        assert_eq!(read(&Query::one("ak_1")).q.as_deref(), Some("ak_1"));
        assert_eq!(read(&Query::one("ak_1")).status, None);
        assert!(SHOWN[EXPIRING].ends_with("expiring") && SHOWN[EXPIRED].ends_with("expired"));
    }

    #[test]
    fn an_order_without_a_name_goes_under_that_of_its_column() {
        for (order, word) in ORDERS.iter().enumerate() {
            let named = ORDERS[named_order(order)];
            assert_eq!(named.trim_start_matches('-'), word.trim_start_matches('-'));
            assert!(named_order(order) < 5);
        }
    }

    #[test]
    fn only_what_leaves_keys_out_is_narrow() {
        assert!(!Query { order: 2, text: "  ".to_owned(), ..Query::default() }.is_narrow());
        assert!(Query { text: "a".to_owned(), ..Query::default() }.is_narrow());
        assert!(Query { shown: EXPIRED, ..Query::default() }.is_narrow());
        assert!(Query { scope: "a".to_owned(), ..Query::default() }.is_narrow());
    }

    #[test]
    fn the_window_covers_what_is_in_sight_and_stays_small() {
        for first in [0, 1, 5, 6, 7, 4_000, 9_999] {
            let window = Window::at(first, 13);
            let sees = |at: usize| window.from <= at && at < window.to;
            assert!(
                sees(first.saturating_sub(Window::AROUND)) && sees(first + 13 + Window::AROUND)
            );
            assert!(window.to - window.from < 40);
        }
        assert_eq!(Window::at(0, 0), Window::at(0, Window::SIGHT));
        assert!(Window::at(0, 100_000).to < 100);
    }

    #[test]
    fn the_focused_row_stays_wherever_it_is() {
        let window = Window { from: 4, to: 7 };
        assert_eq!(window.places(10, usize::MAX), [4, 5, 6]);
        assert_eq!(window.places(10, 1), [1, 4, 5, 6]);
        assert_eq!(window.places(10, 5), [4, 5, 6]);
        assert_eq!(window.places(10, 9), [4, 5, 6, 9]);
        assert_eq!(window.places(6, 9), [4, 5]);
        assert!(window.places(2, usize::MAX).is_empty());
    }
}
