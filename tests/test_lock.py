"""The lock in requirements/: it covers pyproject.toml, holds every hash, and tells nothing of a machine."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from lookalike.paths import ROOT

FOLDER = ROOT / "requirements"
FILES = sorted(FOLDER.glob("*.txt"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
MACHINES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": system,
        "platform_machine": machine,
    }
    for python in ("3.11", "3.12", "3.13")
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
]


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    version: Version
    marker: Marker | None
    hashes: int


def pins(file: Path) -> list[Pin]:
    """Each requirement of a lock file; its hashes stand on the lines after it."""
    found = []
    for block in re.split(r"\n(?=[a-z0-9])", file.read_text(encoding="utf-8")):
        if re.match(r"[a-z0-9]", block):
            requirement = Requirement(block.split("\\")[0])
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            found.append(
                Pin(
                    canonicalize_name(requirement.name),
                    Version(pin.version),
                    requirement.marker,
                    len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)),
                )
            )
    return found


def on(machine: dict[str, str], found: list[Pin]) -> dict[str, Version]:
    """What pip would install there."""
    return {pin.name: pin.version for pin in found if pin.marker is None or pin.marker.evaluate(machine)}


def asked(extra: str | None) -> list[Requirement]:
    """What an install of the project with this extra asks for; an extra may name others."""
    lines = PROJECT["project"]["dependencies"] + (EXTRAS[extra] if extra else [])
    wanted = [Requirement(line) for line in lines]
    for own in [requirement for requirement in wanted if requirement.name == PROJECT["project"]["name"]]:
        wanted += [Requirement(line) for name in own.extras for line in EXTRAS[name]]
    return [requirement for requirement in wanted if requirement.name != PROJECT["project"]["name"]]


def uncovered(file: Path, wanted: list[Requirement]) -> list[str]:
    """Requirements without a pin that satisfies them, on any of the machines."""
    found = pins(file)
    missing = set()
    for machine in MACHINES:
        there = on(machine, found)
        for requirement in wanted:
            if requirement.marker is not None and not requirement.marker.evaluate(machine):
                continue
            version = there.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                missing.add(f"{requirement}: {version}")
    return sorted(missing)


@pytest.mark.parametrize("extra", [None, *EXTRAS], ids=str)
def test_every_range_of_the_project_has_a_pin_within_it(extra: str | None) -> None:
    assert uncovered(FOLDER / f"{extra or 'serving'}.txt", asked(extra)) == [], "make lock"


def test_what_builds_the_project_is_locked() -> None:
    wanted = [Requirement(line) for line in PROJECT["build-system"]["requires"]]
    assert uncovered(FOLDER / "build.txt", wanted) == [], "make lock"
    lines = (FOLDER / "build.in").read_text(encoding="utf-8").splitlines()
    assert set(PROJECT["build-system"]["requires"]) <= set(lines)


def test_a_range_that_no_pin_meets_is_seen() -> None:
    """The check above can fail: another range, and a package that is not locked."""
    assert uncovered(FOLDER / "serving.txt", [Requirement("numpy>=99"), Requirement("no-such-package")]) != []
    assert len(uncovered(FOLDER / "serving.txt", [Requirement("no-such-package"), Requirement("numpy")])) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_sets_come_from_one_resolution(file: Path) -> None:
    """Whatever two of them are installed together, they never contradict each other."""
    for machine in MACHINES:
        everything = on(machine, pins(FOLDER / "all.txt"))
        assert on(machine, pins(file)).items() <= everything.items()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_package_has_the_hashes_of_all_its_files(file: Path) -> None:
    """As the index lists them: a compiled package has many, one for each Python and system."""
    found = pins(file)
    assert [pin.name for pin in found if pin.hashes == 0] == []
    compiled = {"numpy": 30, "pillow": 30, "openvino": 5, "torch": 15, "torchvision": 15}
    assert [pin.name for pin in found if pin.hashes < compiled.get(pin.name, 1)] == []


@pytest.mark.parametrize("file", [*FILES, FOLDER / "build.in"], ids=lambda file: file.name)
def test_the_lock_names_no_machine_s_path_and_no_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"://|file:|(?<![\w.])/\w+/|\.(?:org|com|io|net)\b|@ |^-", text, re.MULTILINE) == []
    options = set(re.findall(r"(?<=\s)--[a-z-]+", text))
    assert options <= {
        "--hash", "--universal", "--generate-hashes", "--python-version", "--output-file", "--constraints", "--extra",
    }  # fmt: skip
