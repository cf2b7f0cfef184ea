//! Keys for machines: made, and shown in the place of tokens.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_store::{Page, audit};
use serde_json::{Value, json};

use super::{
    stream::started,
    support::{House, answer, event, house, house_with, say},
};

pub(crate) fn admin(house: &House) -> String {
    house.token(&house.tenant, 7, &[Role::TenantAdmin])
}

pub(crate) async fn make(house: &House, body: &Value) -> Value {
    let (status, made) = answer(house.request(Method::POST, "/keys", &admin(house)).json(body)).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// A member's key: its text and its id.
pub(crate) async fn member_key(house: &House) -> (String, String) {
    let made = make(house, &json!({"name": "CI", "roles": ["member"]})).await;
    (made["key"].as_str().unwrap().to_owned(), made["key_id"].as_str().unwrap().to_owned())
}

pub(crate) async fn revoke(house: &House, id: &str) -> u16 {
    answer(house.request(Method::DELETE, &format!("/keys/{id}"), &admin(house))).await.0.as_u16()
}

/// The code with which somebody is answered who lists runs.
pub(crate) async fn seen_by(house: &House, key: &str) -> (u16, String) {
    let (status, body) = answer(house.request(Method::GET, "/runs", key)).await;
    (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_key_is_shown_wherever_a_token_is() {
    let house = house().await;
    let (key, id) = member_key(&house).await;
    assert!(key.starts_with(&format!("sba_{}_", house.tenant.id().as_uuid().simple())), "{key}");
    let started_by_key = answer(house.request(Method::POST, "/runs", &key).json(&json!({"prompt": "a"}))).await;
    assert_eq!(started_by_key.0, 201, "{}", started_by_key.1);
    let (run, _writer) = started(&house).await;

    let bearer = format!("Bearer {key}");
    let mut by_header = house.try_watch(run, 0, &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(event(&mut by_header).await["seq"], 1);
    let protocols = format!("sba.v1.json, sba.bearer.{key}");
    let mut by_protocol = house.try_watch(run, 0, &[("sec-websocket-protocol", &protocols)]).await.unwrap();
    assert_eq!(event(&mut by_protocol).await["seq"], 1);
    let mut by_message = house.try_watch(run, 0, &[]).await.unwrap();
    say(&mut by_message, json!({"id": "1", "type": "auth", "token": key})).await;
    assert_eq!(event(&mut by_message).await["type"], "ack");

    // It acts as a user of its own.
    let (_, session) = answer(house.request(Method::POST, "/sessions", &key).json(&json!({}))).await;
    let path = format!("/sessions/{}", session["session_id"].as_str().unwrap());
    let (_, session) = answer(house.request(Method::GET, &path, &key)).await;
    assert_eq!(session["user_id"], id.as_str());
    assert_eq!(answer(house.request(Method::GET, &path, &admin(&house))).await.0, 404, "another user's");
}

#[tokio::test]
async fn a_key_may_what_its_roles_may_and_makes_no_keys() {
    let house = house().await;
    let viewer = make(&house, &json!({"name": "Reader", "roles": ["viewer"]})).await;
    let viewer = viewer["key"].as_str().unwrap();
    assert_eq!(seen_by(&house, viewer).await.0, 200);
    let run = json!({"prompt": "a"});
    assert_eq!(answer(house.request(Method::POST, "/runs", viewer).json(&run)).await.0, 403);

    let admin_key = make(&house, &json!({"name": "Admin", "roles": ["tenant_admin"]})).await;
    let (admin_key, id) = (admin_key["key"].as_str().unwrap(), admin_key["key_id"].as_str().unwrap());
    assert_eq!(answer(house.request(Method::GET, "/keys", admin_key)).await.0, 200);
    for path in ["/keys".to_owned(), format!("/keys/{id}/rotate")] {
        let body = json!({"name": "Another", "roles": ["viewer"]});
        let (status, refusal) = answer(house.request(Method::POST, &path, admin_key).json(&body)).await;
        assert_eq!((status.as_u16(), &refusal["error"]["code"]), (403, &json!("forbidden")), "{path}");
    }
    for (roles, asks) in [
        (vec![Role::Member], json!(["viewer"])),
        (vec![Role::Operator], json!(["viewer"])),
        (vec![Role::TenantAdmin], json!(["operator"])),
        (vec![Role::TenantAdmin, Role::Operator], json!(["operator"])),
        (vec![Role::TenantAdmin], json!(["member", "operator"])),
    ] {
        let token = house.token(&house.tenant, 7, &roles);
        let body = json!({"name": "a", "roles": asks});
        let (status, refusal) = answer(house.request(Method::POST, "/keys", &token).json(&body)).await;
        assert_eq!((status.as_u16(), &refusal["error"]["code"]), (403, &json!("forbidden")), "{roles:?} {asks}");
    }
}

#[tokio::test]
async fn a_key_is_of_its_tenant_alone() {
    let house = house().await;
    let neighbour = house.neighbour().await;
    let (key, id) = member_key(&house).await;
    let theirs = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    let (_, listed) = answer(house.request(Method::GET, "/keys", &theirs)).await;
    assert_eq!(listed["meta"]["total"], 0);
    assert_eq!(answer(house.request(Method::DELETE, &format!("/keys/{id}"), &theirs)).await.0, 404);
    let rotated = house.request(Method::POST, &format!("/keys/{id}/rotate"), &theirs).json(&json!({}));
    assert_eq!(answer(rotated).await.0, 404);
    assert_eq!(seen_by(&house, &key).await.0, 200);

    // The same secret under another tenant's name is another key, whoever computes its checksum.
    let mine = house.tenant.id().as_uuid().simple().to_string();
    let forged = key.replacen(&mine, &neighbour.id().as_uuid().simple().to_string(), 1);
    assert_eq!(seen_by(&house, &forged).await, (401, "unauthenticated".to_owned()));
    let forged = with_checksum(&forged);
    assert_eq!(seen_by(&house, &forged).await, (401, "unauthenticated".to_owned()));
    // Nor does a secret that is another's open this one.
    let (other, _) = member_key(&house).await;
    let mixed = format!("{}_{}", key.rsplit_once('_').unwrap().0, other.rsplit_once('_').unwrap().1);
    assert_eq!(seen_by(&house, &with_checksum(&mixed)).await, (401, "unauthenticated".to_owned()));
}

/// A key's text with the checksum that goes with what stands before it.
fn with_checksum(key: &str) -> String {
    let (head, tail) = key.rsplit_once('_').unwrap();
    let secret = data_encoding::BASE32_NOPAD.decode(tail.to_ascii_uppercase().as_bytes()).unwrap();
    let secret = &secret[..32];
    let digest = <sha2::Sha256 as sha2::Digest>::digest([format!("{head}_").as_bytes(), secret].concat());
    let tail = data_encoding::BASE32_NOPAD.encode(&[secret, &digest[..4]].concat());
    format!("{head}_{}", tail.to_ascii_lowercase())
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_one_key_and_tells_its_text_once() {
    let house = house_with(|config| config.auth.max_keys_per_tenant = 2).await;
    let send = async |path: &str, key: &str, body: Value| {
        let request = house.request(Method::POST, path, &admin(&house)).header("idempotency-key", key);
        answer(request.json(&body)).await
    };
    let body = json!({"name": "CI", "roles": ["member"]});
    let (status, made) = send("/keys", "k1", body.clone()).await;
    let (again, same) = send("/keys", "k1", body.clone()).await;
    assert_eq!((status.as_u16(), again.as_u16()), (201, 201));
    assert_eq!((&made["key_id"], same.get("key")), (&same["key_id"], None));
    assert_eq!(send("/keys", "k1", json!({"name": "Else", "roles": ["member"]})).await.0, 409);

    let path = format!("/keys/{}/rotate", made["key_id"].as_str().unwrap());
    let (_, rotated) = send(&path, "r1", json!({})).await;
    let (status, same) = send(&path, "r1", json!({})).await;
    assert_eq!((status.as_u16(), same.get("key")), (200, None), "{same}");
    assert_eq!(seen_by(&house, rotated["key"].as_str().unwrap()).await.0, 200, "it was not rotated again");

    make(&house, &body).await;
    let (status, full) = answer(house.request(Method::POST, "/keys", &admin(&house)).json(&body)).await;
    assert_eq!((status.as_u16(), &full["error"]["code"]), (409, &json!("too_many_keys")));
    revoke(&house, made["key_id"].as_str().unwrap()).await;
    make(&house, &body).await;
}

#[tokio::test]
async fn keys_that_cannot_be_made_are_refused() {
    let house = house().await;
    for (body, field) in [
        (json!({"roles": ["member"]}), "name"),
        (json!({"name": " ", "roles": ["member"]}), "name"),
        (json!({"name": "a\u{0}", "roles": ["member"]}), "name"),
        (json!({"name": "a".repeat(201), "roles": ["member"]}), "name"),
        (json!({"name": "a"}), "roles"),
        (json!({"name": "a", "roles": []}), "roles"),
        (json!({"name": "a", "roles": ["root"]}), "roles[0]"),
        (json!({"name": "a", "roles": "member"}), "roles"),
        (json!({"name": "a", "roles": ["member"], "ttl_seconds": 0}), "ttl_seconds"),
        (json!({"name": "a", "roles": ["member"], "ttl_seconds": u64::MAX}), "ttl_seconds"),
        (json!({"name": "a", "roles": ["member"], "ttl_seconds": 400 * 86_400}), "ttl_seconds"),
        (json!({"name": "a", "roles": ["member"], "expires_at": "tomorrow"}), "expires_at"),
        (json!({"name": "a", "roles": ["member"], "expires_at": "2001-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "a", "roles": ["member"], "expires_at": "9999-12-31T23:59:59Z"}), "expires_at"),
        (
            json!({"name": "a", "roles": ["member"], "ttl_seconds": 9, "expires_at": "2100-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (json!({"name": "a", "roles": ["member"], "secret": "mine"}), "secret"),
    ] {
        let (status, refusal) = answer(house.request(Method::POST, "/keys", &admin(&house)).json(&body)).await;
        let found = &refusal["error"]["details"][0]["field"];
        assert_eq!((status.as_u16(), found.as_str()), (400, Some(field)), "{body} {refusal}");
    }
    let (_, listed) = answer(house.request(Method::GET, "/keys", &admin(&house))).await;
    assert_eq!(listed["meta"]["total"], 0);
    for (path, status) in [("/keys/x", 400), ("/keys/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11", 404)] {
        assert_eq!(answer(house.request(Method::DELETE, path, &admin(&house))).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn what_becomes_of_keys_stands_in_the_audit_trail_and_no_secret_anywhere() {
    let house = house().await;
    let (first, id) = member_key(&house).await;
    let path = format!("/keys/{id}/rotate");
    let (_, second) = answer(house.request(Method::POST, &path, &admin(&house)).json(&json!({}))).await;
    revoke(&house, &id).await;
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    let ours: Vec<_> = entries.iter().filter(|entry| entry.payload["key_id"] == id.as_str()).collect();
    let mut actions: Vec<&str> = ours.iter().map(|entry| entry.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["key_created", "key_revoked", "key_rotated"]);
    assert!(ours.iter().all(|entry| entry.user_id.is_some() && entry.request_id.is_some()));

    let (_, listed) = answer(house.request(Method::GET, "/keys", &admin(&house))).await;
    assert_eq!((&listed["data"][0]["status"], &listed["data"][0]["roles"]), (&json!("revoked"), &json!(["member"])));
    let dump = house.dump(&["api_keys", "api_key_secrets", "audit_logs", "idempotency_keys"]).await;
    for key in [first.as_str(), second["key"].as_str().unwrap()] {
        let secret = key.rsplit_once('_').unwrap().1;
        let bytes = data_encoding::BASE32_NOPAD.decode(secret.to_ascii_uppercase().as_bytes()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(&bytes[..32]);
        for told in [secret, hex.as_str()] {
            assert!(!dump.contains(told) && !listed.to_string().contains(told), "a secret is kept");
        }
    }
    assert!(dump.contains(&id), "the dump has no keys in it");
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_from_a_shell() {
    let house = house().await;
    let sba = async |args: &[&str]| {
        let mut command = tokio::process::Command::new(sba::guard::program().unwrap());
        command.args(args).env("SBA_URL", &house.url).env("SBA_TOKEN", admin(&house)).kill_on_drop(true);
        let said = command.output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (said.status.success(), text(&said.stdout), text(&said.stderr))
    };
    let (done, out, err) = sba(&["key", "create", "Nightly import", "--role", "viewer", "--ttl", "30d"]).await;
    assert!(done, "{err}");
    let key = out.strip_suffix('\n').unwrap();
    assert_eq!(seen_by(&house, key).await.0, 200, "the key alone is on standard output");
    let id = key.split('_').nth(2).unwrap();

    let (_, out, _) = sba(&["key", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&listed["name"], &listed["roles"]), (&json!("Nightly import"), &json!(["viewer"])));
    let (_, out, _) = sba(&["key", "list"]).await;
    assert!(out.contains("Nightly import") && out.contains("active"), "{out}");

    assert!(sba(&["key", "revoke", id]).await.0);
    assert_eq!(seen_by(&house, key).await.0, 401);
    let (done, out, err) = sba(&["key", "create", "Root", "--role", "operator"]).await;
    assert!(!done && out.is_empty() && err.contains("forbidden"), "{err}");
    let (done, _, err) = sba(&["key", "revoke", "0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11"]).await;
    assert!(!done && err.contains("not_found"), "{err}");
}
