"""Merkle trees against RFC 6962: published vectors, a plain model, and every possible forgery of a path."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.journal.merkle import EMPTY, leaf_hash, node_hash, path, root, root_of_path

# The leaves and roots of Certificate Transparency's reference tests (google/certificate-transparency,
# merkle_tree_test), which implement RFC 6962.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_levels(leaves: list[bytes]) -> bytes:
    """The same tree built upwards: pair by pair, an odd last node going up as it is."""
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [node_hash(*level[i : i + 2]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0] if level else sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size):
    assert root(iter(LEAVES), size).hex() == ROOTS[size - 1]


def test_the_empty_tree():
    assert root(iter(()), 0) == EMPTY == sha256(b"").digest()


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 100])
def test_every_leaf_has_a_path_and_no_other_place(size):
    leaves = [sha256(bytes([n])).digest() for n in range(size)]
    expected = by_levels(leaves)
    for index in range(size):
        found, siblings = path(iter(leaves), size, index)
        assert found == expected == root(iter(leaves), size)
        assert len(siblings) <= max(size - 1, 0).bit_length()
        assert root_of_path(leaves[index], size, index, siblings) == expected
        if size > 1:
            other = (index + 1) % size
            assert root_of_path(leaves[index], size, other, siblings) != expected
            assert root_of_path(leaves[other], size, index, siblings) != expected
        for cut in (siblings[:-1], [*siblings, bytes(32)]):
            if cut != siblings:
                assert root_of_path(leaves[index], size, index, cut) is None


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_any_changed_bit_is_found(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    top, siblings = path(iter(leaves), len(leaves), index)
    assert top == by_levels(leaves)
    if siblings:
        which = data.draw(st.integers(0, len(siblings) - 1))
        bit = data.draw(st.integers(0, 255))
        changed = bytearray(siblings[which])
        changed[bit // 8] ^= 1 << bit % 8
        siblings[which] = bytes(changed)
        assert root_of_path(leaves[index], len(leaves), index, siblings) != top


def test_a_node_never_passes_for_a_leaf():
    one, two = leaf_hash(b"1"), leaf_hash(b"2")
    assert leaf_hash(one + two) != node_hash(one, two)
    assert root(iter([one + two]), 1) != root(iter([b"1", b"2"]), 2)


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1)])
def test_places_outside_the_tree(size, index):
    with pytest.raises(IndexError):
        path(iter([b""] * 3), size, index)
    assert root_of_path(b"", size, index, []) is None


def test_too_few_leaves():
    with pytest.raises(StopIteration):
        root(iter([b"", b""]), 3)
