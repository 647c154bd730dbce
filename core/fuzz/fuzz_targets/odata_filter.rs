#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| m365kit::fuzzing::odata_filter(data));
