//! Filters as trees: written as text, sent, and evaluated by the sandbox, they let through what they mean.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says why")]

#[path = "../core/fuzz/tree.rs"]
mod tree;

use futures::TryStreamExt;
use m365kit::odata::Filter;
use m365kit::service_health::ListMessages;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use proptest::prelude::*;
use serde_json::json;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_lets_through_what_it_means(data in proptest::collection::vec(any::<u8>(), 0..160)) {
        let (filter, rows) = tree::made_from(&data);
        let expected: Vec<String> = rows
            .iter()
            .filter(|row| tree::holds(&filter, row))
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        let config = json!({"blobs": 0, "serviceHealth": {"issues": 0, "messages": rows}});
        let found = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let sandbox = Sandbox::start_json(config.to_string().as_bytes()).unwrap();
            let client = client_of(&sandbox.describe()).build().unwrap();
            let mut found = Vec::new();
            // As a tree, and as the text that a user might have written.
            for filter in [filter.clone(), Filter::Raw(filter.to_string())] {
                let request = ListMessages { filter: Some(filter), ..ListMessages::default() };
                let messages = client.service_health().list_messages(request).unwrap();
                let ids = messages.map_ok(|message| message.id).try_collect::<Vec<_>>().await;
                found.push(ids.map_err(|error| error.to_string()));
            }
            found
        });
        prop_assert_eq!(found, vec![Ok(expected.clone()), Ok(expected)], "{}", filter);
    }
}
