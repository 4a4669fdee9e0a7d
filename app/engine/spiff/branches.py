"""Where a token stands between splits and joins.

A branch's path has a segment for each split that has not been joined: 'f#1.0>' is the first flow out of the first visit
of the gateway f, 'f#1.0+2+j>' what a join j made of two of f's three branches, 'late#1.!>' the token of a boundary
event that does not interrupt, beside which the one of its activity goes on without a segment.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BESIDE = "!"


@dataclass(frozen=True)
class Branch:
    """Its path, and the write counter at the split of each segment."""

    path: str
    counters: tuple[int, ...]

    def diverged_at(self, other: str) -> int | None:
        """The write counter at the split where `other` went another way; None if one leads to the other."""
        mine, others = segments(self.path), segments(other)
        for counter, own, foreign in zip(self.counters, mine, others, strict=False):
            if own != foreign and not _overlap(own, foreign):
                return counter
        shared = min(len(mine), len(others))
        if len(others) > shared and _is_beside(others[shared]):
            return -1  # whatever it wrote, it wrote beside this one
        if len(mine) > shared and _is_beside(mine[shared]):
            return self.counters[shared]
        return None


MAIN = Branch("", ())


def segments(path: str) -> list[str]:
    return path.split(">")[:-1]


def split_of(segment: str) -> str:
    """The visit of a split that it belongs to: 'f#1.'."""
    return segment[: segment.index(".", segment.index("#")) + 1]


def join(
    arrived: Sequence[Branch | None], join_id: str, fan_out: Callable[[str], int]
) -> tuple[Branch | None, list[str]]:
    """The branch that goes on, in whatever order they arrived; and the beginnings of the paths that ended with it.

    The outer branch goes on if all branches of its splits end here. `fan_out` tells how many branches the visit
    of a split started ('f#1.').
    """
    paths = [segments(branch.path) if branch is not None else [] for branch in arrived]
    depth = _common(paths)
    outer, rests = paths[0][:depth], [path[depth:] for path in paths]
    counters = next((branch.counters for branch in arrived if branch is not None), ())
    prefix = "".join(f"{segment}>" for segment in outer)
    if _is_complete(rests, fan_out):
        ended = sorted({prefix + split_of(rest[0]) for rest in rests if rest})
        return (Branch(prefix, counters[:depth]) if prefix else None), ended
    first = min(split_of(rest[0]) for rest in rests)
    joined = [branch for branch, rest in zip(arrived, rests, strict=True) if branch and split_of(rest[0]) == first]
    numbers = sorted(set().union(*(_members(segments(branch.path)[depth]) for branch in joined)))
    segment = f"{first}{'+'.join(numbers)}+{join_id}>"
    return Branch(prefix + segment, joined[0].counters[: depth + 1]), []


def _common(paths: Sequence[Sequence[str]]) -> int:
    depth = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        depth += 1
    return depth


def _is_complete(rests: Sequence[Sequence[str]], fan_out: Callable[[str], int]) -> bool:
    """Is nothing left of these branches but what ends here?"""
    if any(not rest for rest in rests):
        return True  # the token beside which boundary events went on is among them
    if len({split_of(rest[0]) for rest in rests}) > 1:
        return False
    covered = set().union(*(_members(rest[0]) for rest in rests))
    if len(covered) < fan_out(split_of(rests[0][0])):
        return False
    beyond: dict[str, list[Sequence[str]]] = {}
    for rest in rests:
        beyond.setdefault(rest[0], []).append(rest[1:])
    standing = Counter(number for segment in beyond for number in _members(segment))
    return all(
        any(standing[number] > 1 for number in _members(segment))  # a join before has seen to the rest of it
        or _is_complete(inner, fan_out)
        for segment, inner in beyond.items()
    )


def _members(segment: str) -> set[str]:
    """The numbers of a split's branches that a segment stands for."""
    return {part for part in segment[len(split_of(segment)) :].split("+") if part.isdecimal()}


def _overlap(one: str, other: str) -> bool:
    return split_of(one) == split_of(other) and not _members(one).isdisjoint(_members(other))


def _is_beside(segment: str) -> bool:
    return BESIDE in segment
