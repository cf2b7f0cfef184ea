//! How the layers meet, and that the published files are those that the code makes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let owned = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::load_with(None, owned.collect::<Vec<_>>())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn as_json(config: &Config) -> serde_json::Value {
    serde_json::to_value(config).unwrap()
}

/// Compares with the committed file; with `SBA_UPDATE_FILES` set, writes it instead.
fn published(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("SBA_UPDATE_FILES").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "{name} is stale: run this test with SBA_UPDATE_FILES=1");
}

#[test]
fn the_published_schema_is_current() {
    let mut made = serde_json::to_string_pretty(&schema()).unwrap();
    made.push('\n');
    published("config.schema.json", &made);
}

#[test]
fn the_default_file_is_current_and_says_the_defaults() {
    let made = default_file();
    published("default.toml", &made);
    let loaded = Config::load_with(Some(file(&made).path()), []).unwrap();
    assert_eq!(as_json(&loaded), as_json(&Config::default()));
}

#[test]
fn every_setting_has_a_description() {
    fn walk(path: &str, node: &serde_json::Value) {
        let text = node["description"].as_str().unwrap_or_default();
        assert!(text.ends_with('.'), "{path} has no description that ends in a full stop: {text:?}");
        let named = node.get("additionalProperties").filter(|named| named.is_object());
        if let Some(below) = named {
            walk(&format!("{path}.<name>"), below);
        }
        for (name, below) in node["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), below);
        }
    }
    walk("", &schema());
}

#[test]
fn the_defaults_pass_their_own_check() {
    Config::default().check().unwrap();
}

#[test]
fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
    let file = file("[nats]\nurl = \"nats://file:1\"\nreplicas = 3\n");
    let variables = [("SBA_NATS__URL".to_owned(), "nats://variable:1".to_owned())];
    let config = Config::load_with(Some(file.path()), variables).unwrap();
    assert_eq!(config.nats.url, "nats://variable:1");
    assert_eq!(config.nats.replicas, 3);
    assert_eq!(config.nats.request_timeout_ms, NatsConfig::default().request_timeout_ms);
}

#[test]
fn a_variable_is_read_by_the_type_of_its_setting() {
    let config = with(&[
        ("SBA_MODEL__API_KEY", "123456"),
        ("SBA_MODEL__NAME", "true"),
        ("SBA_MODEL__TEMPERATURE", "1"),
        ("SBA_MODEL__SCRIPTED__DELAY_MS", "7"),
        ("SBA_BLOBS__ALLOW_HTTP", "true"),
        ("SBA_GATEWAY__CORS_ORIGINS", "[\"https://a.example\"]"),
    ])
    .unwrap();
    assert_eq!(config.model.api_key.unwrap().reveal(), "123456");
    assert_eq!(config.model.name, "true");
    assert!((config.model.temperature - 1.0).abs() < f64::EPSILON);
    assert_eq!(config.model.scripted.delay_ms, Millis::new(7));
    assert!(config.blobs.allow_http);
    assert_eq!(config.gateway.cors_origins, ["https://a.example"]);
}

#[test]
fn a_tool_is_tried_as_its_own_settings_say_and_else_as_all_are() {
    let config = with(&[
        ("SBA_WORKER__MAX_DELIVERIES", "4"),
        ("SBA_TOOLS__TASK_CREATE__MAX_DELIVERIES", "2"),
        ("SBA_TOOLS__TASK_CREATE__NO_RETRY", "[\"job_timeout\"]"),
        ("SBA_TOOLS__TASK_CREATE__CALL_DEADLINE_MS", "7000"),
    ])
    .unwrap();
    let (tools, usual) = (config.tool_tries(), config.usual_tries());
    let own = &tools[&"task_create".parse().unwrap()];
    assert_eq!((own.deliveries, own.never.as_slice()), (2, ["job_timeout".to_owned()].as_slice()));
    assert_eq!(own.backoff, usual.backoff);
    assert_eq!((usual.deliveries, usual.deadline), (4, config.worker.job_deadline_ms.duration()));
    assert_eq!(own.deadline, Millis::new(7_000).duration(), "nobody waits longer");
    let search = &tools[&"knowledge_search".parse().unwrap()];
    assert_eq!(search.deliveries, 4);
    assert!(search.deadline < usual.deadline, "a tool has its own usual time");
    assert_eq!(config.call_deadlines().into_values().collect::<Vec<_>>(), [Millis::new(7_000)]);
    assert!(with(&[("SBA_TOOLS__TASK_CREATE__TRIES", "2")]).is_err());
    let odd = with(&[("SBA_TOOLS__TASK_CREATE__RETRY_MIN_MS", "0")]).unwrap();
    assert!(odd.check().unwrap_err().to_string().contains("tools.task_create.retry_min_ms"));
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    with(&[("SBA_CONFIG", "/etc/sba.toml"), ("SBA_PARTS", "/x"), ("SBA_NATS__URL", "")]).unwrap();
}

#[test]
fn an_error_names_the_setting_its_origin_and_what_was_expected() {
    let case = |name, text| with(&[(name, text)]).unwrap_err().to_string();
    let replicas = case("SBA_NATS__REPLICAS", "many");
    let expected = "nats.replicas (environment variable SBA_NATS__REPLICAS): found string \"many\", expected";
    assert!(replicas.starts_with(expected), "{replicas}");
    let unknown = case("SBA_NATS__ULR", "x");
    let expected = "nats.ulr (environment variable SBA_NATS__ULR): there is no such setting; there are url,";
    assert!(unknown.starts_with(expected), "{unknown}");
    let format = case("SBA_TELEMETRY__LOG_FORMAT", "xml");
    assert!(format.ends_with("found \"xml\", expected one of json, text"), "{format}");
    let secret = case("SBA_DATABASE__URL", "file:/no/such");
    assert!(secret.contains("database.url") && secret.contains("/no/such"), "{secret}");
}

#[test]
fn a_broken_file_is_named_and_its_text_is_not_repeated() {
    let broken = file("[model]\nname = \"x\"\napi_key = \"hunter2\n");
    let error = Config::load_with(Some(broken.path()), []).unwrap_err();
    assert_eq!(error.code(), "config_syntax");
    assert!(error.to_string().contains("line 3"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let number = file("[model]\napi_key = 4711\n");
    let error = Config::load_with(Some(number.path()), []).unwrap_err().to_string();
    assert!(error.contains("model.api_key (file ") && !error.contains("4711"), "{error}");
    let missing = Config::load_with(Some(Path::new("/no/such.toml")), []).unwrap_err();
    assert_eq!(missing.code(), "config_unreadable");
}

#[test]
fn check_reports_everything_at_once() {
    let mut config = Config::default();
    config.nats.replicas = 2;
    config.model.temperature = f64::NAN;
    config.gateway.listen = "8080".to_owned();
    config.database.url = Some(Secret::new("mysql://u:hunter2@h/d"));
    let error = config.check().unwrap_err();
    assert_eq!(error.code(), "config_check_failed");
    let text = error.to_string();
    for part in ["nats.replicas: is 2", "model.temperature", "gateway.listen", "database.url"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn what_a_process_cannot_do_without_is_found_before_it_starts() {
    let missing = |purpose| {
        let ConfigError::Check(all) = Config::default().check_for(purpose).unwrap_err() else { return Vec::new() };
        all.into_iter().map(|finding| finding.key).collect::<Vec<_>>()
    };
    assert_eq!(missing(Purpose::Gateway), ["database.url", "auth.public_key"]);
    assert_eq!(missing(Purpose::Orchestrator), ["database.url"]);
    assert_eq!(missing(Purpose::Worker), ["database.url", "knowledge.embedding_model"]);
    let mut config = Config::default();
    config.database.url = Some(Secret::new("postgres://h/d"));
    config.knowledge.embedder = Embedder::Hashed;
    config.check_for(Purpose::Worker).unwrap();
}

proptest! {
    #[test]
    fn no_variable_makes_loading_panic(name in "SBA_[A-Z_]{0,30}", text in ".{0,40}") {
        let _ = with(&[(&name, &text)]);
    }
}
