//! How a program takes the key from its environment: a few lines to start from, in the words of its language.
//!
//! None of them holds the secret but the `.env` line, which is what it is stored in.

/// What a person writes their program in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snippet {
    /// The line of a `.env` file.
    Env,
    /// A shell.
    Curl,
    /// JavaScript.
    Node,
    /// Python.
    Python,
}

impl Snippet {
    /// Every snippet, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::Curl, Self::Node, Self::Python, Self::Env];

    /// Its name, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Env => ".env",
            Self::Curl => "curl",
            Self::Node => "Node",
            Self::Python => "Python",
        }
    }

    /// The lines. `variable` is what the page calls the environment variable, `url` something to ask for with
    /// the key, `secret` what stands for the secret: itself when it is copied, dots when it is looked at.
    pub fn lines(self, variable: &str, url: &str, secret: &str) -> String {
        match self {
            Self::Env => env_line(variable, secret),
            Self::Curl => {
                format!("curl {url} \\\n  -H \"Authorization: Bearer ${variable}\"")
            }
            Self::Node => format!(
                "const response = await fetch('{url}', {{\n  headers: {{ Authorization: `Bearer ${{process.env.{variable}}}` }},\n}})"
            ),
            Self::Python => format!(
                "import os, urllib.request\n\nrequest = urllib.request.Request('{url}')\nrequest.add_header('Authorization', f\"Bearer {{os.environ['{variable}']}}\")\nprint(urllib.request.urlopen(request).read())"
            ),
        }
    }

    /// Whether who copies it has the secret.
    pub fn holds_secret(self) -> bool {
        self == Self::Env
    }
}

/// `NAME=secret`. A secret that a shell would not read as one word is quoted; keys of ours never need it.
pub fn env_line(variable: &str, secret: &str) -> String {
    let is_plain = secret.chars().all(|c| c.is_ascii_alphanumeric() || "_-.•/+=:".contains(c));
    if is_plain {
        format!("{variable}={secret}")
    } else {
        format!("{variable}='{}'", secret.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_takes_the_key_from_the_page_s_variable() {
        for snippet in Snippet::ALL {
            let lines = snippet.lines("ACME_KEY", "https://api.acme.example/v1", "ol_s3cret");
            assert!(lines.contains("ACME_KEY"), "{lines}");
            assert_eq!(lines.contains("ol_s3cret"), snippet.holds_secret(), "{lines}");
            assert_eq!(lines.contains("https://api.acme.example/v1"), snippet != Snippet::Env);
        }
        let node = Snippet::Node.lines("K", "https://x", "");
        assert!(node.contains("headers: { Authorization: `Bearer ${process.env.K}` },"), "{node}");
    }

    #[test]
    fn an_env_line_survives_a_shell() {
        assert_eq!(env_line("K", "ol_a1B2"), "K=ol_a1B2");
        assert_eq!(env_line("K", "it's $HOME"), "K='it'\\''s $HOME'");
    }
}
