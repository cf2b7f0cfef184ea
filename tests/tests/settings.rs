//! What may be configured is what the parts beneath can do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sba_service::config::{Config, LANGUAGES, MAX_PAGE_SIZE, MAX_TOP_K};
use sba_store::{Page, language::Language, search};

#[test]
fn every_language_that_may_be_configured_can_be_searched_in() {
    for name in LANGUAGES {
        assert_eq!(name.parse::<Language>().unwrap().as_str(), name);
    }
    let mut config = Config::default();
    config.knowledge.language = "klingon".to_owned();
    assert!(config.check().unwrap_err().to_string().contains("knowledge.language"));
}

#[test]
fn limits_that_may_be_configured_are_kept_beneath() {
    assert_eq!((MAX_PAGE_SIZE, MAX_TOP_K), (Page::MAX_LIMIT, search::MAX_LIMIT));
    for change in [
        (|config: &mut Config| config.gateway.max_page_size = MAX_PAGE_SIZE + 1) as fn(&mut Config),
        |config| config.knowledge.max_top_k = MAX_TOP_K + 1,
        |config| config.knowledge.chunk_chars = 10_000,
        |config| config.orchestrator.max_sections = 51,
        |config| (config.gateway.max_body_bytes, config.gateway.max_prompt_bytes) = (4 << 20, 1 << 20),
    ] {
        let mut config = Config::default();
        change(&mut config);
        assert_eq!(config.check().unwrap_err().code(), "config_check_failed");
    }
}
