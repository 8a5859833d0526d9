"""A browser that answers by itself beside the server: `python -m tests.web.local_agreement FOLDER [--photos 50]`.

Every photo of the folder (the first 50 by name) is answered by `lookalike web` and, in a headless Chromium at
`/?local`, by the browser. Prints, with the number behind each: the least cosine of the two vectors of one straightened
face, the median and least cosine of the two vectors of a photo's faces, and how often both name the same first person,
all in all and where the server's first two differ by more than 0.01.

Exit code 1 where one misses what is promised: 0.995 on the same crop (0.999 but for a server that embeds in int8),
0.995 at the median, the same first person wherever the server's lead is that large.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from lookalike.paths import WEIGHTS
from pipeline.engine import computed_in
from pipeline.manifest import load_manifest
from tests.web.chromium import launch_options, opened, served

LEAD = 0.01  # of the server's first over its second, from which both must name the same
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
_IN_BROWSER = """async ({photo, crops, people}) => {
    const bytes = (base64) => new Blob([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))]);
    const local = await import("/static/local/local.js");
    const answer = await local.match(bytes(photo), {people});
    const vectors = [];
    for (const crop of crops) vectors.push(await local.embed(bytes(crop)));
    return {answer, vectors};
}"""


@dataclass
class Agreement:
    """What was compared."""

    same_crop: list[float] = field(default_factory=list)  # cosines
    faces: list[float] = field(default_factory=list)  # cosines, from file to vector
    same_first: list[tuple[float, bool]] = field(default_factory=list)  # the server's lead, and whether both name one
    shared: list[int] = field(default_factory=list)  # how many of the server's eight the browser names, too
    counts_differ: list[str] = field(default_factory=list)  # photos with another number of usable faces

    @property
    def holds(self) -> bool:
        sure = [same for lead, same in self.same_first if lead > LEAD]
        least = 0.995 if "int8" in computed_in(load_manifest(WEIGHTS).embedder, "openvino") else 0.999
        return min(self.same_crop) > least and median(self.faces) > 0.995 and all(sure)


def server_says(address: str, photo: bytes, *, people: str) -> list[dict[str, Any]]:
    """Its usable faces, with people, vectors and straightened pictures."""
    asked = f"{address}/v1/match?embeddings=true&crops=true&people={people}"
    request = urllib.request.Request(asked, data=photo)  # noqa: S310 - of this machine
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - of this machine
            document = json.load(answer)
    except urllib.error.HTTPError as error:  # no face, or none to use
        document = json.load(error)
    return [face for face in document["faces"] if face["usable"]]


def compare(page: Page, address: str, photos: Iterable[Path], *, people: str = "all") -> Agreement:
    """page: at `/?local`. people: all, women or men."""
    found = Agreement()
    for photo in photos:
        data = photo.read_bytes()
        theirs = server_says(address, data, people=people)
        asked = {"photo": base64.b64encode(data).decode(), "crops": [face["crop"] for face in theirs], "people": people}
        said = page.evaluate(_IN_BROWSER, asked)
        ours = [face for face in said["answer"]["faces"] if face["usable"]]
        for face, vector in zip(theirs, said["vectors"], strict=True):
            found.same_crop.append(float(np.dot(face["embedding"], vector)))
        if len(ours) != len(theirs):
            found.counts_differ.append(photo.name)
            continue
        for one, other in zip(theirs, ours, strict=True):
            found.faces.append(float(np.dot(one["embedding"], other["embedding"])))
            named = {match["person"] for match in other["matches"]}
            found.shared.append(sum(match["person"] in named for match in one["matches"]))
            first, second = one["matches"][:2]
            lead = abs(first["similarity"] - second["similarity"])
            found.same_first.append((lead, first["person"] == other["matches"][0]["person"]))
    return found


def report(found: Agreement, photos: int) -> str:
    """The figures as lines."""
    sure = [same for lead, same in found.same_first if lead > LEAD]
    firsts, differing = found.same_first, found.counts_differ
    return "\n".join(
        [
            f"{photos} photos, {len(found.same_crop)} usable faces; photos where their number differs: {differing}",
            f"cosine on the same crop: least {min(found.same_crop):.6f}",
            f"cosine from the file: median {median(found.faces):.5f}, least {min(found.faces):.5f}",
            f"the same first person: {sum(same for _lead, same in firsts)} of {len(firsts)}",
            f"where the server's first two differ by more than {LEAD}: {sum(sure)} of {len(sure)}",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=50)
    given = parser.parse_args()
    photos = sorted(one for one in given.folder.rglob("*") if one.suffix.lower() in PICTURES)[: given.photos]
    if not photos:
        parser.error(f"{given.folder} holds no photo")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        with opened(browser, f"{address}/?local") as page:
            found = compare(page, address, photos)
        browser.close()
    sys.stdout.write(report(found, len(photos)) + "\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
