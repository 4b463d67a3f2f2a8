# Multi-stage: the last stage holds the binary, libpq and the certificate authorities, and runs as a number without rights.
# Needs BuildKit (docker 23 or later, or buildah) for the cache mounts.
FROM rust:1.95-bookworm AS build
# The system's libpq speaks TLS to PostgreSQL; the bundled one of `cargo run` does not.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpq-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# For servers with AVX-512 (x86-64-v4) this makes argon2id, the dearest part of a sign-up, 1.6 times faster:
#   --build-arg RUSTFLAGS="-C target-cpu=x86-64-v4 -C target-feature=-prefer-256-bit"
# With a target named, the flags are for the service alone: build scripts still run on any builder.
ARG RUSTFLAGS=""
# The cache holds the compiled dependencies. It goes by times of files, and a clone can be older than the last build of
# another branch: the touch makes sure that what is built is what was copied.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    touch src/lib.rs src/main.rs \
 && cargo build --release --locked --no-default-features --target host-tuple \
 && cp target/*/release/doorstep /usr/local/bin/doorstep

FROM debian:bookworm-slim
# Versions are not pinned: Debian's mirrors keep only the latest security fix of each.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpq5 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/doorstep /usr/local/bin/doorstep
# The typefaces and voices inside the binary want these along.
COPY fonts/LICENSE-*.txt sounds/LICENSE-*.txt /usr/share/doc/doorstep/
# A number, so that Kubernetes can see that it is not root. Nothing is written: --read-only is fine.
USER 10001:10001
ENV APP_ENV=production BIND=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
# No HEALTHCHECK: the image has no HTTP client. Let the platform ask /healthz (alive) and /readyz (may get traffic).
ENTRYPOINT ["/usr/local/bin/doorstep"]
