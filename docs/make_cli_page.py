"""docs/cli.md: every command's own help, in the order of the command line, and the JSON it prints.

`python -m docs.make_cli_page > docs/cli.md` rewrites the page; a test compares it.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import typer
from typer.testing import CliRunner

SCHEMAS: Final = """\
## JSON

With `--json` a command prints one document on standard output and nothing else.
Coordinates are pixels of the photo file after EXIF orientation, x to the right, y down.
`error` and `reason` are `null` or `{"code", "message"}`: the code is for scripts and stays, the message is for people.

### `faces --json`

```text
{"photos": [                       one entry a photo, in the order given
  {"path": as given,
   "faces": [                      the largest first, unusable ones among them
     {"box": [x0, y0, x1, y1],
      "points": [[x, y], ...],     eye on the left, eye on the right, nose tip, mouth corner left, right
      "score": 0..1,               how sure the detector is
      "usable": true or false,
      "reason": null or {"code", "message"},
      "quality": {"size_px", "eye_distance_px", "sharpness", "light", "yaw_deg", "roll_deg", "points_error"},
      "embedding": [512 numbers] with --embeddings for a usable face, else null}],
   "error": null or {"code", "message"}}]}
```

Codes of `reason`: `too_small`, `blurred`, `turned_away`, `too_dark`, `too_bright`, `points_unsure`, `degenerate`.
Codes of `error`: `empty`, `not_a_picture`, `broken`, `too_many_bytes`, `too_many_pixels`, `too_small`, `not_found`,
`is_a_folder`, `unreadable`; for `match` also `no_face` and `no_usable_face`, for `compare` also `no_such_face`.

### `match --json`

As `faces`, and each usable face has its people:

```text
"matches": [                       eight, the nearest first
  {"rank": 1..8,
   "person": the gallery's number of the person,
   "name": text or null,
   "image": the person's best picture, relative to the folder the gallery was built from,
   "similarity": cosine, -1..1,
   "band": key of the band, see weights/calibration.json}]
```

### `compare --json`

```text
{"a": path as given, "b": path as given,
 "similarity": cosine or null,
 "band": key or null,
 "false_match_rate": share of pairs of strangers at least this alike, or null,
 "error": null or {"code", "message"}}
```

## Exit codes

| code | meaning |
|---|---|
| 0 | answered |
| 1 | a photo could not be read or used; the others were answered |
| 2 | wrong usage |
| 3 | the set-up is broken; one line says what to do |
"""


def reference(app: typer.Typer) -> str:
    """The whole page."""
    paths = _paths(typer.main.get_command(app), ())
    parts = [f"## `lookalike {' '.join(path)}`\n\n```text\n{_help(app, path)}\n```\n" for path in paths]
    return "\n".join(["# The command line\n", "This page is generated from `--help`.\n", *parts, SCHEMAS])


def _paths(command: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The command names that lead to each leaf, in the order of the command line."""
    commands: dict[str, Any] = getattr(command, "commands", {})
    return [leaf for name in commands for leaf in _paths(commands[name], (*path, name))] if commands else [path]


def _help(app: typer.Typer, path: tuple[str, ...]) -> str:
    shown = CliRunner().invoke(
        app, [*path, "--help"], prog_name="lookalike", env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    )
    return "\n".join(line.rstrip() for line in shown.output.strip("\n").splitlines())


if __name__ == "__main__":
    from lookalike.cli.main import app as whole

    sys.stdout.write(reference(whole))
