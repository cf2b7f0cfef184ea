//! What tokens must keep to whose signature holds, and what they say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

const NOW: u64 = 1_800_000_000;
const NAME: &str = "https://idp.example/";

fn issuer(change: impl FnOnce(&mut IssuerConfig)) -> Issuer {
    let mut config = IssuerConfig {
        issuer: NAME.to_owned(),
        audiences: vec!["sba".to_owned()],
        clients: vec!["web".to_owned()],
        ..IssuerConfig::default()
    };
    change(&mut config);
    Issuer::new(&config, &AuthConfig::default()).unwrap()
}

#[test]
fn a_token_must_be_for_this_audience_and_one_for_several_for_a_known_client() {
    let open = issuer(|config| config.clients.clear());
    let closed = issuer(|_| ());
    for (claims, by_open, by_closed) in [
        (json!({"aud": "sba"}), true, true),
        (json!({"aud": ["sba"]}), true, true),
        (json!({"aud": "sba", "azp": "web"}), true, true),
        (json!({"aud": "sba", "azp": "evil"}), true, false),
        (json!({"aud": ["sba", "other"], "azp": "web"}), false, true),
        (json!({"aud": ["sba", "other"], "azp": "evil"}), false, false),
        (json!({"aud": ["sba", "other"]}), false, false),
        (json!({"aud": ["other"], "azp": "web"}), false, false),
        (json!({"aud": "sba ", "azp": "web"}), false, false),
        (json!({"aud": ["sba", 7], "azp": "web"}), false, false),
        (json!({"aud": "sba", "azp": 7}), false, false),
        (json!({"aud": []}), false, false),
        (json!({}), false, false),
    ] {
        assert_eq!(open.rules.whom(&claims).is_ok(), by_open, "{claims}");
        assert_eq!(closed.rules.whom(&claims).is_ok(), by_closed, "{claims}");
    }
}

#[test]
fn times_are_kept_with_the_leeway_and_no_more() {
    let issuer = issuer(|_| ());
    let when = |claims: Value| issuer.rules.when(&claims, NOW);
    assert_eq!(when(json!({"exp": NOW - 29})).unwrap(), NOW - 29);
    assert!(matches!(when(json!({"exp": NOW - 30})), Err(TokenError::Expired)));
    assert!(when(json!({"exp": NOW + 9, "nbf": NOW + 30, "iat": NOW + 30})).is_ok());
    assert!(matches!(when(json!({"exp": NOW + 9, "nbf": NOW + 31})), Err(TokenError::NotYet)));
    assert!(matches!(when(json!({"exp": NOW + 9, "iat": NOW + 31})), Err(TokenError::NotYet)), "of the future");
    assert!(when(json!({"exp": NOW as f64 + 0.5})).is_ok());
    for bad in [json!({}), json!({"exp": null}), json!({"exp": "9999999999"}), json!({"exp": NOW + 9, "nbf": "x"})] {
        assert!(matches!(when(bad.clone()), Err(TokenError::Claim(_))), "{bad}");
    }
}

#[test]
fn a_tenant_is_named_by_its_id_only_where_the_issuer_speaks_for_all() {
    let id = "0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11";
    let tenant = |issuer: &Issuer, claims: Value| issuer.rules.tenant(&claims);
    let some = issuer(|config| config.tenant_claim = "org.id".to_owned());
    let all = issuer(|config| config.tenants_by_id = true);
    let named = Some(TenantClaim::Name(id.to_owned()));
    assert_eq!(tenant(&some, json!({"org": {"id": id}})).unwrap(), named);
    let by_id = Some(TenantClaim::Id(TenantId::from_uuid(id.parse().unwrap())));
    assert_eq!(tenant(&all, json!({"tenant_id": id})).unwrap(), by_id);
    assert_eq!(tenant(&all, json!({"tenant_id": "org_1"})).unwrap(), Some(TenantClaim::Name("org_1".to_owned())));
    assert_eq!(tenant(&all, json!({})).unwrap(), None);
    for bad in [json!({"tenant_id": 7}), json!({"tenant_id": [id]}), json!({"tenant_id": ""})] {
        assert!(tenant(&all, bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_user_is_the_same_for_ever_and_another_at_another_issuer() {
    let one = issuer(|_| ());
    let other = issuer(|config| config.issuer = "https://other.example".to_owned());
    let id = "0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11";
    assert_eq!(one.user(&json!({"sub": id})).unwrap().to_string(), id);
    let named = one.user(&json!({"sub": "user_1"})).unwrap();
    assert_eq!(named.to_string(), "93a377fe-160c-5183-807f-d538d15be18e", "it never changes");
    assert_ne!(named, one.user(&json!({"sub": "user_2"})).unwrap());
    assert_ne!(named, other.user(&json!({"sub": "user_1"})).unwrap());
    for bad in [json!({}), json!({"sub": ""}), json!({"sub": 7}), json!({"sub": null})] {
        assert!(one.user(&bad).is_err(), "{bad}");
    }
}

#[test]
fn roles_are_those_of_the_map_and_operators_are_made_only_by_permission() {
    let roles = |change: fn(&mut IssuerConfig), claims: Value| issuer(change).rules.roles(&claims);
    let mapped = |config: &mut IssuerConfig| {
        config.roles = [("org:admin", Role::TenantAdmin), ("boss", Role::Operator)]
            .map(|(name, role)| (name.to_owned(), role))
            .into();
    };
    assert_eq!(roles(|_| (), json!({"roles": ["member", "payroll", "viewer"]})), [Role::Member, Role::Viewer]);
    assert_eq!(roles(|_| (), json!({"roles": "member viewer"})), [Role::Member, Role::Viewer]);
    assert_eq!(roles(|_| (), json!({"roles": ["operator"]})), []);
    assert_eq!(roles(|config| config.may_operate = true, json!({"roles": ["operator"]})), [Role::Operator]);
    assert_eq!(roles(mapped, json!({"roles": ["org:admin", "member", "boss"]})), [Role::TenantAdmin]);
    assert_eq!(roles(|_| (), json!({"roles": {"member": true}})), []);
    let default = |config: &mut IssuerConfig| config.default_role = Some(Role::Viewer);
    assert_eq!(roles(default, json!({})), [Role::Viewer]);
    assert_eq!(roles(default, json!({"roles": ["operator"]})), [Role::Viewer]);
    assert_eq!(roles(default, json!({"roles": ["member"]})), [Role::Member]);
    assert_eq!(roles(|config| config.default_role = Some(Role::Operator), json!({})), []);
}
