# The server (`--target api`) and the console (`--target console`), built by the steps that `make build` runs.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ENV CARGO_TARGET_DIR=/target
RUN --mount=type=cache,target=/target --mount=type=cache,target=/usr/local/cargo/registry \
    make build && cp /target/release/annex /usr/local/bin/annex

FROM debian:bookworm-slim AS annex
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 annex
COPY --from=build /usr/local/bin/annex /usr/local/bin/annex
USER annex
ENTRYPOINT ["annex"]

# Needs ANNEX_DATABASE_URL: its own Postgres is for one machine, not for a container.
FROM annex AS api
ENV ANNEX_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q ' 200 '"]
CMD ["serve"]

FROM annex AS console
COPY --from=build /src/frontend/dist /srv/console
ENV ANNEX_CONSOLE_LISTEN=0.0.0.0:3000 ANNEX_CONSOLE_DIR=/srv/console
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=5 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q ' 200 '"]
CMD ["console"]
