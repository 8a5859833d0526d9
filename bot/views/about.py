"""/about and /stats in words. HTML, no I/O."""

from __future__ import annotations

import html
import time
from collections import Counter

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.about import About, Measured, Network
from bot.telegram.limits import MAX_TEXT, fit_lines
from bot.views.counts import of_people
from index.types import GalleryInfo
from lookalike.calibration import Calibration
from lookalike.serving.metrics import Stats
from lookalike.wording import number, similarity_text


def about_text(about: About, gallery: GalleryInfo, calibration: Calibration) -> str:
    """Versions, gallery, weights with their measured scores."""
    title = _("What I'm built from")
    versions = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in about.versions)
    body = [
        versions,
        ngettext(
            "Gallery: {people}, one picture.", "Gallery: {people} in {pictures} pictures.", gallery.pictures
        ).format(people=of_people(gallery.people), pictures=number(gallery.pictures, _)),
        _("How sure I am was measured on {pairs} pairs of strangers whom I wasn't trained on, out of {people}.").format(
            pairs=number(calibration.pair.pairs, _), people=of_people(calibration.pair.people)
        ),
        _("The networks I started from may have seen anybody: who was in their data nobody wrote down."),
        _(
            "Free software under the AGPL 3; the networks' weights and the gallery are for non-commercial use. A "
            "pastime, not a way to identify people."
        ),
        _("Source code and licences: the LICENSE and weights/README.md of this program."),
    ]
    tail = [line for network in about.networks for line in _network(network, about.measured)]
    return fit_lines([f"<b>{html.escape(title)}</b>"], body, tail, limit=MAX_TEXT)


def _network(network: Network, measured: Measured | None) -> list[str]:
    roles = {"detector": _("Finds faces"), "aligner": _("Finds five points"), "embedder": _("Makes the 512 numbers")}
    head = f"\n<b>{html.escape(roles.get(network.role, network.role))}</b> <code>{network.sha256[:12]}</code>"
    started = _("Started from: {origin}").format(origin=network.started_from) if network.started_from else ""
    licence = _("Licence: {licence}").format(licence=network.licence) if network.licence else ""
    scores = _scores(network.role, measured) if measured is not None else []
    return [head, *(html.escape(line) for line in [*scores, started, licence] if line)]


def _scores(role: str, measured: Measured) -> list[str]:
    match role:
        case "detector":
            text = _("Average precision for faces of 24 pixels and more: {ap} (on {count} faces).")
            return [text.format(ap=similarity_text(measured.boxes_ap, _), count=number(measured.boxes, _))]
        case "aligner":
            text = _("The points lie {error} of the eye distance off, on average (on {count} faces).")
            return [text.format(error=_percent(measured.points_error), count=number(measured.points_faces, _))]
        case "embedder":
            text = _(
                "Where 1 in 100 pairs of strangers would pass for one person, {recognised} of the true pairs do; among "
                "all people of the gallery the right one comes first in {first} (on {count} clear pictures)."
            )
            return [
                text.format(
                    recognised=_percent(measured.recognised),
                    first=_percent(measured.first),
                    count=number(measured.pictures, _),
                )
            ]
        case _other:
            return []


def stats_text(stats: Stats, *, waiting: int, at_work: int) -> str:
    """Counts since the start, for whoever runs the bot."""
    hours = max((time.monotonic() - stats.started) / 3600, 0.1)
    title = _("Last {hours} h").format(hours=_decimal(hours, places=1))
    body = [
        _("Waiting {waiting}, working {at_work}").format(waiting=waiting, at_work=at_work),
        _("A photo takes {median} s, 95 of 100 under {slow} s").format(
            median=_decimal(stats.percentile_s(0.5)), slow=_decimal(stats.percentile_s(0.95))
        ),
        *_counts(_("Answers"), stats.outcomes),
        *_counts(_("Faces left out"), stats.refused_faces),
        *_counts(_("No answer"), stats.failed),
    ]
    return fit_lines([f"<b>{html.escape(title)}</b>"], body, [], limit=MAX_TEXT)


def _counts(title: str, counts: Counter[str]) -> list[str]:
    shown = [f"{html.escape(name)}: {count}" for name, count in counts.most_common() if count]
    return [f"\n<b>{html.escape(title)}</b>", *shown] if shown else []


def _decimal(value: float, *, places: int = 2) -> str:
    return f"{value:.{places}f}".replace(".", _("0.5")[1:-1])


def _percent(share: float) -> str:
    return _decimal(100 * share, places=1) + "\u00a0%"
