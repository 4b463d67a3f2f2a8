.DEFAULT_GOAL := help
.PHONY: help setup setup-checks run test check text lint-shell lint-docker deny spelling links openapi bench load image

# `make setup-checks` installs the check tools here.
CHECKS := .checks/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that build and tests need
	scripts/setup

setup-checks: ## install the check tools, too (into .checks)
	scripts/setup --checks

run: ## start the service on http://127.0.0.1:8080 (SQLite, staging in memory, SMS on the console)
	cargo run --locked

test: setup ## run the whole test suite, with real Redis and PostgreSQL servers
	cargo test --locked --no-fail-fast

check: ## check formatting and lints
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

text: ## check line lengths, openings of doc comments and banned words
	scripts/check-text --self-test
	scripts/check-text

lint-shell: ## lint the shell scripts
	git ls-files -z | xargs -0 awk 'FNR == 1 && /^#!.*[\/ ](bash|sh)$$/ { print FILENAME } { nextfile }' \
	  | xargs $(CHECKS)/shellcheck

lint-docker: ## lint the Dockerfile
	$(CHECKS)/hadolint Dockerfile

deny: ## check licences, sources and advisories of the dependencies
	$(CHECKS)/cargo-deny check

spelling: ## check the spelling
	$(CHECKS)/typos --format brief

links: ## check the links between the Markdown files
	git ls-files -z '*.md' | xargs -0 $(CHECKS)/lychee --offline --include-fragments --no-progress

openapi: ## regenerate openapi/openapi.json from the code
	mkdir -p openapi
	cargo run --locked --quiet -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

bench: ## measure captcha drawing, access-token verification and proof-of-work verification
	cargo bench --locked --bench captcha --bench token --bench proof

load: ## measure the whole service with a load test
	cargo bench --locked --bench load

image: ## build the container image; the Dockerfile describes RUSTFLAGS="…"
	docker build --build-arg RUSTFLAGS="$(RUSTFLAGS)" --tag doorstep .
