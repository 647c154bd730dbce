//! What the generator of the language faces reads.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::{Call, ColumnListing, Fetch, Listing, entries};
use crate::ClientOptions;
use crate::audit::ColumnBatch;
use crate::cloud::{Cloud, CustomCloud};
use crate::download::Saved;
use crate::error::ErrorKind;
use crate::identity::{
    AuthorizationCode, AzureCli, BrowserSignIn, Callback, ClientCertificate, ClientSecret, DefaultCredential,
    DeviceCode, DeviceCodePrompt, ManagedIdentity, OnBehalfOf, RefreshToken, SignIn, StaticToken,
    WorkloadIdentity,
};
use crate::page::{Report, Warning};

/// The whole API, as JSON Schema.
#[derive(Debug)]
pub struct Description {
    /// The operations, in the order of the documentation.
    pub operations: Vec<OperationDescription>,
    /// The options of a client, without tenant, credential and cloud.
    pub options: Schema,
    /// The credentials: the tag that tells them apart, and their fields.
    pub credentials: Vec<(&'static str, Schema)>,
    /// The ways for a user to sign in before there is a credential: their names, and their fields.
    pub sign_ins: Vec<(&'static str, Schema)>,
    /// The hosts of a custom cloud.
    pub custom_cloud: Schema,
    /// The clouds with a name of their own, and their docs.
    pub clouds: &'static [(&'static str, &'static str)],
    /// The error kinds and their docs.
    pub error_kinds: Vec<(&'static str, &'static str)>,
    /// The types that the others refer to, by name.
    pub definitions: Map<String, Value>,
}

/// One operation.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of an operation")]
pub struct OperationDescription {
    /// Such as `audit.list_content`.
    pub name: &'static str,
    /// Whether it gives pages.
    pub pages: bool,
    /// Whether those pages are a feed.
    pub feed: bool,
    /// Whether it keeps its position when it is told that what it handed out is safe.
    pub commits: bool,
    /// Whether callers want it done and not its pages.
    pub runs: bool,
    /// Whether it gives Arrow record batches to languages that take them.
    pub columns: bool,
    /// Whether it gives bytes, which come piece by piece.
    pub bytes: bool,
    /// Whether bytes may travel beside the arguments.
    pub payload: bool,
    /// The arguments, with the operation's docs.
    pub request: Schema,
    /// The result, or the item of a page; of bytes what is said of them when they have been saved.
    pub result: Schema,
}

/// Describes every operation and type.
pub fn describe() -> Description {
    let generator = &mut SchemaSettings::draft2020_12().into_generator();
    let operations = entries().map(|entry| (entry.describe)(generator)).collect();
    let options = ClientOptions::json_schema(generator);
    let credentials = vec![
        ("client_secret", ClientSecret::json_schema(generator)),
        ("client_certificate", ClientCertificate::json_schema(generator)),
        ("workload_identity", WorkloadIdentity::json_schema(generator)),
        ("managed_identity", ManagedIdentity::json_schema(generator)),
        ("device_code", DeviceCode::json_schema(generator)),
        ("authorization_code", AuthorizationCode::json_schema(generator)),
        ("refresh_token", RefreshToken::json_schema(generator)),
        ("on_behalf_of", OnBehalfOf::json_schema(generator)),
        ("azure_cli", AzureCli::json_schema(generator)),
        ("default_credential", DefaultCredential::json_schema(generator)),
        ("static_token", StaticToken::json_schema(generator)),
        ("callback", Callback::json_schema(generator)),
    ];
    let sign_ins = vec![
        ("sign_in", SignIn::json_schema(generator)),
        ("browser_sign_in", BrowserSignIn::json_schema(generator)),
    ];
    let custom_cloud = CustomCloud::json_schema(generator);
    generator.subschema_for::<DeviceCodePrompt>();
    generator.subschema_for::<Warning>();
    generator.subschema_for::<Report>();
    Description {
        operations,
        options,
        credentials,
        sign_ins,
        custom_cloud,
        clouds: Cloud::NAMED,
        error_kinds: ErrorKind::ALL.iter().map(|kind| (kind.as_str(), kind.doc())).collect(),
        definitions: generator.take_definitions(true),
    }
}

pub(super) fn call<O>(generator: &mut SchemaGenerator) -> OperationDescription
where
    O: Call + JsonSchema,
    O::Output: JsonSchema,
{
    OperationDescription {
        name: O::NAME,
        pages: false,
        feed: false,
        commits: false,
        runs: false,
        columns: false,
        bytes: false,
        payload: O::TAKES_PAYLOAD,
        request: O::json_schema(generator),
        result: generator.subschema_for::<O::Output>(),
    }
}

pub(super) fn listing<O>(generator: &mut SchemaGenerator) -> OperationDescription
where
    O: Listing + JsonSchema,
    O::Item: JsonSchema,
{
    OperationDescription {
        name: O::NAME,
        pages: true,
        feed: O::IS_FEED,
        commits: O::COMMITS,
        runs: O::RUNS,
        columns: false,
        bytes: false,
        payload: false,
        request: O::json_schema(generator),
        result: generator.subschema_for::<O::Item>(),
    }
}

pub(super) fn columns<O>(generator: &mut SchemaGenerator) -> OperationDescription
where
    O: ColumnListing + JsonSchema,
{
    OperationDescription {
        name: O::NAME,
        pages: true,
        feed: true,
        commits: false,
        runs: false,
        columns: true,
        bytes: false,
        payload: false,
        request: O::json_schema(generator),
        result: generator.subschema_for::<ColumnBatch>(),
    }
}

pub(super) fn bytes<O>(generator: &mut SchemaGenerator) -> OperationDescription
where
    O: Fetch + JsonSchema,
{
    OperationDescription {
        name: O::NAME,
        pages: false,
        feed: false,
        commits: false,
        runs: false,
        columns: false,
        bytes: true,
        payload: false,
        request: O::json_schema(generator),
        result: generator.subschema_for::<Saved>(),
    }
}
