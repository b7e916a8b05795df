# Shows the recipes.
default:
    @just --list --unsorted

# An incident from alert to resolved, in about a minute, with nothing to install.
demo *ARGS:
    cargo run --quiet -- demo {{ARGS}}

# Everything a change must pass; CI runs the same.
test:
    tests/run

# Type errors and lints, fast.
lint:
    cargo clippy --all-targets -- -D warnings

# Formats the sources.
format:
    cargo fmt

# Rewrites what is generated: pages, settings reference, expectations. Look at the diff.
update:
    UPDATE=1 cargo test --no-fail-fast

# Names every fault of a settings file.
check FILE:
    cargo run --quiet -- check --config {{FILE}}
