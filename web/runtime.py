"""onnxruntime-web for `/?local`: `python -m web.runtime [FILE.tgz]` fetches it from npm, once, when the page is set up.

Its WebAssembly is 14 MB that only the extra `web` wants, so it is neither in the repository nor in the wheel. npm's own
client fetches the package, or a file of it is named; either is taken only with the hash that stands here. What the page
serves then is this folder's; nothing is fetched while it runs.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

VERSION: Final = "1.30.0"
TARBALL: Final = f"onnxruntime-web-{VERSION}.tgz"
SHA512: Final = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
SCRIPT: Final = "ort.wasm.bundle.min.mjs"
WASM: Final = "ort-wasm-simd-threaded.wasm"
FOLDER: Final = Path(__file__).parent / "static" / "onnxruntime"
FETCH_S: Final = 600


class RuntimeNotThere(Exception):  # noqa: N818 - named for what it is
    """It could not be set up: one sentence for whoever does."""


def is_there() -> bool:
    """Whether the page can serve it."""
    return all((FOLDER / name).is_file() for name in (SCRIPT, WASM))


def set_up(file: Path | None = None) -> None:
    """Put both files into the folder. file: npm's tarball; without it npm fetches it. Raises RuntimeNotThere."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = file or _fetched(Path(folder))
        try:
            data = tarball.read_bytes()
        except OSError as error:
            raise RuntimeNotThere(f"{tarball} can't be read ({error.strerror})") from error
    if hashlib.sha512(data).hexdigest() != SHA512:
        raise RuntimeNotThere(f"{tarball.name} is not npm's onnxruntime-web {VERSION}: its SHA-512 differs")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as package:
        for name in (SCRIPT, WASM):
            member = package.extractfile(f"package/dist/{name}")
            if member is None:
                raise RuntimeNotThere(f"{tarball.name} holds no {name}")
            beside = FOLDER / f"{name}.part"
            beside.write_bytes(member.read())
            beside.replace(FOLDER / name)


def _fetched(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeNotThere(
            f"npm is not installed; install Node.js, or run `npm pack onnxruntime-web@{VERSION}` elsewhere and name "
            f"the file: python -m web.runtime {TARBALL}"
        )
    command = [npm, "pack", "--silent", f"onnxruntime-web@{VERSION}"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=FETCH_S)  # noqa: S603 - our own words
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise RuntimeNotThere(
            f"npm could not fetch onnxruntime-web {VERSION}: {said[-1] if said else error}"
        ) from error
    return folder / TARBALL


def main(arguments: list[str]) -> int:
    """Exit codes: 0 it is there, 1 it is not, 2 called wrongly."""
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        sys.stderr.write("usage: python -m web.runtime [FILE.tgz]\n")
        return 2
    if not arguments and is_there():
        return 0
    try:
        set_up(Path(arguments[0]) if arguments else None)
    except RuntimeNotThere as error:
        sys.stderr.write(f"lookalike: answers in the browser itself are not to be had: {error}\n")
        return 1
    sys.stdout.write(f"onnxruntime-web {VERSION} is set up: the page answers in the browser itself at /?local\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
