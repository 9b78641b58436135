# fakellm in a container: `docker run -v "$PWD:/config:ro" -p 127.0.0.1:8000:8000 fakellm` serves
# /config/fakellm.yaml, `docker run -v "$PWD:/agents:ro" … fakellm ./agent.ts` one module.
ARG DENO_VERSION=2.9.6

FROM denoland/deno:alpine-${DENO_VERSION} AS build
WORKDIR /app
COPY . .
# Of the packages that the lock file names, those the product needs.
RUN cp deno.lock all.lock \
  && deno run -A .ci/image_lock.ts all.lock deno.lock cli.ts mod.ts src/agent/mod.ts src/testing/mod.ts examples/*/main.ts \
  && rm -rf all.lock .ci "$DENO_DIR"/* \
  && deno cache cli.ts mod.ts src/agent/mod.ts src/testing/mod.ts examples/*/main.ts

FROM denoland/deno:alpine-${DENO_VERSION}
# Guests bring code of their own, which goes into the same cache.
COPY --from=build --chown=deno:deno /deno-dir /deno-dir
COPY --from=build --chown=deno:deno /app /app
USER deno
WORKDIR /agents
# Publishing the port decides who reaches it. Where nobody configures keys, the log says so.
ENV FAKELLM_HOST=0.0.0.0 FAKELLM_PORT=8000 FAKELLM_INSECURE=1 DENO_NO_PROMPT=1 DENO_NO_UPDATE_CHECK=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD wget -q -O /dev/null "http://127.0.0.1:${FAKELLM_PORT}/health" || exit 1
ENTRYPOINT ["/tini", "--", "deno", "run", "-A", "/app/cli.ts"]
CMD ["deploy", "--config", "/config/fakellm.yaml"]
