"""What a message with a code says. Pure."""

from __future__ import annotations

import re
from math import ceil
from typing import NamedTuple

MASK = "*"
"""Stands for each digit of a code wherever its message is kept or shown."""

BUILT_IN = {
    "ar": "رمز التحقق: {code}. لا تشاركه مع أحد.",
    "da": "Din bekræftelseskode er {code}. Den gælder i {minutes} min. Del den ikke med nogen.",
    "de": "Ihr Bestätigungscode ist {code}. Er gilt {minutes} min. Geben Sie ihn nicht weiter.",
    "el": "Ο κωδικός σας: {code}. Μην τον δώσετε σε κανέναν.",
    "en": "Your verification code is {code}. It is valid for {minutes} min. Do not share it.",
    "es": "Su clave es {code}. Vale {minutes} min. No la comparta con nadie.",
    "fr": "Votre code de vérification est {code}. Il est valable {minutes} min. "
    "Ne le donnez à personne.",
    "hi": "आपका कोड {code} है। इसे किसी को न बताएं।",
    "it": "Il tuo codice di verifica è {code}. Vale {minutes} min. Non darlo a nessuno.",
    "ja": "認証コード: {code}。{minutes}分以内に入力してください。",
    "nl": "Uw verificatiecode is {code}. Hij is {minutes} min geldig. Deel hem met niemand.",
    "pl": "Kod weryfikacyjny: {code}. Wygasa za {minutes} min. Nie podawaj go nikomu.",
    "pt": "O seu PIN é {code}. Vale por {minutes} min. Guarde-o para si.",
    "ru": "Код: {code}. Никому его не сообщайте.",
    "sv": "Din verifieringskod är {code}. Den gäller i {minutes} min. Dela den inte.",
    "tr": "Onay kodunuz {code}. Süre: {minutes} min. Kimseye vermeyin.",
    "uk": "Код: {code}. Нікому його не повідомляйте.",
    "zh": "验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。",
}
"""By language. In words that the language's own SMS alphabet has, so that each is one SMS."""


class Masked(NamedTuple):
    """A text without its code."""

    text: str
    places: tuple[int, ...]
    """Where the code belongs: positions of its first digit."""


def built_in(languages: tuple[str | None, ...], code: str, ttl_s: float, brand: str) -> str:
    """The built-in text in the first of these languages that there is one in; else in English.

    A language may have a region behind it, `pt-BR`: the text is that of the language.
    """
    named = (re.split("[-_]", language)[0].lower() for language in languages if language)
    language = next((one for one in named if one in BUILT_IN), "en")
    text = BUILT_IN[language].format(code=code, minutes=minutes(ttl_s))
    return f"{brand}: {text}" if brand else text


def minutes(ttl_s: float) -> int:
    """How long a code is good, as people are told it: 1 or more."""
    return max(1, ceil(ttl_s / 60))


def for_browsers(text: str, domain: str, code: str) -> str:
    """The text with the last line by which browsers fill in codes on the pages of `domain`.

    As "Origin-bound one-time codes delivered via SMS" (WICG) has it.
    """
    return f"{text.rstrip()}\n@{domain} #{code}"


def mask(text: str, code: str) -> Masked:
    """The text as it is kept, and where its code belongs."""
    places = []
    at = text.find(code)
    while at >= 0:
        places.append(at)
        at = text.find(code, at + len(code))
    return Masked(text.replace(code, MASK * len(code)), tuple(places))


def unmask(masked: Masked, code: str) -> str:
    """The text as it is sent."""
    text = masked.text
    for at in masked.places:
        text = text[:at] + code + text[at + len(code) :]
    return text
