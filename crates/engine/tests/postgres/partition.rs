//! A cable between an engine and its database that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the cable does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cable {
    /// It carries everything.
    Whole,
    /// Connections end, and new ones are refused.
    Cut,
    /// Connections stay, new ones too, and nothing comes through: what a firewall does, or a machine that died.
    Silent,
}

/// Forwards a port of this machine.
pub(crate) struct Partition {
    pub(crate) address: SocketAddr,
    state: watch::Sender<Cable>,
}

impl Partition {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("an address");
        let (state, seen) = watch::channel(Cable::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, server.clone(), seen.clone()));
            }
        });
        Self { address, state }
    }

    pub(crate) fn set(&self, cable: Cable) {
        self.state.send_replace(cable);
    }
}

async fn carry(mut near: TcpStream, server: String, mut state: watch::Receiver<Cable>) {
    if *state.borrow_and_update() == Cable::Silent {
        hold(state).await;
        return;
    }
    let Ok(mut far) = TcpStream::connect(&server).await else { return };
    let whole = state.wait_for(|cable| *cable != Cable::Whole);
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => return,
        _ = whole => {}
    }
    if *state.borrow() == Cable::Silent {
        hold(state).await;
    }
}

/// Keeps a connection open, for as long as nothing comes through.
async fn hold(mut state: watch::Receiver<Cable>) {
    let _gone = state.wait_for(|cable| *cable != Cable::Silent).await;
}
