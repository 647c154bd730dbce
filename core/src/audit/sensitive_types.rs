//! The names of the sensitive information types that DLP records refer to by id.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};

use super::route::Route;
use super::subscriptions::read;
use crate::Client;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, Result};

/// A sensitive information type and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SensitiveType {
    /// The id that records carry.
    pub id: String,
    /// The name, in the language that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Lists the names of the sensitive information types that DLP records refer to by id.
///
/// Source: "Office 365 Management Activity API reference", Retrieve resource friendly names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListSensitiveTypes {
    /// One language, such as `de-DE`. Default: `en-US`.
    #[serde(default)]
    pub language: Option<String>,
}

impl Operation for ListSensitiveTypes {
    const NAME: &'static str = "audit.list_sensitive_types";
}

impl Call for ListSensitiveTypes {
    type Output = Vec<SensitiveType>;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Vec<SensitiveType>> {
        // The service's own sample ends with an empty object.
        #[derive(Deserialize)]
        struct Row {
            id: Option<String>,
            name: Option<String>,
        }

        let language = self.language.as_deref().unwrap_or("en-US");
        let header = language_header(language)?;
        let request = Route::of(&client)
            .await?
            .operation(Method::GET, "resources/dlpSensitiveTypes", &[])
            .header("accept-language", header);
        let rows = client.corridor().exchange(&request, read::<Vec<Row>>).await?;
        Ok(rows.into_iter().filter_map(|row| Some(SensitiveType { id: row.id?, name: row.name })).collect())
    }
}

fn language_header(language: &str) -> Result<HeaderValue> {
    let well_formed = language
        .split('-')
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    well_formed
        .then(|| HeaderValue::from_str(language).ok())
        .flatten()
        .ok_or_else(|| Error::invalid(format!("language {language:?} is not one language such as en-US")))
}
