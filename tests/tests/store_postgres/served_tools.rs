//! The tools that a tenant serves itself.

use sba_store::{Page, audit, served_tools};
use sba_subjects::{run::Effect, tool::ServedTool};
use serde_json::json;

use crate::support::{self, actor};

/// A tool of this name.
pub(crate) fn tool(name: &str) -> ServedTool {
    ServedTool {
        name: name.parse().unwrap(),
        description: "The weather in a city.".to_owned(),
        parameters: json!({"type": "object"}),
        effect: Effect::Pure,
        deadline_ms: 1_000,
    }
}

#[tokio::test]
async fn a_tool_takes_the_place_of_that_of_the_same_name() {
    let store = support::connect(&support::database().await).await;
    let tenant = support::new_tenant(&store).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    for _ in 0..2 {
        assert!(served_tools::put(&mut tx, &tool("x_b"), 2, &actor()).await.unwrap());
    }
    assert!(served_tools::put(&mut tx, &tool("x_a"), 2, &actor()).await.unwrap());
    assert!(!served_tools::put(&mut tx, &tool("x_c"), 2, &actor()).await.unwrap(), "one more than may");
    let changed = ServedTool { effect: Effect::AtMostOnce, ..tool("x_b") };
    assert!(served_tools::put(&mut tx, &changed, 2, &actor()).await.unwrap(), "it is there already");
    assert_eq!(served_tools::list(&mut tx).await.unwrap(), [tool("x_a"), changed]);
    assert!(served_tools::delete(&mut tx, &"x_a".parse().unwrap(), &actor()).await.unwrap());
    assert!(!served_tools::delete(&mut tx, &"x_a".parse().unwrap(), &actor()).await.unwrap());
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    let count = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    assert_eq!([count("tool_registered"), count("tool_removed")], [3, 1], "the same again changes nothing");
}
