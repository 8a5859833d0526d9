"""The composition root of what every front end shares: settings in, a working Finder out.

Heavy libraries (the inference runtime, FAISS) are imported when `build` runs, not before, so that `--help` is instant;
what networks do not need, the cards say, is imported after them, while they are compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import PicturesUnreadable
from lookalike.extras import install_command
from lookalike.settings import Settings
from pipeline.errors import EngineFailed, EngineMissing, ManifestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.looks import Looks
    from index.store import Store
    from index.types import Person
    from lookalike.cards import CardRenderer, FolderPictures
    from lookalike.explainer import Explainer
    from lookalike.finder import Finder
    from pipeline.compiled_cache import CompiledCache
    from pipeline.decode import PhotoLimits
    from pipeline.dense_landmarks import DenseLandmarks
    from pipeline.face_pipeline import FacePipeline
    from pipeline.gates import QualityGates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class App:
    """What a front end is given."""

    settings: Settings
    pipeline: FacePipeline
    finder: Finder
    pictures: FolderPictures
    renderer: CardRenderer
    people: Store | None = None  # of the gallery; `over` gives it
    explainer: Explainer | None = None  # `build` makes one, where everybody's vector is at hand


def open_pipeline(
    settings: Settings,
    *,
    gates: QualityGates | None = None,
    int8_embedder: bool = True,
    cache: CompiledCache | None = None,
    lean: bool = False,
    wait: bool = True,
) -> FacePipeline:
    """Open the three networks. Raises pipeline.errors.PipelineError with a sentence that says what to do.

    gates: which faces are refused; those for photos of strangers unless given. int8_embedder: see PipelineConfig.
    cache: where compiled networks are kept for the next start; without it nothing is written. lean: for processes that
    stay, see PipelineConfig. wait: for all networks; else, with OpenVINO, see `load_pipeline`.
    """
    from pipeline.face_pipeline import PipelineConfig, load_pipeline
    from pipeline.gates import QualityGates

    limits = photo_limits(settings)

    config = PipelineConfig(
        backend=settings.engine,
        threads=settings.engine_threads,
        max_bytes=limits.max_bytes,
        max_pixels=limits.max_pixels,
        gates=gates or QualityGates(),
        int8_embedder=int8_embedder,
        lean=lean,
    )
    try:
        return load_pipeline(settings.weights_dir, config, cache=cache, wait=wait or settings.engine != "openvino")
    except EngineMissing as error:
        how = f"set ENGINE=openvino, or install it: {install_command(error.package)}"
        raise EngineFailed(f"{error}; {how}") from error


def open_landmarks68(settings: Settings, *, cache: CompiledCache | None = None) -> DenseLandmarks:
    """Open the network of 68 points. Raises PipelineError, where the manifest names none, too."""
    from pipeline.manifest import MANIFEST_NAME, load_manifest
    from pipeline.open_parts import open_dense_landmarks

    facts = load_manifest(settings.weights_dir).landmarks68
    if facts is None:
        raise ManifestError(
            f"{settings.weights_dir / MANIFEST_NAME} names no network for 68 points; add [landmarks68] and its file, "
            f"as docs/networks.md says, or ask without --landmarks"
        )
    return open_dense_landmarks(facts, backend=settings.engine, threads=settings.engine_threads, cache=cache)


def photo_limits(settings: Settings) -> PhotoLimits:
    """Which photos are read at all."""
    from pipeline.decode import PhotoLimits

    return PhotoLimits(max_bytes=settings.max_photo_bytes, max_pixels=round(settings.max_photo_mpx * 1_000_000))


def open_pictures(settings: Settings, people: Sequence[Person]) -> FolderPictures:
    """The pictures of the gallery's people, without GALLERY_IMAGES those it is passed on with.

    Raises PicturesUnreadable when GALLERY_IMAGES names an archive that can't be read.
    """
    from index.files import PICTURES, PREVIEWS
    from index.previews import Previews
    from lookalike.cards import FolderPictures
    from lookalike.cards.picture_files import open_files

    place = settings.gallery_images
    if place is None:
        return FolderPictures(None, faces=Previews.read(settings.gallery_path / PICTURES))
    if place.is_file() and len(faces := Previews.read(place)):
        return FolderPictures(None, faces=faces)
    try:
        files = open_files(place, images=[person.image for person in people])
    except OSError as error:
        raise PicturesUnreadable(f"GALLERY_IMAGES={place}: {error}; leave it empty to have people drawn") from error
    kept = next((name for name in (PREVIEWS, PICTURES) if (settings.gallery_path / name).is_file()), PREVIEWS)
    previews = Previews.read(settings.gallery_path / kept)
    return FolderPictures(files, previews=previews, limits=photo_limits(settings))


def open_looks(settings: Settings, *, embedder: str) -> Looks | None:
    """What tells looks from this embedder's vectors; None where the weights folder has none. Raises GalleryError."""
    from index.looks import FILE, Looks

    try:
        looks = Looks.open(settings.weights_dir / FILE)
    except FileNotFoundError:
        return None
    return looks if looks.embedder == embedder else None


def build(settings: Settings, *, cache: CompiledCache | None = None, lean: bool = False, wait: bool = True) -> App:
    """Open networks, gallery and calibration, and tie them together; cache, lean, wait: see `open_pipeline`.

    Raises PipelineError, GalleryError or CalibrationError; each message says what to do.
    """
    return over(open_pipeline(settings, cache=cache, lean=lean, wait=wait), settings)


def over(pipeline: FacePipeline, settings: Settings) -> App:
    """Tie the gallery and calibration of `settings` to networks that are open already. Raises as `build` does."""
    from index.gallery import Gallery
    from lookalike.calibration import load_calibration
    from lookalike.cards import CardRenderer
    from lookalike.explainer import Explainer
    from lookalike.finder import Finder
    from lookalike.own_gallery import open_people

    looks = open_looks(settings, embedder=pipeline.embedder_id)
    gallery = open_people(settings, embedder=pipeline.embedder_id, looks=looks)
    calibration = load_calibration(settings.calibration_path, embedder=pipeline.embedder_id)
    finder = Finder(pipeline, gallery, calibration, looks=looks)
    # Where people are elsewhere, the list of everybody stays there; so does what takes everybody's vector.
    pictures = open_pictures(settings, gallery.people if isinstance(gallery, Gallery) else ())
    return App(
        settings=settings,
        pipeline=pipeline,
        finder=finder,
        pictures=pictures,
        people=gallery.store,
        explainer=Explainer(pipeline.embedder, gallery) if isinstance(gallery, Gallery) else None,
        renderer=CardRenderer(calibration=calibration, gallery=lambda: finder.gallery, pictures=pictures),
    )


def open_offered(app: App) -> dict[str, App]:
    """What GALLERIES offers, by title, over the networks of `app`, which comes first; empty where it offers nothing.

    GALLERY_IMAGES are the pictures of the first one alone. Raises as `build` does.
    """
    opened: dict[str, App] = {}
    for title, place in app.settings.offered_galleries.items():
        settings = app.settings.with_gallery(place)
        opened[title] = over(app.pipeline, settings) if opened else app
    return opened
