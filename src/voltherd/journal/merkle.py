"""Merkle trees as in RFC 6962 section 2.1: root, inclusion path, and the check of a path.

Leaves are hashed with a leading 0x00 and nodes with a leading 0x01, so that no node can pass for a leaf. A tree
of n leaves has the largest power of two below n on its left. Leaves come as an iterator and are read once;
memory is logarithmic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf holding `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Iterator[bytes], size: int) -> bytes:
    """Return the root of the tree over the next `size` leaves.

    Raises
    ------
    StopIteration
        There are fewer leaves.
    """
    if size == 0:
        return EMPTY
    if size == 1:
        return leaf_hash(next(leaves))
    left = _left(size)
    return node_hash(root(leaves, left), root(leaves, size - left))


def path(leaves: Iterator[bytes], size: int, index: int) -> tuple[bytes, list[bytes]]:
    """Return the root over the next `size` leaves and the path of leaf `index`, from the leaf upwards.

    Raises
    ------
    IndexError
        There is no such leaf in a tree of that size.
    StopIteration
        There are fewer leaves.
    """
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of a tree of {size}")
    if size == 1:
        return leaf_hash(next(leaves)), []
    left = _left(size)
    if index < left:
        under, siblings = path(leaves, left, index)
        beside = root(leaves, size - left)
        return node_hash(under, beside), [*siblings, beside]
    beside = root(leaves, left)
    under, siblings = path(leaves, size - left, index - left)
    return node_hash(beside, under), [*siblings, beside]


def root_of_path(data: bytes, size: int, index: int, siblings: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to; None if the path has not the length that it must have."""
    if not 0 <= index < size:
        return None
    above = list(siblings)
    sides: list[bool] = []
    while size > 1:
        left = _left(size)
        sides.append(index < left)
        size, index = (left, index) if index < left else (size - left, index - left)
    if len(above) != len(sides):
        return None
    found = leaf_hash(data)
    for on_left, beside in zip(reversed(sides), above, strict=True):
        found = node_hash(found, beside) if on_left else node_hash(beside, found)
    return found


def _left(size: int) -> int:
    """Return the largest power of two below `size` (size >= 2)."""
    return 1 << (size - 1).bit_length() - 1
