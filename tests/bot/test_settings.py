"""Settings: what can't be is refused with a sentence, and secrets are never printed."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import BotSettings, token_problem
from lookalike.settings import setting_problems
from tests.telegram_peer import TOKEN


def made(**values: object) -> BotSettings:
    return BotSettings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bot_mode": "webhook"}, "WEBHOOK_URL: must be"),
        ({"bot_mode": "webhook", "webhook_url": "http://example.org"}, "WEBHOOK_URL: must be"),
        ({"webhook_secret": "short"}, "WEBHOOK_SECRET: must be"),
        ({"webhook_secret": "with spaces in it, long"}, "WEBHOOK_SECRET: must be"),
        ({"webhook_port": 0}, "WEBHOOK_PORT"),
        ({"queue_slots": 0}, "QUEUE_SLOTS"),
        ({"rate_per_minute": 0}, "RATE_PER_MINUTE"),
        ({"bot_mode": "carrier pigeon"}, "BOT_MODE"),
        ({"admins": "one, two"}, "ADMINS: 'one' is no id"),
        ({"allowed_chats": "@me,501"}, "ALLOWED_CHATS: '@me' is no id; ids are numbers such as 501"),
        ({"bot_api_url": "foo"}, "BOT_API_URL: must be an address"),
        ({"bot_api_url": "http://[bad"}, "BOT_API_URL: must be an address"),
        ({"bot_api_url": f"http://{'a' * 64}.example"}, "BOT_API_URL: must be an address"),
        ({"bot_api_url": "http://127.0.0.1:99999"}, "BOT_API_URL: must be an address"),
        ({"bot_api_url": "127.0.0.1:8081"}, "BOT_API_URL: must be an address"),
        ({"bot_mode": "webhook", "webhook_url": f"https://{'a' * 64}.example"}, "WEBHOOK_URL: must be"),
        ({"log_level": "loud"}, "LOG_LEVEL"),
        ({"rate_burst": 1}, "RATE_BURST"),
        ({"redis_url": "localhost:6379"}, "REDIS_URL: must start with one of redis://"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_can_not_be_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(**values)
    (problem,) = setting_problems(caught.value)
    assert words in problem
    assert "\n" not in problem
    assert all(str(value) not in problem for name, value in values.items() if "secret" in name)


def test_ids_are_read_from_one_line() -> None:
    assert made(allowed_chats="1, -1002,,3").allowed_chats == {1, -1002, 3}
    assert made(admins="[5]").admins == {5}
    assert made(admins="").admins == frozenset()


def test_environment_and_file_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("ADMINS", "7,8")
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    settings = BotSettings()
    assert settings.admins == {7, 8}
    assert token_problem(settings) is None


def test_secrets_are_not_printed() -> None:
    settings = made(bot_token=TOKEN, webhook_secret="s" * 20, redis_url="redis://:hunter2@x")
    assert TOKEN not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert "s" * 20 not in repr(settings)


def test_a_password_in_a_wrong_address_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        made(redis_url="http://:hunter2@x", bot_token=TOKEN)
    assert "hunter2" not in " ".join(setting_problems(caught.value))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("token", "words"), [("", "not set"), ("hello", "does not look like"), (TOKEN, None)])
def test_a_token_is_looked_at_before_telegram_is_asked(token: str, words: str | None) -> None:
    problem = token_problem(made(bot_token=SecretStr(token)))
    assert problem is None if words is None else problem is not None and words in problem
    assert problem is None or token == "" or token not in problem


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        made(bot_mode="webhook", queue_slots=0, admins="me", webhook_secret="short", bot_api_url="foo")
    told = {problem.split(":")[0] for problem in setting_problems(caught.value)}
    assert told == {"WEBHOOK_URL", "QUEUE_SLOTS", "ADMINS", "WEBHOOK_SECRET", "BOT_API_URL"}


@pytest.mark.parametrize("copied", [f" {TOKEN}", f"{TOKEN}\n", f'"{TOKEN}"', f"'{TOKEN}' "])
def test_blanks_and_quotes_around_a_token_are_no_part_of_it(copied: str) -> None:
    settings = made(bot_token=copied)
    assert settings.bot_token.get_secret_value() == TOKEN
    assert token_problem(settings) is None


@pytest.mark.parametrize(
    "address", ["https://api.telegram.org/", "http://127.0.0.1:8081", "http://[::1]:80", "http://bot-api"]
)
def test_an_address_that_can_be_is_taken(address: str) -> None:
    assert made(bot_api_url=address).bot_api_url == address.rstrip("/")
