//! What the authority says with each of its numbers (identity, 6).

/// A number, the `error` it comes with, and its text.
pub(crate) struct Known {
    pub(crate) number: u32,
    pub(crate) error: &'static str,
    pub(crate) text: &'static str,
}

/// What is known of a number.
pub(crate) fn known(number: u32) -> Option<&'static Known> {
    CATALOGUE.iter().find(|known| known.number == number)
}

/// All numbers.
pub(crate) fn numbers() -> impl Iterator<Item = u32> {
    CATALOGUE.iter().map(|known| known.number)
}

const fn row(number: u32, error: &'static str, text: &'static str) -> Known {
    Known { number, error, text }
}

const REQUEST: &str = "invalid_request";
const CLIENT: &str = "invalid_client";
const GRANT: &str = "invalid_grant";
const INTERACT: &str = "interaction_required";
const BUSY: &str = "temporarily_unavailable";

/// By number. Texts say what the reference says, in its terms.
static CATALOGUE: &[Known] = &[
    row(
        16_000,
        INTERACT,
        "Either multiple user identities are available for the current request or the selected account is not supported for the scenario.",
    ),
    row(
        28_002,
        "invalid_scope",
        "Provided value for the input parameter scope is not valid when requesting an access token. Please specify a valid scope.",
    ),
    row(
        28_003,
        "invalid_scope",
        "Provided value for the input parameter scope cannot be empty when requesting an access token using the provided authorization code. Please specify a valid scope.",
    ),
    row(40_010, BUSY, "A retryable error has occurred."),
    row(50_001, "invalid_resource", "The resource is disabled or the resource named was not found."),
    row(
        50_011,
        REQUEST,
        "The redirect URI specified in the request does not match the redirect URIs configured for the application.",
    ),
    row(50_012, CLIENT, "Authentication failed."),
    row(50_013, GRANT, "Assertion failed signature validation."),
    row(
        50_020,
        "access_denied",
        "User account does not exist in the tenant and cannot access the application in that tenant.",
    ),
    row(50_027, REQUEST, "JWT token is invalid or malformed."),
    row(50_032, CLIENT, "Weak RSA key: signing keys need at least 2048 bits."),
    row(50_033, BUSY, "A transient error has occurred."),
    row(50_034, GRANT, "The user account does not exist in the directory."),
    row(50_048, CLIENT, "Subject mismatches issuer claim in the client assertion."),
    row(50_049, "invalid_instance", "Unknown or invalid instance."),
    row(
        50_053,
        GRANT,
        "The account is locked because of repeated attempts to sign in with an incorrect user ID or password.",
    ),
    row(50_055, GRANT, "The password is expired."),
    row(50_057, GRANT, "The user account is disabled."),
    row(50_058, "login_required", "A silent sign-in request was sent but no user is signed in."),
    row(
        50_059,
        REQUEST,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    ),
    row(50_072, INTERACT, "User needs to enroll for multi-factor authentication to access the application."),
    row(50_074, INTERACT, "Strong authentication is required and the user did not pass the challenge."),
    row(
        50_076,
        INTERACT,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the application.",
    ),
    row(
        50_078,
        INTERACT,
        "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access the application.",
    ),
    row(
        50_079,
        INTERACT,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the application.",
    ),
    row(50_087, BUSY, "A transient error has occurred during strong authentication. Please try again."),
    row(50_088, BUSY, "Limit on telecom MFA calls reached. Please try again in a few minutes."),
    row(50_089, GRANT, "Authentication failed, flow token expired."),
    row(50_105, INTERACT, "The signed in user is not assigned to a role for the application."),
    row(
        50_125,
        INTERACT,
        "Sign-in was interrupted because of a password reset or password registration entry.",
    ),
    row(50_126, GRANT, "Error validating credentials due to invalid username or password."),
    row(
        50_129,
        INTERACT,
        "Device is not workplace joined. Workplace join is required to register the device.",
    ),
    row(50_131, INTERACT, "Sign-in was blocked because of conditional access."),
    row(50_132, GRANT, "The session is not valid due to password expiration or recent password change."),
    row(50_133, GRANT, "The session is not valid due to password expiration or recent password change."),
    row(50_134, GRANT, "A wrong data center has been used. To complete the operation, use the right one."),
    row(
        50_147,
        GRANT,
        "The code verifier is missing, or the size of the code challenge parameter is not valid.",
    ),
    row(50_158, INTERACT, "External security challenge was not satisfied."),
    row(50_166, BUSY, "Request to External OIDC endpoint failed."),
    row(
        50_173,
        GRANT,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    ),
    row(
        50_194,
        REQUEST,
        "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
    ),
    row(
        50_196,
        GRANT,
        "The server terminated an operation because it encountered a loop while processing a request.",
    ),
    row(
        53_000,
        INTERACT,
        "Conditional access policy requires a compliant device, and the device is not compliant.",
    ),
    row(
        53_001,
        INTERACT,
        "Conditional access policy requires a domain joined device, and the device is not domain joined.",
    ),
    row(53_002, INTERACT, "The app used is not an approved app for conditional access."),
    row(53_003, INTERACT, "Access has been blocked by conditional access policies."),
    row(
        53_004,
        INTERACT,
        "User needs to complete the multi-factor authentication registration process before accessing this content.",
    ),
    row(53_011, GRANT, "User blocked due to risk on home tenant."),
    row(
        54_005,
        GRANT,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
    ),
    row(
        65_001,
        GRANT,
        "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
    ),
    row(65_004, "access_denied", "User declined to consent to access the app."),
    row(70_000, GRANT, "Provided grant is invalid or malformed."),
    row(70_001, "unauthorized_client", "The application is disabled or not installed in the directory."),
    row(70_002, CLIENT, "Error validating credentials."),
    row(70_003, "unsupported_grant_type", "The app returned an unsupported grant type."),
    row(
        70_008,
        GRANT,
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
    ),
    row(70_011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    row(
        70_016,
        "authorization_pending",
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    ),
    row(
        70_018,
        "bad_verification_code",
        "Invalid verification code due to user typing in wrong user code for device code flow.",
    ),
    row(70_019, "expired_token", "Verification code expired. Have the user retry the sign-in."),
    row(
        70_043,
        GRANT,
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    row(80_005, BUSY, "The authentication agent could not process the response."),
    row(
        90_002,
        REQUEST,
        "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    ),
    row(90_006, BUSY, "External server retryable error. Please try again."),
    row(90_012, BUSY, "Request has timed out."),
    row(90_014, REQUEST, "The required field for this protocol message was missing from the credential."),
    row(
        90_019,
        REQUEST,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    ),
    row(90_024, BUSY, "Request budget exceeded: a transient error has occurred. Please try again."),
    row(90_033, BUSY, "A transient error has occurred. Please try again."),
    row(90_038, REQUEST, "Tenant request is being redirected to the National Cloud."),
    row(90_055, "too_many_requests", "Tenant is throttled because too many requests are made."),
    row(90_090, BUSY, "Graph returned a retryable error: the service is temporarily busy."),
    row(90_094, INTERACT, "Admin consent is required for the permissions requested by this application."),
    row(
        90_095,
        INTERACT,
        "Admin consent is required for the permissions requested by this application. An admin consent request may be sent to the admin.",
    ),
    row(
        90_099,
        "consent_required",
        "The application has not been authorized in the tenant. Applications must be authorized to access the customer tenant before partner delegated administrators can use them.",
    ),
    row(90_119, GRANT, "The request contained no user code, or it is null or empty."),
    row(90_120, GRANT, "The request was already authorized or declined."),
    row(
        90_124,
        REQUEST,
        "Resource is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
    ),
    row(
        90_130,
        REQUEST,
        "Application is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
    ),
    row(500_011, "invalid_resource", "The resource principal was not found in the tenant."),
    row(500_021, "access_denied", "Access to the tenant is denied."),
    row(
        500_112,
        GRANT,
        "The reply address does not match the reply address provided when requesting the authorization code.",
    ),
    row(
        500_131,
        GRANT,
        "Assertion audience does not match the client app presenting the assertion. The audience in the assertion must be the client app.",
    ),
    row(
        500_133,
        GRANT,
        "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.",
    ),
    row(
        501_481,
        GRANT,
        "The code verifier does not match the code challenge supplied in the authorization request.",
    ),
    row(501_621, BUSY, "Claims transformation timed out."),
    row(530_032, INTERACT, "Blocked by security policy."),
    row(530_035, INTERACT, "Access has been blocked by security defaults."),
    row(
        650_052,
        "unauthorized_client",
        "The app needs access to a service that your organization has not subscribed to or enabled.",
    ),
    row(
        650_056,
        REQUEST,
        "Misconfigured application: the client has not listed any permissions in the requested permissions of its registration.",
    ),
    row(
        650_057,
        "invalid_resource",
        "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration.",
    ),
    row(
        700_005,
        GRANT,
        "The authorization code that was provided is intended to be used against another tenant, thus rejected.",
    ),
    row(700_016, "unauthorized_client", "Application with identifier was not found in the directory."),
    row(700_020, INTERACT, "The device requires interaction: a fresh sign-in is needed."),
    row(
        700_022,
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid because it contains more than one resource.",
    ),
    row(700_023, CLIENT, "Client assertion audience claim does not match Realm issuer."),
    row(700_024, CLIENT, "Client assertion is not within its valid time range."),
    row(
        700_025,
        CLIENT,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    row(
        700_027,
        CLIENT,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    ),
    row(700_030, CLIENT, "Invalid certificate: the subject name in the certificate is not authorized."),
    row(700_082, GRANT, "The refresh token has expired due to inactivity."),
    row(
        700_084,
        GRANT,
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which cannot be extended.",
    ),
    row(700_211, CLIENT, "No matching federated identity record found for presented assertion issuer."),
    row(700_212, CLIENT, "No matching federated identity record found for presented assertion audience."),
    row(700_213, CLIENT, "No matching federated identity record found for presented assertion subject."),
    row(
        700_229,
        CLIENT,
        "Application is not allowed to use a user token as a client assertion: only app-only tokens are accepted.",
    ),
    row(900_144, REQUEST, "The request body must contain a parameter that it lacks."),
    row(900_382, REQUEST, "Confidential client is not supported in cross cloud requests."),
    row(900_432, REQUEST, "Confidential client is not supported in cross cloud requests."),
    row(901_002, REQUEST, "The 'resource' request parameter is not supported."),
    row(
        1_002_012,
        "invalid_scope",
        "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
    ),
    row(7_000_112, "unauthorized_client", "Application is disabled."),
    row(7_000_114, GRANT, "Application is not allowed to make application on-behalf-of calls."),
    row(
        7_000_215,
        CLIENT,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
    ),
    row(
        7_000_218,
        CLIENT,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    row(7_000_222, CLIENT, "The provided client secret keys are expired."),
    row(9_000_411, REQUEST, "The request is not properly formatted."),
    row(
        9_001_023,
        REQUEST,
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
    ),
    row(9_002_313, REQUEST, "Invalid request. Request is malformed or invalid."),
    row(
        9_002_327,
        REQUEST,
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
    ),
    row(
        9_002_332,
        REQUEST,
        "Application is configured for use by Azure Active Directory users only. Please do not use the /consumers endpoint to serve this request.",
    ),
];
