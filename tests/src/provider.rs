//! An OpenID Connect provider, as far as a gateway sees it: a discovery document, keys, and tokens of any kind. It does what
//! a test says, however wrong that is.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use sba_gateway::auth::KeyPair;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How the provider answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    #[default]
    Good,
    /// Not at all.
    Hangs,
    /// With more than anybody reads.
    Huge,
    /// With a page instead of keys.
    Lies,
    /// With a failure.
    Fails,
    /// With a redirect to this address.
    SendsTo(String),
    /// As another issuer.
    Poses(String),
}

/// A running provider.
#[derive(Debug, Clone)]
pub struct Provider {
    address: SocketAddr,
    state: Arc<Told>,
}

#[derive(Debug, Default)]
struct Told {
    mood: Mutex<Mood>,
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
}

/// A key that signs tokens.
#[derive(Clone)]
pub struct Signer {
    /// How it signs.
    pub algorithm: Algorithm,
    /// Its name.
    pub id: String,
    key: EncodingKey,
    /// Its public half, as a provider shows it.
    pub public: Value,
}

impl Provider {
    /// Starts one that shows these keys.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(keys: &[&Signer]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let provider = Self { address: listener.local_addr()?, state: Arc::default() };
        provider.show(keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys_of))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    /// Its name.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shows these keys from now on.
    pub fn show(&self, keys: &[&Signer]) {
        let mut shown = self.state.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = keys.iter().map(|signer| signer.public.clone()).collect();
    }

    /// Answers so from now on.
    pub fn be(&self, mood: Mood) {
        *self.state.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// How often it was asked for keys.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    async fn answer(&self, good: Value) -> Response {
        let mood = self.state.mood.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match mood {
            Mood::Good | Mood::Poses(_) => axum::Json(good).into_response(),
            Mood::Hangs => std::future::pending().await,
            Mood::Huge => {
                let mut long = good.to_string();
                long.push_str(&" ".repeat(10 << 20));
                Body::from(long).into_response()
            }
            Mood::Lies => "<html>Sign in</html>".into_response(),
            Mood::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Mood::SendsTo(address) => (StatusCode::FOUND, [(header::LOCATION, address)]).into_response(),
        }
    }
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let mood = provider.state.mood.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let issuer = match mood {
        Mood::Poses(issuer) => issuer,
        _ => provider.issuer(),
    };
    axum::Json(json!({"issuer": issuer, "jwks_uri": format!("{}/keys", provider.issuer())})).into_response()
}

async fn keys_of(State(provider): State<Provider>) -> Response {
    provider.state.asked.fetch_add(1, Ordering::SeqCst);
    let keys = provider.state.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
    provider.answer(json!({ "keys": keys })).await
}

impl Signer {
    /// A new key of this name for this algorithm.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new(id: &str, algorithm: Algorithm) -> anyhow::Result<Self> {
        let key = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048)?;
                EncodingKey::from_rsa_pem(&pem(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref()))?
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                EncodingKey::from_ec_pem(&pem(pair.to_pkcs8v1()?.as_ref()))?
            }
            _ => EncodingKey::from_ed_pem(KeyPair::generate()?.private_pem.as_bytes())?,
        };
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm)?)?;
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        Ok(Self { algorithm, id: id.to_owned(), key, public })
    }

    /// A token that says this.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, claims: &Value) -> anyhow::Result<String> {
        self.token_with(&json!({"typ": "JWT", "alg": self.algorithm, "kid": self.id}), claims)
    }

    /// A token with this head.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token_with(&self, head: &Value, claims: &Value) -> anyhow::Result<String> {
        let part = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let message = format!("{}.{}", part(head), part(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm)?;
        Ok(format!("{message}.{signature}"))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({}, {:?})", self.id, self.algorithm)
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn pem(der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64.encode(der)).into_bytes()
}
