#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scimd_fuzz::filter::check(bytes));
