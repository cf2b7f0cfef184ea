//! The keys of OpenID Connect providers: fetched, kept, changed, and what happens when a provider misbehaves.

use std::time::{Duration, Instant};

use futures::future::join_all;
use jsonwebtoken::Algorithm;
use sba_service::config::{IssuerConfig, Millis};
use sba_tests::provider::{Mood, Provider, Signer};
use tokio::time::sleep;

use super::oidc::{claims, house_of, issuer, refusal, seen};

fn signer(id: &str) -> Signer {
    Signer::new(id, Algorithm::EdDSA).unwrap()
}

#[tokio::test]
async fn a_new_key_is_taken_at_once_and_unknown_ones_ask_once_in_a_while() {
    let (old, new) = (signer("old"), signer("new"));
    let provider = Provider::start(&[&old]).await.unwrap();
    let (house, _) = house_of(vec![issuer(&provider)], |config| config.auth.jwks_retry_seconds = 2).await;
    let (by_old, by_new) = (old.token(&claims(&provider)).unwrap(), new.token(&claims(&provider)).unwrap());
    assert_eq!(seen(&house, &by_old).await.0, 201);
    assert_eq!(provider.asked(), 1);
    provider.show(&[&new]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(seen(&house, &by_new).await.0, 201, "a key that is not known is asked for");
    assert_eq!(provider.asked(), 2);
    assert_eq!(
        refusal(&house, &by_old).await,
        "401 unauthenticated",
        "a key that was withdrawn, though it was good once"
    );

    sleep(Duration::from_secs(2)).await;
    let unknown: Vec<_> = (0..40).map(|n| signer(&format!("x{n}")).token(&claims(&provider)).unwrap()).collect();
    let refusals = join_all(unknown.iter().map(|token| refusal(&house, token))).await;
    assert!(refusals.iter().all(|code| code == "401 unauthenticated"), "{refusals:?}");
    assert_eq!(provider.asked(), 3, "once, for all of them");
    assert_eq!(seen(&house, &by_new).await.0, 201);
}

#[tokio::test]
async fn a_provider_that_misbehaves_is_in_nobodys_way_and_what_it_said_holds_for_a_while() {
    let key = signer("a");
    let (first, second) = (Provider::start(&[&key]).await.unwrap(), Provider::start(&[&key]).await.unwrap());
    let (house, _) = house_of(vec![issuer(&first), issuer(&second)], |config| {
        let auth = &mut config.auth;
        (auth.jwks_refresh_seconds, auth.jwks_retry_seconds, auth.jwks_max_age_seconds) = (1, 1, 600);
        auth.jwks_timeout_ms = Millis::new(1_500);
    })
    .await;
    let (good, other) = (key.token(&claims(&first)).unwrap(), key.token(&claims(&second)).unwrap());
    assert_eq!(seen(&house, &good).await.0, 201);
    let lure = Provider::start(&[&key]).await.unwrap();
    for mood in [
        Mood::Hangs,
        Mood::Huge,
        Mood::Lies,
        Mood::Fails,
        Mood::SendsTo(format!("{}/keys", lure.issuer())),
        Mood::Poses("https://elsewhere.example".to_owned()),
    ] {
        first.be(mood.clone());
        sleep(Duration::from_millis(1_100)).await;
        let (asked, began) = (first.asked(), Instant::now());
        assert_eq!(seen(&house, &good).await.0, 201, "{mood:?}: known keys hold on");
        assert_eq!(refusal(&house, &other).await, "401 unauthenticated", "{mood:?}: another issuer is asked");
        assert_eq!(seen(&house, &house.member()).await.0, 201, "{mood:?}: SBA's own tokens hold");
        assert!(began.elapsed() < Duration::from_millis(1_400), "{mood:?}: somebody waited {:?}", began.elapsed());
        if !matches!(mood, Mood::Poses(_)) {
            let until = Instant::now() + Duration::from_secs(5);
            while first.asked() == asked {
                assert!(Instant::now() < until, "{mood:?}: it was not asked");
                sleep(Duration::from_millis(10)).await;
            }
        }
        sleep(Duration::from_millis(1_600)).await;
    }
    assert_eq!(seen(&house, &good).await.0, 201);
    assert_eq!(lure.asked(), 0, "a redirect to another origin was followed");
}

#[tokio::test]
async fn keys_that_were_never_had_or_are_too_old_are_not_believed() {
    let key = signer("a");
    let provider = Provider::start(&[&key]).await.unwrap();
    let (house, _) = house_of(vec![issuer(&provider)], |config| {
        let auth = &mut config.auth;
        (auth.jwks_refresh_seconds, auth.jwks_retry_seconds, auth.jwks_max_age_seconds) = (1, 1, 2);
        auth.jwks_timeout_ms = Millis::new(300);
    })
    .await;
    let token = key.token(&claims(&provider)).unwrap();
    for mood in [Mood::Hangs, Mood::Huge, Mood::Lies, Mood::Fails, Mood::Poses("https://other.example".to_owned())] {
        provider.be(mood.clone());
        sleep(Duration::from_millis(1_100)).await;
        assert_eq!(refusal(&house, &token).await, "503 unavailable", "{mood:?}");
    }
    provider.be(Mood::Good);
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(seen(&house, &token).await.0, 201);
    provider.be(Mood::Fails);
    sleep(Duration::from_millis(2_300)).await;
    assert_eq!(refusal(&house, &token).await, "503 unavailable", "too old");
}

#[tokio::test]
async fn keys_come_from_where_the_configuration_says_without_discovery() {
    let key = signer("a");
    let provider = Provider::start(&[&key]).await.unwrap();
    let config = IssuerConfig {
        issuer: "https://nowhere.example/realm".to_owned(),
        jwks_url: Some(format!("{}/keys", provider.issuer())),
        ..issuer(&provider)
    };
    let (house, _) = house_of(vec![config.clone()], |_| ()).await;
    let mut said = claims(&provider);
    said["iss"] = config.issuer.into();
    assert_eq!(seen(&house, &key.token(&said).unwrap()).await.0, 201);
}
