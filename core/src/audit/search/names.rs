//! Record types and user types as Microsoft Graph names them, where the feed has numbers.

use super::super::record_type::{RecordType, UserType};

/// Kinds that have another name in Graph than in the audit schema.
const RENAMED: &[(RecordType, &str)] =
    &[(RecordType::VivaEngage, "yammer"), (RecordType::VivaInsights, "workplaceAnalytics")];

/// Graph's name of a record type: the schema's, with its first word in small letters.
pub(super) fn of_record_type(record_type: RecordType) -> Option<String> {
    if let Some((_, name)) = RENAMED.iter().find(|(renamed, _)| *renamed == record_type) {
        return Some((*name).to_owned());
    }
    let name = record_type.name()?.replace("ForTheweb", "ForTheWeb");
    Some(small_first_word(&name))
}

/// The record type that Graph calls so, if this version knows it.
pub(super) fn record_type(name: &str) -> Option<RecordType> {
    let renamed = RENAMED.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(of, _)| *of);
    let known = || {
        let named = |of: &&RecordType| of.name().is_some_and(|known| known.eq_ignore_ascii_case(name));
        RecordType::KNOWN.iter().find(named).copied()
    };
    renamed.or_else(known)
}

/// The user type that Graph calls so, if this version knows it.
pub(super) fn user_type(name: &str) -> Option<UserType> {
    let named = |of: &&UserType| of.name().is_some_and(|known| known.eq_ignore_ascii_case(name));
    UserType::KNOWN.iter().find(named).copied()
}

/// A first word of capitals ends before the capital that begins the next word.
fn small_first_word(name: &str) -> String {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let next_word_begins = name.as_bytes().get(capitals).is_some_and(u8::is_ascii_lowercase);
    let word = if next_word_begins { capitals.saturating_sub(1).max(1) } else { capitals };
    name.char_indices().map(|(i, c)| if i < word { c.to_ascii_lowercase() } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_reference() {
        for (record_type, name) in [
            (RecordType::ExchangeItem, "exchangeItem"),
            (RecordType::CRM, "crm"),
            (RecordType::HRSignal, "hrSignal"),
            (RecordType::DLPEndpoint, "dlpEndpoint"),
            (RecordType::MIPLabel, "mipLabel"),
            (RecordType::AeD, "aeD"),
            (RecordType::ComplianceDLPSharePoint, "complianceDLPSharePoint"),
            (RecordType::PowerBIAudit, "powerBIAudit"),
            (RecordType::SkypeForBusinessPSTNUsage, "skypeForBusinessPSTNUsage"),
            (RecordType::VivaEngage, "yammer"),
            (RecordType::VivaInsights, "workplaceAnalytics"),
        ] {
            assert_eq!(of_record_type(record_type).as_deref(), Some(name));
        }
        let project = RecordType::KNOWN.iter().filter_map(|of| of_record_type(*of));
        assert!(project.into_iter().any(|name| name == "projectForTheWebTask"));
    }

    #[test]
    fn every_name_leads_back() {
        for known in RecordType::KNOWN {
            let name = of_record_type(*known).unwrap();
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert_eq!(record_type(&name), Some(*known), "{name}");
        }
        assert_eq!((record_type("syntheticProbe"), of_record_type(RecordType(99_999))), (None, None));
        assert_eq!(user_type("dcAdmin"), Some(UserType::DcAdmin));
    }
}
