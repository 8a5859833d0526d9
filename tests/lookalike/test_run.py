"""What `make run` chooses to do."""

from __future__ import annotations

import pytest

from lookalike.run import SAMPLE, chosen_command, next_step


@pytest.mark.parametrize(
    ("photo", "token", "command"),
    [
        ("me.jpg", "", ["match", "me.jpg"]),
        ("me.jpg", "1:a", ["match", "me.jpg"]),
        ("", "1:a", ["bot"]),
    ],
    ids=["photo", "photo wins over token", "token"],
)
def test_a_photo_is_answered_token_or_not_and_a_token_alone_starts_the_bot(
    photo: str, token: str, command: list[str]
) -> None:
    assert chosen_command(photo=photo, token=token)[: len(command)] == command


def test_with_nothing_given_the_sample_portrait_is_answered() -> None:
    assert SAMPLE.is_file()
    assert chosen_command(photo="", token="")[1].endswith("grace_hopper.jpg")


def test_a_person_without_a_token_reads_what_to_do_next_in_one_line() -> None:
    line = next_step(photo="", token="")
    assert line is not None
    assert "BOT_TOKEN" in line
    assert "PHOTO=" in line
    assert "\n" not in line
    assert next_step(photo="", token="1:a") is None
