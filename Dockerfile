# Multi-stage build. The last stage contains the binary, libpq and the certificate authorities, and runs as a user
# without privileges. The cache mounts need BuildKit (docker 23 or later) or buildah.
FROM rust:1.95-bookworm AS build
# The system's libpq supports TLS to PostgreSQL; the bundled libpq of `cargo run` does not.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpq-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The cache contains the compiled dependencies. Cargo compares file times, and a clone can be older than the last build
# of another branch: touch makes Cargo build the copied sources.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    touch src/lib.rs src/main.rs crates/*/src/lib.rs \
 && scripts/release-program /programs --no-default-features

FROM debian:bookworm-slim
# Versions are not pinned: Debian's mirrors keep only the latest security fix of each package.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpq5 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /programs/ /usr/local/bin/
# The licences of the typefaces and voices in the binary require these files.
COPY fonts/LICENSE-*.txt crates/captcha/sounds/LICENSE-*.txt /usr/share/doc/doorstep/
# A numeric user id, so that Kubernetes can check that it is not root. The service writes no files: --read-only works.
USER 10001:10001
ENV APP_ENV=production BIND=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
# No HEALTHCHECK: the image has no HTTP client. Let the platform probe /healthz (liveness) and /readyz (readiness).
ENTRYPOINT ["/usr/local/bin/doorstep"]
