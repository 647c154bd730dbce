//! Writes the Swift side of the crossing from the built library: `m365kit-swift-bindgen LIBRARY SWIFT_FOLDER HEADER_FOLDER`.

use std::env::args;
use std::process::ExitCode;

use uniffi_bindgen::bindings::{SwiftBindingsOptions, generate_swift_bindings};

fn main() -> ExitCode {
    let given: Vec<String> = args().skip(1).collect();
    let [library, swift, headers] = given.as_slice() else {
        return failed("usage: m365kit-swift-bindgen LIBRARY SWIFT_FOLDER HEADER_FOLDER");
    };
    let sources = SwiftBindingsOptions {
        source: library.into(),
        out_dir: swift.into(),
        generate_swift_sources: true,
        ..SwiftBindingsOptions::default()
    };
    let header = SwiftBindingsOptions {
        source: library.into(),
        out_dir: headers.into(),
        generate_headers: true,
        ..SwiftBindingsOptions::default()
    };
    match generate_swift_bindings(sources).and_then(|()| generate_swift_bindings(header)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("{error:#}")),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
