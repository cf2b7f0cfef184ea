//! What a tenant tries with the most that it can be given, against another and against SBA.

use async_nats::Message;
use futures::{StreamExt as _, future::join_all};
use sba_subjects::stream::Stream;
use sba_tests::run_log::attempted;
use serde_json::json;

use super::{
    access::{Access, SILENCE},
    watch::{begun, say},
};
use crate::support::{House, house};

/// An attacker, and a tenant that has a run and a feed.
async fn scene() -> (House, Access, Access) {
    let house = house().await;
    let victim = house.let_all_in(&house.neighbour().await).await;
    let attacker = house.let_all_in(&house.tenant).await;
    for access in [&victim, &attacker] {
        access.ask(&format!("feed.{}.open", access.caller), &json!({"from": "beginning"})).await;
    }
    (house, attacker, victim)
}

/// All that stands in the streams: messages and consumers of each.
async fn standing(house: &House) -> Vec<(String, u64, usize)> {
    let mut all = Vec::new();
    for stream in Stream::ALL {
        let stream = house.jetstream.get_stream(stream.as_str()).await.unwrap();
        let info = stream.get_info().await.unwrap();
        all.push((info.config.name, info.state.messages, info.state.consumer_count));
    }
    all
}

#[tokio::test]
async fn no_subject_of_jetstream_or_of_sba_can_be_reached() {
    let (house, attacker, victim) = scene().await;
    let theirs = victim.given["account"].as_str().unwrap();
    let mine = house.tenant.as_str();
    let run = begun(&house, &theirs.parse().unwrap()).await.run;
    let before = standing(&house).await;
    let consumer = json!({"stream_name": "RUNS", "config": {"durable_name": mine, "filter_subject": "sba.*.run.>",
        "ack_policy": "explicit"}})
    .to_string();
    let mut tried = Vec::new();
    for prefix in ["$JS.API", "$JS.sba.API", "$JS.hub.API"] {
        for (rest, body) in [
            ("STREAM.NAMES".to_owned(), ""),
            ("STREAM.INFO.RUNS".to_owned(), "{\"subjects_filter\": \">\"}"),
            ("STREAM.DELETE.CMDS".to_owned(), ""),
            ("STREAM.PURGE.RUNS".to_owned(), ""),
            ("STREAM.MSG.GET.RUNS".to_owned(), "{\"seq\": 1}"),
            ("DIRECT.GET.RUNS".to_owned(), "{\"seq\": 1}"),
            ("CONSUMER.NAMES.RUNS".to_owned(), ""),
            (format!("CONSUMER.INFO.RUNS.{theirs}"), ""),
            ("CONSUMER.INFO.CMDS.orchestrators".to_owned(), ""),
            (format!("CONSUMER.DELETE.RUNS.{theirs}"), ""),
            (format!("CONSUMER.CREATE.RUNS.{mine}"), consumer.as_str()),
            (format!("CONSUMER.CREATE.RUNS.{mine}.sba.*.run.>"), consumer.as_str()),
            (format!("CONSUMER.DURABLE.CREATE.RUNS.{mine}"), consumer.as_str()),
            (format!("CONSUMER.MSG.NEXT.RUNS.{theirs}"), "{\"batch\": 1}"),
            ("CONSUMER.MSG.NEXT.CMDS.orchestrators".to_owned(), "{\"batch\": 1}"),
            ("CONSUMER.MSG.NEXT.RUNS.*".to_owned(), "{\"batch\": 1}"),
        ] {
            tried.push((format!("{prefix}.{rest}"), body.to_owned()));
        }
    }
    for subject in [
        format!("sba.{theirs}.cmd.{}.{run}.cancel", run.partition()),
        format!("sba.{mine}.run.{}.{run}.ev", run.partition()),
        format!("live.{run}.ev"),
        format!("live.{theirs}.{run}.ev"),
        format!("cmd.{theirs}.{}.cancel.{run}", victim.caller),
        format!("cmd.{}.cancel.{run}", victim.caller),
        format!("feed.{}.close", victim.caller),
        format!("$JS.ACK.RUNS.{theirs}.1.1.1.1.0"),
        format!("$JS.ACK.hub.{mine}.RUNS.{theirs}.1.1.1.1.0.x"),
        "$SYS.REQ.CLAIMS.UPDATE".to_owned(),
        format!("$SYS.REQ.ACCOUNT.{theirs}.CLAIMS.LOOKUP"),
        "ctl.everybody".to_owned(),
        "hb.everybody".to_owned(),
        attacker.cmd(&format!("result.{run}")),
        attacker.cmd(&format!("timer.{run}")),
        attacker.cmd(&format!("poke.{run}")),
    ] {
        tried.push((subject, "+TERM".to_owned()));
    }
    let attempts = tried.iter().map(async |(subject, body)| (subject, attacker.heard(subject, body.as_bytes()).await));
    for (subject, heard) in join_all(attempts).await {
        let refused =
            |heard: &Message| String::from_utf8_lossy(&heard.payload).contains("JetStream not enabled for account");
        assert!(heard.as_ref().is_none_or(refused), "{subject} is answered: {heard:?}");
    }
    assert_eq!(attacker.refused(&attacker.cmd(&format!("cancel.{run}")), "{}").await, "not_found", "another's run");
    assert_eq!(standing(&house).await, before);
    attacker.until_denied("Publish").await;
    assert!(attacker.is_in().await && victim.is_in().await);
}

#[tokio::test]
async fn an_answer_cannot_be_aimed_at_anything() {
    let (house, attacker, victim) = scene().await;
    let theirs = victim.given["account"].as_str().unwrap();
    let run = house.start(&json!({"prompt": "a"})).await;
    let before = standing(&house).await;
    let next = format!("$JS.sba.API.CONSUMER.MSG.NEXT.RUNS.{}", house.tenant);
    let colleague = house.let_all_in(&house.tenant).await;
    for reply in [
        "$JS.API.STREAM.DELETE.CMDS".to_owned(),
        "$JS.API.STREAM.PURGE.RUNS".to_owned(),
        format!("sba.{theirs}.cmd.{}.{run}.cancel", run.partition()),
        format!("sba.{}.cmd.{}.{run}.cancel", house.tenant, run.partition()),
        format!("live.{theirs}.{run}.ev"),
        colleague.cmd(&format!("pause.{run}")),
        colleague.cmd(&format!("cancel.{run}")),
        "_R_.abc.def".to_owned(),
        format!("_INBOX.{}.x", victim.caller),
    ] {
        for (subject, body) in [
            (attacker.cmd("start"), "no json"),
            (format!("feed.{}.open", attacker.caller), "{}"),
            (next.clone(), "{\"batch\": 1, \"no_wait\": true}"),
            (format!("$JS.sba.API.CONSUMER.INFO.RUNS.{}", house.tenant), ""),
            ("$SRV.PING".to_owned(), ""),
        ] {
            attacker.client.publish_with_reply(subject, reply.clone(), body.into()).await.unwrap();
        }
    }
    // Behind them: what they came to has come by now.
    assert_eq!(attacker.refused(&attacker.cmd("start"), "no json").await, "invalid_request");
    tokio::time::sleep(SILENCE).await;
    let after = standing(&house).await;
    assert_eq!(after, before, "something was stored or removed");
}

#[tokio::test]
async fn nobody_else_is_listened_to() {
    let (house, attacker, victim) = scene().await;
    let theirs = victim.given["account"].as_str().unwrap();
    let mut heard = Vec::new();
    for pattern in
        [">", "*.>", "_INBOX.>", "_R_.>", "sba.>", "$SYS.>", "$JS.>", "cmd.>", "hb.*", "live.>", "live.*.*.*"]
    {
        heard.push(attacker.client.subscribe(pattern).await.unwrap());
    }
    for pattern in [format!("_INBOX.{}.>", victim.caller), format!("live.{theirs}.*.*")] {
        heard.push(attacker.client.subscribe(pattern).await.unwrap());
    }
    attacker.until_denied("Subscription").await;
    let mut run = begun(&house, &theirs.parse().unwrap()).await;
    say(&mut run, attempted()).await;
    victim.ask(&victim.cmd("start"), &json!({"prompt": "a"})).await;
    let mut heard = futures::stream::select_all(heard);
    let said = tokio::time::timeout(SILENCE, heard.next()).await;
    assert!(!matches!(said, Ok(Some(_))), "{said:?}");
}

#[tokio::test]
async fn another_reader_of_the_same_tenant_is_all_that_an_acknowledgement_reaches() {
    let (house, attacker, victim) = scene().await;
    let theirs = victim.given["account"].as_str().unwrap();
    begun(&house, &theirs.parse().unwrap()).await;
    let runs = house.jetstream.get_stream("RUNS").await.unwrap();
    let pending = async || runs.consumer_info(theirs).await.unwrap().num_ack_pending;
    let next = format!("$JS.sba.API.CONSUMER.MSG.NEXT.RUNS.{theirs}");
    let delivered = victim.heard(&next, b"{\"batch\": 1, \"expires\": 400000000}").await.unwrap();
    assert_eq!(pending().await, 1);
    let ack = delivered.reply.unwrap();
    for body in ["+TERM", "+ACK", "-NAK"] {
        assert!(attacker.heard(&ack, body.as_bytes()).await.is_none(), "{body}");
    }
    assert_eq!(pending().await, 1, "it is still the victim's");
    victim.client.request(ack, "+ACK".into()).await.unwrap();
    assert_eq!(pending().await, 0);
}
