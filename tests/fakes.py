"""Small named stand-ins: a reader that does what a photo's bytes say, a painter that draws one colour."""

from __future__ import annotations

import io
import threading
import time

from PIL import Image

from lookalike.cards import (
    AnswerCard,
    CardRenderer,
    CompareCard,
    ExplainCard,
    FacesPicture,
    FileFormat,
    FolderPictures,
    HelpPicture,
    PictureRequest,
    ThemeName,
    Translate,
)
from lookalike.finder import Finder
from lookalike.serving.work_threads import FinderPool
from pipeline.decode import decode
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.types import DecodedPhoto, Face, PhotoFaces, RefusalCode
from tests.lookalike import builders


class ObedientReader:
    """Reads b"faces=2 slow=0.1": words of a photo's bytes say what is found. `read_order` keeps what came.

    faces=N usable faces; refused=CODE one face refused so; bad=CODE bytes that are no picture; slow=S seconds it takes;
    boom raises; memory runs out of it.
    """

    def __init__(self) -> None:
        self.read_order: list[bytes] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def read(self, photo: bytes | DecodedPhoto, *, frame: bool = False) -> PhotoFaces:
        if not isinstance(photo, DecodedPhoto) and not photo.isascii():  # a real picture
            photo = decode(photo)
        data = b"faces=1" if isinstance(photo, DecodedPhoto) else photo
        words = dict(word.partition("=")[::2] for word in data.decode().split())
        with self._lock:
            self.read_order.append(data)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            time.sleep(float(words.get("slow", 0)))
            return self._photo(words)
        finally:
            with self._lock:
                self.at_once -= 1

    def _photo(self, words: dict[str, str]) -> PhotoFaces:
        if "boom" in words:
            raise RuntimeError("the network fell over")
        if "memory" in words:
            raise MemoryError
        if "bad" in words:
            raise BadPhoto(BadPhotoCode(words["bad"]), "not usable")
        faces: list[Face] = [
            builders.face(builders.unit(1.0, 0.2 * number + 0.01 * len(words.get("who", ""))))
            for number in range(int(words.get("faces", 0)))
        ]
        if "refused" in words:
            faces.append(builders.face(None, refusal=RefusalCode(words["refused"])))
        return builders.photo(*faces)


class PlainPainter(CardRenderer):
    """One colour a kind of picture, and a note of what was rendered."""

    def __init__(self) -> None:
        super().__init__(
            calibration=builders.calibration(),
            gallery=lambda: builders.EightPeople().info,
            pictures=FolderPictures(None),
        )
        self.painted: list[str] = []

    def render(
        self,
        request: PictureRequest,
        *,
        theme: ThemeName = "light",
        translate: Translate = str,
        file_format: FileFormat = "JPEG",
    ) -> bytes:
        match request:
            case AnswerCard(answer):
                first = answer.matches[0].match
                said, color = f"card {answer.number} from {first.rank} {theme} {translate('man')}", (200, 80, 80)
            case ExplainCard(answer):
                said, color = f"explain {answer.number} {theme}", (80, 200, 80)
            case CompareCard(comparison):
                said, color = f"compare {comparison.face_a + 1} {comparison.face_b + 1} {theme}", (80, 80, 200)
            case FacesPicture(photo):
                said, color = f"faces {len(photo.usable)} {theme}", (200, 200, 80)
            case HelpPicture(page):
                said, color = f"help {page} {theme}", (120, 120, 120)
        self.painted.append(said)
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), color).save(buffer, file_format)
        return buffer.getvalue()


def fake_finder(reader: ObedientReader | None = None, *, workers: int = 2) -> FinderPool:
    """A real Finder and pool over a reader that obeys and a gallery that always answers."""
    return FinderPool(
        Finder(reader or ObedientReader(), builders.EightPeople(), builders.calibration()), workers=workers
    )
