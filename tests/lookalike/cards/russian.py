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
    "hat": "головной убор",
    "bald": "лысина",
    "grey hair": "седые волосы",
    "blond hair": "светлые волосы",
    "brown hair": "каштановые волосы",
    "dark hair": "тёмные волосы",
    "wavy hair": "волнистые волосы",
    "wavy grey hair": "волнистые седые волосы",
    "wavy blond hair": "волнистые светлые волосы",
    "wavy brown hair": "волнистые каштановые волосы",
    "wavy dark hair": "волнистые тёмные волосы",
    "straight hair": "прямые волосы",
    "straight grey hair": "прямые седые волосы",
    "straight blond hair": "прямые светлые волосы",
    "straight brown hair": "прямые каштановые волосы",
    "straight dark hair": "прямые тёмные волосы",
    "glasses": "очки",
    "goatee": "бородка",
    "beard": "борода",
    "moustache": "усы",
    "stubble": "щетина",
    "No. {number}": "№ {number}",
    "looks are a guess": "внешность угадана",
    "Is that you?": "Это вы?",
    "Uncanny!": "Поразительно!",
    "A strong likeness": "Сильное сходство",
    "A passing likeness": "Что-то общее есть",
    "A face that's hard to match": "Такое лицо ещё поискать",
    "No one else to show": "Больше показать некого",
    "More faces like yours": "Ещё похожие лица",
    "Your closest of {people}": "Ближе всех из {people}",
    "Try 'Everyone'": "Попробуйте «Все»",
    "Places {first} to {last}": "Места с {first} по {last}",
    "Among those you chose": "Среди выбранных",
    "Closest of {people} celebrities": "Ближе всех среди знаменитостей ({people})",
    "Portraits are drawn from labels": "Портреты нарисованы по приметам",
    "Face {number}": "Лицо {number}",
    "1,000": "1\u00a0000",
    "0.5": "0,5",
    "nearly all": "почти все",
    "{count} in {total}": "{count} из {total}",
    "over {count} in {total}": "более {count} из {total}",
    "under {count} in {total}": "менее {count} из {total}",
    "More than {count} in {total} people find a closer twin.": "Больше чем у {count} из {total} двойник ближе.",
    "{count} in {total} people find a closer twin.": "У {count} из {total} двойник ближе.",
    "About as close as people usually get.": "Примерно как у большинства.",
    "Closer than most people get.": "Ближе, чем у большинства.",
    "Closer than {count} in {total} people get.": "Ближе, чем у {count} человек из {total}.",
    "Only {count} in {total} people get this close.": "Так близко — лишь у {count} из {total}.",
    "Fewer than {count} in {total} people get this close.": "Так близко — меньше чем у {count} из {total}.",
    "No more alike than two people picked at random.": "Похожи не больше, чем двое случайных людей.",
    "Fewer than {count} in {total} pairs of strangers look this alike.":
        "Так похожи двое незнакомых реже чем в {count} случае из {total}.",
    "{count} in {total} pairs of strangers look this alike.":
        "Так похожи двое незнакомых в {count} случае из {total}.",
    "Only {count} in {total} pairs of strangers look this alike.":
        "Так похожи двое незнакомых лишь в {count} случае из {total}.",
    "How often two strangers look at least this alike:": "Как часто двое незнакомых похожи не меньше:",
    "Family looks alike too, and age or light can hide it. So this is no proof.":
        "Родные похожи сильнее чужих, а возраст и свет меняют лицо. Это не доказательство.",
    "Find the face, and five points on it": "Найти лицо и пять точек на нём",
    "Turn and scale it, always the same way": "Повернуть и привести к одному размеру",
    "A network turns the face into 512 numbers: a direction. How close two directions are is the similarity, "
    "1 at most.":
        "Сеть превращает лицо в 512 чисел: это направление. Близость двух направлений и есть сходство, не больше 1.",
    "nearest": "самый похожий",
    "farthest of these": "наименее похожий из них",
}  # fmt: skip


def russian(message: str) -> str:
    """Translate; a text without a translation is a KeyError."""
    return RUSSIAN[message]
