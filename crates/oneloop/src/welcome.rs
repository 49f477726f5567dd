//! What `oneloop serve` says when it is ready.

use std::net::SocketAddr;

use crate::config::Settings;
use crate::demo::PAGE;
use crate::output::{hint, strong, talk, warning};
use crate::serve::is_built;

/// The widget's stable entry.
const WIDGET_ENTRY: &str = "oneloop-keys.js";

/// Says where the server is and what to do there, and warns of what will surprise.
pub(crate) fn greet(settings: &Settings, address: SocketAddr, url: &str, has_team: bool) {
    let version = env!("CARGO_PKG_VERSION");
    talk(&format!("Oneloop Keys {version}, database {}", settings.storage.database));
    talk(&format!("Listening on {}", strong(url)));
    if !is_built(&settings.widget_dir, WIDGET_ENTRY) {
        let dir = settings.widget_dir.display();
        warning(&format!("the widget is not built: there is no {WIDGET_ENTRY} in `{dir}`"));
        hint("`npm start` builds it; the API works without");
    }
    match &settings.demo_dir {
        Some(dir) => {
            if !address.ip().is_loopback() {
                warning(
                    "the demonstration is open to the network: anybody who can reach it can act as its customer",
                );
            }
            if is_built(dir, PAGE) {
                talk("");
                talk("Open it in a browser, and:");
                talk("  1. create a key with Deployments: Read, and copy it while it is shown");
                talk("  2. paste it into \"Try your key\", and send a request: VALID");
                talk("  3. edit the key, set Deployments to None, and send again: INVALID_SCOPES");
                talk("  4. delete the key, and send once more: DELETED");
                talk("");
            } else {
                warning(&format!(
                    "the demo page is not built: there is no {PAGE} in `{}`",
                    dir.display()
                ));
                hint("`npm start` builds it; the demo's API works without");
            }
        }
        None if !has_team => {
            hint(
                "there is no team yet; `oneloop admin team create NAME` makes one and its SDK key",
            );
        }
        None => {}
    }
    talk("Stop with Ctrl-C.");
}
