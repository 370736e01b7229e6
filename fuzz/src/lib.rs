//! What the targets share.

/// An error's text with its numbers taken out: what is left has to be one of the program's own texts,
/// so that nothing of the input stands in it.
pub fn without_numbers(text: &str) -> String {
    let mut rest = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if rest.ends_with('#') => {}
            '0'..='9' => rest.push('#'),
            other => rest.push(other),
        }
    }
    rest
}

/// The wire's errors name a place and quote nothing.
pub fn assert_is_ours(error: &secret_manager_model::wire::WireError) {
    let texts = [
        "not UTF-#",
        "the document ends too early",
        "not JSON: unexpected character at line #, column #",
        "not a snapshot: unexpected content at line #, column #",
        "not a delta: unexpected content at line #, column #",
    ];
    let text = without_numbers(&error.to_string());
    assert!(texts.contains(&text.as_str()), "{text}");
}
