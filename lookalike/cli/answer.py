"""`lookalike match`, `compare` and `faces`: photos in, answers on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, assert_never

import typer

from lookalike.cli.compiled import compiled_networks
from lookalike.cli.console import EXIT_UNANSWERED, complain, print_json, progress_bar
from lookalike.cli.photos import PhotoProblem, Photos, shown_path
from lookalike.errors import NoSuchFace

# What reads photos and settings is imported by the command that needs it: --help needs none of it.
if TYPE_CHECKING:
    from lookalike.answers import Answer
    from lookalike.app import App
    from lookalike.settings import Settings
    from pipeline.dense_landmarks import DenseLandmarks
    from pipeline.types import FloatArray, PhotoFaces

MAX_CARDS: Final = 12  # of one photo, without being asked for more

PhotoPaths = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO",
        help="Photo files: JPEG, PNG, WebP or GIF, with the extra heif also HEIC and AVIF; - is standard input.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Embeddings = Annotated[bool, typer.Option("--embeddings", help="With --json: each usable face's 512 numbers.")]
CardsFolder = Annotated[
    str | None,
    typer.Option(
        "--cards",
        metavar="DIR",
        help="Folder for the answer cards. No file that was there is replaced, but for cards of an earlier call. "
        "[default: answers; with --json: no cards]",
    ),
]
NoCards = Annotated[bool, typer.Option("--no-cards", help="Write no cards.")]
MaxCards = Annotated[
    int, typer.Option("--max-cards", min=1, metavar="N", help="Cards of one photo, of its first faces.")
]
GalleryFolder = Annotated[
    Path | None, typer.Option("--gallery", metavar="DIR", help="The gallery. [default: the setting GALLERY]")
]
ImagesFolder = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="PLACE",
        help="The gallery's pictures, for cards: a folder or a zip file. [default: the setting GALLERY_IMAGES]",
    ),
]
Timing = Annotated[bool, typer.Option("--timing", help="Print milliseconds by stage, on stderr.")]
PictureFile = Annotated[
    str | None,
    typer.Option(
        "--picture",
        metavar="FILE",
        help="Write the photo with its faces numbered here, as .jpg or .png. For one photo.",
    ),
]


Landmarks = Annotated[
    int | None,
    typer.Option(
        "--landmarks",
        metavar="68",
        help="Also find the 68 points of iBUG's 300-W in every usable face.",
    ),
]


ChosenFace = Annotated[
    int | None,
    typer.Option(
        min=1, help="Which usable face of it, counted as one reads. [default: the most alike pair]", metavar="N"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("match")(match)
    app.command("compare")(compare)
    app.command("faces")(faces)


def match(
    photos: PhotoPaths,
    *,
    as_json: AsJson = False,
    embeddings: Embeddings = False,
    cards: CardsFolder = None,
    no_cards: NoCards = False,
    max_cards: MaxCards = MAX_CARDS,
    gallery: GalleryFolder = None,
    images: ImagesFolder = None,
    timing: Timing = False,
) -> None:
    """Find the eight most similar celebrities of every face.

    Example: lookalike match me.jpg friends.png
    """
    _check_embeddings(embeddings, as_json=as_json)
    folder = _cards_folder(cards, no_cards=no_cards, as_json=as_json)
    app = _app(gallery=gallery, gallery_images=images)  # first: networks are compiled while the rest is imported
    from lookalike.answers import Found, Unreadable
    from lookalike.cli.cards import CardWriter
    from lookalike.cli.documents import answer_document, failed_document

    reader = Photos(max_bytes=app.settings.max_photo_bytes)
    writer = CardWriter(photos, theme=app.settings.card_theme, quiet=as_json)
    documents: list[dict[str, Any]] = []
    failed = False
    with _progress(photos, as_json=as_json) as advance:
        for path in photos:
            try:
                answer = app.finder.find(reader.read(path))
            except PhotoProblem as problem:
                failed = True
                documents.append(failed_document(path, problem.code, problem.message))
                if not as_json:
                    complain(_told(path, problem.message))
                advance(1)
                continue
            if not as_json:
                _print_answer(path, answer, app, numbered=folder is not None)
            written: list[str | None] = []
            if folder is not None and isinstance(answer, Found):
                written = writer.write_answers(path, answer, folder, app.renderer, most=max_cards)
                failed = failed or None in written
            failed = failed or not isinstance(answer, Found)
            documents.append(answer_document(path, answer, embeddings=embeddings, cards=written))
            if timing and not isinstance(answer, Unreadable):
                _print_timing(path, answer.timing_ms)
            advance(1)
    if as_json:
        print_json({"photos": documents})
    if failed:
        raise typer.Exit(EXIT_UNANSWERED)


def faces(
    photos: PhotoPaths,
    *,
    as_json: AsJson = False,
    embeddings: Embeddings = False,
    picture: PictureFile = None,
    landmarks: Landmarks = None,
) -> None:
    """Find the faces alone: boxes, five points, quality, and why a face can't be used.

    Example: lookalike faces party.jpg --picture numbered.jpg
    """
    from lookalike.app import open_pipeline
    from lookalike.cli.answer_text import print_faces, print_landmarks68
    from lookalike.cli.documents import failed_document, photo_document
    from lookalike.cli.sentences import file_sentence
    from lookalike.reading_order import in_reading_order
    from lookalike.settings import Settings
    from pipeline.errors import BadPhoto

    _check_embeddings(embeddings, as_json=as_json)
    drawn_to = _picture_file(picture, "--picture")
    if drawn_to is not None and len(photos) > 1:
        raise typer.BadParameter("--picture takes one photo", param_hint="--picture")
    settings = Settings()
    dense = _dense_landmarks(landmarks, settings)
    pipeline = open_pipeline(settings, cache=compiled_networks(), wait=False)
    reader = Photos(max_bytes=settings.max_photo_bytes)
    documents: list[dict[str, Any]] = []
    failed = False
    with _progress(photos, as_json=as_json) as advance:
        for path in photos:
            try:
                photo = in_reading_order(pipeline.read(reader.read(path)))
            except (PhotoProblem, BadPhoto) as problem:
                failed = True
                sentence = (
                    file_sentence(problem.code, problem.message) if isinstance(problem, BadPhoto) else problem.message
                )
                documents.append(failed_document(path, str(problem.code), sentence))
                if not as_json:
                    complain(_told(path, sentence))
            else:
                documents.append(photo_document(path, photo, embeddings=embeddings))
                many = _add_landmarks68(documents[-1], photo, dense)
                if not as_json:
                    print_faces(path, photo, documents[-1]["faces"])
                    print_landmarks68(documents[-1]["faces"])
                if drawn_to is not None:
                    from lookalike.cli.cards import CardWriter

                    writer = CardWriter(photos, theme=settings.card_theme, quiet=as_json)
                    failed = writer.write_faces(photo, drawn_to, points=many) is None
            advance(1)
    if as_json:
        print_json({"photos": documents})
    if failed:
        raise typer.Exit(EXIT_UNANSWERED)


def _dense_landmarks(count: int | None, settings: Settings) -> DenseLandmarks | None:
    """The network of 68 points, where it is asked for; any other number is wrong usage."""
    from lookalike.app import open_landmarks68

    if count not in {None, 68}:
        raise typer.BadParameter("68 are found, no other number", param_hint="--landmarks")
    return open_landmarks68(settings, cache=compiled_networks()) if count else None


def _add_landmarks68(document: dict[str, Any], photo: PhotoFaces, dense: DenseLandmarks | None) -> list[FloatArray]:
    """Find the points of every usable face and add them to the document; none where nobody asked."""
    from lookalike.cli.documents import with_landmarks68

    if dense is None:
        return []
    many = dense.find(photo.image, [face.points for face in photo.usable])
    with_landmarks68(document, photo, many)
    return many


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="The first photo; - is standard input.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The second photo.")],
    *,
    face_a: ChosenFace = None,
    face_b: ChosenFace = None,
    as_json: AsJson = False,
    card: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the comparison card here, as .jpg or .png. No other file is replaced.",
        ),
    ] = None,
) -> None:
    """Say how alike two faces are, and how often two strangers look this alike.

    Example: lookalike compare 1984.jpg today.jpg
    """
    card_file = _picture_file(card, "--card")
    app = _app()
    from lookalike.answers import Compared
    from lookalike.cli.answer_text import print_comparison
    from lookalike.cli.cards import CardWriter
    from lookalike.cli.documents import comparison_document, failed_comparison_document

    reader = Photos(max_bytes=app.settings.max_photo_bytes)
    comparison = None
    try:
        data = [_read_of_two(reader, path) for path in (a, b)]
        comparison = app.finder.compare(data[0], data[1], face_a=_position(face_a), face_b=_position(face_b))
        document = comparison_document(a, b, comparison, calibration=app.finder.calibration)
    except PhotoProblem as problem:
        document = failed_comparison_document(a, b, problem.code, problem.message)
    except NoSuchFace as error:
        document = failed_comparison_document(a, b, "no_such_face", str(error))
    failed = not isinstance(comparison, Compared)
    if isinstance(comparison, Compared):
        if not as_json:
            print_comparison((a, b), comparison, app.finder.calibration)
        if card_file is not None:
            writer = CardWriter((a, b), theme=app.settings.card_theme, quiet=as_json)
            document["card"] = writer.write_comparison(comparison, card_file, app.renderer)
            failed = document["card"] is None
    elif not as_json:
        complain(document["error"]["message"])
    if as_json:
        print_json(document)
    if failed:
        raise typer.Exit(EXIT_UNANSWERED)


def _app(**given: Path | None) -> App:
    """The product with the settings of the environment, those aside that the command line gives."""
    from lookalike.app import build
    from lookalike.settings import Settings

    named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return build(Settings(**named), cache=compiled_networks(), wait=False)


def _position(number: int | None) -> int | None:
    return None if number is None else number - 1


def _check_embeddings(embeddings: bool, *, as_json: bool) -> None:
    if embeddings and not as_json:
        raise typer.BadParameter("they are printed with --json only", param_hint="--embeddings")


def _cards_folder(given: str | None, *, no_cards: bool, as_json: bool) -> Path | None:
    """Where cards are written; None for nowhere."""
    if given is None:
        return None if no_cards or as_json else Path("answers")
    if no_cards:
        raise typer.BadParameter("it says where cards go, and --no-cards that there are none", param_hint="--cards")
    if not given:
        raise typer.BadParameter("the folder's name is empty; . is the folder you are in", param_hint="--cards")
    return Path(given)


def _picture_file(given: str | None, option: str) -> Path | None:
    """The file that an option names; anything but a JPEG or PNG is wrong usage."""
    if given is None:
        return None
    if Path(given).suffix.lower() not in {".jpg", ".jpeg", ".png"}:
        raise typer.BadParameter("name a file that ends in .jpg or .png", param_hint=option)
    return Path(given)


def _read_of_two(reader: Photos, path: str) -> bytes:
    """Likewise for `compare`, where the sentence has to say which photo it is about."""
    try:
        return reader.read(path)
    except PhotoProblem as problem:
        raise PhotoProblem(problem.code, _told(path, problem.message)) from None


@contextmanager
def _progress(photos: Sequence[str], *, as_json: bool) -> Iterator[Callable[[int], None]]:
    """A bar where several photos are answered and nothing is printed until the last."""
    if as_json and len(photos) > 1:
        with progress_bar("photos", len(photos)) as advance:
            yield advance
    else:
        yield lambda _done: None


def _print_answer(path: str, answer: Answer, app: App, *, numbered: bool) -> None:
    from lookalike.answers import Found, NoFace, NoUsableFace, Unreadable
    from lookalike.cli.answer_text import print_found
    from lookalike.cli.sentences import unanswered_sentence

    match answer:
        case Found():
            print_found(path, answer, people=app.finder.gallery.people, numbered=numbered)
        case NoFace() | NoUsableFace() | Unreadable():
            complain(_told(path, unanswered_sentence(answer)))
        case _:
            assert_never(answer)


def _told(path: str, message: str) -> str:
    return f"{shown_path(path)}: {message}" if path else message


def _print_timing(path: str, timing_ms: dict[str, float]) -> None:
    parts = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in timing_ms.items())
    sys.stderr.write(f"{shown_path(path)}: ms: {parts}\n")
