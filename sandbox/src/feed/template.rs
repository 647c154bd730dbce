//! Records as text with holes: a sample is split once, and a record is written by copying the text between the holes.

use std::ops::Range;

use super::mix;
use super::people::{ATTACKERS, Person, push_number};
use crate::clock;
use crate::random::{Random, hash, is_guid, push_guid, salt};

/// A sample record, split.
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
    operations: &'static [&'static str],
    people: usize,
}

/// What the samples are changed to for one tenant.
pub(crate) struct Names<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) domain: &'a str,
}

/// What is the same in all of one record.
pub(crate) struct Scene<'a> {
    pub(crate) people: &'a [Person],
    /// Seed of this record.
    pub(crate) seed: u64,
    /// When the event happened.
    pub(crate) at: i64,
}

/// A piece of a record. The numbered ones are the same wherever their number occurs in it.
#[derive(Debug, PartialEq)]
enum Part {
    Text(Range<usize>),
    Id,
    Created,
    Moment(usize),
    Epoch,
    Operation,
    Guid(usize, bool),
    Alias(usize),
    Display(usize),
    First(usize),
    Puid(usize),
    Rid(usize),
    Ipv4,
    Ipv6,
    Private,
    Attacker,
    Port,
    Size,
    Digits(usize),
    Opaque(usize),
    Subject,
    Stem,
    Agent,
}

/// The people of the samples, and the tenant they are in.
const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";
const ALIASES: [&str; 3] = ["sadie.lund", "omar.haddad", "yuki.tanaka"];
const DISPLAYS: [&str; 3] = ["Sadie Lund", "Omar Haddad", "Yuki Tanaka"];
/// Ids that mean something outside the tenant and therefore stay.
const FIXED: [&str; 9] = [
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0000-c000-000000000000",
    "4765445b-32c6-49b0-83e6-1d93765276ca",
    "1b730954-1685-4b74-9bfd-dac224a7b894",
    "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "50842eb7-edc8-4019-85dd-5a5c1f2bb085",
    "d04b1122-6a75-4508-972c-255ec1435f3c",
    "9bc30de1-614d-4d23-9e56-118a0aa6d98f",
];
const STEMS: [&str; 6] = ["Ünïcode – # file", "plan.", "minutes.", "salaries.", "setup.", "invoice."];

impl Template {
    /// Splits a line of a sample file.
    pub(crate) fn new(line: &str, operations: &'static [&'static str], names: &Names<'_>) -> Self {
        let organisation = names.domain.split('.').next().unwrap_or("contoso");
        let mail = names.domain.replace(".onmicrosoft.com", ".example");
        let line = minify(line)
            .replace(TENANT, names.tenant)
            .replace("contoso.onmicrosoft.com", names.domain)
            .replace("contoso.example", &mail)
            .replace("contoso.sharepoint", &format!("{organisation}.sharepoint"))
            .replace("contoso-my.sharepoint", &format!("{organisation}-my.sharepoint"))
            .replace("contoso.crm4", &format!("{organisation}.crm4"));
        let mut splitter = Splitter { names, line: &line, guids: vec![], moments: vec![], people: vec![] };
        let mut template = Self { text: String::new(), parts: vec![], operations, people: 0 };
        let mut at = 0;
        while at < line.len() {
            let Some(found) = splitter.hole(at, operations) else {
                let next = line[at..].chars().next().map_or(1, char::len_utf8);
                template.push_text(&line[at..at + next]);
                at += next;
                continue;
            };
            template.push_text(&line[at..at + found.before]);
            template.parts.push(found.part);
            at += found.before + found.length;
        }
        template.people = splitter.people.len();
        template
    }

    /// Appends the record without its closing brace, which the caller writes after any padding.
    pub(crate) fn write(&self, out: &mut Vec<u8>, id: (u64, u64), scene: &Scene<'_>) {
        let mut random = Random::new(scene.seed);
        let mut cast = [0usize; ALIASES.len()];
        for place in cast.iter_mut().take(self.people.max(1)) {
            *place = random.below(scene.people.len());
        }
        // Two of one record are two people.
        if cast[1] == cast[0] {
            cast[1] = (cast[0] + 1) % scene.people.len();
        }
        let actor = &scene.people[cast[0]];
        let at_home = random.below(10) < 3;
        for part in &self.parts {
            match part {
                Part::Text(range) => out.extend_from_slice(&self.text.as_bytes()[range.clone()]),
                Part::Id => push_guid(out, id.0, id.1, false),
                Part::Created => clock::push_seconds(out, scene.at),
                Part::Moment(slot) => {
                    let before = hash(&[scene.seed, *slot as u64]) % 3_600_000;
                    clock::push_seconds(out, scene.at - before.cast_signed());
                }
                Part::Epoch => push_number(out, scene.at.cast_unsigned()),
                Part::Operation => {
                    out.extend_from_slice(self.operations[random.below(self.operations.len())].as_bytes());
                }
                Part::Guid(slot, upper) => {
                    let high = hash(&[scene.seed, salt("guid"), *slot as u64]);
                    push_guid(out, high, high.rotate_left(29) ^ scene.seed, *upper);
                }
                Part::Alias(slot) => out.extend_from_slice(scene.people[cast[*slot]].alias.as_bytes()),
                Part::Display(slot) => out.extend_from_slice(scene.people[cast[*slot]].display.as_bytes()),
                Part::First(slot) => out.extend_from_slice(scene.people[cast[*slot]].first.as_bytes()),
                Part::Puid(slot) => out.extend_from_slice(scene.people[cast[*slot]].puid.as_bytes()),
                Part::Rid(slot) => push_number(out, u64::from(scene.people[cast[*slot]].rid)),
                Part::Ipv4 => actor.push_ipv4(out, at_home),
                Part::Ipv6 => actor.push_ipv6(out, at_home),
                Part::Private => actor.push_private(out),
                Part::Attacker => {
                    // Two of three attempts come from the first address, as one busy attacker would look.
                    let slot = (scene.seed % 9) as usize;
                    out.extend_from_slice(ATTACKERS[slot.saturating_sub(6)].as_bytes());
                }
                Part::Port => push_number(out, random.between(49_152, 65_535).cast_unsigned()),
                Part::Size => push_number(out, random.next() >> random.between(36, 56)),
                Part::Digits(length) => {
                    for _ in 0..*length {
                        out.push(b'0' + random.below(10) as u8);
                    }
                }
                Part::Opaque(length) => push_opaque(out, *length, &mut random),
                Part::Subject => out.extend_from_slice(pick(&mut random, &mix::SUBJECTS).as_bytes()),
                // One file is one file: its name occurs several times in a record.
                Part::Stem => {
                    let stem = hash(&[scene.seed, salt("stem")]) as usize % mix::STEMS.len();
                    out.extend_from_slice(mix::STEMS[stem].as_bytes());
                }
                Part::Agent => out.extend_from_slice(pick(&mut random, &mix::AGENTS).as_bytes()),
            }
        }
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        match self.parts.last_mut() {
            Some(Part::Text(range)) if range.end == start => range.end = self.text.len(),
            _ => self.parts.push(Part::Text(start..self.text.len())),
        }
    }

    /// Takes the closing brace off, so that members can be added behind the last one.
    pub(crate) fn open(mut self) -> Self {
        if let Some(Part::Text(range)) = self.parts.last_mut()
            && self.text.ends_with('}')
        {
            range.end -= 1;
        }
        self
    }
}

struct Found {
    /// Bytes before the hole that stay.
    before: usize,
    /// Bytes of the sample that the hole replaces.
    length: usize,
    part: Part,
}

struct Splitter<'a> {
    names: &'a Names<'a>,
    line: &'a str,
    guids: Vec<&'a str>,
    moments: Vec<&'a str>,
    people: Vec<usize>,
}

impl<'a> Splitter<'a> {
    fn hole(&mut self, at: usize, operations: &[&str]) -> Option<Found> {
        let rest = &self.line[at..];
        let start = |length, part| Some(Found { before: 0, length, part });
        match rest.as_bytes()[0] {
            b'"' => self.member(at, operations),
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' if self.fresh(at) => self.number(rest),
            b's' | b'o' | b'y' | b'S' | b'O' | b'Y' => self.name(at).or_else(|| self.stem(at)),
            b'M' if rest.starts_with(mix::AGENTS[0]) => start(mix::AGENTS[0].len(), Part::Agent),
            b'X' if rest.starts_with("XY1PR01MB0042") => {
                Some(Found { before: "XY1PR01MB".len(), length: 4, part: Part::Digits(4) })
            }
            b'R' | b'L' if rest.starts_with("RgAAAABk") || rest.starts_with("LgAAAAB") => {
                let length = rest.find('"')?;
                (length > 20).then(|| Found { before: 8, length: length - 8, part: Part::Opaque(length - 8) })
            }
            _ => self.stem(at),
        }
    }

    /// Holes that are known by the member they are the value of.
    fn member(&mut self, at: usize, operations: &[&str]) -> Option<Found> {
        let rest = &self.line[at..];
        let text = |name: &str, part| {
            let before = name.len();
            let length = rest.strip_prefix(name)?.find('"')?;
            Some(Found { before, length, part })
        };
        let number = |name: &str, part| {
            let value = rest.strip_prefix(name)?;
            let length = value.find(|c: char| !c.is_ascii_digit())?;
            (length > 0).then_some(Found { before: name.len(), length, part })
        };
        if rest.starts_with("\"CreationTime\":\"") {
            return Some(Found { before: "\"CreationTime\":\"".len(), length: 19, part: Part::Created });
        }
        // `Id` is the second member of each sample; the later ones belong to something inside.
        if rest.starts_with("\"Id\":\"") && at < 60 {
            return text("\"Id\":\"", Part::Id);
        }
        if rest.starts_with("\"UserKey\":\"1003") {
            return Some(Found { before: "\"UserKey\":\"".len(), length: 16, part: Part::Puid(0) });
        }
        if rest.starts_with("\"Operation\":\"") && !operations.is_empty() {
            return text("\"Operation\":\"", Part::Operation);
        }
        if rest.starts_with("\"Subject\":\"") {
            return text("\"Subject\":\"", Part::Subject);
        }
        number("\"SizeInBytes\":", Part::Size)
            .or_else(|| number("\"FileSizeBytes\":", Part::Size))
            .or_else(|| number("\"FileSyncBytesCommitted\":\"", Part::Size))
            .or_else(|| number("\"FileSize\":", Part::Size))
            .or_else(|| number("\"MessageId\":14392623", Part::Digits(8)))
    }

    /// Holes that are known by their form: ids, times, addresses.
    fn number(&mut self, rest: &'a str) -> Option<Found> {
        let found = |before, length, part| Some(Found { before, length, part });
        if let Some(text) = rest.get(..36).filter(|text| is_guid(text)) {
            if FIXED.contains(&text) || text == self.names.tenant {
                return None;
            }
            let slot = position(&mut self.guids, text);
            let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
            return found(0, 36, Part::Guid(slot, upper));
        }
        if let Some(text) =
            rest.get(..19).filter(|text| text.starts_with("2026-") && text.as_bytes()[10] == b'T')
        {
            return found(0, 19, Part::Moment(position(&mut self.moments, text)));
        }
        let address = ["203.0.113.7", "203.0.113.99", "198.51.100.23"].into_iter().find(|known| {
            rest.strip_prefix(known).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
        });
        if let Some(known) = address {
            return found(0, known.len(), Part::Ipv4);
        }
        if let Some(known) =
            ["2001:db8::17", "2001:db8::99"].into_iter().find(|known| rest.starts_with(known))
        {
            return found(0, known.len(), Part::Ipv6);
        }
        if rest.starts_with("10.20.30.40") {
            return found(0, 11, Part::Private);
        }
        if rest.starts_with("192.0.2.66") {
            return found(0, 10, Part::Attacker);
        }
        if ["51544\"", "62011\"", "40110\""].iter().any(|port| rest.starts_with(port)) {
            return found(0, 5, Part::Port);
        }
        if rest.starts_with("17636256") {
            return found(0, 13, Part::Epoch);
        }
        if rest.starts_with("5123\"") {
            return found(0, 4, Part::Rid(0));
        }
        if rest.starts_with("10033EA5D87BE473\"") || rest.starts_with("10037FFE91510806") {
            let slot = usize::from(rest.starts_with("10033EA5"));
            return found(0, 16, Part::Puid(slot.min(self.people.len().saturating_sub(1))));
        }
        None
    }

    fn name(&mut self, at: usize) -> Option<Found> {
        let rest = &self.line[at..];
        let find = |names: &[&str]| names.iter().position(|name| rest.starts_with(name));
        let before = &self.line[..at];
        if let Some(person) = find(&ALIASES) {
            let slot = position(&mut self.people, person);
            return Some(Found { before: 0, length: ALIASES[person].len(), part: Part::Alias(slot) });
        }
        if let Some(person) = find(&DISPLAYS) {
            let slot = position(&mut self.people, person);
            return Some(Found { before: 0, length: DISPLAYS[person].len(), part: Part::Display(slot) });
        }
        let folder = before.ends_with("/personal/") || before.ends_with("Users\\\\");
        let person = find(&["sadie", "omar", "yuki"]).filter(|_| folder)?;
        let slot = position(&mut self.people, person);
        Some(Found { before: 0, length: ["sadie", "omar", "yuki"][person].len(), part: Part::First(slot) })
    }

    fn stem(&self, at: usize) -> Option<Found> {
        let rest = &self.line[at..];
        if !self.line[..at].ends_with(['"', '/', '\\']) {
            return None;
        }
        let escaped = "Ünïcode – %23 file";
        let known = STEMS.into_iter().chain([escaped]).find(|stem| rest.starts_with(stem))?;
        Some(Found { before: 0, length: known.trim_end_matches('.').len(), part: Part::Stem })
    }

    /// Whether something may begin here: not in the middle of a longer number or word.
    fn fresh(&self, at: usize) -> bool {
        !self.line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
    }
}

fn position<T: PartialEq>(known: &mut Vec<T>, value: T) -> usize {
    known.iter().position(|other| *other == value).unwrap_or_else(|| {
        known.push(value);
        known.len() - 1
    })
}

fn pick<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[random.below(from.len())]
}

fn push_opaque(out: &mut Vec<u8>, length: usize, random: &mut Random) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789AB";
    let mut left = length;
    while left > 0 {
        let mut bits = random.next();
        for _ in 0..left.min(10) {
            out.push(LETTERS[(bits & 63) as usize]);
            bits >>= 6;
        }
        left = left.saturating_sub(10);
    }
}

/// Drops the blanks between tokens; what is in strings, repeated names and long numbers stay as they are.
fn minify(json: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    json.trim()
        .chars()
        .filter(|&letter| {
            let keep = inside || !letter.is_whitespace();
            match letter {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                _ => {}
            }
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::people::people;
    use super::*;

    const NAMES: Names<'_> =
        Names { tenant: "11111111-2222-4333-8444-555555555555", domain: "fabrikam.onmicrosoft.com" };

    #[test]
    fn every_sample_makes_valid_records_that_differ() {
        let people = people(1);
        for share in mix::SHARES {
            let line = share.file.lines().nth(share.line).unwrap();
            let template = Template::new(line, share.operations, &NAMES).open();
            let mut made = vec![];
            for seed in 0..20 {
                let scene = Scene { people: &people, seed: hash(&[seed]), at: 1_763_625_600_000 };
                let mut out = vec![];
                template.write(&mut out, (seed, seed), &scene);
                out.push(b'}');
                let value: serde_json::Value = serde_json::from_slice(&out)
                    .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)));
                assert_eq!(value["CreationTime"].as_str().unwrap().get(..19), Some("2025-11-20T08:00:00"));
                assert_eq!(value["OrganizationId"], NAMES.tenant);
                assert!(is_guid(value["Id"].as_str().unwrap()));
                let text = String::from_utf8(out).unwrap();
                assert!(!text.contains("contoso"), "{text}");
                assert!(!text.contains(TENANT), "{text}");
                made.push(text);
            }
            made.dedup();
            assert_eq!(made.len(), 20, "{line}");
        }
    }
}
