#![no_main]

#[path = "../tree.rs"]
mod tree;

// What a tree means is what the sandbox, which shares no code with the client, makes of its text.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (filter, rows) = tree::made_from(data);
    let expected: Vec<bool> = rows.iter().map(|row| tree::holds(&filter, row)).collect();
    let read = m365kit_sandbox::fuzzing::messages(&filter.to_string(), &rows);
    assert_eq!(read, Ok(expected), "{filter} of {rows:?}");
});
