//! An owner begins with an attempt, and readers cut back to it.

use sba_tests::{chaos::site::Site, installation::text_of, model::Turn, scene::Run};
use serde_json::json;

pub(crate) async fn what_is_said_again_is_not_shown_twice(site: &mut Site) {
    let words = (1..=60).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    // While the second sleeps, the first drives.
    site.process("orchestrator-2").unwrap().freeze().unwrap();
    let turn = Turn::slowly(words.clone(), 25);
    let run = Run::start(&site.world.urls, &site.world.quick, json!({}), "attempts", [turn]).await.unwrap();
    run.until_said("token").await.unwrap();
    site.process("orchestrator-2").unwrap().thaw().unwrap();
    site.process("orchestrator-1").unwrap().freeze().unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(text_of(&ended.events, 1).trim(), words, "what a viewer has in the end");
    assert_eq!(ended.all("attempt").filter(|event| event.payload["restarts_step"] == 1).count(), 1, "{ended:?}");
    // It wakes in the middle of a sentence that was given to another.
    site.process("orchestrator-1").unwrap().thaw().unwrap();
    site.ready().await.unwrap();
    assert_eq!(run.end().await.unwrap().events.len(), ended.events.len(), "and says nothing more");
}
