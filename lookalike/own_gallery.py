"""Galleries of one's own, to which people may be added: never those that came with the program."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import NotYourGallery
from index.plain_text import readable
from lookalike.paths import WEIGHTS
from lookalike.settings import Settings

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.looks import Looks
    from index.search import PeopleSearch
    from index.store import Store
    from index.types import Person


def open_people(
    settings: Settings, *, embedder: str | None, gallery: Path | None = None, looks: Looks | None = None
) -> PeopleSearch:
    """The gallery in a folder, or the one that GALLERY_URL names. Raises GalleryError.

    gallery: a folder in the place of the settings'. embedder: see index.gallery.Gallery.open.
    """
    url = settings.gallery_url.get_secret_value()
    if not url or gallery is not None:
        from index.gallery import Gallery

        return Gallery.open(gallery or settings.gallery_path, embedder=embedder, looks=looks)
    from index.search import PeopleSearch

    return PeopleSearch(open_url(url, embedder=embedder), looks=looks)


def open_url(url: str, *, embedder: str | None) -> Store:
    """The store at an address. Raises GalleryError, also where the extra is missing."""
    needs_milvus()
    from index.milvus_store import MilvusStore
    from index.store_url import MilvusPlace

    return MilvusStore(MilvusPlace.of(url), embedder=embedder)


def needs_milvus() -> None:
    """Raise StoreFailed where the extra is not installed."""
    from importlib.util import find_spec

    from index.errors import StoreFailed
    from lookalike.extras import install_command

    if find_spec("pymilvus") is None:
        raise StoreFailed(f"GALLERY_URL needs an extra: {install_command('milvus')}")


def check_own(settings: Settings, place: Path | None, *, source: str) -> None:
    """Raise NotYourGallery for a gallery that came with the program.

    place: its folder, None for one that GALLERY_URL names. source: GalleryInfo.source.
    """
    shipped = {(where / "gallery").resolve() for where in (WEIGHTS, settings.weights_dir)}
    along = {(where / "galleries").resolve() for where in (WEIGHTS, settings.weights_dir)}
    came_along = place is not None and (place.resolve() in shipped or place.resolve().parent in along)
    if came_along or source.startswith("CelebA"):
        where = "the gallery that GALLERY_URL names" if place is None else readable(str(place))
        raise NotYourGallery(
            f"{where} is one that came with the program, and stays as it is; people join and leave your own: "
            f"lookalike index build people --out my-gallery"
        )


def everybody(store: Store) -> list[Person]:
    """All people of a store, in their order; a list that a gallery past one machine is too large for."""
    from index.memory_store import MemoryStore
    from index.source import person_order

    if isinstance(store, MemoryStore):
        return list(store.state.people)
    from index.milvus_store import MilvusStore

    found = [row.person for row in store.rows()] if isinstance(store, MilvusStore) else []
    return sorted(found, key=lambda person: person_order(person.number))


def known_people(store: Store, numbers: Collection[str]) -> dict[str, Person]:
    """Those of these numbers who are in a store, by number; nobody else is asked for."""
    from index.memory_store import MemoryStore

    if isinstance(store, MemoryStore):
        wanted = set(numbers)
        return {person.number: person for person in store.state.people if person.number in wanted}
    from index.milvus_store import MilvusStore

    return store.people(numbers) if isinstance(store, MilvusStore) else {}


def push_gallery(gallery: Gallery, url: str) -> int:
    """Copy a folder's gallery to a store that is made anew; how many people. Raises GalleryError, ValueError."""
    needs_milvus()
    from index.milvus_store import BATCH, MilvusStore
    from index.store import Row
    from index.store_url import MilvusPlace

    state = gallery.store.state
    store = MilvusStore.create(MilvusPlace.of(url), state.info, people=len(state.people))
    try:
        for first in range(0, len(state.people), BATCH):
            chosen = np.arange(first, min(first + BATCH, len(state.people)))
            vectors = state.rows.rows(chosen)
            store.upsert([Row(person=state.people[row], vector=vectors[row - first]) for row in chosen.tolist()])
        return store.count()
    finally:
        store.close()


def let_go(store: Store) -> None:
    """Close the connection of a store that has one."""
    close = getattr(store, "close", None)
    if close is not None:
        close()
