"""`lookalike evaluate portraits | regions`: what cards show and say, measured. They print and write nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from evaluation.cli import DEFAULT_DATA, AsJson, Cache, Data, open_evaluation
from lookalike.cli.console import end, print_json, say

if TYPE_CHECKING:
    from evaluation.metrics.bootstrap import Figure


def register(app: typer.Typer) -> None:
    """Add the commands to `lookalike evaluate`."""
    app.command("portraits")(portraits)
    app.command("regions")(regions)


def portraits(*, data: Data = DEFAULT_DATA, as_json: AsJson = False, cache: Cache = None) -> None:
    """Can the eight drawn people of a card be told apart, by two traits or by where eyes, nose and mouth lie?

    Example: lookalike evaluate portraits --data data
    """
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import plain
    from evaluation.suites.portraits import measure
    from index.gallery import Gallery

    opened = open_evaluation(data, limit=None, cache=cache)
    gallery = Gallery.open(opened.settings.gallery_path, embedder=opened.pipeline.embedder_id)
    try:
        found = measure(opened.evaluation, gallery.people)
    except DataMissing as error:
        end(str(error))
    if as_json:
        print_json({name: plain(asdict(group)) for name, group in found.items()})
        return
    for name, group in found.items():
        say(f"{name}: {group.cards:,} cards of {group.people:,} people")
        say(f"  all eight can be told apart: {_said(group.all_eight)} of the cards")
        say(f"  two of a card can: {_said(group.pairs)} of the pairs, by what is known alone "
            f"{_said(group.pairs_by_known)}")  # fmt: skip


def regions(*, data: Data = DEFAULT_DATA, as_json: AsJson = False, cache: Cache = None) -> None:
    """Is the part of a face that "Why these?" names the one that carries the likeness, by a way that it does not use?

    Prints what each part usually carries, too, which lookalike/regions.py holds.

    Example: lookalike evaluate regions --data data
    """
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import plain
    from evaluation.suites.regions import measure

    opened = open_evaluation(data, limit=None, cache=cache)
    try:
        groups, usual = measure(opened.evaluation)
    except DataMissing as error:
        end(str(error))
    if as_json:
        print_json({"groups": {name: plain(asdict(group)) for name, group in groups.items()}, "usual": usual})
        return
    say("usual share of what the six lose, mean and deviation, by blur and by the mean colour:")
    for region, ways in usual.items():
        say(f"  {region}: " + ", ".join(f"{mean:.3f} +- {deviation:.3f}" for mean, deviation in ways))
    for name, group in groups.items():
        say(f"{name}: {group.pictures} pictures of {group.people} people; no part is named for {_said(group.silent)}")
        say("  carries most:  " + ", ".join(f"{region} {share:.2f}" for region, share in group.first_by_loss.items()))
        say("  named:         " + ", ".join(f"{region} {share:.2f}" for region, share in group.named.items()))
        say(f"  a third way puts the first named first, too: {_said(group.confirmed)}; by chance 0.17")


def _said(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
