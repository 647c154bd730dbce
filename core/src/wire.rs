//! The two protocols that a client may speak, and what an operation does that one of them lacks.

use crate::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// The protocol that a client speaks where there are two: Microsoft Graph, or the Office 365 API that came before it.
    Wire {
        /// Microsoft Graph: the living service.
        Graph = "graph",
        /// The original protocol, for hybrid servers, recorded traffic and the sandbox.
        Office365 = "office365",
    }
}

impl Client {
    /// The protocol that it speaks where there are two.
    pub fn wire(&self) -> Wire {
        self.shared_wire().clone()
    }

    /// Whether it speaks the protocol that came before Microsoft Graph.
    pub(crate) fn speaks_office365(&self) -> bool {
        *self.shared_wire() == Wire::Office365
    }

    /// Refuses an operation that only the other wire has, before anything is sent.
    pub(crate) fn require(&self, wire: &Wire, operation: &str, instead: &str) -> Result<()> {
        if self.shared_wire() == wire {
            return Ok(());
        }
        let message = format!(
            "{operation} exists on the wire {wire} only, and this client speaks {}",
            self.shared_wire()
        );
        let other = format!("make the client with wire {:?}", wire.as_str());
        let hint = if instead.is_empty() {
            format!("To call it, {other}")
        } else {
            format!("Use {instead}, or {other}")
        };
        Err(Error::new(ErrorKind::UnsupportedOnWire, message).with_hint(hint))
    }
}

/// The wire that was chosen, if it is one that exists.
pub(crate) fn chosen(wire: Option<Wire>) -> Result<Wire> {
    match wire {
        None => Ok(Wire::Graph),
        Some(Wire::Unknown(name)) => {
            Err(Error::invalid(format!("wire {name:?} does not exist: use graph or office365")))
        }
        Some(known) => Ok(known),
    }
}
