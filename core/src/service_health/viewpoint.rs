//! What a user does with messages: read, put away, mark as favorites.

use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::graph::API;
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::token_claims;
use crate::odata::{Query, Segment};
use crate::wire::Wire;

/// How many messages go into one request; the service names no limit.
const AT_ONCE: usize = 100;

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $request:ident = $action:literal;)+) => {
        $($(#[doc = $doc])+
        ///
        /// The viewpoint is that of the signed-in user: an application that signs in as itself has none, and is refused
        /// before anything is sent. Needs the permission `ServiceMessageViewpoint.Write`. Doing it twice does no harm.
        /// More than 100 messages go in several requests; where one fails, the error's message says how many were done.
        ///
        #[doc = concat!("Source: \"serviceUpdateMessage: ", $action, "\", Microsoft Graph.")]
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $request {
            /// The ids of the messages, such as `MC900002`.
            pub message_ids: Vec<String>,
        }

        impl Call for $request {
            type Output = ();

            async fn send(self, client: Client, _: Option<Bytes>) -> Result<()> {
                act(&client, Self::NAME, $action, &self.message_ids).await
            }
        })+
    };
}

actions! {
    /// Marks messages as read.
    MarkMessagesRead = "markRead";
    /// Marks messages as unread.
    MarkMessagesUnread = "markUnread";
    /// Puts messages away.
    ArchiveMessages = "archive";
    /// Brings messages back that were put away.
    UnarchiveMessages = "unarchive";
    /// Marks messages as favorites.
    FavoriteMessages = "favorite";
    /// Takes the mark of a favorite from messages.
    UnfavoriteMessages = "unfavorite";
}

async fn act(client: &Client, name: &str, action: &'static str, ids: &[String]) -> Result<()> {
    client.require(&Wire::Graph, name, "")?;
    if ids.is_empty() {
        return Err(Error::invalid("message_ids is empty"));
    }
    if let Some(odd) = ids.iter().find(|id| id.trim().is_empty()) {
        return Err(Error::invalid(format!("message_ids holds the empty id {odd:?}")));
    }
    require_a_user(client).await?;
    let mut done = 0;
    for chunk in ids.chunks(AT_ONCE) {
        send(client, action, chunk).await.map_err(|error| match done {
            0 => error,
            done => {
                let message =
                    format!("{}; {done} of {} messages were done before", error.message(), ids.len());
                error.with_message(message)
            }
        })?;
        done += chunk.len();
    }
    Ok(())
}

async fn send(client: &Client, action: &'static str, ids: &[String]) -> Result<()> {
    #[derive(Deserialize)]
    struct Outcome {
        value: Option<bool>,
    }

    let segments = [Segment::Word("messages"), Segment::Word(action)];
    let body = json!({ "messageIds": ids }).to_string();
    let request = API
        .request(client, Method::POST, &segments, &Query::default())?
        .body("application/json", body)
        .repeatable();
    let outcome: Outcome = client.corridor().exchange(&request, crate::odata::value::read).await?;
    match outcome.value {
        Some(false) => {
            Err(Error::new(ErrorKind::Service, format!("the service did not {action} the messages"))
                .with_hint("It gives no reason; check that the ids are of messages that the user can see"))
        }
        _ => Ok(()),
    }
}

/// A token that can be read and names no user would only be refused.
async fn require_a_user(client: &Client) -> Result<()> {
    let corridor = client.corridor();
    let token = corridor.identity.token(corridor, &Service::Graph).await?;
    let claims = token_claims(token.secret());
    if claims.is_some_and(|claims| claims.get("scp").is_none()) {
        let message = "the token is an application's own, and a viewpoint belongs to a user";
        return Err(Error::new(ErrorKind::PermissionDenied, message).with_hint(
            "Sign in as a user: with DeviceCode, BrowserSignIn, RefreshToken or OnBehalfOf, and the permission \
             ServiceMessageViewpoint.Write",
        ));
    }
    Ok(())
}
