"""Everything here needs the training extra; without it nothing is collected and one line says why."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

HAS_EXTRA = find_spec("torch") is not None and find_spec("ultralytics") is not None
collect_ignore_glob = [] if HAS_EXTRA else ["test_*.py", "*/test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.train)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if not HAS_EXTRA:
        terminalreporter.write_line("training tests need `make test EXTRAS=train`")
