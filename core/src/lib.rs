//! Microsoft 365 APIs that audit, watch, find and use a tenant.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use futures::TryStreamExt;
//! use m365kit::audit::ContentType;
//! use m365kit::{Client, ClientSecret};
//!
//! # async fn example(client_id: String, secret: String) -> m365kit::Result<()> {
//! let client = Client::builder("contoso.onmicrosoft.com")
//!     .credential(ClientSecret::new(client_id, secret))
//!     .build()?;
//! let mut records = client.audit().records([ContentType::Exchange]).last(Duration::from_secs(86_400)).stream();
//! while let Some(record) = records.try_next().await? {
//!     println!("{:?} {:?}", record.creation_time(), record.operation());
//! }
//! # Ok(())
//! # }
//! ```

pub mod audit;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench {
    //! For `benches/core`.

    pub use crate::audit::bench::{fields, lines, places, records};
}
mod client;
mod cloud;
pub mod discovery;
pub mod dispatch;
mod download;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
pub mod identity;
mod interval;
mod lenient;
#[cfg(feature = "logs")]
pub mod logs;
mod masked;
pub mod odata;
mod open_enum;
mod page;
mod request;
pub mod service_health;
mod whole_file;
mod wire;

pub use client::{Client, ClientBuilder, ClientOptions};
pub use cloud::{Cloud, CustomCloud, Service};
pub use download::{Download, FetchBytes, Save, Saved};
pub use error::{Error, ErrorKind, Place, Result, SignInRefusal};
pub use identity::{
    AccessToken, AuthorizationCode, AzureCli, BrowserSignIn, Callback, ClientCertificate, ClientSecret,
    Credential, DefaultCredential, DeviceCode, ManagedIdentity, OnBehalfOf, RefreshToken, SignIn,
    StaticToken, TokenCache, WorkloadIdentity,
};
pub use interval::Interval;
pub use page::{Committer, Page, Paged, QueryStatus, Report, Warning, WarningCode};
pub use request::{AnswerBody, SendRequest};
/// What secrets are given and kept in.
pub use secrecy::{ExposeSecret, SecretSlice, SecretString};
pub use wire::Wire;
