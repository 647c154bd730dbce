//! The people of the tenant, and the addresses they and others come from.

use crate::random::{Random, hash, salt};

/// One employee.
pub(crate) struct Person {
    /// Left part of the user principal name.
    pub(crate) alias: String,
    pub(crate) display: String,
    pub(crate) first: String,
    /// 16 hexadecimal digits, as `UserKey` holds them.
    pub(crate) puid: String,
    /// Last part of the security identifier.
    pub(crate) rid: u16,
    office: u8,
    home: u8,
}

/// Where sign-in attacks come from.
pub(crate) const ATTACKERS: [&str; 3] = ["192.0.2.66", "192.0.2.144", "192.0.2.201"];

// User names are made from these with ASCII letters only.
const NAMES: [(&str, &str); 60] = [
    ("Sadie", "Lund"),
    ("Omar", "Haddad"),
    ("Yuki", "Tanaka"),
    ("Ingrid", "Solberg"),
    ("Mateo", "Vargas"),
    ("Amina", "Diallo"),
    ("Tomasz", "Nowak"),
    ("Chloe", "Martin"),
    ("Ravi", "Menon"),
    ("Freya", "Holm"),
    ("Lucas", "Almeida"),
    ("Mei", "Chen"),
    ("Jonas", "Weber"),
    ("Zainab", "Yusuf"),
    ("Elif", "Kaya"),
    ("Noah", "Fischer"),
    ("Priya", "Nair"),
    ("Anders", "Berg"),
    ("Leila", "Rahimi"),
    ("Hugo", "Laurent"),
    ("Sofia", "Rossi"),
    ("Daniel", "Okafor"),
    ("Hana", "Sato"),
    ("Viktor", "Petrov"),
    ("Ella", "Virtanen"),
    ("Samuel", "Mensah"),
    ("Nora", "Eriksen"),
    ("Pablo", "Ortega"),
    ("Katja", "Keller"),
    ("Arjun", "Patel"),
    ("Maja", "Lindqvist"),
    ("Liam", "Murphy"),
    ("Aisha", "Khan"),
    ("Oscar", "Nilsson"),
    ("Julia", "Kowalska"),
    ("Kenji", "Mori"),
    ("Emma", "Dubois"),
    ("David", "Cohen"),
    ("Ines", "Carvalho"),
    ("Felix", "Braun"),
    ("Olivia", "Hughes"),
    ("Tariq", "Aziz"),
    ("Linh", "Nguyen"),
    ("Marco", "Bianchi"),
    ("Astrid", "Dahl"),
    ("Ben", "Walker"),
    ("Fatou", "Sow"),
    ("Jan", "de Vries"),
    ("Clara", "Schulz"),
    ("Adam", "Novotny"),
    ("Minna", "Laine"),
    ("Rosa", "Jimenez"),
    ("Ivan", "Horvat"),
    ("Grace", "Kim"),
    ("Emil", "Sørensen"),
    ("Zoë", "Jansen"),
    ("José", "Núñez"),
    ("Åsa", "Öberg"),
    ("René", "Müller"),
    ("Łukasz", "Zieliński"),
];

/// The tenant's people, in the same order for a seed.
pub(crate) fn people(seed: u64) -> Vec<Person> {
    NAMES
        .iter()
        .enumerate()
        .map(|(number, (first, last))| {
            let mut random = Random::new(hash(&[seed, salt("people"), number as u64]));
            Person {
                alias: format!("{}.{}", plain(first), plain(last)),
                display: format!("{first} {last}"),
                first: plain(first),
                puid: format!("1003{:012X}", random.next() & 0xffff_ffff_ffff),
                rid: 1_100 + u16::try_from(random.below(900)).unwrap_or(0) + number as u16,
                office: 10 + random.below(6) as u8,
                home: 20 + random.below(200) as u8,
            }
        })
        .collect()
}

impl Person {
    /// An IPv4 address the person works from: the office's, or the one at home.
    pub(crate) fn push_ipv4(&self, out: &mut Vec<u8>, at_home: bool) {
        if at_home {
            out.extend_from_slice(b"198.51.100.");
            push_number(out, u64::from(self.home));
        } else {
            out.extend_from_slice(b"203.0.113.");
            push_number(out, u64::from(self.office));
        }
    }

    /// The person's IPv6 address.
    pub(crate) fn push_ipv6(&self, out: &mut Vec<u8>, at_home: bool) {
        out.extend_from_slice(b"2001:db8:");
        push_number(out, u64::from(self.home) + 100);
        out.extend_from_slice(if at_home { b"::2" } else { b"::1" });
        push_number(out, u64::from(self.office));
    }

    /// The person's address inside the office.
    pub(crate) fn push_private(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"10.20.");
        push_number(out, u64::from(self.office));
        out.push(b'.');
        push_number(out, u64::from(self.home));
    }
}

/// Writes a number in decimal.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut text = [0u8; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

fn plain(name: &str) -> String {
    name.chars()
        .filter_map(|letter| match letter {
            ' ' => None,
            'Å' | 'å' => Some('a'),
            'Ö' | 'ö' | 'ø' => Some('o'),
            'ü' | 'ú' => Some('u'),
            'é' | 'ë' => Some('e'),
            'ñ' | 'ń' => Some('n'),
            'Ł' | 'ł' => Some('l'),
            other => Some(other.to_ascii_lowercase()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn everyone_can_be_told_apart() {
        let people = people(1);
        assert_eq!(people.iter().map(|p| &p.alias).collect::<HashSet<_>>().len(), people.len());
        assert_eq!(people.iter().map(|p| &p.puid).collect::<HashSet<_>>().len(), people.len());
        assert!(people.iter().all(|p| p.alias.is_ascii()), "user names are ASCII");
        assert!(people.iter().all(|p| p.puid.len() == 16));
    }
}
