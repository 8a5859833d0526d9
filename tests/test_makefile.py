"""What `make run` and `make train` do, and how an environment is set up: the real Makefile over a stub environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STUB = """#!{python}
import sys, time
try:
    print(*sys.argv[1:], sep="|", flush=True)
    if sys.argv[1:] == ["bot"]:
        time.sleep({seconds})
except KeyboardInterrupt:
    time.sleep(0.2)  # as a bot that closes its connections; of a child gone in no time GNU make 4.3 may complain itself
    print("stopped")
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the Makefile and an environment that is set up, whose `lookalike` prints its arguments."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    bin_ = tmp_path / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    runtime = 'if [ "$2" = web.runtime ]; then exit 0; fi'  # nothing is fetched
    (bin_ / "python").write_text(f'#!/bin/sh\n{runtime}\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (bin_ / "lookalike").write_text(STUB.format(python=sys.executable, seconds=0), encoding="utf-8")
    for name in ("python", "lookalike"):
        (bin_ / name).chmod(0o755)
    for stamp in (".installed", ".installed-heif", ".installed-web", ".installed-web-heif"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the make that runs the tests, and no setting of this machine's."""
    outer = {
        "MAKEFLAGS",
        "MAKELEVEL",
        "MAKEOVERRIDES",
        "MFLAGS",
        "PYTHON",
        "EXTRAS",
        "PHOTO",
        "DATA",
        "LATEST",
        "BOT_TOKEN",
    }
    kept = {name: value for name, value in os.environ.items() if name not in outer}
    return kept | {"PYTHONPATH": str(ROOT), "HOME": str(home)} | more


def make(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=home, env=environment(home, **more), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "asked"),
    [
        (("PHOTO=me.jpg",), {}, "match|--timing|--|me.jpg"),
        (("PHOTO=me.jpg",), {"BOT_TOKEN": "1:a"}, "match|--timing|--|me.jpg"),
        ((), {"BOT_TOKEN": "1:a"}, "bot"),
        ((), {"PHOTO": "from the environment.jpg"}, "match|--timing|--|from the environment.jpg"),
        ((), {}, "match|--timing|--|lookalike/sample/grace_hopper.jpg"),
        (("PHOTO=-x.jpg",), {}, "match|--timing|--|-x.jpg"),
        (("PHOTO=--help",), {}, "match|--timing|--|--help"),
        (("PHOTO=it's $HOME \"quoted\" `x`.jpg",), {}, "match|--timing|--|it's $HOME \"quoted\" `x`.jpg"),
        (("PHOTO=me.jpg", "EXTRAS=heif"), {}, "match|--timing|--|me.jpg"),
    ],
    ids=["photo", "photo before token", "token", "variable", "neither", "dash", "option", "quotes", "with an extra"],
)  # fmt: skip
def test_a_photo_is_answered_token_or_not_and_a_token_alone_starts_the_bot(
    home: Path, arguments: tuple[str, ...], variables: dict[str, str], asked: str
) -> None:
    done = make(home, "run", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == asked


@pytest.mark.parametrize("line", ["BOT_TOKEN=1:a", 'export bot_token = "1:a"  # mine'])
def test_a_token_in_the_settings_file_starts_the_bot(home: Path, line: str) -> None:
    (home / ".env").write_text(f"# mine\n{line}\n", encoding="utf-8")
    assert make(home, "run").stdout == "bot\n"


def test_an_empty_token_is_none(home: Path) -> None:
    (home / ".env").write_text("BOT_TOKEN=\n", encoding="utf-8")
    assert make(home, "run").stdout.startswith("match|")


def test_settings_that_are_wrong_are_told_by_the_bot_not_passed_over(home: Path) -> None:
    (home / ".env").write_text("BOT_TOKEN=1:a\nHEALTH_PORT=no number\n", encoding="utf-8")
    assert make(home, "run").stdout == "bot\n"


def test_a_person_without_a_token_reads_what_to_do_next_in_one_line(home: Path) -> None:
    _asked, line = make(home, "run").stdout.splitlines()
    assert "BOT_TOKEN" in line
    assert "PHOTO=" in line
    assert "make web" in line
    _asked, line = make(home, "run", "PHOTO=me.jpg").stdout.splitlines()
    assert "BOT_TOKEN" in line
    assert "PHOTO=" not in line


@pytest.mark.parametrize("extras", [(), ("EXTRAS=heif",), ("EXTRAS=web",)], ids=["alone", "with another", "named"])
def test_the_page_is_served_with_its_extra_and_opened(home: Path, extras: tuple[str, ...]) -> None:
    assert make(home, "web", *extras).stdout == "web|--open\n"


def test_a_tilde_is_the_home_folder_unless_a_file_is_called_so(home: Path) -> None:
    assert make(home, "run", "PHOTO=~/me.jpg").stdout.splitlines()[0] == f"match|--timing|--|{home}/me.jpg"
    (home / "~").mkdir()
    (home / "~" / "me.jpg").touch()
    assert make(home, "run", "PHOTO=~/me.jpg").stdout.splitlines()[0] == "match|--timing|--|~/me.jpg"


@pytest.mark.parametrize("name", ["photo", "Photo", "extras"])
def test_a_name_in_small_letters_is_told_instead_of_passed_over(home: Path, name: str) -> None:
    done = make(home, "run", f"{name}=me.jpg")
    assert done.returncode == 2
    assert f"{name.upper()}=" in done.stderr
    assert done.stdout == ""


def test_an_extra_that_does_not_exist_is_told_with_those_that_do(home: Path) -> None:
    (home / "requirements").mkdir()
    for name in ("serving", "heif", "redis"):
        (home / "requirements" / f"{name}.txt").touch()
    done = make(home, "run", "EXTRAS=heic")
    assert done.returncode == 2
    assert "EXTRAS=heic: there are heif redis" in done.stderr


def test_training_without_its_data_says_so_before_anything_is_installed(home: Path) -> None:
    done = make(home, "train", "DATA=nowhere")
    assert done.returncode == 2
    assert "there is no folder nowhere" in done.stderr
    assert "Setting up" not in done.stdout


def test_an_interrupt_ends_a_running_bot_in_one_line(home: Path) -> None:
    """Ctrl-C goes to everything in the terminal's group: make, its shell and the bot."""
    (home / ".venv" / "bin" / "lookalike").write_text(STUB.format(python=sys.executable, seconds=60), encoding="utf-8")
    running = subprocess.Popen(
        ["make", "run"], cwd=home, env=environment(home, BOT_TOKEN="1:a"), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "bot\n"
    os.killpg(running.pid, signal.SIGINT)
    rest, _ = running.communicate(timeout=20)
    assert rest == "stopped\n"


def test_another_interpreter_has_an_environment_of_its_own(home: Path) -> None:
    """`make test PYTHON=...` neither runs in the environment of another version nor takes its place."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    plan = make(home, "--dry-run", "test", f"PYTHON={sys.executable}").stdout
    assert f"-m venv --clear .venv-{version}\n" in plan
    assert f".venv-{version}/bin/python -m pytest" in plan


def test_the_newest_packages_go_into_an_environment_of_their_own(home: Path) -> None:
    plan = make(home, "--dry-run", "test", "LATEST=1").stdout
    assert "-m venv --clear .venv-latest\n" in plan
    assert "--upgrade" in plan
    assert "--require-hashes" not in plan
    assert ".venv-latest/bin/python -m pytest" in plan


def test_an_environment_whose_interpreter_is_gone_is_made_anew(home: Path) -> None:
    python = home / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(home / "gone")
    plan = make(home, "--dry-run", "run").stdout
    assert "-m venv --clear .venv\n" in plan
    assert "--require-hashes" in plan


def test_a_changed_lock_is_installed_again(home: Path) -> None:
    assert "--require-hashes" not in make(home, "--dry-run", "run").stdout
    (home / "requirements").mkdir()
    later = time.time() + 5
    (home / "requirements" / "serving.txt").touch()
    os.utime(home / "requirements" / "serving.txt", (later, later))
    assert "--require-hashes -r requirements/serving.txt -r requirements/build.txt" in make(home, "-n", "run").stdout
