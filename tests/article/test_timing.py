"""Jobs by turns."""

from __future__ import annotations

from collections.abc import Callable

from stetho.article.timing import by_turns


def test_each_job_has_its_turn_in_each_round() -> None:
    told: list[str] = []

    def job(name: str) -> Callable[[], object]:
        def work() -> None:
            told.append(name)
            sum(range(200_000))

        return work

    seconds = by_turns({name: job(name) for name in "ab"}, 2)
    assert [len(seconds[name]) for name in "ab"] == [2, 2]
    turns = [name for name, before in zip(told, [""] + told) if name != before]
    # once to see how often a reading repeats it; then 1 round that does not count and 2 that do,
    # of 3 readings each: 1 + 3 * 3 = 10
    assert turns == ["a", "b"] * 10
