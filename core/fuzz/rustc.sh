#!/bin/sh
# Calls rustc for cargo (RUSTC_WRAPPER), and has it count which edges of the code are taken, but only in
# what parses: counting in all that is linked besides makes each run many times slower and teaches nothing.
# These are flags of stable compilers; no sanitizer is needed, because nothing here is unsafe.
for word in "$@"; do
    case $word in
    m365kit | redb | serde | serde_core | serde_json | serde_path_to_error | jiff | url | percent_encoding | form_urlencoded)
        if [ "$before" = --crate-name ]; then
            exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                -Cllvm-args=-sanitizer-coverage-trace-compares
        fi
        ;;
    esac
    before=$word
done
exec "$@"
