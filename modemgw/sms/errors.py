"""What can go wrong: octets that are no TPDU, and values that the spec cannot carry."""


class PduError(ValueError):
    """Octets that cannot be decoded: the one exception that decoding raises.

    ``field`` is the spec's name of the field (``TP-DA``), ``offset`` the octet in what was given at
    which the field begins or the octets end, ``problem`` what is wrong there.
    """

    def __init__(self, field: str, offset: int, problem: str) -> None:
        super().__init__(f"{field} at octet {offset}: {problem}")
        self.field = field
        self.offset = offset
        self.problem = problem


class SegmentationError(ValueError):
    """A text or data that cannot be sent as asked."""


class UnencodableError(SegmentationError):
    """A character that the wanted alphabet does not have; ``position`` counts characters from 0."""

    def __init__(self, character: str, position: int, alphabet: str) -> None:
        super().__init__(
            f"character {character!r} (U+{ord(character):04X}) at position {position}"
            f" is not in {alphabet}"
        )
        self.character = character
        self.position = position


class TooManyPartsError(SegmentationError):
    """More parts than allowed, or than the 255 that a concatenation element can count."""

    def __init__(self, parts: int, allowed: int) -> None:
        super().__init__(f"{parts} parts are needed, at most {allowed} are allowed")
        self.parts = parts
        self.allowed = allowed
