"""Do what the Dockerfile says where no Docker daemon runs: `python -m tests.bot.rehearse_image` (Linux, root, network).

The files of its COPY lines go into an empty folder, the RUN lines that install make the virtual environment there
from the lock, and its CMD runs with its ENV as its USER, without any capability and with the whole file system mounted
read-only but for a fresh /tmp, as compose.yaml asks. The bot must answer a photo, its health check must pass, and
SIGTERM must end it with exit code 0.
What this does not show: that the base image has what the wheels need. The image itself is not built here.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bot.memory import memory_mb
from tests.telegram_peer import TOKEN, Person, TelegramPeer

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SYSTEM_PYTHON: Final = "/usr/bin/python3"  # one that other users can read
READ_ONLY: Final = (
    "mount --make-rprivate / && mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp && cd {app} && "
    "exec setpriv --reuid {user} --regid {user} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "
)


class Dockerfile:
    """The lines that matter, with /app and /venv put into `home`."""

    def __init__(self, text: str, home: Path) -> None:
        self._lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
        self._home = home

    def copies(self) -> list[tuple[list[str], Path]]:
        """(sources in the repository, target) of each COPY that is not from another stage."""
        found = []
        for line in self._of("COPY"):
            if not line.startswith("--from"):
                *sources, target = line.split()
                found.append((sources, self._home / "app" / target.removeprefix("/app/")))
        return found

    def build(self) -> list[str]:
        """The RUN lines that install, in order; the system's own packages are not of this machine."""
        return [self._moved(line) for line in self._of("RUN") if "pip install" in line]

    def environment(self) -> dict[str, str]:
        pairs = (pair.split("=", 1) for line in self._of("ENV") for pair in shlex.split(line))
        return {name: self._moved(value).replace("$PATH", "/usr/bin:/bin") for name, value in pairs}

    def command(self, name: str) -> list[str]:
        """The words of CMD, or of HEALTHCHECK's."""
        line = next(line for line in self._lines if line.startswith(name))
        words: list[str] = json.loads(line[line.index("[") :])
        return words

    def user(self) -> str:
        return self._of("USER")[0]

    def _of(self, word: str) -> list[str]:
        return [line.removeprefix(word).strip() for line in self._lines if line.startswith(word + " ")]

    def _moved(self, text: str) -> str:
        return re.sub(r"(?<![\w/.])/(venv|builder|app)\b", lambda found: f"{self._home}/{found[1]}", text)


def build(dockerfile: Dockerfile, home: Path) -> None:
    """COPY and RUN."""
    for sources, target in dockerfile.copies():
        for source in sources:
            path = ROOT / source
            to = target / path.name if len(sources) > 1 else target
            if path.is_dir():
                shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
    for line in dockerfile.build():
        run = re.sub(r"^python -m venv", f"{SYSTEM_PYTHON} -m venv", line)
        subprocess.run(["sh", "-euc", run], cwd=home / "app", check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(home)], check=True)


async def answers(dockerfile: Dockerfile, home: Path) -> None:
    """CMD in a read-only root, one photo, the health check, SIGTERM."""
    async with TelegramPeer() as peer:
        environment = dockerfile.environment() | {"BOT_TOKEN": TOKEN, "BOT_API_URL": peer.url, "LANG": "C.UTF-8"}
        confined = READ_ONLY.format(app=home / "app", user=dockerfile.user())

        async def start(words: list[str]) -> asyncio.subprocess.Process:
            run = confined + shlex.join(words)
            return await asyncio.create_subprocess_exec("unshare", "--mount", "sh", "-c", run, env=environment)

        bot = await start(dockerfile.command("CMD"))
        photo = (ROOT / "lookalike" / "sample" / "grace_hopper.jpg").read_bytes()
        await peer.send_photo(Person(id=1), photo)
        notice, card = await peer.until_sent(2, within_s=120)
        healthy = await (await start(dockerfile.command("HEALTHCHECK"))).wait()
        refused = await (await start(["touch", str(home / "app" / "x")])).wait()
        resident = memory_mb(bot.pid)
        bot.terminate()
        code = await asyncio.wait_for(bot.wait(), 60)
        said = (notice.method, card.method, healthy, refused != 0, code, peer.violations)
        if said != ("sendMessage", "sendPhoto", 0, True, 0, []):
            sys.exit(f"the rehearsal failed: {said}")
        sys.stdout.write(f"a card, healthy, nothing written, ended with 0; {resident:.0f} MB resident\n")


def main() -> None:
    if os.geteuid() != 0:
        sys.exit("a read-only root needs root: sudo python -m tests.bot.rehearse_image")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="lookalike-image-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        dockerfile = Dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"), home)
        build(dockerfile, home)
        asyncio.run(answers(dockerfile, home))


if __name__ == "__main__":
    main()
