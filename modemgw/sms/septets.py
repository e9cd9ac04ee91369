"""Septets <-> octets: the bit packing of TS 23.038 6.1.2.1.

Septets are bytes of one septet each. The work is done on whole runs at once: eight septets are
eight 7-bit lanes of a 64-bit word, and three rounds of shift-and-merge over one big integer close
the gaps in all words together. What is left, a zero octet in every word, a slice takes out.
"""

from typing import Final

_WORDS: Final = 32  # 256 septets: more than TP-UDL can count, so one mask serves every run


def _mask(word: int) -> int:
    return int.from_bytes(word.to_bytes(8, "little") * _WORDS, "little")


# Round by round: the lanes that stay, and the lanes that move by 1, 2 and 4 bits.
_STAY_1: Final = _mask(0x007F007F007F007F)
_MOVE_1: Final = _mask(0x7F007F007F007F00)
_STAY_2: Final = _mask(0x00003FFF00003FFF)
_MOVE_2: Final = _mask(0x3FFF00003FFF0000)
_STAY_4: Final = _mask(0x000000000FFFFFFF)
_MOVE_4: Final = _mask(0x0FFFFFFF00000000)
# The same lanes as they lie once packed, for the way back.
_PACKED_1: Final = _mask(0x3F803F803F803F80)
_PACKED_2: Final = _mask(0x0FFFC0000FFFC000)
_PACKED_4: Final = _mask(0x00FFFFFFF0000000)


def _spreading() -> tuple[tuple[int, int, int], ...]:
    """How 32 words of 56 bits come to lie 64 bits apart: rounds of (stay, move, by bits).

    Word i has to move by i octets; a round moves the words with one bit of i set, by that bit.
    """
    rounds = []
    for bit in (16, 8, 4, 2, 1):
        masks = [0, 0]
        for word in range(_WORDS):
            moved = word // (2 * bit) * (2 * bit)
            masks[bool(word & bit)] |= (1 << 56) - 1 << 56 * word + 8 * moved
        rounds.append((masks[0], masks[1], 8 * bit))
    return tuple(rounds)


_SPREADING: Final = _spreading()
_SPREADING_16: Final = _SPREADING[1:]  # enough for 128 septets


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack at most 256 septets after 0 to 6 fill bits (TS 23.040 9.2.3.24, figure 9.2.3.24 (a))."""
    count = len(septets)
    if count > 8 * _WORDS:
        raise ValueError(f"{count} septets are more than the {8 * _WORDS} that fit any field")
    run = int.from_bytes(septets, "little")
    run = (run & _STAY_1) | ((run & _MOVE_1) >> 1)
    run = (run & _STAY_2) | ((run & _MOVE_2) >> 2)
    run = (run & _STAY_4) | ((run & _MOVE_4) >> 4)
    octets = bytearray(run.to_bytes(count + 7 & ~7, "little"))
    del octets[7::8]
    if fill_bits:
        shifted = int.from_bytes(octets, "little") << fill_bits
        return shifted.to_bytes(len(octets) + 1, "little")[: (7 * count + fill_bits + 7) // 8]
    return bytes(octets[: (7 * count + 7) // 8])


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """The first ``count`` (at most 256) septets that ``octets`` hold after 0 to 6 fill bits.

    The octets must be there: ``len(octets) * 8 >= count * 7 + fill_bits``.
    """
    run = int.from_bytes(octets, "little") >> fill_bits
    for stay, move, bits in _SPREADING if count > 128 else _SPREADING_16:
        run = (run & stay) | ((run & move) << bits)
    run = (run & _STAY_4) | ((run & _PACKED_4) << 4)
    run = (run & _STAY_2) | ((run & _PACKED_2) << 2)
    run = (run & _STAY_1) | ((run & _PACKED_1) << 1)
    return run.to_bytes(8 * _WORDS, "little")[:count]
