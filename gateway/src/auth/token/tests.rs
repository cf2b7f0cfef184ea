#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::auth::KeyPair;

const NOW: u64 = 1_800_000_000;

fn claims() -> Claims {
    Claims {
        iss: "sba".to_owned(),
        aud: "sba".to_owned(),
        iat: NOW,
        exp: NOW + 60,
        tenant_id: Some(TenantId::from_uuid(Uuid::from_u128(1))),
        user_id: UserId::from_uuid(Uuid::from_u128(2)),
        roles: vec![Role::Member],
    }
}

fn verifier(pair: &KeyPair) -> Verifier {
    Verifier::new(pair.public_pem.as_bytes(), "sba", "sba", Duration::from_secs(30)).unwrap()
}

fn signed(pair: &KeyPair, claims: &serde_json::Value) -> String {
    let key = EncodingKey::from_ed_pem(pair.private_pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap()
}

#[test]
fn a_minted_token_says_what_was_claimed() {
    let pair = KeyPair::generate().unwrap();
    let token = mint(pair.private_pem.as_bytes(), &claims()).unwrap();
    let verified = verifier(&pair).verify(&token, NOW).unwrap();
    assert_eq!(verified.tenant_id, claims().tenant_id);
    assert_eq!(verified.user_id, claims().user_id);
    assert_eq!(verified.roles, claims().roles);
}

#[test]
fn the_names_of_other_issuers_are_read_and_their_other_roles_passed_over() {
    let pair = KeyPair::generate().unwrap();
    let token = signed(
        &pair,
        &json!({
            "iss": "sba", "aud": ["other", "sba"], "exp": NOW + 60,
            "tenantId": Uuid::from_u128(1), "userId": Uuid::from_u128(2), "roles": ["payroll", "viewer"],
        }),
    );
    let verified = verifier(&pair).verify(&token, NOW).unwrap();
    assert_eq!(verified.tenant_id, claims().tenant_id);
    assert_eq!(verified.roles, [Role::Viewer]);
}

#[test]
fn time_is_kept_with_the_leeway_and_no_more() {
    let pair = KeyPair::generate().unwrap();
    let token = mint(pair.private_pem.as_bytes(), &claims()).unwrap();
    let verifier = verifier(&pair);
    verifier.verify(&token, NOW + 89).unwrap();
    assert!(matches!(verifier.verify(&token, NOW + 90), Err(TokenError::Expired)));

    let early = json!({"iss": "sba", "aud": "sba", "exp": NOW + 900, "nbf": NOW + 31, "user_id": Uuid::nil()});
    let early = signed(&pair, &early);
    assert!(matches!(verifier.verify(&early, NOW), Err(TokenError::NotYet)));
    verifier.verify(&early, NOW + 1).unwrap();
}

#[test]
fn what_does_not_hold_is_refused() {
    let pair = KeyPair::generate().unwrap();
    let verifier = verifier(&pair);
    let good = mint(pair.private_pem.as_bytes(), &claims()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    // The classic confusion: the public key used as a shared secret.
    let secret = EncodingKey::from_secret(pair.public_pem.as_bytes());
    let confused = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &secret).unwrap();
    let stranger = KeyPair::generate().unwrap();
    let bad = [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{unsigned}.{}.", parts[1]),
        good.replace(parts[1], &BASE64URL_NOPAD.encode(br#"{"exp":9999999999}"#)),
        confused,
        mint(stranger.private_pem.as_bytes(), &claims()).unwrap(),
        mint(pair.private_pem.as_bytes(), &Claims { iss: "other".to_owned(), ..claims() }).unwrap(),
        mint(pair.private_pem.as_bytes(), &Claims { aud: "other".to_owned(), ..claims() }).unwrap(),
        signed(&pair, &json!({"iss": "sba", "aud": "sba", "user_id": Uuid::nil()})),
        signed(&pair, &json!({"iss": "sba", "aud": "sba", "exp": NOW + 60, "user_id": "somebody"})),
        signed(&pair, &json!({"iss": "sba", "exp": NOW + 60, "user_id": Uuid::nil()})),
    ];
    for token in bad {
        assert!(matches!(verifier.verify(&token, NOW), Err(TokenError::Invalid(_))), "{token}");
    }
    assert!(matches!(verifier.verify(&"x".repeat(MAX_TOKEN + 1), NOW), Err(TokenError::TooLong)));
}

#[test]
fn keys_of_another_kind_are_refused() {
    let pair = KeyPair::generate().unwrap();
    assert!(matches!(mint(pair.public_pem.as_bytes(), &claims()), Err(TokenError::Key(_))));
    assert!(Verifier::new(b"no key", "sba", "sba", Duration::ZERO).is_err());
}
