"""STOP, START and HELP: what a received message asks for when one of these is its whole text.

What is asked for is done in the transaction that keeps the message: there is no moment at which a
modem may forget a STOP that is not recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from modemgw.config import Config, OptOutSection
from modemgw.config.opt_out import LONGEST_WORD, folded
from modemgw.gateway.admission.numbering import NumberError, e164
from modemgw.gateway.consent.decisions import BY_SMS, NewConsent, decide
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.incoming.languages import language_of
from modemgw.store import ConsentState, Transaction
from modemgw.store.records import Inbound

STOP, START, HELP = "stop", "start", "help"

STATES = {STOP: ConsentState.OPTED_OUT, START: ConsentState.OPTED_IN}
HELP_EVENT = "consent.help"

LONGEST_TEXT = 3 * LONGEST_WORD
"""A text with more characters is no keyword, however much of it is punctuation."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a message asks for."""

    meaning: str
    """STOP, START or HELP."""
    language: str
    """In which it is answered."""
    number: str
    """Who asks: E.164."""
    answered: bool
    """Whether the gateway answers. A handler that has this very word does that otherwise."""

    def obey(self, tx: Transaction, message: Inbound) -> None:
        """Do what is asked for, in the transaction that keeps the message."""
        told = {"language": self.language, "answered": self.answered}
        state = STATES.get(self.meaning)
        if state is None:
            event = {"number": self.number, "inbound": message.id, **told}
            tx.events.emit(HELP_EVENT, event)
            return
        new = NewConsent(
            self.number, state, BY_SMS, evidence=message.text, at=None, inbound=message.id
        )
        decide(tx, new, **told)


class Keywords:
    """Knows the words that count. Sees to it that the register follows what was decided.

    `is_handled` says, in the store's thread, whether a handler takes a message by its very word.
    """

    def __init__(
        self,
        config: Config,
        register: ConsentRegister,
        is_handled: Callable[[Inbound], bool] = lambda message: False,
    ) -> None:
        self._register = register
        self._is_handled = is_handled
        self._configure(config)

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._configure(config)
        return nothing_left()

    def _configure(self, config: Config) -> None:
        self._region = config.gateway.default_region
        self._words = words_of(config.opt_out)

    def of(self, message: Inbound) -> Keyword | None:
        """What a message asks for; None: nothing. Called in the store's thread."""
        text = message.text
        if not text or len(text) > LONGEST_TEXT or not message.complete or message.ports:
            return None
        found = self._words.get(folded(text))
        if found is None:
            return None
        number = self._number(message.sender)
        if number is None:
            return None
        meaning, languages = found
        handled = self._is_handled(replace(message, keyword=meaning))
        return Keyword(meaning, self._language(number, languages), number, not handled)

    def asked(self, message: Inbound) -> str | None:
        """As `of`, by its meaning alone."""
        keyword = self.of(message)
        return None if keyword is None else keyword.meaning

    def obeyed(self, message: Inbound) -> None:
        """What a message asked for is committed: go by it."""
        state = STATES.get(message.keyword or "")
        number = self._number(message.sender)
        if state is not None and number is not None:
            new = NewConsent(number, state, BY_SMS, inbound=message.id)
            self._register.put([new.consent(message.received_at)])

    def _number(self, sender: str) -> str | None:
        """Whose consent it is. Names and short codes are nobody's."""
        try:
            return e164(sender, self._region)
        except NumberError:
            return None

    def _language(self, number: str, languages: Sequence[str]) -> str:
        if len(languages) == 1:
            return languages[0]
        native = language_of(number)
        return languages[0] if native is None or native not in languages else native


Meaning = tuple[str, tuple[str, ...]]
"""What a word asks for; the languages that it is of, the default one first."""


def words_of(section: OptOutSection) -> Mapping[str, Meaning]:
    """What each word that counts asks for, by the word as it is folded."""
    found: dict[str, Meaning] = {}
    if not section.enabled:
        return found
    for code, words in section.sets.items():
        for meaning in (STOP, START, HELP):
            for word in map(folded, getattr(words, meaning)):
                languages = found.get(word, (meaning, ()))[1]
                if code not in languages:
                    found[word] = meaning, (*languages, code)
    return found
