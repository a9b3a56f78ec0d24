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
    assert turns == ["a", "b"] * (len(turns) // 2)  # never one twice as often as the other
