"""The code of docs/python.md and of the README's section runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lookalike.paths import ROOT

pytestmark = pytest.mark.weights
SAMPLES = ROOT / "lookalike" / "sample"


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_page_s_code_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(SAMPLES / "grace_hopper.jpg", tmp_path / "me.jpg")
    shutil.copyfile(SAMPLES / "astronaut.jpg", tmp_path / "you.jpg")
    (tmp_path / "people").mkdir()
    monkeypatch.chdir(tmp_path)
    code = blocks(ROOT / page)
    assert code
    exec(compile("\n".join(code), page, "exec"), {})  # noqa: S102 - the page's own
    printed = capsys.readouterr().out
    assert re.search(r"^\S.* 0\.\d+ \w.*$", printed, flags=re.MULTILINE)
