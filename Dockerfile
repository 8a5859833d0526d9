# Serving only: no torch, no training. The pictures of CelebA are not in it; mount a folder and set GALLERY_IMAGES.
FROM python:3.12-slim AS build
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY index index
COPY lookalike lookalike
COPY bot bot
COPY training/__init__.py training/__init__.py
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --editable '.[heif,redis]' && /venv/bin/python -m compileall -q /app

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home lookalike
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY weights /app/weights
# Health and webhook listen on every address inside the container; nothing of it is published unless you say so.
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \
    HEALTH_HOST=0.0.0.0 HEALTH_PORT=8081 WEBHOOK_HOST=0.0.0.0
WORKDIR /app
USER 10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-m", "bot.serving.health"]
CMD ["lookalike", "bot"]
