//! `docs/from-node.md` shows the examples as they are.

const PAGE: &str = include_str!("../../../docs/from-node.md");

#[test]
fn the_page_has_the_examples_word_for_word() {
    let examples = [
        include_str!("../examples/from_node_server.rs"),
        include_str!("../examples/from_node_client.rs"),
    ];
    let shown: Vec<_> = PAGE
        .split("```rust\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(shown, examples);
}
