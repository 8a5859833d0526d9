"""A gallery that Ray's workers embed is the one that one process builds: make test EXTRAS=ray."""

from __future__ import annotations

import logging
import tarfile
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from index.build import BuildReport, build_gallery
from index.embed import Spread
from index.layouts import read_source
from index.source import Source
from tests.index.arithmetic_embed import BAD, ArithmeticEmbed, people_folder
from tests.index.ray_worker import OnceKilled

HAS_RAY = find_spec("ray") is not None and find_spec("fsspec") is not None
CREATED = "2026-01-01T00:00:00+00:00"
pytestmark = [
    pytest.mark.skipif(not HAS_RAY, reason="needs the extra: make test EXTRAS=ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def _cluster() -> Iterator[None]:
    """Two workers on this machine."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


def built(source: Source, out: Path, spread: Spread | None = None) -> BuildReport:
    return build_gallery(source, out, ArithmeticEmbed(), spread=spread, created=CREATED)


def files_of(folder: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in folder.iterdir()}


@pytest.mark.usefixtures("_cluster")
def test_two_workers_of_which_one_is_killed_build_the_gallery_that_one_process_builds(tmp_path: Path) -> None:
    from index.ray_spread import RaySpread

    people = people_folder(tmp_path / "people", people=7)
    (people / "person 3" / "1.jpg").write_bytes(BAD)
    source = read_source(people)
    built(source, tmp_path / "alone")
    mark = tmp_path / "killed"
    spread = RaySpread(partial(OnceKilled, dies_at="person 4/0.jpg", mark=mark), workers=2, shard=3)
    report = built(source, tmp_path / "spread", spread)
    assert mark.exists(), "a worker was killed"
    assert report.skipped == (("person 3/1.jpg", "these bytes are no picture"),)
    assert files_of(tmp_path / "spread") == files_of(tmp_path / "alone")


@pytest.mark.usefixtures("_cluster")
def test_a_build_that_was_stopped_goes_on_with_the_shards_that_are_missing(tmp_path: Path) -> None:
    from index.ray_spread import RaySpread

    source = read_source(people_folder(tmp_path / "people", people=6))
    spread = RaySpread(ArithmeticEmbed, workers=2, shard=3)

    def breaks_off(folder: Path, pictures: object) -> Iterator[object]:
        for number, some in enumerate(spread(folder, pictures)):  # type: ignore[arg-type]
            if number == 2:
                raise KeyboardInterrupt
            yield some

    with pytest.raises(KeyboardInterrupt):
        build_gallery(
            source, tmp_path / "out", ArithmeticEmbed(), spread=breaks_off, created=CREATED, part_pictures=3  # type: ignore[arg-type]
        )  # fmt: skip
    report = built(source, tmp_path / "out", spread)
    assert report.reused == 6
    built(source, tmp_path / "alone")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "alone")


@pytest.mark.skipif(find_spec("moto") is None or not HAS_RAY, reason="needs moto and the extra ray")
def test_a_bucket_and_a_tar_are_listed_and_read_as_their_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    from index.objects import Objects, read_objects

    people = people_folder(tmp_path / "people", people=3)
    (people / "notes.txt").write_text("no picture", "utf-8")
    with tarfile.open(tmp_path / "people.tar", "w") as tar:
        for item in sorted(people.rglob("*")):
            tar.add(item, item.relative_to(people).as_posix(), recursive=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        bucket = boto3.client("s3")
        bucket.create_bucket(Bucket="faces")
        for item in people.rglob("*.*"):
            bucket.put_object(Bucket="faces", Key=f"all/{item.relative_to(people).as_posix()}", Body=item.read_bytes())
        here = read_source(people)
        for place in ("s3://faces/all", str(tmp_path / "people.tar")):
            there = read_objects(place)
            assert [(one.file, one.person) for one in there.pictures] == [
                (one.file, one.person) for one in here.pictures
            ]
            assert there.known == here.known
            assert [file for file, _ in there.left_out] == ["notes.txt"]
            assert len({one.stamp for one in there.pictures}) > 0
            objects = Objects(place)
            for picture in there.pictures:
                assert objects.read(picture.file, max_bytes=1000) == (people / picture.file).read_bytes()
            assert len(objects.read(there.pictures[0].file, max_bytes=1)) == 2, "one more than is wanted tells"
    finally:
        server.stop()
