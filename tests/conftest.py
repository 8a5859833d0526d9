"""Options of the whole suite."""

from __future__ import annotations

import PIL.Image
import pytest
from hypothesis import HealthCheck, settings

_OPEN = PIL.Image.open
# On a machine that does other work an example may wait a second for its turn; that says nothing of the code.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden pictures instead of comparing")


@pytest.fixture(autouse=True)
def pillow_as_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training's Ultralytics replaces `PIL.Image.open` when it is imported; what serves never meets that one."""
    monkeypatch.setattr(PIL.Image, "open", _OPEN)
