"""`python -m lookalike.locales [--check]`: take the texts of the code into every catalogue, and compile. Needs Babel.

New texts come untranslated, texts that are gone are dropped, translations stay. --check writes nothing and ends with 1
when a catalogue is out of date, a text is untranslated, or a .mo is not what its .po compiles to.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SOURCES: Final = ("bot", "lookalike")
KEYWORDS: Final = {"_": None, "N_": None, "translate": None, "ngettext": (1, 2)}
A_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)  # the same every time, so that only texts make a difference


def extracted() -> Catalog:
    """Every text of the code."""
    found = Catalog(project="lookalike", creation_date=A_DAY)
    for folder in SOURCES:
        for name, _line, message, comments, context in extract_from_dir(ROOT / folder, keywords=KEYWORDS):
            found.add(message, locations=[(f"{folder}/{name}", 1)], auto_comments=comments, context=context)
    return found


def updated(path: Path, texts: Catalog) -> Catalog:
    """The catalogue at `path` with exactly these texts."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.parent.parent.name)
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = A_DAY
    return catalog


def as_po(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=110, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Texts without a translation; a plural needs all its forms."""
    missing = []
    for message in catalog:
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        if message.id and not all(strings):
            missing.append(message.id[0] if isinstance(message.id, list | tuple) else message.id)
    return missing


def catalogues() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*/LC_MESSAGES/messages.po"))


def main(*, check: bool) -> int:
    texts = extracted()
    problems: list[str] = []
    for path in catalogues():
        catalog = updated(path, texts)
        problems += [f"{path.parent.parent.name}: not translated: {text!r}" for text in untranslated(catalog)]
        for file, data in ((path, as_po(catalog)), (path.with_suffix(".mo"), as_mo(catalog))):
            if not check:
                file.write_bytes(data)
            elif not file.exists() or file.read_bytes() != data:
                problems.append(f"{file.relative_to(ROOT)} is out of date; run `python -m lookalike.locales`")
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
