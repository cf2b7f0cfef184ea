//! Tokens of OpenID Connect providers: which are taken, and as whose.

use jsonwebtoken::Algorithm;
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_service::config::{Config, IssuerConfig, TokenAlgorithm};
use sba_tests::provider::{Provider, Signer, now};
use serde_json::{Value, json};

use super::support::{House, answer, house_with};

/// The audience of these tests' tokens.
pub(crate) const AUDIENCE: &str = "https://sba.example";

/// What is configured for a provider.
pub(crate) fn issuer(provider: &Provider) -> IssuerConfig {
    IssuerConfig {
        issuer: provider.issuer(),
        audiences: vec![AUDIENCE.to_owned()],
        tenant_claim: "org.id".to_owned(),
        roles: [("org:admin", Role::TenantAdmin), ("org:member", Role::Member), ("root", Role::Operator)]
            .map(|(name, role)| (name.to_owned(), role))
            .into(),
        may_operate: true,
        ..IssuerConfig::default()
    }
}

/// A gateway that takes tokens of these issuers, with a tenant that the first calls `org_1`; the tenant's id.
pub(crate) async fn house_of(issuers: Vec<IssuerConfig>, change: impl FnOnce(&mut Config)) -> (House, String) {
    let first = issuers[0].issuer.clone();
    let house = house_with(|config| {
        config.auth.issuers = issuers;
        change(config);
    })
    .await;
    let (status, tenant) = make(&house, json!([{"issuer": first, "id": "org_1"}])).await;
    assert_eq!(status, 201, "{tenant}");
    let tenant = tenant["tenant_id"].as_str().unwrap().to_owned();
    (house, tenant)
}

/// Makes a tenant that issuers call so.
async fn make(house: &House, external_ids: Value) -> (u16, Value) {
    let operator = house.token(&house.tenant, 9, &[Role::Operator]);
    let body = json!({"name": "Acme", "external_ids": external_ids});
    let (status, tenant) = answer(house.request(Method::POST, "/tenants", &operator).json(&body)).await;
    (status.as_u16(), tenant)
}

/// What a good token of a provider says.
pub(crate) fn claims(provider: &Provider) -> Value {
    json!({
        "iss": provider.issuer(), "aud": AUDIENCE, "sub": "user_1", "org": {"id": "org_1"}, "roles": ["org:member"],
        "iat": now(), "exp": now() + 600,
    })
}

/// The same, with this in place of what it says there, or without it.
fn but(provider: &Provider, name: &str, value: Value) -> Value {
    let mut claims = claims(provider);
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

/// How somebody is answered who opens a session.
pub(crate) async fn seen(house: &House, token: &str) -> (u16, Value) {
    let (status, body) = answer(house.request(Method::POST, "/sessions", token).json(&json!({}))).await;
    (status.as_u16(), body)
}

/// The code with which a token is refused.
pub(crate) async fn refusal(house: &House, token: &str) -> String {
    let (status, body) = seen(house, token).await;
    let code = body["error"]["code"].as_str().unwrap_or_default().to_owned();
    format!("{status} {code}")
}

#[tokio::test]
async fn a_token_of_each_kind_acts_for_its_user_and_tenant() {
    let algorithms = [
        (Algorithm::RS256, TokenAlgorithm::RS256),
        (Algorithm::PS256, TokenAlgorithm::PS256),
        (Algorithm::ES256, TokenAlgorithm::ES256),
        (Algorithm::EdDSA, TokenAlgorithm::EdDSA),
    ];
    let signers = algorithms.map(|(algorithm, _)| Signer::new(&format!("{algorithm:?}"), algorithm).unwrap());
    let provider = Provider::start(&signers.each_ref()).await.unwrap();
    let all = IssuerConfig { algorithms: algorithms.map(|it| it.1).to_vec(), ..issuer(&provider) };
    let (house, tenant) = house_of(vec![all], |_| ()).await;
    let mut users = Vec::new();
    for signer in &signers {
        let token = signer.token(&claims(&provider)).unwrap();
        let (status, session) = seen(&house, &token).await;
        assert_eq!(status, 201, "{signer:?} {session}");
        let path = format!("/sessions/{}", session["session_id"].as_str().unwrap());
        let (_, session) = answer(house.request(Method::GET, &path, &token)).await;
        users.push(session["user_id"].as_str().unwrap().to_owned());
        let (_, run) = answer(house.request(Method::POST, "/runs", &token).json(&json!({"prompt": "a"}))).await;
        let path = format!("/runs/{}", run["run_id"].as_str().unwrap());
        let (_, run) = answer(house.request(Method::GET, &path, &token)).await;
        assert_eq!(run["tenant_id"], tenant.as_str());
    }
    users.dedup();
    assert_eq!(users.len(), 1, "the same subject is the same user: {users:?}");
    assert_eq!(provider.asked(), 1, "the keys are kept");
    // SBA's own tokens are taken as before.
    assert_eq!(seen(&house, &house.member()).await.0, 201);
}

#[tokio::test]
async fn what_a_token_says_of_roles_is_kept() {
    let signer = Signer::new("a", Algorithm::EdDSA).unwrap();
    let (provider, strict) = (Provider::start(&[&signer]).await.unwrap(), Provider::start(&[&signer]).await.unwrap());
    let humble = IssuerConfig { may_operate: false, roles: [].into(), ..issuer(&strict) };
    let (house, _) = house_of(vec![issuer(&provider), humble], |_| ()).await;
    let may = async |path: &str, body: Value, claims: Value| {
        let token = signer.token(&claims).unwrap();
        answer(house.request(Method::POST, path, &token).json(&body)).await.0.as_u16()
    };
    let key = json!({"name": "a", "roles": ["member"]});
    assert_eq!(may("/keys", key.clone(), claims(&provider)).await, 403);
    assert_eq!(may("/keys", key, but(&provider, "roles", json!(["org:admin"]))).await, 201);
    assert_eq!(may("/sessions", json!({}), but(&provider, "roles", json!(["member"]))).await, 403, "not by our names");
    assert_eq!(may("/sessions", json!({}), but(&provider, "roles", Value::Null)).await, 403, "none is none");
    let tenant = json!({"name": "Made outside"});
    assert_eq!(may("/tenants", tenant.clone(), but(&provider, "roles", json!(["root"]))).await, 201);
    assert_eq!(may("/tenants", tenant.clone(), claims(&provider)).await, 403);
    let mut ruler = but(&strict, "roles", json!(["operator"]));
    ruler.as_object_mut().unwrap().remove("org");
    assert_eq!(may("/tenants", tenant, ruler).await, 403, "it may not operate");
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused() {
    let [signer, other, ec] = [("a", Algorithm::RS256), ("b", Algorithm::RS256), ("c", Algorithm::ES256)]
        .map(|(id, algorithm)| Signer::new(id, algorithm).unwrap());
    let provider = Provider::start(&[&signer, &other, &ec]).await.unwrap();
    let (house, _) = house_of(vec![issuer(&provider)], |_| ()).await;
    let good = claims(&provider);
    let head = |change: Value| {
        let mut head = json!({"alg": "RS256", "kid": "a"});
        head.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        head
    };
    assert_eq!(seen(&house, &signer.token_with(&head(json!({})), &good).unwrap()).await.0, 201, "it would be good");

    // Heads, with a signature that is good for them.
    for change in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "PS256"}),
        json!({"alg": "RS512"}),
        json!({"alg": "ES256"}),
        json!({"alg": "rs256"}),
        json!({"alg": null}),
        json!({"kid": "b"}),
        json!({"kid": "c"}),
        json!({"kid": "nobody's"}),
        json!({"kid": null}),
        json!({"kid": 7}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": []}),
    ] {
        let token = signer.token_with(&head(change.clone()), &good).unwrap();
        assert_eq!(refusal(&house, &token).await, "401 unauthenticated", "{change}");
    }
    // The public key as a shared secret, and no signature at all.
    let token = signer.token(&good).unwrap();
    let (body, signature) = token.rsplit_once('.').unwrap();
    let secrets = [signer.public.to_string(), signer.public["n"].as_str().unwrap().to_owned()];
    for secret in secrets {
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        let mut confused = jsonwebtoken::Header::new(Algorithm::HS256);
        confused.kid = Some("a".to_owned());
        let confused = jsonwebtoken::encode(&confused, &good, &key).unwrap();
        assert_eq!(refusal(&house, &confused).await, "401 unauthenticated");
    }
    for altered in [
        format!("{body}."),
        format!("{body}.{}", &signature[1..]),
        format!("{body}.{signature}.{signature}"),
        token.replacen('.', ".e30", 1),
        body.to_owned(),
    ] {
        assert_eq!(refusal(&house, &altered).await, "401 unauthenticated", "{altered}");
    }
    // What it says.
    for (name, value, code) in [
        ("iss", json!("https://elsewhere.example"), "unauthenticated"),
        ("iss", json!(format!("{}/", provider.issuer())), "unauthenticated"),
        ("iss", json!("sba"), "unauthenticated"),
        ("iss", Value::Null, "unauthenticated"),
        ("aud", json!("https://other.example"), "unauthenticated"),
        ("aud", json!([AUDIENCE, "https://other.example"]), "unauthenticated"),
        ("aud", Value::Null, "unauthenticated"),
        ("exp", json!(now() - 31), "token_expired"),
        ("exp", Value::Null, "unauthenticated"),
        ("exp", json!("9999999999"), "unauthenticated"),
        ("nbf", json!(now() + 60), "unauthenticated"),
        ("iat", json!(now() + 60), "unauthenticated"),
        ("sub", Value::Null, "unauthenticated"),
        ("sub", json!(7), "unauthenticated"),
        ("org", json!({"id": "org_2"}), "unauthenticated"),
        ("org", json!({"id": house.tenant.id()}), "unauthenticated"),
        ("org", json!({"id": ["org_1"]}), "unauthenticated"),
    ] {
        let token = signer.token(&but(&provider, name, value.clone())).unwrap();
        assert_eq!(refusal(&house, &token).await, format!("401 {code}"), "{name} {value}");
    }
    let nobodys = signer.token(&but(&provider, "org", Value::Null)).unwrap();
    assert_eq!(refusal(&house, &nobodys).await, "403 forbidden", "for no tenant");
}

#[tokio::test]
async fn an_issuer_speaks_for_nobody_elses_tenants() {
    let [mine, theirs] = [Signer::new("a", Algorithm::ES256).unwrap(), Signer::new("a", Algorithm::ES256).unwrap()];
    let (first, second) = (Provider::start(&[&mine]).await.unwrap(), Provider::start(&[&theirs]).await.unwrap());
    let trusted = IssuerConfig { tenants_by_id: true, ..issuer(&second) };
    let (house, tenant) = house_of(vec![issuer(&first), trusted], |_| ()).await;
    // A key of the same name at another issuer.
    assert_eq!(refusal(&house, &theirs.token(&claims(&first)).unwrap()).await, "401 unauthenticated");
    assert_eq!(seen(&house, &mine.token(&claims(&first)).unwrap()).await.0, 201);
    // A name that another issuer gave.
    assert_eq!(refusal(&house, &theirs.token(&claims(&second)).unwrap()).await, "401 unauthenticated");
    // SBA's id of a tenant, from one who may and one who may not.
    let by_id = |provider: &Provider| but(provider, "org", json!({"id": tenant}));
    assert_eq!(refusal(&house, &mine.token(&by_id(&first)).unwrap()).await, "401 unauthenticated");
    assert_eq!(seen(&house, &theirs.token(&by_id(&second)).unwrap()).await.0, 201);
}

#[tokio::test]
async fn a_tenant_is_given_names_that_no_other_has() {
    let signer = Signer::new("a", Algorithm::EdDSA).unwrap();
    let provider = Provider::start(&[&signer]).await.unwrap();
    let (house, _) = house_of(vec![issuer(&provider)], |_| ()).await;
    let name = |id: &str| json!({"issuer": provider.issuer(), "id": id});
    let (status, made) = make(&house, json!([name("org_2"), name("org_3")])).await;
    assert_eq!((status, &made["external_ids"]), (201, &json!([name("org_2"), name("org_3")])));
    for taken in [json!([name("org_1")]), json!([name("org_9"), name("org_2")]), json!([name("org_8"), name("org_8")])]
    {
        let (status, refusal) = make(&house, taken.clone()).await;
        assert_eq!((status, &refusal["error"]["code"]), (409, &json!("external_id_taken")), "{taken}");
    }
    assert_eq!(make(&house, json!([name("org_9")])).await.0, 201, "what was refused has taken nothing");
    for (bad, field) in [
        (json!([{"issuer": "https://elsewhere.example", "id": "a"}]), "external_ids[0].issuer"),
        (json!([name("org_7"), {"issuer": "sba", "id": "a"}]), "external_ids[1].issuer"),
        (json!([name("")]), "external_ids[0].id"),
        (json!([name(&"a".repeat(256))]), "external_ids[0].id"),
        (json!([name("a\u{0}")]), "external_ids[0].id"),
        (json!([{"issuer": provider.issuer()}]), "external_ids[0].id"),
        (json!("org_1"), "external_ids"),
    ] {
        let (status, refusal) = make(&house, bad.clone()).await;
        assert_eq!(status, 400, "{bad}");
        assert_eq!(refusal["error"]["details"][0]["field"], field, "{bad}");
    }
}
