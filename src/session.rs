//! The token: fetched when needed, once for all who ask at the same time, and again before it ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Date, Object, Promise, Reflect};
use oneloop_protocol::{Secret, UnixMillis};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::host::Host;
use crate::problem::Problem;

/// How many milliseconds before its end a token is replaced.
const EARLY: i64 = 30_000;

struct Token {
    secret: Rc<Secret>,
    /// When to fetch the next one; `None` = when the server refuses this one.
    renew_at: Cell<Option<UnixMillis>>,
}

/// The page's `getToken`, with what it gave last.
pub struct Session {
    host: Host,
    current: RefCell<Option<Token>>,
    pending: RefCell<Option<Promise>>,
}

impl Session {
    /// A session that has no token yet.
    pub fn new(host: Host) -> Self {
        Self { host, current: RefCell::default(), pending: RefCell::default() }
    }

    /// A token that should still work.
    ///
    /// All who ask while one is being fetched wait for the same promise, so the page's `getToken` runs
    /// once.
    ///
    /// # Errors
    ///
    /// [`Problem::NoToken`] if `getToken` rejects or gives something that is not a token.
    pub async fn token(&self) -> Result<Rc<Secret>, Problem> {
        if let Some(token) = self.current.borrow().as_ref()
            && token.renew_at.get().is_none_or(|at| now() < at)
        {
            return Ok(token.secret.clone());
        }
        let promise =
            self.pending.borrow_mut().get_or_insert_with(|| self.host.get_token()).clone();
        let answer = JsFuture::from(promise.clone()).await;
        // The first to wake up stores the token; the others find it there.
        let first =
            self.pending.borrow_mut().take_if(|pending| Object::is(pending, &promise)).is_some();
        if first {
            *self.current.borrow_mut() = answer.ok().as_ref().and_then(read);
        }
        self.current.borrow().as_ref().map(|token| token.secret.clone()).ok_or(Problem::NoToken)
    }

    /// Forgets a token that the server refused, unless it was replaced already.
    pub fn refuse(&self, refused: &Rc<Secret>) {
        self.current.borrow_mut().take_if(|token| Rc::ptr_eq(&token.secret, refused));
    }

    /// Takes note of when the server says that this token ends.
    pub fn ends_at(&self, secret: &Rc<Secret>, at: UnixMillis) {
        if let Some(token) = self.current.borrow().as_ref()
            && Rc::ptr_eq(&token.secret, secret)
        {
            token.renew_at.set(renewal(at, now()));
        }
    }
}

/// When to replace a token that ends at `ends_at`. A clock that is wrong by more than the token's life
/// would have us fetch one for every request: then we wait until the server refuses.
fn renewal(ends_at: UnixMillis, now: UnixMillis) -> Option<UnixMillis> {
    let renew_at = ends_at - EARLY;
    (renew_at > now).then_some(renew_at)
}

fn read(answer: &JsValue) -> Option<Token> {
    if let Some(text) = answer.as_string() {
        let renew_at = Cell::new(None);
        return (!text.is_empty()).then(|| Token { secret: Rc::new(Secret::new(text)), renew_at });
    }
    let field = |name: &str| Reflect::get(answer, &name.into()).ok();
    let text = field("token")?.as_string().filter(|text| !text.is_empty())?;
    let ends_at = field("expiresAt").and_then(|at| at.as_f64()).map(|at| at as UnixMillis);
    let renew_at = Cell::new(ends_at.and_then(|at| renewal(at, now())));
    Some(Token { secret: Rc::new(Secret::new(text)), renew_at })
}

fn now() -> UnixMillis {
    Date::now() as UnixMillis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_half_a_minute_early() {
        assert_eq!(renewal(100_000, 10_000), Some(70_000));
    }

    #[test]
    fn a_wrong_clock_does_not_fetch_a_token_for_every_request() {
        assert_eq!(renewal(100_000, 70_000), None);
        assert_eq!(renewal(100_000, 5_000_000), None);
    }
}
