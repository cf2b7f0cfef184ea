//! The token format: three base64 parts, signed by an nkey.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use nkeys::KeyPair;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha512_256};

use super::error::AccountsError;

/// Version of the NATS claims that is written.
const CLAIMS_VERSION: u8 = 2;

#[derive(Serialize)]
struct Header {
    typ: &'static str,
    alg: &'static str,
}

const HEADER: Header = Header { typ: "JWT", alg: "ed25519-nkey" };

/// The claims every token carries, beside the part that depends on its kind.
#[derive(Serialize)]
pub(super) struct Claims<'a, N> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    jti: String,
    iat: i64,
    iss: String,
    name: &'a str,
    sub: &'a str,
    nats: Nats<N>,
}

#[derive(Serialize)]
struct Nats<N> {
    #[serde(flatten)]
    body: N,
    #[serde(rename = "type")]
    kind: &'static str,
    version: u8,
}

impl<'a, N: Serialize> Claims<'a, N> {
    /// Claims of `kind` about the public key `sub`, issued at `iat` (seconds since 1970).
    pub(super) fn new(kind: &'static str, sub: &'a str, name: &'a str, iat: i64, body: N) -> Self {
        let nats = Nats { body, kind, version: CLAIMS_VERSION };
        Self { exp: None, jti: String::new(), iat, iss: String::new(), name, sub, nats }
    }

    /// Signs the claims with `issuer`, which becomes their `iss`.
    pub(super) fn sign(mut self, issuer: &KeyPair) -> Result<String, AccountsError> {
        self.iss = issuer.public_key();
        self.jti = id_of(&self)?;
        sealed(&self, issuer)
    }
}

/// Signs claims that were read, and changed since, at another time (seconds since 1970).
pub(super) fn sign_again(mut claims: Map<String, Value>, iat: i64, issuer: &KeyPair) -> Result<String, AccountsError> {
    claims.remove("jti");
    claims.insert("iat".to_owned(), iat.into());
    claims.insert("iss".to_owned(), issuer.public_key().into());
    let id = id_of(&claims)?;
    claims.insert("jti".to_owned(), id.into());
    sealed(&claims, issuer)
}

/// The claims of a token that `issuer` signed; `None` for anything else.
pub(super) fn read(token: &str, issuer: &KeyPair) -> Option<Map<String, Value>> {
    let (signed, signature) = token.trim().rsplit_once('.')?;
    issuer.verify(signed.as_bytes(), &BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?).ok()?;
    let body = signed.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(body.as_bytes()).ok()?).ok()
}

fn id_of(claims: &impl Serialize) -> Result<String, AccountsError> {
    Ok(BASE32_NOPAD.encode(&Sha512_256::digest(serde_json::to_vec(claims)?)))
}

fn sealed(claims: &impl Serialize, issuer: &KeyPair) -> Result<String, AccountsError> {
    let header = BASE64URL_NOPAD.encode(&serde_json::to_vec(&HEADER)?);
    let body = BASE64URL_NOPAD.encode(&serde_json::to_vec(claims)?);
    let signed = format!("{header}.{body}");
    let signature = issuer.sign(signed.as_bytes()).map_err(AccountsError::key("signing"))?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_signed_by_its_issuer_and_says_what_was_claimed() {
        let issuer = KeyPair::new_operator();
        let subject = KeyPair::new_account().public_key();
        let token = Claims::new("account", &subject, "t", 17, json!({"limits": {}})).sign(&issuer).unwrap();

        let parts: Vec<&str> = token.split('.').collect();
        let body: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap()).unwrap();
        assert_eq!(body["iss"], issuer.public_key());
        assert_eq!(body["sub"], subject);
        assert_eq!(body["iat"], 17);
        assert_eq!(body["nats"], json!({"limits": {}, "type": "account", "version": 2}));
        assert_eq!(body["jti"].as_str().unwrap().len(), 52);

        let signature = BASE64URL_NOPAD.decode(parts[2].as_bytes()).unwrap();
        let signed = format!("{}.{}", parts[0], parts[1]);
        issuer.verify(signed.as_bytes(), &signature).unwrap();
        issuer.verify(signed.replace('e', "f").as_bytes(), &signature).unwrap_err();
    }

    #[test]
    fn only_what_the_issuer_signed_is_read() {
        let (issuer, other) = (KeyPair::new_operator(), KeyPair::new_operator());
        let subject = KeyPair::new_account().public_key();
        let token = Claims::new("account", &subject, "t", 17, json!({"limits": {}})).sign(&issuer).unwrap();
        let mut claims = read(&token, &issuer).unwrap();
        assert_eq!(read(&token, &other), None);
        assert_eq!(read(&token.replacen('.', ".e", 1), &issuer), None);
        assert_eq!(read("", &issuer), None);

        claims.insert("more".to_owned(), json!(1));
        let again = read(&sign_again(claims.clone(), 18, &issuer).unwrap(), &issuer).unwrap();
        assert_eq!((&again["more"], &again["iat"], &again["sub"]), (&json!(1), &json!(18), &json!(subject)));
        assert_ne!(again["jti"], claims["jti"]);
    }
}
