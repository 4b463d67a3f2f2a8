.DEFAULT_GOAL := help
.PHONY: help setup setup-checks run test check text lint-shell lint-docker lint-openapi deny advisories spelling \
  links openapi sdk-generate sdk-check sdk-typescript sdk-kotlin sdk-python sdk-swift sdk-scenarios sdk-crashes \
  verify-tokens check-contract release-sdks pages pages-test settings bruno bruno-serve fuzz fuzz-api bench load image \
  faults upgrade release bench-guard plots

# `make setup-checks` installs the check tools here.
CHECKS := .checks/bin
API_TOOLS := scripts/api-tools/node_modules/.bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages and the npm package that build and tests need
	scripts/setup

setup-checks: ## install the check tools, too (into .checks)
	scripts/setup --checks

run: ## start the service on http://127.0.0.1:8080 (SQLite, staging in memory, SMS on the console)
	cargo run --locked

test: setup ## run the whole test suite, with real Redis and PostgreSQL servers
	cargo test --locked --no-fail-fast

faults: ## inject every fault under load (docs/reliability.md), with 64 users
	cargo test --locked --test faults -- --whole $(ARGUMENTS)

upgrade: ## run every flow across the release before this one and this build, on the same stores
	scripts/previous-release
	cargo test --locked --test upgrade

check: ## check formatting and lints
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings

text: ## check line lengths, openings of doc comments and banned words
	scripts/check-text --self-test
	scripts/check-text

lint-shell: ## lint the shell scripts
	git ls-files -z | xargs -0 awk 'FNR == 1 && /^#!.*[\/ ](bash|sh)$$/ { print FILENAME } { nextfile }' \
	  | xargs $(CHECKS)/shellcheck

lint-docker: ## lint the Dockerfile
	$(CHECKS)/hadolint Dockerfile

lint-openapi: export REDOCLY_TELEMETRY = off
lint-openapi: export REDOCLY_SUPPRESS_UPDATE_NOTICE = true
lint-openapi: ## lint openapi/openapi.json with Redocly CLI and Spectral
	$(API_TOOLS)/redocly lint --config scripts/api-tools/redocly.yaml openapi/openapi.json
	$(API_TOOLS)/spectral lint --ruleset scripts/api-tools/spectral.yaml --fail-severity hint openapi/openapi.json

deny: ## check licences, sources and advisories of the dependencies
	$(CHECKS)/cargo-deny check

advisories: ## check the advisories of the dependencies, if their database is reachable
	scripts/check-advisories --self-test
	scripts/check-advisories $(CHECKS)/cargo-deny

spelling: ## check the spelling
	$(CHECKS)/typos --format brief

links: ## check the links between the Markdown files
	git ls-files -z '*.md' | xargs -0 $(CHECKS)/lychee --offline --include-fragments --no-progress

openapi: ## regenerate the files in openapi/, and docs/errors.md, from the code
	mkdir -p openapi
	cargo run --locked --quiet -- openapi > openapi/openapi.json.new
	cargo run --locked --quiet -- openapi --for-sdk > openapi/openapi-sdk.json.new
	cargo run --locked --quiet -- error-codes > openapi/error-codes.json.new
	cargo run --locked --quiet -- error-codes --markdown > docs/errors.md.new
	mv openapi/openapi.json.new openapi/openapi.json
	mv openapi/openapi-sdk.json.new openapi/openapi-sdk.json
	mv openapi/error-codes.json.new openapi/error-codes.json
	mv docs/errors.md.new docs/errors.md

sdk-generate: ## regenerate the types, operations and error codes of the clients from openapi/
	node sdk/generate/main.mjs
	cd sdk/typescript && npm run --silent generate

check-contract: ## compare the OpenAPI documents with those of the last release (needs Go)
	scripts/check-contract --self-test
	scripts/check-contract

release-sdks: ## build and check the packages of all clients as a release does, and publish none
	scripts/release-sdks

PARSER := .sdk-check/swift-parser

sdk-check: ## generate clients in six generators, compile and use them; parse every file of the Swift client
	scripts/sdk-check
	python3 -m venv --clear $(PARSER)
	$(PARSER)/bin/pip install --quiet --require-hashes --requirement sdk/swift/scripts/parse-requirements.txt
	$(PARSER)/bin/python sdk/swift/scripts/parse.py --self-test
	$(PARSER)/bin/python sdk/swift/scripts/parse.py

settings: ## regenerate .env.example and docs/configuration.md from the code
	cargo run --locked --quiet -- settings > .env.example.new
	cargo run --locked --quiet -- settings --markdown > docs/configuration.md.new
	mv .env.example.new .env.example
	mv docs/configuration.md.new docs/configuration.md

bruno: scripts/bruno/node_modules ## run the Bruno collection against services that it starts
	cargo build --locked --quiet
	node scripts/bruno/run.mjs target/debug/doorstep

bruno-serve: ## start the services that the Bruno collection needs in the app
	cargo build --locked --quiet
	node scripts/bruno/run.mjs target/debug/doorstep --serve 8080

scripts/bruno/node_modules: scripts/bruno/package-lock.json
	cd scripts/bruno && npm ci --silent --no-audit --no-fund --ignore-scripts --fetch-retries=5
	touch $@

# Seconds for `make fuzz`.
TIME := 60

fuzz: ## fuzz TARGET for TIME seconds (needs nightly and cargo-fuzz); the targets are in fuzz/fuzz_targets
	@test -f fuzz/fuzz_targets/$(TARGET).rs || { ls fuzz/fuzz_targets; echo 'usage: make fuzz TARGET=phone' >&2; exit 2; }
	cargo test --locked --test fuzz -- --ignored write_seeds
	cargo +nightly fuzz run $(TARGET) -- -max_total_time=$(TIME) -timeout=10

fuzz-api: ## fuzz the service by its OpenAPI document: 20,000 cases; ARGUMENTS="--help" describes a smaller dose
	cargo build --locked
	scripts/fuzz-api $(ARGUMENTS)

bench: ## measure captcha drawing, access-token verification and proof-of-work verification
	cargo bench --locked --bench captcha --bench token --bench proof

load: ## measure the whole service with a load test
	cargo bench --locked --bench load

bench-guard: ## count the instructions of five requests, and compare with benches/instructions.json (needs valgrind)
	cargo bench --locked --bench load -- instructions $(ARGUMENTS)

plots: ## draw docs/plots/*.svg from docs/plots/measurements.json
	scripts/plots

release: ## build the programs of a release into target/program, and test both builds
	scripts/release-program target/program
	cargo test --locked --test release

image: ## build the container image
	docker build --tag doorstep .

sdk-typescript: ## generate, check, bundle and test the TypeScript client (needs `make setup-checks`)
	cargo build --locked --quiet
	cd sdk/typescript && npm run --silent generate && npm run --silent check && npm run --silent build \
	  && npm run --silent size && npm run --silent test

sdk-kotlin: ## compile, check and test the Kotlin client (needs Java 17 and Maven)
	cargo build --locked --quiet
	cd sdk/kotlin && mvn -q -B verify

sdk-python: ## check and test the Python client
	cargo build --locked --quiet
	sdk/python/scripts/check

sdk-swift: ## compile the Swift client, test it and run its scenarios; installs a Swift toolchain if there is none
	cargo build --locked --quiet
	sdk/swift/scripts/check

# The drivers are those that the targets of the languages have built.
sdk-scenarios: ## run the scenarios with the clients of TypeScript, Kotlin and Python
	cargo build --locked --quiet
	node --test sdk/scenarios/test/*.mjs sdk/typescript/driver/*.test.mjs
	node sdk/scenarios/run.mjs
	node sdk/scenarios/run.mjs --headlines --refreshes 10 --sign-ups 2
	node sdk/scenarios/run.mjs --crashes --journey refresh --language typescript

sdk-crashes: ## end each client at every write of its store, in every journey
	cargo build --locked --quiet
	node sdk/scenarios/run.mjs --crashes

verify-tokens: ## run the code of docs/verify-tokens.md in all languages (needs Go, Java 17 and Maven)
	cargo build --locked --quiet
	node scripts/verify-tokens/run.mjs

# The client is bundled from its sources: it needs no build before.
pages: ## check pages/src and bundle it into pages/dist, which the program contains (needs `make setup-checks`)
	cd pages && npm run --silent check && npm run --silent build -- --sizes

pages-test: ## drive the pages in Chromium, with axe-core on every screen; PAGES_SHOTS=<folder> takes pictures
	cargo build --locked --quiet
	cd pages && npm run --silent test
