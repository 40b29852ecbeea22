# Lorebot without a GPU, as a user of its own, with its state in the volume /data. The small base model comes inside a
# package, so nothing is fetched when it runs.
#
#   docker build --build-arg PIP_ARGS="--extra-index-url <PyTorch's index of CPU builds>" -t lorebot .
#   docker run --init --env-file .env -v lorebot:/data lorebot
#
# Without PIP_ARGS, pip takes PyTorch's CUDA build: several gigabytes that nothing here uses.
FROM python:3.11-slim-bookworm AS build
ARG PIP_ARGS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/lorebot
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY adapters ./adapters
COPY bot ./bot
COPY training ./training
# PIP_ARGS is several words on purpose.
# hadolint ignore=SC2086
RUN /opt/lorebot/bin/pip install ${PIP_ARGS} -c constraints.txt .

FROM python:3.11-slim-bookworm
# libgomp1: what the 8-bit layers are built with; tcmalloc: training is a quarter faster with it. Debian keeps no older
# versions to pin.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 libtcmalloc-minimal4 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin lorebot \
    && install --directory --owner lorebot --mode 0700 /data
COPY --from=build /opt/lorebot /opt/lorebot
# No secret: TOKENIZERS_PARALLELISM is a switch of a library.
# hadolint ignore=DL3064
ENV PATH=/opt/lorebot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    TOKENIZERS_PARALLELISM=false \
    XDG_CACHE_HOME=/data/cache \
    LOREBOT_HOME=/data \
    LOREBOT_HTTP_HOST=0.0.0.0 \
    LOREBOT_METRICS_PORT=9464
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 9464
# Not urllib: it would look for this port behind HTTP_PROXY.
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 9464, timeout=5); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["lorebot"]
CMD ["run"]
