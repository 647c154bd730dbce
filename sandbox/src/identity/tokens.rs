//! Access tokens: what is in them, and which still live.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::jwt;
use super::keys::Keys;
use crate::clock::SECOND;
use crate::config::User;
use crate::random::{guid, hash_text};
use crate::tenant::{Urls, locked};

/// Every access token that was given out.
pub(crate) struct Tokens {
    keys: &'static Keys,
    issued: AtomicU64,
    grants: Mutex<HashMap<String, Arc<Grant>>>,
    /// What tokens must be newer than.
    floors: Mutex<Vec<Floor>>,
}

/// What a token allows.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The how many-th token it is, from 1; the ledger names tokens by it.
    pub(crate) number: u64,
    pub(crate) audience: Audience,
    /// The API as it was asked for.
    pub(crate) resource: String,
    pub(crate) tenant: String,
    pub(crate) app: String,
    /// Roles of the application, or scopes if there is a user.
    pub(crate) roles: Vec<String>,
    pub(crate) user: Option<User>,
    pub(crate) expires: i64,
    /// Whether the client said that it understands challenges.
    capable: bool,
    /// The `nbf` that the client was challenged with.
    since: Option<i64>,
    expired: AtomicBool,
    /// The `nbf` of the challenge it is answered with, once it is revoked.
    revoked: AtomicI64,
}

/// Tokens that are refused until a challenge was answered.
struct Floor {
    since: i64,
    whose: Whose,
}

/// Whose tokens are meant; what is left out may be anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whose {
    pub(crate) user: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) number: Option<u64>,
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is unknown, expired or revoked, and that is all there is to say.
    Dead,
    /// Another one with these claims (JSON) would be taken.
    Challenged(String),
}

/// Which API a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The management API, and what else is on the main host.
    Management,
    Graph,
    /// The Discovery Service.
    Discovery,
    /// Something this sandbox does not have.
    Other,
}

/// What a token is issued for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// As it was asked for; becomes the claim `aud`.
    pub(crate) resource: String,
    pub(crate) tenant: String,
    pub(crate) app: String,
    /// Roles of the application, or scopes if there is a user.
    pub(crate) roles: Vec<String>,
    /// Seconds.
    pub(crate) lifetime: i64,
    /// Whom the token speaks for, if not for the application alone.
    pub(crate) user: Option<User>,
    /// The id of who the token is about. Default: made from the application or the user.
    pub(crate) object: Option<String>,
    /// How the client authenticated: 0 not at all, 1 with a secret, 2 with a certificate.
    pub(crate) strength: u8,
    pub(crate) capable: bool,
    pub(crate) since: Option<i64>,
    /// The id of the managed identity as a resource.
    pub(crate) machine: Option<String>,
    /// Whether the claims are those of version 2.
    pub(crate) second: bool,
}

impl Audience {
    /// The API behind a resource. The names that the real clouds have are understood too, for clients that cannot be
    /// told another.
    pub(crate) fn of(resource: &str, urls: &Urls) -> Option<Self> {
        const MANAGEMENT: [&str; 5] = [
            "https://manage.office.com",
            "https://manage-gcc.office.com",
            "https://manage.office365.us",
            "https://manage.protection.apps.mil",
            "https://manage.office365.cn",
        ];
        const GRAPH: [&str; 5] = [
            "https://graph.microsoft.com",
            "https://graph.microsoft.us",
            "https://dod-graph.microsoft.us",
            "https://microsoftgraph.chinacloudapi.cn",
            "00000003-0000-0000-c000-000000000000",
        ];
        // It was registered with its slash, and only so.
        if resource == format!("{}/discovery/", urls.main) || resource == "https://api.office.com/discovery/"
        {
            return Some(Self::Discovery);
        }
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        let is = |name: &str| name.eq_ignore_ascii_case(resource);
        if is(&urls.main) || MANAGEMENT.into_iter().any(is) {
            Some(Self::Management)
        } else if is(&urls.graph) || GRAPH.into_iter().any(is) {
            Some(Self::Graph)
        } else {
            None
        }
    }
}

impl Tokens {
    /// None yet.
    pub(crate) fn new(keys: &'static Keys) -> Self {
        Self { keys, issued: AtomicU64::new(0), grants: Mutex::default(), floors: Mutex::default() }
    }

    /// Gives out a token.
    pub(crate) fn issue(&self, wish: &Wish, urls: &Urls, seed: u64, now: i64) -> String {
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let expires = now + wish.lifetime * SECOND;
        let token = jwt::sign(&self.keys.authority, &claims(wish, urls, seed, number, now));
        let grant = Grant {
            number,
            audience: Audience::of(&wish.resource, urls).unwrap_or(Audience::Other),
            resource: wish.resource.clone(),
            tenant: wish.tenant.clone(),
            app: wish.app.clone(),
            roles: wish.roles.clone(),
            user: wish.user.clone(),
            expires,
            capable: wish.capable,
            since: wish.since,
            expired: AtomicBool::new(false),
            revoked: AtomicI64::new(0),
        };
        locked(&self.grants).insert(token.clone(), Arc::new(grant));
        token
    }

    /// What a token allows, while it lives.
    pub(crate) fn check(&self, token: &str, now: i64) -> Result<Arc<Grant>, Denied> {
        let grant = self.find(token).ok_or(Denied::Dead)?;
        if now >= grant.expires || grant.expired.load(Ordering::SeqCst) {
            return Err(Denied::Dead);
        }
        let revoked = Some(grant.revoked.load(Ordering::SeqCst)).filter(|&since| since > 0);
        let floor = locked(&self.floors)
            .iter()
            .filter(|floor| {
                floor.whose.means(&grant)
                    && grant.capable
                    && grant.since.is_none_or(|since| since < floor.since)
            })
            .map(|floor| floor.since)
            .max();
        match revoked.or(floor) {
            None => Ok(grant),
            Some(since) if grant.capable => Err(Denied::Challenged(
                json!({"access_token": {"nbf": {"essential": true, "value": since.to_string()}}}).to_string(),
            )),
            Some(_) => Err(Denied::Dead),
        }
    }

    /// What a token allows, dead or alive.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Grant>> {
        locked(&self.grants).get(token).cloned()
    }

    /// The number of a token, dead or alive.
    pub(crate) fn number(&self, token: &str) -> Option<u64> {
        locked(&self.grants).get(token).map(|grant| grant.number)
    }

    /// How many were given out.
    pub(crate) fn count(&self) -> u64 {
        self.issued.load(Ordering::SeqCst)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        locked(&self.grants).keys().cloned().collect()
    }

    /// Ends the life of one token.
    pub(crate) fn expire(&self, token: &str) {
        if let Some(grant) = locked(&self.grants).get(token) {
            grant.expired.store(true, Ordering::SeqCst);
        }
    }

    /// Ends the life of all tokens.
    pub(crate) fn expire_all(&self) {
        for grant in locked(&self.grants).values() {
            grant.expired.store(true, Ordering::SeqCst);
        }
    }

    /// Revokes tokens and gives how many. With `insist`, later ones are refused too until a client shows that it has
    /// read the challenge.
    pub(crate) fn revoke(&self, whose: &Whose, now: i64, insist: bool) -> usize {
        // The next second: the challenge asks for tokens that are newer than all there are.
        let since = now / SECOND + 1;
        let mut revoked = 0;
        for grant in locked(&self.grants).values().filter(|grant| whose.means(grant)) {
            grant.revoked.store(since, Ordering::SeqCst);
            revoked += 1;
        }
        if insist {
            locked(&self.floors).push(Floor { since, whose: whose.clone() });
        }
        revoked
    }

    /// No longer refuses what was revoked with insistence.
    pub(crate) fn relent(&self) {
        locked(&self.floors).clear();
    }
}

impl Whose {
    fn means(&self, grant: &Grant) -> bool {
        let user = grant.user.as_ref().map(|user| user.name.as_str());
        self.number.is_none_or(|number| number == grant.number)
            && self.app.as_ref().is_none_or(|app| app.eq_ignore_ascii_case(&grant.app))
            && self.user.as_ref().is_none_or(|name| user.is_some_and(|user| user.eq_ignore_ascii_case(name)))
    }
}

/// The challenge header of a resource, with the claims that a new token must have (identity, 8).
pub(crate) fn challenge(urls: &Urls, claims: &str) -> String {
    format!(
        "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
        urls.main,
        BASE64_STANDARD.encode(claims)
    )
}

fn claims(wish: &Wish, urls: &Urls, seed: u64, number: u64, now: i64) -> Value {
    let issuer = if wish.second {
        format!("{}/{}/v2.0", urls.main, wish.tenant)
    } else {
        format!("https://sts.windows.net/{}/", wish.tenant)
    };
    let object = wish.object.clone().unwrap_or_else(|| match &wish.user {
        Some(user) => super::registry::object_id(seed, user),
        None => guid(hash_text(7, &wish.app)),
    });
    let mut claims = json!({
        "aud": wish.resource,
        "iss": issuer,
        "iat": now / SECOND,
        "nbf": now / SECOND,
        "exp": now / SECOND + wish.lifetime,
        "idp": format!("https://sts.windows.net/{}/", wish.tenant),
        "oid": object,
        "sub": object,
        "tid": wish.tenant,
        "uti": format!("m365kit{number:012}"),
        "ver": if wish.second { "2.0" } else { "1.0" },
    });
    let (app, strength) = if wish.second { ("azp", "azpacr") } else { ("appid", "appidacr") };
    claims[app] = json!(wish.app);
    claims[strength] = json!(wish.strength.to_string());
    if let Some(user) = &wish.user {
        claims["scp"] = json!(wish.roles.join(" "));
        claims["name"] = json!(user.display_name);
        claims[if wish.second { "preferred_username" } else { "upn" }] = json!(user.name);
    } else {
        claims["roles"] = json!(wish.roles);
        claims["idtyp"] = json!("app");
    }
    if wish.capable {
        claims["xms_cc"] = json!(["cp1"]);
    }
    if let Some(machine) = &wish.machine {
        claims["xms_mirid"] = json!(machine);
    }
    claims
}
