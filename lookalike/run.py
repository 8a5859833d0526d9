"""What `make run` does: a photo is answered in the terminal; without one a token starts the bot, and with neither a
public-domain portrait is answered, with one line on what to do next.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

SAMPLE: Final = Path(__file__).parent / "sample" / "grace_hopper.jpg"


def chosen_command(*, photo: str, token: str) -> list[str]:
    """The `lookalike` arguments for what the person gave."""
    if photo:
        return ["match", photo, "--timing"]
    if token:
        return ["bot"]
    return ["match", os.path.relpath(SAMPLE), "--timing"]


def next_step(*, photo: str, token: str) -> str | None:
    """One line for a person without a token; None when there is nothing to say."""
    if token:
        return None
    advice = "To start the Telegram bot: get a token from @BotFather and run BOT_TOKEN=... make run"
    return advice if photo else f"Your own photo: make run PHOTO=me.jpg. {advice}"


def main() -> None:
    """Run the one command that fits, then say what else there is."""
    token = os.environ.get("BOT_TOKEN") or dotenv_values(".env").get("BOT_TOKEN") or ""
    photo = os.environ.get("PHOTO", "")
    code = subprocess.run(  # noqa: S603 - our own command with the person's photo as one argument
        [sys.executable, "-m", "lookalike", *chosen_command(photo=photo, token=token)], check=False
    ).returncode
    advice = next_step(photo=photo, token=token)
    if advice and code == 0:
        sys.stdout.write(advice + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
