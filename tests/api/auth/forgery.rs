//! Access tokens that must not count.

use annex_tests::TestApp;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A server, an account, and all that a forger could know: even the server's own key.
struct Forge {
    app: TestApp,
    key: Ed25519KeyPair,
    header: Value,
    claims: Value,
}

impl Forge {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let token = app.user("ada").await.token.unwrap();
        let seed =
            app.sql_value("select encode(private_key, 'base64') from annex.signing_keys").await.unwrap();
        let seed = base64::engine::general_purpose::STANDARD.decode(seed).unwrap();
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let mut part = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
        let (header, claims) = (part(), part());
        Self { app, key: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap(), header, claims }
    }

    fn message(header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}", encode(header), encode(claims))
    }

    /// A token that the server's own key signed.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = Self::message(header, claims);
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn header_with(&self, member: &str, value: Value) -> Value {
        with(&self.header, member, value)
    }

    async fn refuses(&self, what: &str, token: &str) {
        let client = self.app.anonymous().with_token(token);
        for path in ["/v1/auth/me", "/v1/openapi.json", "/v1/users"] {
            let answer = client.get(path).undocumented().await;
            assert_eq!(answer.status, 401, "{what}: {answer}");
            answer.expect_problem("invalid_token");
            answer.expect_header("www-authenticate", "Bearer error=\"invalid_token\"");
        }
        client.get("/healthz").undocumented().await.expect_status(200);
    }
}

fn with(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(member)),
        value => object[member] = value,
    }
    object
}

#[tokio::test]
async fn what_the_forge_signs_counts_where_nothing_is_changed() {
    let forge = Forge::start().await;
    let token = forge.signed(&forge.header, &forge.claims);
    forge.app.anonymous().with_token(token).get("/v1/auth/me").await.expect_status(200);
}

#[tokio::test]
async fn another_algorithm_is_refused() {
    let forge = Forge::start().await;
    for name in ["none", "NoNe", "NONE", "HS256", "RS256", "ES256", "PS256", "Ed25519", "eddsa", ""] {
        let header = forge.header_with("alg", json!(name));
        forge.refuses(name, &format!("{}.", Forge::message(&header, &forge.claims))).await;
        forge.refuses(name, &forge.signed(&header, &forge.claims)).await;
    }
    // The public key taken for a shared secret, in every spelling that a server might have it in.
    let header = forge.header_with("alg", json!("HS256"));
    let message = Forge::message(&header, &forge.claims);
    let public = forge.key.public_key().as_ref().to_vec();
    for secret in [public.clone(), URL_SAFE_NO_PAD.encode(&public).into_bytes()] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        forge.refuses("HS256 with the public key", &format!("{message}.{signature}")).await;
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_refused() {
    let forge = Forge::start().await;
    let own = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(own.public_key().as_ref())});
    for (member, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
    ] {
        let header = forge.header_with(member, value);
        // Refused for the member alone: the signature is right.
        forge.refuses(member, &forge.signed(&header, &forge.claims)).await;
        let message = Forge::message(&header, &forge.claims);
        let signature = URL_SAFE_NO_PAD.encode(own.sign(message.as_bytes()).as_ref());
        forge.refuses(member, &format!("{message}.{signature}")).await;
    }
}

#[tokio::test]
async fn an_unknown_key_and_another_type_are_refused() {
    let forge = Forge::start().await;
    for kid in
        [json!("another"), json!(""), json!("../../etc/passwd"), json!("' or 1=1 --"), json!(7), Value::Null]
    {
        let header = forge.header_with("kid", kid.clone());
        forge.refuses(&format!("kid {kid}"), &forge.signed(&header, &forge.claims)).await;
    }
    for typ in [json!("JWT"), json!("at+JWT"), json!("application/at+jwt"), json!(""), Value::Null] {
        let header = forge.header_with("typ", typ.clone());
        forge.refuses(&format!("typ {typ}"), &forge.signed(&header, &forge.claims)).await;
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused() {
    let forge = Forge::start().await;
    let now = forge.app.clock.now().unix_timestamp();
    for (member, value) in [
        ("iss", json!("http://evil.test")),
        ("iss", json!(["http://annex.test"])),
        ("iss", Value::Null),
        ("aud", json!("http://evil.test")),
        ("aud", json!(["http://annex.test", "http://evil.test"])),
        ("aud", Value::Null),
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(now - 1)),
        ("exp", json!(now as f64 + 600.5)),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", Value::Null),
        ("nbf", json!((now - 600).to_string())),
        ("nbf", json!(now + 600)),
        ("iat", json!(now + 600)),
        ("iat", json!("yesterday")),
        ("sub", json!("admin")),
        ("sub", json!("01a2061b-badb-741c-bdbb-1b78dd83a593")),
        ("sub", Value::Null),
        ("sid", json!("01a2061b-badb-741c-bdbb-1b78dd83a593")),
        ("sid", Value::Null),
    ] {
        let claims = with(&forge.claims, member, value.clone());
        forge.refuses(&format!("{member} {value}"), &forge.signed(&forge.header, &claims)).await;
    }
}

#[tokio::test]
async fn broken_and_oversized_tokens_are_refused() {
    let forge = Forge::start().await;
    let good = forge.signed(&forge.header, &forge.claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let changed = Forge::message(&forge.header, &with(&forge.claims, "exp", json!(9_999_999_999_i64)));
    let padded = with(&forge.claims, "padding", json!("x".repeat(4096)));
    for (what, token) in [
        ("empty", String::new()),
        ("no signature", message.to_owned()),
        ("an empty signature", format!("{message}.")),
        ("another message", format!("{changed}.{signature}")),
        ("more parts", format!("{good}.{signature}")),
        ("a space", format!("{good} x")),
        ("not base64", format!("{message}.!!!!")),
        ("not JSON", format!("AAAA.AAAA.{signature}")),
        ("oversized", forge.signed(&forge.header, &padded)),
        ("a refresh token", "annex_refresh_AaIGG8IrdhOSzttPwuw1agAAAAC9F".to_owned()),
    ] {
        forge.refuses(what, &token).await;
    }
}

#[tokio::test]
async fn the_header_is_read_strictly() {
    let app = TestApp::start().await;
    let token = app.user("ada").await.token.unwrap();
    let good = format!("Bearer {token}");
    let me = |values: &[&str]| {
        let request = app.anonymous().get("/v1/auth/me");
        values.iter().fold(request, |request, value| request.header("authorization", value))
    };
    me(&[&good]).await.expect_status(200);
    me(&[&format!("bearer {token}")]).await.expect_status(200);
    for values in [[&good, good.as_str()], ["Bearer x", &good], [&good, "Basic YTpi"]] {
        me(&values).await.expect_status(400).expect_problem("bad_request");
    }
    for value in
        ["Bearer", "Bearer ", &token, "Basic YTpi", &format!("Token {token}"), &format!("Bearer  {token}")]
    {
        me(&[value]).await.expect_status(401).expect_problem("invalid_token");
    }
}

#[tokio::test]
async fn a_token_counts_until_it_expires() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    app.clock.advance(std::time::Duration::from_secs(590));
    ada.get("/v1/auth/me").await.expect_status(200);
    app.clock.advance(std::time::Duration::from_secs(15));
    ada.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
}

#[tokio::test]
async fn a_new_key_signs_and_a_retired_one_no_longer_counts() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    ada.get("/v1/auth/me").await.expect_status(200);
    app.sql(
        "insert into annex.signing_keys (kid, private_key, not_before)
         values ('named by its thumbprint', decode(repeat('ab', 32), 'hex'), now())",
    )
    .await;
    app.eventually("the new key is served", || async {
        let answer = app.anonymous().get("/.well-known/jwks.json").undocumented().await;
        answer.json()["keys"].as_array().unwrap().len() == 2
    })
    .await;
    ada.get("/v1/auth/me").await.expect_status(200);
    let bob = app.user("bob").await;
    bob.get("/v1/auth/me").await.expect_status(200);
    app.sql("update annex.signing_keys set retired_at = now() where kid <> 'named by its thumbprint'").await;
    app.eventually("the old key's tokens are refused", || async {
        ada.get("/v1/auth/me").await.status == 401
    })
    .await;
    bob.get("/v1/auth/me").await.expect_status(200);
}
