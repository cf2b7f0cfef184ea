//! Local NATS servers and the identities on them, against real servers.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use sba::local::{HubAccount, NatsCluster, NatsServer, nats};
use sba_gateway::accounts::{Account, AccountLimits, Operator, push_account};

const DEADLINE: Duration = Duration::from_secs(10);

fn stream(replicas: usize) -> stream::Config {
    stream::Config {
        name: "T".to_owned(),
        subjects: vec!["t.>".to_owned()],
        num_replicas: replicas,
        ..Default::default()
    }
}

#[tokio::test]
async fn hub_accounts_share_a_server_and_see_nothing_of_each_other() {
    let site = nats::shared().await.unwrap();
    let (one, two) = (HubAccount::new(site).await.unwrap(), HubAccount::new(site).await.unwrap());
    let one = jetstream::new(one.connect().await.unwrap());
    let two = jetstream::new(two.connect().await.unwrap());
    one.create_stream(stream(1)).await.unwrap();
    one.publish("t.a", "x".into()).await.unwrap().await.unwrap();
    two.get_stream("T").await.expect_err("the stream is in the other account");
    two.create_stream(stream(1)).await.unwrap();
    assert_eq!(two.get_stream("T").await.unwrap().get_info().await.unwrap().state.messages, 0);
}

#[tokio::test]
async fn a_tenant_account_is_taken_while_the_server_runs_and_has_no_storage() {
    let server = NatsServer::start().await.unwrap();
    let operator = Operator::from_seed(&std::fs::read_to_string(server.site().operator_seed()).unwrap()).unwrap();
    let system =
        connect(server.site().url(), &std::fs::read_to_string(server.site().system_credentials()).unwrap()).await;
    let system = system.unwrap();

    let (tenant, seed) = Account::generate("tenant", AccountLimits::tenant()).unwrap();
    let user = tenant.mint_user(&seed, "user", 1, None).unwrap().to_file();
    connect(server.site().url(), &user).await.expect_err("the account is not known yet");
    push_account(&system, &operator.sign_account(&tenant, 1).unwrap(), DEADLINE).await.unwrap();
    let client = connect(server.site().url(), &user).await.unwrap();

    let mut inbox = client.subscribe("hello").await.unwrap();
    client.publish("hello", "world".into()).await.unwrap();
    assert_eq!(futures::StreamExt::next(&mut inbox).await.unwrap().payload, "world");
    let mut storage = jetstream::new(client);
    storage.set_timeout(Duration::from_secs(2));
    storage.create_stream(stream(1)).await.expect_err("a tenant has no storage of its own");
}

#[tokio::test]
async fn accounts_signed_by_another_operator_or_altered_are_refused() {
    let server = NatsServer::start().await.unwrap();
    let operator = Operator::from_seed(&std::fs::read_to_string(server.site().operator_seed()).unwrap()).unwrap();
    let system =
        connect(server.site().url(), &std::fs::read_to_string(server.site().system_credentials()).unwrap()).await;
    let system = system.unwrap();
    let (tenant, seed) = Account::generate("tenant", AccountLimits::tenant()).unwrap();
    let user = tenant.mint_user(&seed, "user", 1, None).unwrap().to_file();

    let foreign = Operator::generate().sign_account(&tenant, 1).unwrap();
    let own = operator.sign_account(&tenant, 1).unwrap();
    let (signed, signature) = own.rsplit_once('.').unwrap();
    let altered = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let error = push_account(&system, &altered, DEADLINE).await.expect_err("the signature is bad");
    assert_eq!(error.code(), "nats_account_refused", "{error}");
    connect(server.site().url(), &user).await.expect_err("the account must not be known");

    // A server stores what any operator has signed, and looks at whose signature it is when somebody logs in.
    let _ = push_account(&system, &foreign, DEADLINE).await;
    connect(server.site().url(), &user).await.expect_err("the operator is not trusted");
    push_account(&system, &own, DEADLINE).await.unwrap();
    connect(server.site().url(), &user).await.unwrap();
}

#[tokio::test]
async fn a_server_keeps_its_streams_when_it_is_killed_and_answers_late_when_it_was_frozen() {
    let mut server = NatsServer::start().await.unwrap();
    let account = HubAccount::new(server.site()).await.unwrap();
    let context = jetstream::new(account.connect().await.unwrap());
    context.create_stream(stream(1)).await.unwrap();
    context.publish("t.a", "x".into()).await.unwrap().await.unwrap();

    server.freeze().unwrap();
    let late = tokio::time::timeout(Duration::from_millis(200), context.query_account()).await;
    late.expect_err("a frozen server does not answer");
    server.thaw().unwrap();
    context.query_account().await.unwrap();

    server.kill().unwrap();
    assert_eq!(server.pid(), None);
    server.restart().await.unwrap();
    let context = jetstream::new(account.connect().await.unwrap());
    assert_eq!(context.get_stream("T").await.unwrap().get_info().await.unwrap().state.messages, 1);
}

#[tokio::test]
async fn three_servers_carry_on_without_one_of_them() {
    let mut cluster = NatsCluster::start().await.unwrap();
    let account = HubAccount::new(cluster.site()).await.unwrap();
    let context = jetstream::new(account.connect_to(&cluster.urls()[0]).await.unwrap());
    context.create_stream(stream(3)).await.unwrap();
    cluster.kill(2).unwrap();
    // The leader may have been the one that died.
    tokio::time::timeout(Duration::from_secs(30), async {
        while context.publish("t.a", "x".into()).await.unwrap().await.is_err() {}
    })
    .await
    .unwrap();
    cluster.restart(2).await.unwrap();
    assert!(cluster.name(2).starts_with("node-2"));
}

async fn connect(url: &str, credentials: &str) -> Result<async_nats::Client, async_nats::ConnectError> {
    async_nats::ConnectOptions::with_credentials(credentials).unwrap().connect(url).await
}
