//! The challenge of the Arc agent: who can read a file of its directory may have a token (identity, 5.4).

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::AUTHORIZATION;

use crate::call::Call;
use crate::config::ArcChallenge;
use crate::random::{guid, hash, salt};
use crate::tenant::Tenant;

/// What a request shows of a challenge's key.
pub(super) enum Shown {
    Right,
    /// Nothing yet; the header that challenges it.
    Nothing(String),
    Wrong,
}

/// Checks a request, or challenges it with a new key file.
pub(super) fn check(tenant: &Tenant, call: &Call) -> Shown {
    let Some(shown) = call.header(&AUTHORIZATION) else { return Shown::Nothing(challenge(tenant)) };
    let Some(key) = shown.strip_prefix("Basic ") else { return Shown::Wrong };
    // A key opens once.
    if tenant.identity.book().arc_keys.remove(key.trim()) { Shown::Right } else { Shown::Wrong }
}

/// Where key files are written.
pub(crate) fn directory(tenant: &Tenant) -> PathBuf {
    if let Some(path) = &tenant.identity.managed.arc_directory {
        return PathBuf::from(path);
    }
    program_data(tenant).join("AzureConnectedMachineAgent").join("Tokens")
}

/// The folder that stands for `ProgramData`, below which the agent of Windows has its keys.
pub(crate) fn program_data(tenant: &Tenant) -> PathBuf {
    // The port makes it that of this sandbox alone.
    let port = tenant.urls.main.rsplit(':').next().unwrap_or_default();
    std::env::temp_dir().join(format!("m365kit-sandbox-arc-{port}"))
}

/// Takes away the key files that were written, and the directory if it is the sandbox's own.
pub(crate) fn clean(tenant: &Tenant) {
    for file in tenant.identity.book().arc_files.drain(..) {
        // Whoever has taken it away already has done what is to be done.
        let _ = fs::remove_file(file);
    }
    if tenant.identity.managed.arc_directory.is_none() {
        let _ = fs::remove_dir_all(program_data(tenant));
    }
}

fn challenge(tenant: &Tenant) -> String {
    let kind = tenant.identity.managed.arc_challenge;
    let name = guid(hash(&[tenant.config.seed, salt("arc"), tenant.next_request()]));
    let own = directory(tenant);
    let (place, length) = match kind {
        ArcChallenge::File => (own, 32),
        ArcChallenge::Large => (own, 4_096),
        ArcChallenge::Foreign => (own.join("elsewhere"), 32),
        ArcChallenge::Absent => return "Basic".into(),
    };
    let path = place.join(format!("{name}.key"));
    let mut book = tenant.identity.book();
    let key = BASE64_STANDARD.encode(book.secret("arc_key", length));
    // A client that cannot read the file says so; there is nobody else to tell.
    if fs::create_dir_all(&place).is_ok() && fs::write(&path, &key).is_ok() {
        book.arc_files.push(path.clone());
    }
    book.disclose("arc_key", &key);
    book.arc_keys.insert(key);
    format!("Basic realm={}", path.display())
}
