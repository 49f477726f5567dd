//! The frame of a dialog that sends something.

use super::button::{Button, Emphasis};
use super::dialog::dialog;
use super::notice::notice;
use super::unique::unique;
use crate::dom::{Child, Element, View, el};
use crate::state::{App, Submission};
use crate::text;

/// A dialog with a form: what is filled in, what came of sending it, and the two ways out.
#[must_use]
pub struct Form {
    /// The heading.
    pub title: &'static str,
    /// What is sent.
    pub submission: Submission,
    /// What the sending button says, and what it says while the answer is waited for.
    pub send: (&'static str, &'static str),
    /// What that button looks like.
    pub emphasis: Emphasis,
    /// Whether the other button has the focus at first.
    pub cancel_first: bool,
    /// What is filled in.
    pub body: Element,
    /// What stands between it and the buttons.
    pub foot: Option<Element>,
}

impl Form {
    /// The dialog. It is left by Cancel, Escape or the ×, except while its request is under way.
    pub fn view(self, app: App, submit: impl Fn() + 'static) -> View {
        self.dialog(app, Box::new(submit)).into()
    }

    /// The same for a question with consequences (`role="alertdialog"`).
    ///
    /// APG alert dialog: it is described by what stands in it, because the focus begins behind that.
    pub fn alert(mut self, app: App, submit: impl Fn() + 'static) -> View {
        let words = unique("alert");
        self.body = self.body.attr("id", words.clone());
        let dialog = self.dialog(app, Box::new(submit));
        dialog.role("alertdialog").attr("aria-describedby", words).into()
    }

    fn dialog(self, app: App, submit: Box<dyn Fn()>) -> Element {
        let Self { title, submission, send, emphasis, cancel_first, body, foot } = self;
        let leave = move || {
            if submission.busy.get_untracked() {
                return;
            }
            app.sheet.set(None);
            if submission.is_in_doubt() {
                app.ask_anew();
            }
        };
        let cancel = Button::new(text::cancel())
            .autofocus(cancel_first)
            .busy(submission.busy)
            .on_press(leave);
        let send = Button::new(move || send_label(submission, send))
            .emphasis(emphasis)
            .submit()
            .disabled(move || submission.is_gone())
            .busy(submission.busy);
        let foot = el("div")
            .class("form-foot")
            .part("dialog__foot")
            .child(foot)
            .child(notice(move || submission.message()))
            .child(el("div").class("actions").child(cancel).child(send));
        let form = el("form")
            .class("form")
            .attr("novalidate", true)
            .on("submit", move |event| {
                event.prevent_default();
                submit();
            })
            .child(body.class("form-body").part("dialog__body"))
            .child(foot);
        dialog(title, leave).child(form)
    }
}

/// What a sending button says: the deed, that it is under way, or that it can be tried again.
fn send_label(submission: Submission, (idle, busy): (&'static str, &'static str)) -> &'static str {
    let failed =
        submission.problem.with(|problem| problem.as_ref().is_some_and(|it| !it.is_gone()));
    match (submission.busy.get(), failed) {
        (true, _) => busy,
        (false, true) => text::try_again(),
        (false, false) => idle,
    }
}

/// Which key a dialog is about.
pub fn which(name: String, mask: String) -> Element {
    let name = el("span").class("which-name").attr("dir", "auto").child(name);
    el("p").class("which").child(name).child(masked(mask))
}

/// What may be shown of a secret.
pub fn masked(mask: impl Child) -> Element {
    el("code").attr("dir", "ltr").attr("translate", "no").child(mask)
}
