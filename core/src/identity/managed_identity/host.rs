//! Who gives the tokens here, by what the environment says; the first that fits.

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use url::form_urlencoded::Serializer;

use super::{MACHINE_PATIENCE, ManagedIdentity, PATIENCE, judge};
use crate::cloud::{require_https, require_local};
use crate::error::{Error, Result};
use crate::http::{Request, Route};
use crate::identity::ask::Ask;
use crate::identity::environment::Environment;

/// A virtual machine's own endpoint, which is nowhere else.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const ARC: &str = "http://localhost:40342/metadata/identity/oauth2/token";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ServiceFabric,
    /// App Service, Functions, Container Apps, Automation.
    AppService,
    MachineLearning,
    Arc,
    CloudShell,
    /// A virtual machine or a scale set.
    Machine,
}

/// An endpoint, and what it wants to see.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) kind: Kind,
    endpoint: Url,
    /// The name of a header, and the secret that belongs into it.
    secret: Option<(&'static str, SecretString)>,
    route: Route,
}

impl Host {
    pub(super) fn detect(environment: &Environment, arc_is_installed: bool) -> Result<Self> {
        let endpoint = environment.text("IDENTITY_ENDPOINT");
        let header = environment.text("IDENTITY_HEADER").map(SecretString::from);
        let msi = environment.text("MSI_ENDPOINT");
        let msi_secret = environment.text("MSI_SECRET").map(SecretString::from);
        let thumbprint = environment.text("IDENTITY_SERVER_THUMBPRINT");
        let host = |kind, (name, text): (&str, &str), secret, route| {
            let url =
                Url::parse(text).map_err(|e| Error::invalid(format!("{name} {text:?} is not a URL: {e}")))?;
            match &route {
                Route::Pinned(_) => require_https(name, &url)?,
                _ => require_local(name, &url)?,
            }
            Ok(Host { kind, endpoint: url, secret, route })
        };
        match (endpoint, header, thumbprint, msi, msi_secret) {
            (Some(endpoint), Some(header), Some(thumbprint), ..) => host(
                Kind::ServiceFabric,
                ("IDENTITY_ENDPOINT", &endpoint),
                Some(("secret", header)),
                Route::Pinned(read_thumbprint(&thumbprint)?),
            ),
            (Some(endpoint), Some(header), ..) => {
                let secret = Some(("x-identity-header", header));
                host(Kind::AppService, ("IDENTITY_ENDPOINT", &endpoint), secret, Route::Local)
            }
            (_, _, _, Some(msi), Some(secret)) => {
                host(Kind::MachineLearning, ("MSI_ENDPOINT", &msi), Some(("secret", secret)), Route::Local)
            }
            (Some(endpoint), ..) if environment.text("IMDS_ENDPOINT").is_some() => {
                host(Kind::Arc, ("IDENTITY_ENDPOINT", &endpoint), None, Route::Local)
            }
            _ if arc_is_installed => host(Kind::Arc, ("the Arc endpoint", ARC), None, Route::Local),
            (_, _, _, Some(msi), None) => host(Kind::CloudShell, ("MSI_ENDPOINT", &msi), None, Route::Local),
            _ => match environment.text("AZURE_POD_IDENTITY_AUTHORITY_HOST") {
                // As other libraries have it: where a stand-in answers for the machine.
                Some(other) => {
                    let full = format!("{}/metadata/identity/oauth2/token", other.trim_end_matches('/'));
                    host(Kind::Machine, ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &full), None, Route::Local)
                }
                None => host(Kind::Machine, ("the machine's endpoint", MACHINE), None, Route::Local),
            },
        }
    }

    pub(super) fn route(&self) -> Route {
        self.route.clone()
    }

    /// Refuses what this host cannot do.
    pub(super) fn check(&self, identity: &ManagedIdentity) -> Result<()> {
        let named = identity.principal() != "system";
        match self.kind {
            Kind::ServiceFabric | Kind::Arc | Kind::CloudShell if named => Err(Error::invalid(format!(
                "{:?} has one identity and takes no id: leave client_id, object_id and resource_id out",
                self.kind
            ))),
            Kind::MachineLearning if named && identity.client_id.is_none() => {
                Err(Error::invalid("Machine Learning tells its identities apart by client_id only"))
            }
            Kind::CloudShell if !identity.allow_user => Err(Error::invalid(
                "this is Cloud Shell, whose tokens are of its user and not of an application: set allow_user if that is \
                 meant",
            )),
            _ => Ok(()),
        }
    }

    /// The address with all that it is asked.
    pub(super) fn url(&self, ask: &Ask<'_>, identity: &ManagedIdentity) -> Url {
        let version = match self.kind {
            Kind::ServiceFabric => "2019-07-01-preview",
            Kind::AppService => "2019-08-01",
            Kind::MachineLearning => "2017-09-01",
            Kind::Arc => "2020-06-01",
            Kind::Machine => "2018-02-01",
            Kind::CloudShell => return self.endpoint.clone(),
        };
        let mut url = self.endpoint.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", version).append_pair("resource", ask.audience);
            let (client_id, resource_id) = match self.kind {
                Kind::MachineLearning => ("clientid", "mi_res_id"),
                Kind::AppService => ("client_id", "mi_res_id"),
                _ => ("client_id", "msi_res_id"),
            };
            for (name, value) in [
                (client_id, &identity.client_id),
                ("object_id", &identity.object_id),
                (resource_id, &identity.resource_id),
            ] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
        }
        url
    }

    pub(super) fn request(&self, ask: &Ask<'_>, identity: &ManagedIdentity) -> Result<Request> {
        let url = self.url(ask, identity);
        let patience = if self.kind == Kind::Machine { &MACHINE_PATIENCE } else { &PATIENCE };
        let method = if self.kind == Kind::CloudShell { Method::POST } else { Method::GET };
        let mut request =
            Request::new(method, url).repeatable().route(self.route()).patience(patience).judge(judge);
        if self.kind == Kind::CloudShell {
            let form = Serializer::new(String::new()).append_pair("resource", ask.audience).finish();
            request = request.body("application/x-www-form-urlencoded", form);
        }
        if matches!(self.kind, Kind::AppService | Kind::Arc | Kind::CloudShell | Kind::Machine) {
            request = request.header("metadata", HeaderValue::from_static("true"));
        }
        if let Some((name, secret)) = &self.secret {
            let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
                Error::invalid("the secret of the environment holds characters that no header may hold")
            })?;
            value.set_sensitive(true);
            request.headers.insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }
}

fn read_thumbprint(text: &str) -> Result<[u8; 20]> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let mut thumbprint = [0; 20];
    let read = digits.is_ascii()
        && digits.len() == 40
        && thumbprint.iter_mut().zip(0..).all(|(byte, at)| {
            u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map(|read| *byte = read).is_ok()
        });
    if read {
        return Ok(thumbprint);
    }
    Err(Error::invalid(format!("IDENTITY_SERVER_THUMBPRINT {text:?} is not the SHA-1 of a certificate")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(values: &[(&str, &str)], arc: bool) -> Result<Host> {
        Host::detect(&values.iter().copied().collect(), arc)
    }

    #[test]
    fn the_host_is_told_by_the_environment() {
        const ENDPOINT: (&str, &str) = ("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/token");
        const HTTPS: (&str, &str) = ("IDENTITY_ENDPOINT", "https://10.0.0.4:2377/token");
        const HEADER: (&str, &str) = ("IDENTITY_HEADER", "h");
        const THUMBPRINT: (&str, &str) =
            ("IDENTITY_SERVER_THUMBPRINT", "9701397CBCB0F2860E64DBF044B291BFE8D5DCF8");
        const MSI: (&str, &str) = ("MSI_ENDPOINT", "http://localhost:50342/oauth2/token");
        for (values, arc, kind) in [
            (&[HTTPS, HEADER, THUMBPRINT][..], false, Kind::ServiceFabric),
            (&[ENDPOINT, HEADER, MSI, ("MSI_SECRET", "s")], false, Kind::AppService),
            (&[MSI, ("MSI_SECRET", "s")], true, Kind::MachineLearning),
            (&[ENDPOINT, ("IMDS_ENDPOINT", "http://localhost:40342")], false, Kind::Arc),
            (&[], true, Kind::Arc),
            (&[MSI], false, Kind::CloudShell),
            (&[], false, Kind::Machine),
            (&[ENDPOINT], false, Kind::Machine),
            (&[("IDENTITY_HEADER", "")], false, Kind::Machine),
        ] {
            assert_eq!(detect(values, arc).unwrap().kind, kind, "{values:?}");
        }
        assert_eq!(detect(&[], false).unwrap().endpoint.as_str(), MACHINE);
    }

    #[test]
    fn a_secret_goes_nowhere_but_to_this_machine() {
        for endpoint in ["http://10.0.0.4/token", "http://example.com/token", "ftp://localhost/", "token"] {
            assert!(detect(&[("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", "h")], false).is_err());
        }
        let plain = [
            ("IDENTITY_ENDPOINT", "http://10.0.0.4/token"),
            ("IDENTITY_HEADER", "h"),
            ("IDENTITY_SERVER_THUMBPRINT", "9701397CBCB0F2860E64DBF044B291BFE8D5DCF8"),
        ];
        assert!(detect(&plain, false).is_err());
    }

    #[test]
    fn thumbprints_are_read_as_they_are_shown() {
        assert_eq!(read_thumbprint(&"0a".repeat(20)).unwrap(), [10; 20]);
        assert!(read_thumbprint(&["97"; 20].join(":")).is_ok());
        for bad in ["", "97", &"zz".repeat(20), &"é".repeat(20)] {
            assert!(read_thumbprint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_host_cannot_do_is_refused() {
        let shell = detect(&[("MSI_ENDPOINT", "http://localhost:1/")], false).unwrap();
        assert!(shell.check(&ManagedIdentity::new()).is_err());
        assert!(shell.check(&ManagedIdentity::new().allow_user(true)).is_ok());
        let arc = detect(&[], true).unwrap();
        assert!(arc.check(&ManagedIdentity::with_client_id("c")).is_err());
        let machine = detect(&[], false).unwrap();
        assert!(machine.check(&ManagedIdentity::with_resource_id("/r")).is_ok());
    }
}
