"""The cards' texts in Russian, long as Russian is: layout is tested with them. The bot's own catalogue is apart."""

from __future__ import annotations

from typing import Final

RUSSIAN: Final = {
    "same person?": "один человек?",
    "striking": "поразительное",
    "strong": "сильное",
    "fair": "заметное",
    "faint": "слабое",
    "could be one person": "возможно, один человек",
    "very alike": "очень похожи",
    "alike": "похожи",
    "a little alike": "немного похожи",
    "not alike": "не похожи",
    "perhaps {name}": "возможно, {name}",
    "CelebA No. {number}": "CelebA № {number}",
    "man": "мужчина",
    "woman": "женщина",
    "hat": "шапка",
    "bald": "без волос",
    "grey hair": "седые волосы",
    "blond hair": "светлые волосы",
    "brown hair": "русые волосы",
    "dark hair": "тёмные волосы",
    "glasses": "очки",
    "goatee": "бородка",
    "beard": "борода",
    "moustache": "усы",
    "Face {number}": "Лицо {number}",
    "1,000": "1\u00a0000",
    "0.5": "0,5",
    "the rest": "остальные",
    "nearly all": "почти все",
    "{count} in {total}": "{count} из {total}",
    "over {count} in {total}": "более {count} из {total}",
    "More than {count} in {total} strangers find somebody here as alike as this.":
        "Более чем {count} из {total} людей находят здесь кого-то столь же похожего.",
    "More than {count} in {total} pairs of strangers look this alike.":
        "Так похожи более чем {count} из {total} пар незнакомых людей.",
    "under {count} in {total}": "менее {count} из {total}",
    "Nearly every stranger finds somebody here as alike as this.":
        "Почти каждый находит здесь кого-то столь же похожего.",
    "Fewer than one stranger in {total} finds somebody here as alike as this.":
        "Менее чем один человек из {total} находит здесь кого-то столь же похожего.",
    "One stranger in {total} finds somebody here as alike as this.":
        "Один человек из {total} находит здесь кого-то столь же похожего.",
    "{count} strangers in {total} find somebody here as alike as this.":
        "{count} человек из {total} находят здесь кого-то столь же похожего.",
    "Nearly every pair of strangers looks this alike.": "Почти любые двое незнакомых людей похожи так же.",
    "Fewer than one pair of strangers in {total} looks this alike.":
        "Так похожи менее чем одна пара незнакомых людей из {total}.",
    "One pair of strangers in {total} looks this alike.": "Так похожа одна пара незнакомых людей из {total}.",
    "{count} pairs of strangers in {total} look this alike.": "Так похожи {count} пар незнакомых людей из {total}.",
    "How many strangers find somebody this alike among {people} people:":
        "Сколько людей находят столь же похожего среди {people}:",
    "How many strangers find somebody this alike among {people} people (here are {here}):":
        "Сколько людей находят столь же похожего среди {people} (здесь {here}):",
    "Brothers and sisters look more alike than strangers; age, light and a turned head take some away.":
        "Братья и сёстры похожи больше, чем чужие; возраст, свет и поворот головы сходство уменьшают.",
    "Find the face, and five points on it": "Найти лицо и пять точек на нём",
    "Turn and scale it, always the same way": "Повернуть и привести к одному размеру",
    "A network turns the face into 512 numbers: a direction. How close two directions are is the similarity, "
    "1 at most.":
        "Сеть превращает лицо в 512 чисел: это направление. Близость двух направлений и есть сходство, не больше 1.",
    "Nobody in this gallery fits.": "Никто в этой галерее не подходит.",
    "nearest": "самый похожий",
    "farthest of these": "наименее похожий из них",
}  # fmt: skip


def russian(message: str) -> str:
    """Translate; a text without a translation is a KeyError."""
    return RUSSIAN[message]
