//! IP addresses in the forms that audit records write them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address and the port within a text; none if it holds something else. Mapped addresses become IPv4.
pub(super) fn parse(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let text = text.trim();
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        return Some((bare(address)?, port));
    }
    if let Some(address) = bare(text) {
        return Some((address, None));
    }
    let socket: SocketAddr = text.parse().ok()?;
    Some((socket.ip().to_canonical(), Some(socket.port())))
}

fn bare(text: &str) -> Option<IpAddr> {
    let without_zone = text.split('%').next().unwrap_or(text);
    without_zone.parse::<IpAddr>().ok().map(|address| address.to_canonical()).or_else(|| {
        // A mapped address without its leading colons, as one published sample has it.
        let v4 = without_zone.strip_prefix("ffff:")?;
        v4.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood_and_nothing_else() {
        for (text, expected) in [
            ("203.0.113.7", Some(("203.0.113.7", None))),
            ("203.0.113.7:51544", Some(("203.0.113.7", Some(51544)))),
            ("[203.0.113.7]:51544", Some(("203.0.113.7", Some(51544)))),
            ("2001:db8::17", Some(("2001:db8::17", None))),
            ("[2001:db8::17]", Some(("2001:db8::17", None))),
            ("[2001:db8::17]:443", Some(("2001:db8::17", Some(443)))),
            ("::ffff:203.0.113.7", Some(("203.0.113.7", None))),
            ("ffff:203.0.113.7", Some(("203.0.113.7", None))),
            (" fe80::1c2b:3a4d%12", Some(("fe80::1c2b:3a4d", None))),
            ("mail01.contoso.local", None),
            ("MAIL01 (15.20.1234.000)\r\n", None),
            ("[2001:db8::17]x", None),
            ("", None),
        ] {
            let expected = expected.map(|(address, port)| (address.parse().unwrap(), port));
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
