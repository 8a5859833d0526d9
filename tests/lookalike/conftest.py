"""The shipped networks are opened once a test process: what these tests ask of them does not change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import face_pipeline
from pipeline.compiled_cache import CompiledCache
from pipeline.face_pipeline import FacePipeline, PipelineConfig

_SHIPPED = Path(__file__).resolve().parents[2] / "weights"
_load = face_pipeline.load_pipeline
_opened: dict[PipelineConfig | None, FacePipeline] = {}


def _load_once(
    weights_dir: Path,
    config: PipelineConfig | None = None,
    *,
    cache: CompiledCache | None = None,
    wait: bool = True,
) -> FacePipeline:
    if weights_dir.resolve() != _SHIPPED:
        return _load(weights_dir, config)
    if config not in _opened:
        _opened[config] = _load(weights_dir, config)
    return _opened[config]


@pytest.fixture(autouse=True)
def shipped_networks_are_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_pipeline, "load_pipeline", _load_once)
