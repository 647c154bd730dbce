//! A scenario's client: its credential, with the functions in it, and the sign-in that may have to come first.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use m365kit::dispatch::{self, Host, HostError, HostFunctions};
use m365kit::{Client, Error, ExposeSecret, SecretString, TokenCache};
use m365kit_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::matching::parse;

/// The parameters of credentials that are functions, and what the core asks them for.
const FUNCTIONS: [(&str, &str); 5] = [
    ("function", "token"),
    ("display", "device_code"),
    ("assertion", "assertion"),
    ("sign", "sign"),
    ("open", "open_browser"),
];

/// The caches that the clients of a scenario share, by name.
pub(crate) type Caches = BTreeMap<String, TokenCache>;

/// Why there is no client: it was refused, or the runner could not go on.
pub(crate) enum Failure {
    Refused(Error),
    Runner(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Refused(error)
    }
}

impl From<String> for Failure {
    fn from(complaint: String) -> Self {
        Failure::Runner(complaint)
    }
}

/// Makes a client of its options, in which functions stand as what they do.
pub(crate) async fn client(
    sandbox: &Arc<Sandbox>,
    caches: &mut Caches,
    options: &Map<String, Value>,
) -> Result<Client, Failure> {
    let mut options = options.clone();
    let cache = options.remove("token_cache").map(|place| cache(caches, &place)).transpose()?;
    let mut host = Functions { sandbox: Arc::clone(sandbox), given: BTreeMap::new() };
    if let Some(credential) = options.get_mut("credential") {
        host.take(credential);
    }
    let names: Vec<&str> = host.given.keys().copied().collect();
    let functions = HostFunctions::new(Arc::new(host.clone()), names)?;
    if let Some(code) = signed_in(&options, &functions).await? {
        options.insert("credential".to_owned(), code);
    }
    let made = Client::from_json(Value::Object(options).to_string().as_bytes(), Some(&functions), cache);
    tracing::trace!(client = ?made);
    Ok(made?)
}

fn cache(caches: &mut Caches, place: &Value) -> Result<TokenCache, Error> {
    let made = || TokenCache::from_json(place.to_string().as_bytes(), None);
    match place["shared"].as_str() {
        Some(name) => Ok(caches.entry(name.to_owned()).or_default().clone()),
        None => made(),
    }
}

/// The credential that comes of a sign-in, if that is what stands in its place.
async fn signed_in(
    options: &Map<String, Value>,
    functions: &HostFunctions,
) -> Result<Option<Value>, Failure> {
    let Some(Value::Object(credential)) = options.get("credential") else { return Ok(None) };
    let mut sign_in = credential.clone();
    let kind = sign_in.remove("kind");
    let args =
        json!({"sign_in": sign_in, "tenant": options["tenant"], "cloud": options["cloud"]}).to_string();
    let fields = match kind.as_ref().and_then(Value::as_str) {
        Some("sign_in") => {
            let begun: Value = parse(&dispatch::begin_sign_in(args.as_bytes())?)?;
            let callback = visit(begun["url"].as_str().unwrap_or_default()).await?;
            let args = json!({"pending": begun["pending"], "callback": callback}).to_string();
            dispatch::finish_sign_in(args.as_bytes())?
        }
        Some("browser_sign_in") => {
            dispatch::browser_sign_in(args.as_bytes(), Some(functions.clone())).await?
        }
        _ => return Ok(None),
    };
    let mut code: Value = parse(&fields)?;
    code["kind"] = "authorization_code".into();
    code["client"] = sign_in["client"].clone();
    Ok(Some(code))
}

/// Where the sign-in page sends the browser.
async fn visit(url: &str) -> Result<String, String> {
    let stays = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().redirect(stays).build().map_err(|e| e.to_string())?;
    let answer = browser.get(url).send().await.map_err(|e| e.to_string())?;
    let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
    location.map(str::to_owned).ok_or_else(|| format!("the sign-in page answers {}", answer.status()))
}

/// What the functions of a credential do.
#[derive(Clone)]
struct Functions {
    sandbox: Arc<Sandbox>,
    given: BTreeMap<&'static str, Value>,
}

impl Functions {
    /// Takes them out of a credential and of the client in it.
    fn take(&mut self, credential: &mut Value) {
        let Value::Object(fields) = credential else { return };
        for (parameter, asked) in FUNCTIONS {
            if let Some(does) = fields.remove(parameter) {
                self.given.insert(asked, does);
            }
        }
        if let Some(client) = fields.get_mut("client") {
            self.take(client);
        }
    }

    async fn answer(&self, function: &str, question: Value) -> Result<Value, HostError> {
        let does = self.given.get(function).ok_or("no such function")?;
        let gives = |answer: Value| if function == "token" { json!({ "token": answer }) } else { answer };
        match does {
            Value::Bool(_) => Ok(Value::Null),
            Value::String(_) => Ok(gives(does.clone())),
            _ if does["browse"] == true => {
                reqwest::get(question.as_str().unwrap_or_default()).await?.error_for_status()?;
                Ok(Value::Null)
            }
            _ => match (does["error"].as_str(), does["control"].as_str()) {
                (Some(error), _) => Err(error.into()),
                (None, Some(operation)) => {
                    let mut args = if does["args"].is_object() { does["args"].clone() } else { json!({}) };
                    if let Some(member) = does["question"].as_str() {
                        args[member] = question;
                    }
                    let said = self.sandbox.control(operation, args)?;
                    Ok(does["answer"].as_str().map_or(Value::Null, |member| gives(said[member].clone())))
                }
                (None, None) => Err(format!("{does} says not what the function does").into()),
            },
        }
    }
}

impl Host for Functions {
    fn ask(
        &self,
        function: &'static str,
        question: SecretString,
    ) -> BoxFuture<'static, Result<SecretString, HostError>> {
        let functions = self.clone();
        async move {
            let question = serde_json::from_str(question.expose_secret())?;
            Ok(functions.answer(function, question).await?.to_string().into())
        }
        .boxed()
    }
}
