"""The second gallery that comes along: names and faces, somebody in it on top, somebody else not."""

from __future__ import annotations

from pathlib import Path

import pytest

import lookalike
from index.types import Person
from lookalike.app import open_pictures
from lookalike.paths import SAMPLES
from lookalike.settings import Settings


@pytest.fixture(name="settings")
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(gallery=Path("us-congress"), gallery_images=None)


def test_a_name_chooses_the_gallery_and_a_folder_of_that_name_goes_before(settings: Settings, tmp_path: Path) -> None:
    assert settings.gallery_path == settings.weights_dir / "galleries" / "us-congress"
    assert settings.place_of("celebrities") == settings.weights_dir / "gallery"
    (tmp_path / "us-congress").mkdir()
    assert settings.gallery_path == Path("us-congress")


def test_galleries_are_offered_by_title_in_their_order() -> None:
    offered = Settings(galleries=("us-congress", "celebrities", "/srv/people")).offered_galleries
    assert list(offered) == ["US Congress", "Celebrities", "people"]
    assert offered["people"] == Path("/srv/people")


def test_titles_of_ones_own_and_the_gallery_of_the_settings_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLERIES", "celebrities, Family=/srv/family")
    offered = Settings()
    assert list(offered.offered_galleries) == ["Celebrities", "Family"]
    assert offered.gallery_path == offered.place_of("celebrities")
    family = Settings(gallery=Path("/srv/family"))
    assert list(family.offered_galleries) == ["Family", "Celebrities"]
    assert next(iter(Settings(gallery=Path("us-congress")).offered_galleries)) == "US Congress"
    monkeypatch.setenv("GALLERIES", "a=/x,a=/y")
    with pytest.raises(ValueError, match="a title stands there twice"):
        Settings()
    monkeypatch.setenv("GALLERIES", "=/x")
    with pytest.raises(ValueError, match="is no gallery; write the name"):
        Settings()


@pytest.mark.weights
@pytest.mark.parametrize(("photo", "there"), [("barack_obama.jpg", True), ("grace_hopper.jpg", False)])
def test_who_is_in_it_is_on_top_with_a_face_and_who_is_not_has_no_strong_match(
    settings: Settings, photo: str, there: bool
) -> None:
    with lookalike.open(gallery=settings.gallery_path) as look:
        answer = look.find(SAMPLES / photo)
    assert isinstance(answer, lookalike.Found)
    best = answer.faces[0].matches[0]
    assert (best.person.name == "Barack Obama") is there
    assert (best.similarity > 0.6) is there
    assert best.similarity > 0.6 or best.similarity < 0.4
    person: Person = best.person
    assert open_pictures(settings, [person]).picture(person, width=300, height=300) is not None
