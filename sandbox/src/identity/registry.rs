//! What the directory knows, and what the authority remembers of those who signed in.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::authorize::Code;
use super::device::Device;
use super::keys::Keys;
use super::refresh::Refresh;
use crate::config::{App, Assigned, Behaviour, Config, Managed, Secret, Trust, User};
use crate::random::{Random, guid, hash, hash_text, salt};
use crate::tenant::{Urls, locked};

/// The directory of personal accounts (identity, 1.1).
pub(crate) const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The identity half of a tenant.
pub(crate) struct Directory {
    pub(super) keys: &'static Keys,
    pub(super) managed: Managed,
    /// What the machine's endpoints want to be shown.
    pub(super) machine_secret: String,
    book: Mutex<Book>,
}

/// What changes.
pub(crate) struct Book {
    pub(crate) behaviour: Behaviour,
    pub(crate) apps: Vec<App>,
    pub(super) users: Vec<User>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) devices: Vec<Device>,
    /// Keys that were put into files for the Arc challenge and not shown yet, and the files.
    pub(super) arc_keys: HashSet<String>,
    pub(super) arc_files: Vec<PathBuf>,
    /// Assertions that were shown: a hash of each by `iss` and `jti`, and when they end.
    pub(super) shown: HashMap<String, (Vec<u8>, i64)>,
    /// Kinds of secrets, by the secrets.
    disclosed: BTreeMap<String, &'static str>,
    random: Random,
}

impl Directory {
    /// The directory that `config` describes. The configuration has been settled.
    pub(crate) fn new(config: &Config, urls: &Urls, keys: &'static Keys) -> Self {
        let ours = config.client_id.clone().unwrap_or_default();
        let mut apps = config.identity.apps.clone();
        if !apps.iter().any(|app| is_ours(app, &ours)) {
            apps.insert(0, App::default());
        }
        for app in &mut apps {
            let default = is_ours(app, &ours);
            app.client_id.get_or_insert_with(|| ours.clone());
            if default && app.secrets.is_empty() {
                let value = config.client_secret.clone().unwrap_or_default();
                app.secrets.push(Secret { value, expires: None });
            }
            if default && app.federated.is_empty() {
                app.federated.push(usual_trust(urls));
            }
        }
        let mut managed = config.identity.managed.clone();
        if managed.user.is_empty() {
            managed.user.push(usual_identity(config));
        }
        let mut random = Random::new(hash(&[config.seed, salt("identity")]));
        let machine_secret = opaque(&mut random, 24);
        let mut book = Book {
            behaviour: config.identity.behaviour.clone(),
            users: users(config),
            apps: vec![],
            codes: HashMap::new(),
            refresh: HashMap::new(),
            devices: vec![],
            arc_keys: HashSet::new(),
            arc_files: vec![],
            shown: HashMap::new(),
            disclosed: BTreeMap::from([(machine_secret.clone(), "identity_header")]),
            random,
        };
        for app in apps {
            book.put_app(app);
        }
        Self { keys, managed, machine_secret, book: Mutex::new(book) }
    }

    /// What changes, for as long as the guard is held.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        locked(&self.book)
    }

    /// How the authority behaves now.
    pub(super) fn behaviour(&self) -> Behaviour {
        self.book().behaviour.clone()
    }

    /// The registered application with this id.
    pub(super) fn app(&self, client_id: &str) -> Option<App> {
        self.book().app(client_id).cloned()
    }
}

impl Book {
    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| id(app).eq_ignore_ascii_case(client_id))
    }

    /// Registers an application, in the place of the one with its id.
    pub(crate) fn put_app(&mut self, app: App) {
        for secret in &app.secrets {
            self.disclose("client_secret", &secret.value);
        }
        match self.apps.iter_mut().find(|known| id(known).eq_ignore_ascii_case(id(&app))) {
            Some(known) => *known = app,
            None => self.apps.push(app),
        }
    }

    /// The user with this name, or the first of the kind.
    pub(super) fn user(&self, name: Option<&str>, personal: impl Fn(bool) -> bool) -> Option<&User> {
        self.users
            .iter()
            .filter(|user| personal(user.personal))
            .find(|user| name.is_none_or(|name| user.name.eq_ignore_ascii_case(name)))
    }

    /// The first user of the tenant.
    pub(crate) fn first_user(&self) -> Option<&User> {
        self.user(None, |personal| !personal)
    }

    /// The user with this name.
    pub(crate) fn find_user(&self, name: &str) -> Option<&User> {
        self.user(Some(name), |_| true)
    }

    /// A text that nobody guesses, noted as a secret of this kind.
    pub(super) fn secret(&mut self, kind: &'static str, bytes: usize) -> String {
        let made = opaque(&mut self.random, bytes);
        self.disclose(kind, &made);
        made
    }

    /// A code for people to type.
    pub(super) fn user_code(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..9).map(|_| char::from(LETTERS[self.random.below(LETTERS.len())])).collect()
    }

    /// Notes a secret that left the authority or came to it, so that tests can look for it where it must not be.
    pub(super) fn disclose(&mut self, kind: &'static str, value: &str) {
        if !value.is_empty() {
            self.disclosed.entry(value.to_owned()).or_insert(kind);
        }
    }

    /// All secrets but access tokens.
    pub(crate) fn disclosed(&self) -> Vec<Value> {
        self.disclosed.iter().map(|(value, kind)| json!({"kind": kind, "value": value})).collect()
    }
}

/// The id of a registered application.
pub(super) fn id(app: &App) -> &str {
    app.client_id.as_deref().unwrap_or_default()
}

/// The id of a user in their directory.
pub(super) fn object_id(seed: u64, user: &User) -> String {
    guid(hash_text(seed, &user.name))
}

fn is_ours(app: &App, ours: &str) -> bool {
    app.client_id.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(ours))
}

fn users(config: &Config) -> Vec<User> {
    if !config.identity.users.is_empty() {
        return config.identity.users.clone();
    }
    let user = |name: &str, domain: &str, display_name: &str, personal| User {
        name: format!("{name}@{domain}"),
        display_name: display_name.into(),
        personal,
    };
    vec![
        user("sadie.lund", &config.domain, "Sadie Lund", false),
        user("arne.holt", &config.domain, "Arne Holt", false),
        user("sadie.lund", "mail.example", "Sadie Lund", true),
    ]
}

fn usual_trust(urls: &Urls) -> Trust {
    Trust {
        issuer: format!("{}/federation", urls.main),
        subject: "system:serviceaccount:default:m365kit".into(),
        audience: "api://AzureADTokenExchange".into(),
    }
}

fn usual_identity(config: &Config) -> Assigned {
    let made = |part: &str| guid(hash_text(config.seed, part));
    Assigned {
        client_id: made("assigned client"),
        object_id: made("assigned object"),
        resource_id: format!(
            "/subscriptions/{}/resourcegroups/contoso/providers/Microsoft.ManagedIdentity/userAssignedIdentities/audit",
            made("subscription")
        ),
    }
}

fn opaque(random: &mut Random, bytes: usize) -> String {
    let mut made: Vec<u8> = vec![];
    while made.len() < bytes {
        made.extend_from_slice(&random.next().to_be_bytes());
    }
    made.truncate(bytes);
    BASE64_URL_SAFE_NO_PAD.encode(made)
}
