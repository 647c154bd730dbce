//! Friendly names of sensitive information types (management-activity, 4.9).

use hyper::StatusCode;
use hyper::header::ACCEPT_LANGUAGE;
use serde_json::{Value, json};

use super::errors::code;
use crate::answer::Answer;
use crate::call::Call;

/// Id, then the name in English, German, French and Spanish.
const TYPES: [(&str, [&str; 4]); 8] = [
    (
        "50842eb7-edc8-4019-85dd-5a5c1f2bb085",
        [
            "Credit Card Number",
            "Kreditkartennummer",
            "Numéro de carte de crédit",
            "Número de tarjeta de crédito",
        ],
    ),
    (
        "0e9b3178-9678-47dd-a509-37222ca96b42",
        [
            "EU Debit Card Number",
            "EU-Debitkartennummer",
            "Numéro de carte de débit de l’Union européenne",
            "Número de tarjeta de débito de la UE",
        ],
    ),
    (
        "a44669fe-0d48-453d-a9b1-2cc83f2cba77",
        [
            "U.S. Social Security Number (SSN)",
            "US-Sozialversicherungsnummer (SSN)",
            "Numéro de sécurité sociale des États-Unis (SSN)",
            "Número de la Seguridad Social de EE. UU. (SSN)",
        ],
    ),
    (
        "178ec42a-18b4-47cc-85c7-d62c92fd67f8",
        [
            "U.S. / U.K. Passport Number",
            "Reisepassnummer (USA/Vereinigtes Königreich)",
            "Numéro de passeport américain ou britannique",
            "Número de pasaporte de EE. UU. o Reino Unido",
        ],
    ),
    (
        "cb353f78-2b72-4c3c-8827-92ebe4f69fdf",
        ["ABA Routing Number", "ABA-Bankleitzahl", "Numéro de routage ABA", "Número de ruta ABA"],
    ),
    (
        "e7dc4711-11b7-4cb0-b88b-2c394a771f0e",
        [
            "International Banking Account Number (IBAN)",
            "Internationale Bankkontonummer (IBAN)",
            "Numéro de compte bancaire international (IBAN)",
            "Número de cuenta bancaria internacional (IBAN)",
        ],
    ),
    ("1a54a5e1-4ae2-4e9a-9b8a-0b8e1e0f9d51", ["IP Address", "IP-Adresse", "Adresse IP", "Dirección IP"]),
    ("2c4e3a77-5a0e-4d7a-86c4-0f4e9f1d6b20", ["SWIFT Code", "SWIFT-Code", "Code SWIFT", "Código SWIFT"]),
];

/// `GET /resources/dlpSensitiveTypes`
pub(super) fn list(call: &Call) -> Answer {
    let language = call.header(&ACCEPT_LANGUAGE).unwrap_or("en-US").trim();
    if language.contains(',') || language.is_empty() {
        let message = "The Accept-Language header must contain exactly one language.";
        return code(StatusCode::BAD_REQUEST, "AF20053", message);
    }
    if !well_formed(language) {
        let message = format!("The syntax of the Accept-Language header ({language}) is not valid.");
        return code(StatusCode::BAD_REQUEST, "AF20054", &message);
    }
    let column = match language.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "de" => 1,
        "fr" => 2,
        "es" => 3,
        // The service answers in English for what it has no names in.
        _ => 0,
    };
    let mut types: Vec<Value> =
        TYPES.iter().map(|(id, names)| json!({"id": id, "name": names[column]})).collect();
    // The service's own list ends with an empty object.
    types.push(json!({}));
    Answer::json(StatusCode::OK, &types)
}

/// Subtags of letters and digits, the first of two or three letters.
fn well_formed(language: &str) -> bool {
    let mut subtags = language.split('-');
    let first = subtags.next().is_some_and(|tag| {
        (2..=3).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    first
        && subtags
            .all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
