"""`lookalike index add | remove | list | push`: people join and leave a gallery of one's own, without a rebuild."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.plain_text import clean_name, counted, readable
from lookalike.cli.console import EXIT_UNANSWERED, EXIT_USAGE, complain, console, print_json, say
from lookalike.cli.gallery_options import (
    AsJson,
    GalleryFolder,
    mended_by_the_user,
    open_picture_embedder,
    own_settings,
)
from lookalike.cli.gallery_text import people, pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.fold import VectorKind
    from index.search import PeopleSearch
    from index.source import Source
    from index.types import Person
    from lookalike.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands to `lookalike index`."""
    app.command("add")(add)
    app.command("remove")(remove)
    app.command("list")(list_command)
    app.command("push")(push)


def add(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="PLACE...", help="A folder with one folder a person; with --name, photos of one."),
    ],
    *,
    name: Annotated[str, typer.Option(help="Whose photos these are.", metavar="NAME")] = "",
    replace_them: Annotated[
        bool, typer.Option("--replace", help="Take the place of people who are there under the same name.")
    ] = False,
    gallery: GalleryFolder = None,
    as_json: AsJson = False,
) -> None:
    """Add people to your own gallery; a running bot or page has them at its next answer.

    Example: lookalike index add ann1.jpg ann2.jpg --name "Ann Lee" --gallery my-gallery
    """
    from index.files import PICTURES
    from index.fold_people import embed_people
    from index.store import Row

    settings = own_settings()
    with mended_by_the_user(), _source(places, name) as source:
        opened = _open_own(settings, gallery)
        there = {} if replace_them else _known(opened, {picture.person for picture in source.pictures})
        if there:
            complain(f"{', '.join(sorted(there)[:3])}: in the gallery already; to take these photos instead: --replace")
            raise typer.Exit(EXIT_USAGE)
        embed = open_picture_embedder(settings)
        if embed.model != opened.info.embedder:
            opened = _open_own(settings, gallery, embedder=embed.model)  # refuses, and says what to do
        passed_on = ((gallery or settings.gallery_path) / PICTURES).is_file()
        with console(to=sys.stderr).status("Looking at the pictures"):
            kind: VectorKind = "best" if opened.info.vector_kind == "best" else "mean"
            folded = embed_people(source, embed, kind=kind)
            rows = [
                Row(
                    person=replace(person, joined=True, image=_image(person)),
                    vector=vector,
                    preview=(embed.whole if passed_on else embed.preview)(source.folder, person),
                )
                for person, vector in zip(folded.people, folded.vectors, strict=True)
            ]
        opened.store.upsert(rows)
        now = opened.store.count()
        _let_go(opened)
    for file, reason in [*source.left_out, *folded.skipped]:
        if not as_json:
            complain(f"skipped {file}: {reason}")
    if as_json:
        skipped = [{"file": file, "reason": reason} for file, reason in sorted([*source.left_out, *folded.skipped])]
        print_json({
            "gallery": _shown(settings, gallery), "added": [_document(row.person) for row in rows],
            "people": now, "skipped": skipped, "people_left_out": sorted(folded.left_out),
        })  # fmt: skip
    elif rows:
        say(f"{_shown(settings, gallery)}: {people(len(rows))} added, {people(now)} now")
    if not rows or folded.left_out:
        if not as_json:
            complain(f"without a usable picture, and not added: {', '.join(folded.left_out)}")
        raise typer.Exit(EXIT_UNANSWERED)


def remove(
    who: Annotated[list[str], typer.Argument(metavar="PERSON...", help="Numbers or names, as `index list` has them.")],
    *,
    gallery: GalleryFolder = None,
    as_json: AsJson = False,
) -> None:
    """Remove people from your own gallery, their vectors and pictures too; your own files of them stay.

    Example: lookalike index remove "Ann Lee" --gallery my-gallery
    """
    settings = own_settings()
    with mended_by_the_user():
        opened = _open_own(settings, gallery)
        known = list(_everybody(opened))
        numbers: set[str] = set()
        for one in who:
            # As `add` reads them: a terminal may write é in two characters, or in bytes that are no UTF-8.
            spelled, name = {one, readable(one.strip())}, clean_name(one)
            found = [person.number for person in known if person.number in spelled] or [
                person.number for person in known if person.name is not None and person.name == name
            ]
            if len(found) != 1:
                several = f"several people have this name; say which number: {', '.join(found[:5])}"
                complain(f"{readable(one)}: {several if found else 'is not in the gallery; nobody was removed'}")
                raise typer.Exit(EXIT_UNANSWERED)
            numbers.add(found[0])
        opened.store.remove(numbers)
        now = opened.store.count()
        _let_go(opened)
    if as_json:
        print_json({
            "gallery": _shown(settings, gallery), "removed": sorted(numbers), "people": now
        })  # fmt: skip
        return
    say(f"{_shown(settings, gallery)}: {people(len(numbers))} removed, {people(now)} left")
    say("A build from a folder that still has their pictures brings them back")


def list_command(*, gallery: GalleryFolder = None, as_json: AsJson = False) -> None:
    """List the people of a gallery: number, name, how many pictures.

    Example: lookalike index list --gallery my-gallery
    """
    from lookalike.own_gallery import open_people

    settings = own_settings()
    opened = open_people(settings, embedder=None, gallery=gallery)
    everybody = _everybody(opened)
    _let_go(opened)
    if as_json:
        print_json({"gallery": _shown(settings, gallery), "people": [_document(person) for person in everybody]})
        return
    for person in everybody:
        same = person.name is None or person.name == person.number
        say(f"{person.number}{'' if same else f'  {person.name}'}  {pictures(person.images)}")
    say(f"{people(len(everybody))} in {_shown(settings, gallery)}")


def push(
    *,
    gallery: GalleryFolder = None,
    to: Annotated[
        str, typer.Option(metavar="URL", help="Where to. [default: the setting GALLERY_URL]", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy a gallery from its folder to Milvus; nothing is written over there.

    Example: lookalike index push --gallery my-gallery --to milvus://localhost:19530
    """
    from index.gallery import Gallery
    from lookalike.own_gallery import push_gallery

    settings = own_settings()
    url = to or settings.gallery_url.get_secret_value()
    folder = gallery or settings.gallery_path
    with mended_by_the_user():
        if not url:
            raise typer.BadParameter("say where to: --to milvus://HOST:PORT, or set GALLERY_URL")
        with console(to=sys.stderr).status("Copying"):
            try:
                count = push_gallery(Gallery.open(folder, embedder=None), url)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error
    if as_json:
        print_json({"gallery": readable(str(folder)), "people": count})
    else:
        say(f"{people(count)} copied; to answer from there, set GALLERY_URL")


@contextmanager
def _source(places: Sequence[Path], name: str) -> Iterator[Source]:
    """Photos of one person, or a folder of people; never CelebA's layout, whose numbers would be others'."""
    from index.errors import BadSource
    from index.layouts import read_source

    if not name:
        if len(places) > 1 or not places[0].is_dir():
            raise typer.BadParameter("photos need --name NAME; without it, name one folder with one folder a person")
        source = read_source(places[0])
        if source.layout != "people":
            raise BadSource(f"{readable(str(places[0]))} is CelebA's; build a gallery from it: lookalike index build")
        yield source
        return
    number = readable(name.strip())
    if not number or "/" in number or clean_name(number) is None:
        raise typer.BadParameter("--name is a person's name, without a slash")
    yield _photos_of(number, places)


def _photos_of(number: str, places: Sequence[Path]) -> Source:
    from index.source import Known, Picture, Source, in_order

    for place in places:
        place.stat()  # says which one is not there
    absolute = [str(place.resolve()) for place in places]
    return Source(
        folder=Path("/"),
        layout="people",
        description=counted(len(places), "photo", "photos"),
        pictures=in_order(Picture(file=path, person=number) for path in absolute),
        known={number: Known(name=clean_name(number))},
    )


def _image(person: Person) -> str:
    """Where the picture would lie in a folder that the gallery is built from; nobody's own paths are kept."""
    return f"{person.number}/{Path(person.image).name}" if person.image.startswith("/") else person.image


def _open_own(settings: Settings, gallery: Path | None, *, embedder: str | None = None) -> PeopleSearch:
    from lookalike.own_gallery import check_own, open_people

    remote = gallery is None and bool(settings.gallery_url.get_secret_value())
    place = None if remote else gallery or settings.gallery_path
    opened = open_people(settings, embedder=embedder, gallery=gallery)
    check_own(settings, place, source=opened.info.source)
    return opened


def _let_go(opened: PeopleSearch) -> None:
    """A folder of Milvus Lite is then free for the next process."""
    from lookalike.own_gallery import let_go

    let_go(opened.store)


def _everybody(opened: PeopleSearch) -> list[Person]:
    from lookalike.own_gallery import everybody

    return everybody(opened.store)


def _known(opened: PeopleSearch, numbers: set[str]) -> dict[str, Person]:
    from lookalike.own_gallery import known_people

    return known_people(opened.store, numbers)


def _document(person: Person) -> dict[str, Any]:
    return {"person": person.number, "name": person.name, "pictures": person.images, "joined": person.joined}


def _shown(settings: Settings, gallery: Path | None) -> str:
    from index.store_url import MilvusPlace

    url = settings.gallery_url.get_secret_value()
    return MilvusPlace.of(url).shown if url and gallery is None else readable(str(gallery or settings.gallery_path))
