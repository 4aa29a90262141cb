"""Telemetry bodies come back as they were, byte for byte."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voltherd.journal.errors import BrokenChainError, RefusedError
from voltherd.journal.segment import pack, unpack

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.data(), st.integers(1, 50))
def test_columns_come_back(data, count):
    at = np.sort(data.draw(arrays(np.int64, count, elements=INT64)))
    power = data.draw(arrays(np.int64, count, elements=INT64))
    soc = data.draw(arrays(np.float64, count, elements=st.floats(allow_nan=True)))
    event, body = pack("站-1", at, {"power_w": power, "soc": soc})
    assert (event.source, event.count) == ("站-1", count)
    assert (event.start, event.end) == (at[0], at[-1])
    assert event.body_sha256 == sha256(body).digest()
    back = unpack(body)
    assert list(back) == ["at", "power_w", "soc"]
    for name, column in (("at", at), ("power_w", power), ("soc", soc)):
        np.testing.assert_array_equal(back[name], column)
        assert back[name].dtype == column.dtype


def test_equal_columns_give_equal_bytes_whatever_their_layout():
    at = np.arange(6)
    wide = np.arange(12).reshape(6, 2)
    assert pack("s", at, {"w": wide[:, 0]}) == pack("s", at.copy(), {"w": np.ascontiguousarray(wide[:, 0])})
    assert pack("s", at, {"w": at.astype(">i8")}) == pack("s", at, {"w": at})


def test_golden_hash():
    event, _ = pack("s", np.array([1, 2]), {"power_w": np.array([-1, 7000]), "soc": np.array([0.5, 1.0])})
    assert event.body_sha256.hex() == "50f8e6bb293437b58cf51beb19a2edbc75d818c63743f0b5fe01f6715e8cfad0"


@pytest.mark.parametrize(
    ("at", "column"),
    [
        (np.array([], dtype=np.int64), np.array([], dtype=np.int64)),
        (np.array([2, 1]), np.array([1, 2])),
        (np.array([1, 2]), np.array([1, 2, 3])),
        (np.array([1, 2]), np.array([1, 2], dtype=np.int32)),
        (np.array([1, 2]), np.array(["a", "b"])),
        (np.array([[1], [2]]), np.array([1, 2])),
        (np.array([1.0, 2.0]), np.array([1, 2])),
    ],
)
def test_what_is_no_segment_is_refused(at, column):
    with pytest.raises(RefusedError, match="segment of 's'"):
        pack("s", at, {"w": column})


@pytest.mark.parametrize("cut", [0, 5, -1])
def test_a_cut_body_is_named(cut):
    _, body = pack("s", np.array([1, 2]), {"w": np.array([1, 2])})
    with pytest.raises(BrokenChainError, match="body"):
        unpack(body[:cut])


def test_a_body_of_another_format_is_named():
    _, body = pack("s", np.array([1, 2]), {})
    with pytest.raises(BrokenChainError, match="format 2"):
        unpack(body[:1] + b"\x02" + body[2:])
    with pytest.raises(BrokenChainError, match="body"):
        unpack(body.replace(b"\xa2i8", b"\xa2i9"))
