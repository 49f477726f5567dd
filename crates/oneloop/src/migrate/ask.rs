//! Questions to the person at the terminal, for what no program can see. Where nobody can answer, the option that
//! answers is named instead.

use std::io::{IsTerminal, stderr, stdin};

use dialoguer::{Input, Select};

use crate::failure::{Failure, Outcome};

/// Who answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Somebody at a terminal.
    Person,
    /// Nobody: a script, or `--yes`.
    Nobody,
}

impl Asks {
    /// Whom to ask: nobody after `--yes`, or without a terminal to ask on.
    pub(super) fn whom(yes: bool) -> Self {
        if !yes && stdin().is_terminal() && stderr().is_terminal() {
            Self::Person
        } else {
            Self::Nobody
        }
    }

    /// Lets the person choose one of `choices`; its position. `option` is what answers on the command line.
    pub(super) fn choose(self, question: &str, choices: &[String], option: &str) -> Outcome<usize> {
        match self {
            Self::Person => {
                let asked =
                    Select::new().with_prompt(question).items(choices).default(0).interact();
                asked.map_err(|error| unanswered(&error))
            }
            Self::Nobody => Err(Failure::user(format!("{question}: {}", choices.join(", ")))
                .hint(format!("answer with {option}"))),
        }
    }

    /// Asks for a line of text.
    pub(super) fn text(self, question: &str, option: &str) -> Outcome<String> {
        match self {
            Self::Person => {
                let asked = Input::<String>::new().with_prompt(question).interact_text();
                asked.map(|text| text.trim().to_owned()).map_err(|error| unanswered(&error))
            }
            Self::Nobody => {
                Err(Failure::user(question.to_owned()).hint(format!("answer with {option}")))
            }
        }
    }
}

fn unanswered(error: &dialoguer::Error) -> Failure {
    Failure::user("there was no answer").because(error)
}
