"""The canonical form is fixed: a changed encoding would break every chain ever written."""

import json
from hashlib import sha256

import pytest

from voltherd.domain.events import (
    DaySealed,
    Event,
    PlanMade,
    PluggedIn,
    PricesPublished,
    RegistersRead,
    SetPoints,
    StatementIssued,
    TelemetrySegment,
    Unplugged,
)
from voltherd.journal.canonical import GENESIS, canonical, decode_event, encode_event, link
from voltherd.journal.errors import BrokenChainError

NOON = 1_795_406_400_000_000

GOLDEN = [
    (
        PricesPublished("spot/day-ahead", NOON, (312_500, -1, 0), (300_000, 128, 70_000), "Gielda 电"),
        "c00af482cbbb2000628ac4faf6c2b10a0960b26031866396249292fe478c37e8",
    ),
    (
        PluggedIn("s-1", "station-1", NOON + 1, 12_345, 45_000, 10_000, 60_000),
        "3af8ac15d009bb9b6bd5b7caefc46262e60bd1d7fc0d7aee18c5770a656807a8",
    ),
    (Unplugged("s-1", "station-1", 45_001), "7b9c6bdd4855bd5fe5e70dcf33849e6adc29f068b9e46fd3b5404126c3a093ff"),
    (
        PlanMade(NOON, 96, 60_000, -1_234_567_890_123, -(2**33), "response", bytes(range(32))),
        "dcaea9b159ff2fb67f9abf42c02970030db51db9c8811076de100f0cc9c7e3db",
    ),
    (
        SetPoints("station-1", NOON, NOON + 900_000_000, ("s-1", "s-2"), (7_000, -32_768)),
        "90442c119947c2d16e4904e0cde3959d094e802f3c6505f574e877cfa6c8ee23",
    ),
    (
        RegistersRead("station-1", NOON, ("s-1", "s-2"), (0, 65_536), (255, 2**32)),
        "ab5bdc1041db7562d8c0c054ea38ecd0876db7e3f69f1b099ac169708bf58426",
    ),
    (
        StatementIssued("s-1", "x" * 40, 1, -2, 3, -129, 5, 2**63),
        "5218f528d25f718ea2cb8e37d58b7a52bf0a29fa27d0018abd7408911dd4dece",
    ),
    (
        TelemetrySegment("station-1", NOON, NOON + 1, 300, bytes(32)),
        "2ae5c443596a0bbd47a70e661a3794a1748304572f48c53f4c7afb7967b789d8",
    ),
    (
        DaySealed("2026-11-23", ("a", "b"), (1, 1), (0, 17), b"\xff" * 32),
        "6d28610cb9395406df6dd68597cd3a7806e5eb12bee2e716bfca6118c59bb9f3",
    ),
]


def pack(value: object) -> bytes:
    """Encode as docs/journal.md says, without the library that the journal uses."""
    if isinstance(value, int):
        for low, high, mark, size in (
            (0, 2**7, b"", 1),
            (-(2**5), 0, b"", 1),
            (0, 2**8, b"\xcc", 1),
            (0, 2**16, b"\xcd", 2),
            (0, 2**32, b"\xce", 4),
            (0, 2**64, b"\xcf", 8),
            (-(2**7), 0, b"\xd0", 1),
            (-(2**15), 0, b"\xd1", 2),
            (-(2**31), 0, b"\xd2", 4),
            (-(2**63), 0, b"\xd3", 8),
        ):
            if low <= value < high:
                return mark + value.to_bytes(size, "big", signed=value < 0)
    if isinstance(value, bytes):
        return b"\xc4" + bytes([len(value)]) + value
    if isinstance(value, str):
        data = value.encode()
        return (bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data)])) + data
    if isinstance(value, tuple):
        assert len(value) < 16
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    raise TypeError(value)


def plain(event: Event) -> tuple[object, ...]:
    return (event.__struct_config__.tag, *(getattr(event, name) for name in event.__struct_fields__))


@pytest.mark.parametrize(("event", "expected"), GOLDEN, ids=lambda value: type(value).__name__)
def test_golden_hashes(event, expected):
    form = canonical("站/1", 3, 70_000, "2026-11-23T12:00+08:00/s-1", NOON, encode_event(event))
    assert sha256(form).hexdigest() == expected


@pytest.mark.parametrize("event", [event for event, _ in GOLDEN], ids=lambda value: type(value).__name__)
def test_the_form_is_plain_msgpack_as_documented(event):
    fields = plain(event)
    assert encode_event(event) == pack(fields)
    form = canonical("stream", 3, 70_000, "key", -NOON, encode_event(event))
    assert form == pack((1, "stream", 3, 70_000, "key", -NOON, fields))
    assert decode_event(encode_event(event)) == event


def test_the_link_is_sha256_over_previous_hash_and_form():
    assert link(GENESIS, b"form") == sha256(bytes(32) + b"form").digest()


@pytest.mark.parametrize(
    "data", [b"", b"\x93\xa1x", encode_event(Unplugged("a", "b", 1))[:-1], pack(("unplugged/99", "a", "b", 1))]
)
def test_bytes_that_are_no_known_event_are_named(data):
    with pytest.raises(BrokenChainError, match="no event"):
        decode_event(data)


def test_the_document_shows_a_true_example(pytestconfig):
    text = (pytestconfig.rootpath / "docs" / "journal.md").read_text("utf-8")
    example = json.loads(text.split("```json\n", 1)[1].split("```", 1)[0])
    event = PluggedIn(*example["event"][1:])
    form = canonical(
        example["stream"],
        example["epoch"],
        example["sequence"],
        example["key"],
        example["at"],
        encode_event(event),
    )
    assert example["event"][0] == "plugged_in/1"
    assert form.hex() == example["canonical"]
    assert link(bytes.fromhex(example["previous"]), form).hex() == example["hash"]
