//! Sign-in in a browser: authorization codes, and their redemption (identity, 5.5).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::Method;
use hyper::header::ORIGIN;

use super::certificate::sha256;
use super::client::{Proof, need};
use super::pages;
use super::redirect::{Kind, Parameters, Return, kind_of};
use super::refresh::Lease;
use super::refusal::{Refused, missing, numbered, refused, unknown_app};
use super::registry::id;
use super::request::{Claims, Request, Segment, Version};
use super::sign_in::Session;
use super::target::Wanted;
use super::token_endpoint::{Granted, for_user, of_one_api};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{DAY, SECOND};
use crate::config::{App, SignIn};
use crate::random::{guid, hash_text};
use crate::tenant::Tenant;

/// An authorization code that was given out.
pub(crate) struct Code {
    client: String,
    session: Session,
    wanted: Wanted,
    /// The tenant segment it was given out by.
    directory: String,
    redirect_uri: String,
    kind: Kind,
    challenge: Option<Challenge>,
    expires: i64,
    redeemed: bool,
}

/// What the verifier must fit.
#[derive(Clone)]
struct Challenge {
    value: String,
    /// Whether it is a hash of the verifier and not the verifier itself.
    hashed: bool,
}

/// Answers a browser at the authorize endpoint.
pub(super) fn answer(tenant: &Tenant, call: &Call, directory: &str, version: Version) -> Answer {
    let parameters = Parameters::of(call);
    let client = parameters.get("client_id").unwrap_or_default();
    let known = Segment::read(tenant, directory).and_then(|segment| {
        let app = tenant.identity.app(client).ok_or_else(|| unknown_app(client, directory))?;
        segment.check(&app)?;
        Ok((app, segment))
    });
    let (app, segment) = match known {
        Ok(known) => known,
        Err(refusal) => return pages::error(tenant, call, &refusal),
    };
    let uri = parameters.get("redirect_uri").unwrap_or_default();
    // Whoever is not known to listen there is sent nothing, not even an error.
    let Some(kind) = kind_of(&app, uri) else {
        let refusal = numbered(50_011).because(format!("'{uri}' is not registered for '{}'.", id(&app)));
        return pages::error(tenant, call, &refusal);
    };
    let back = match Return::new(uri, &parameters) {
        Ok(back) => back,
        Err(refusal) => return pages::error(tenant, call, &refusal),
    };
    let visit = Visit { tenant, call, directory, segment, version, app: &app, kind, parameters: &parameters };
    match visit.outcome() {
        Ok(Outcome::Ask) => pages::sign_in(tenant, call, &app, &parameters),
        Ok(Outcome::Code(pairs)) => back.send(&pairs),
        Err(refusal) => back.refuse(tenant, &refusal),
    }
}

/// Refuses a sign-in, whatever it asks for.
pub(super) fn refuse(tenant: &Tenant, call: &Call, refusal: &Refused) -> Answer {
    let parameters = Parameters::of(call);
    let app = tenant.identity.app(parameters.get("client_id").unwrap_or_default());
    let uri = parameters.get("redirect_uri").unwrap_or_default();
    let registered = app.is_some_and(|app| kind_of(&app, uri).is_some());
    match Return::new(uri, &parameters) {
        Ok(back) if registered => back.refuse(tenant, refusal),
        _ => pages::error(tenant, call, refusal),
    }
}

/// A request of a browser whose redirect address is known to be good.
struct Visit<'a> {
    tenant: &'a Tenant,
    call: &'a Call,
    directory: &'a str,
    segment: Segment,
    version: Version,
    app: &'a App,
    kind: Kind,
    parameters: &'a Parameters,
}

enum Outcome {
    /// A page asks who it is, and whether they agree.
    Ask,
    /// What is sent back.
    Code(Vec<(&'static str, String)>),
}

impl Visit<'_> {
    fn outcome(&self) -> Result<Outcome, Refused> {
        let Self { tenant, parameters, .. } = *self;
        match parameters.get("response_type") {
            Some("code") => {}
            Some(other) => {
                let text = format!("'{other}' is not a supported value of 'response_type'.");
                return Err(refused("unsupported_response_type", 700_051, text));
            }
            None => return Err(missing("response_type")),
        }
        let challenge = self.challenge()?;
        let wanted = self.wanted()?;
        let claims = parameters.get("claims").map_or(Ok(Claims::default()), Claims::read)?;
        let behaviour = tenant.identity.behaviour();
        let silent = parameters.get("prompt") == Some("none");
        let decided = if self.call.method == Method::POST { parameters.get("decision") } else { None };
        match (behaviour.authorize, decided) {
            (SignIn::Refuse, _) => return Err(Self::refusal(&behaviour.authorize_error)),
            (_, Some("decline")) => return Err(numbered(65_004)),
            (SignIn::Form, None) if silent => return Err(numbered(50_058)),
            (SignIn::Form, None) => return Ok(Outcome::Ask),
            _ => {}
        }
        if !self.app.consented && silent {
            let mut refusal = numbered(65_001);
            refusal.error = "consent_required".into();
            return Err(refusal);
        }
        let name = parameters.get("user").or_else(|| parameters.get("login_hint"));
        let mut book = tenant.identity.book();
        let mut session =
            Session::start(tenant, &book, self.segment, name).ok_or_else(|| numbered(50_058))?;
        if !self.app.consented
            && let Some(app) = book.apps.iter_mut().find(|app| id(app) == id(self.app))
        {
            // Whoever signed in has agreed.
            app.consented = true;
        }
        session.nonce = parameters.get("nonce").map(str::to_owned);
        session.claims = claims;
        let code = book.secret("code", 48);
        let client_info = (parameters.get("client_info") == Some("1")).then(|| session.client_info(tenant));
        let now = tenant.clock.now();
        book.codes.retain(|_, code| now < code.expires + DAY);
        book.codes.insert(
            code.clone(),
            Code {
                client: id(self.app).to_owned(),
                session,
                wanted,
                directory: self.directory.to_ascii_lowercase(),
                redirect_uri: parameters.get("redirect_uri").unwrap_or_default().to_owned(),
                kind: self.kind,
                challenge,
                expires: now + behaviour.code_lifetime * SECOND,
                redeemed: false,
            },
        );
        let mut pairs = vec![("session_state", guid(hash_text(5, &code))), ("code", code)];
        pairs.extend(client_info.map(|info| ("client_info", info)));
        Ok(Outcome::Code(pairs))
    }

    fn challenge(&self) -> Result<Option<Challenge>, Refused> {
        let Some(value) = self.parameters.get("code_challenge") else {
            let needed = self.kind == Kind::Page || self.tenant.identity.behaviour().require_pkce;
            return if needed { Err(missing("code_challenge")) } else { Ok(None) };
        };
        let hashed = match self.parameters.get("code_challenge_method") {
            Some("S256") => true,
            None | Some("plain") => false,
            Some(other) => {
                return Err(numbered(50_147).because(format!("The method '{other}' is not supported.")));
            }
        };
        if !(43..=128).contains(&value.len()) {
            let mut refusal = numbered(50_147);
            refusal.error = "invalid_request".into();
            return Err(refusal);
        }
        Ok(Some(Challenge { value: value.to_owned(), hashed }))
    }

    fn wanted(&self) -> Result<Wanted, Refused> {
        let Self { tenant, parameters, .. } = *self;
        match (self.version, parameters.get("resource"), parameters.get("scope")) {
            (Version::V2, Some(_), _) => Err(numbered(901_002)),
            (Version::V2, None, None) => Err(missing("scope")),
            (Version::V2, None, Some(scope)) => Wanted::scopes(tenant, scope),
            (Version::V1, resource, _) => Wanted::resource(tenant, resource.unwrap_or(&tenant.urls.graph)),
        }
    }

    /// What a browser is sent back with when sign-ins are to be refused.
    fn refusal(error: &str) -> Refused {
        let mut refusal = match error {
            "login_required" => numbered(50_058),
            "interaction_required" => numbered(50_076),
            "consent_required" => numbered(65_001),
            "temporarily_unavailable" | "server_error" => numbered(90_033),
            "unauthorized_client" => numbered(70_001),
            "invalid_resource" => numbered(500_011),
            "access_denied" => numbered(65_004),
            _ => numbered(9_002_313),
        };
        refusal.error = error.to_owned().into();
        refusal
    }
}

/// Redeems an authorization code.
pub(super) fn redeem(request: &Request<'_>, app: &App, proof: Proof) -> Result<Granted, Refused> {
    let tenant = request.tenant;
    let shown = request.required("code")?;
    let uri = request.required("redirect_uri")?;
    let verifier = request.field("code_verifier");
    let asked = of_one_api(request.wanted()?)?;
    let (session, mut wanted, kind) = {
        let mut book = tenant.identity.book();
        book.disclose("code_verifier", verifier.unwrap_or_default());
        let code =
            book.codes.get_mut(shown).ok_or_else(|| numbered(70_000).because("The code is not known."))?;
        code.check(request, app, uri, proof)?;
        check_verifier(code.challenge.as_ref(), verifier)?;
        code.redeemed = true;
        (code.session.clone(), code.wanted.clone(), code.kind)
    };
    // A redemption may narrow what was asked for, down to one API.
    if !asked.apis.is_empty() {
        wanted.apis = asked.apis;
    }
    let page = (kind == Kind::Page).then(|| tenant.clock.now());
    let lease = wanted.has("offline_access").then_some(Lease { confidential: kind == Kind::Server, page });
    for_user(request, app, proof, session, &wanted, lease)
}

impl Code {
    fn check(&self, request: &Request<'_>, app: &App, uri: &str, proof: Proof) -> Result<(), Refused> {
        let now = request.tenant.clock.now();
        if !self.client.eq_ignore_ascii_case(id(app)) {
            return Err(numbered(70_000).because("The code was given to another application."));
        }
        let directory = request.directory.to_ascii_lowercase();
        let own = |name: &str| matches!(Segment::read(request.tenant, name), Ok(Segment::Own));
        if self.directory != directory && !(own(&self.directory) && own(&directory)) {
            return Err(numbered(700_005));
        }
        if self.redeemed {
            return Err(numbered(54_005));
        }
        if now >= self.expires {
            return Err(numbered(70_008));
        }
        if self.redirect_uri != uri {
            return Err(numbered(500_112).because(format!("'{uri}' is not '{}'.", self.redirect_uri)));
        }
        match (self.kind, proof) {
            (Kind::Server, proof) => need(proof),
            (Kind::Page, Proof::None) => {
                if request.call.header(&ORIGIN).is_some() {
                    Ok(())
                } else {
                    Err(numbered(9_002_327))
                }
            }
            (_, Proof::None) if app.public_client => Ok(()),
            (_, Proof::None) => Err(numbered(7_000_218)),
            (Kind::Program | Kind::Page, _) => Err(numbered(700_025)),
        }
    }
}

fn check_verifier(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), Refused> {
    let (Some(challenge), Some(verifier)) = (challenge, verifier) else {
        return match (challenge, verifier) {
            (Some(_), None) => Err(numbered(50_147)),
            (None, Some(_)) => Err(numbered(501_481).because("There was no code challenge.")),
            _ => Ok(()),
        };
    };
    let shown = if challenge.hashed {
        BASE64_URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
    } else {
        verifier.to_owned()
    };
    if shown == challenge.value { Ok(()) } else { Err(numbered(501_481)) }
}
