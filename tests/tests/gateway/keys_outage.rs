//! Keys while Postgres is away.

use std::time::{Duration, Instant};

use reqwest::Method;
use sba::local::postgres;
use sba_service::config::Secret;
use sba_subjects::id::RunId;
use sba_tests::proxy::Proxy;
use tokio::time::sleep;

use super::{
    keys::{member_key, revoke},
    stream::started,
    support::{House, answer, closed, house_with},
};

/// Seconds for which a key is believed.
const BELIEVED: u64 = 3;

/// A gateway that reaches Postgres through a proxy.
async fn house_behind_a_proxy() -> (House, Proxy) {
    let port = postgres::shared().await.unwrap().port();
    let proxy = Proxy::start(format!("127.0.0.1:{port}")).await.unwrap();
    let through = proxy.address().port();
    let house = house_with(|config| {
        let url = config.database.url.as_ref().unwrap().reveal().replace(&format!(":{port}/"), &format!(":{through}/"));
        assert!(url.contains(&format!(":{through}/")), "the address of the database was not found");
        config.database.url = Some(Secret::new(url));
        config.auth.key_outage_seconds = BELIEVED;
    })
    .await;
    (house, proxy)
}

/// How somebody is answered who asks for what takes no database.
async fn seen(house: &House, run: RunId, key: &str) -> (u16, Duration) {
    let began = Instant::now();
    let path = format!("/runs/{run}/events?after=2&wait_ms=0");
    let (status, _) = answer(house.request(Method::GET, &path, key)).await;
    (status.as_u16(), began.elapsed())
}

#[tokio::test]
async fn a_known_key_is_believed_for_a_while_and_an_unknown_one_never() {
    let (house, proxy) = house_behind_a_proxy().await;
    let (run, _writer) = started(&house).await;
    let ((known, id), (unknown, _)) = (member_key(&house).await, member_key(&house).await);
    assert_eq!(seen(&house, run, &known).await.0, 200);
    let bearer = format!("Bearer {known}");
    let mut socket = house.try_watch(run, 2, &[("authorization", &bearer)]).await.unwrap();

    for stall in [true, false] {
        let gone = Instant::now();
        if stall {
            proxy.stall()
        } else {
            proxy.cut()
        }
        while gone.elapsed() < Duration::from_secs(BELIEVED - 1) {
            let (status, took) = seen(&house, run, &known).await;
            assert_eq!(status, 200, "after {:?}", gone.elapsed());
            assert!(took < Duration::from_millis(1_200), "somebody waited {took:?}");
            sleep(Duration::from_millis(100)).await;
        }
        if !stall {
            assert_eq!(seen(&house, run, &unknown).await.0, 503);
            sleep(Duration::from_secs(BELIEVED).saturating_sub(gone.elapsed()) + Duration::from_secs(1)).await;
            assert_eq!(seen(&house, run, &known).await.0, 503, "believed for too long");
            assert_eq!(closed(&mut socket).await, 1013, "the socket outlives what is believed");
        }
        proxy.heal();
        let until = Instant::now() + Duration::from_secs(10);
        while seen(&house, run, &known).await.0 != 200 {
            assert!(Instant::now() < until, "it is not good again");
        }
        // Believed anew, from here on.
        sleep(Duration::from_millis(600)).await;
        assert_eq!(seen(&house, run, &known).await.0, 200);
    }
    assert_eq!(seen(&house, run, &unknown).await.0, 200);
    revoke(&house, &id).await;
    assert_eq!(seen(&house, run, &known).await.0, 401, "nothing of it is believed any more");
}
