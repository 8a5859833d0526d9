# Serving only: no torch, no training. The pictures of CelebA are not in it; mount a folder and set GALLERY_IMAGES.
# Tags are pinned to the patch version; Renovate moves them (.github/renovate.json). Pin by digest where you build:
# docker buildx imagetools inspect python:3.12.12-slim-bookworm
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /app
# What it depends on, from the lock and by hash; a layer that only a change of the lock makes anew.
COPY requirements requirements
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/redis.txt -r requirements/heif.txt -r requirements/web.txt
RUN python -m venv /builder && /builder/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY index index
COPY lookalike lookalike
COPY bot bot
COPY web web
COPY evaluation evaluation
COPY weights weights
# A wheel with networks and gallery inside.
RUN /builder/bin/python -m hatchling build --target wheel && /venv/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.12.12-slim-bookworm
# Pillow brings Raqm, which shapes Arabic, Hebrew and Indic names on cards, and looks for the system's FriBidi.
RUN apt-get update && apt-get install --yes --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home lookalike
COPY --from=build /venv /venv
# Health and webhook listen on every address inside the container; nothing of it is published unless you say so.
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \
    HEALTH_HOST=0.0.0.0 HEALTH_PORT=8081 WEBHOOK_HOST=0.0.0.0 WEB_HOST=0.0.0.0
WORKDIR /app
USER 10001
EXPOSE 8000 8080 8081
STOPSIGNAL SIGTERM
# bash asks for itself, in 4 MB: Python with the settings takes 60, each half minute.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["bash", "-c", "[ $HEALTH_PORT = 0 ] || { exec 3<>/dev/tcp/127.0.0.1/$HEALTH_PORT && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '; }"]
CMD ["lookalike", "bot"]
