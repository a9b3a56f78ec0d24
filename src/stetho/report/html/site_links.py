"""Names of sites in a text → links to where the page shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stetho.report.html.escape import text

# What a site's name is made of: a match must not lie inside of a longer word.
BEFORE, AFTER = r"(?<![\w./#-])", r"(?![\w/#-]|\.\w)"


class Places:
    """Knows each site's place on the page."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places
        longest_first = sorted((name for name in places if name), key=len, reverse=True)
        parts = "|".join(map(_told_apart, longest_first))
        self._pattern = re.compile(f"{BEFORE}(?:{parts}){AFTER}") if parts else None

    def link(self, name: str, step: int | None = None) -> str:
        """A name of its own; plain where it is no site."""
        place = self._places.get(name)
        if place is None:
            return f'<span class="name">{text(name)}</span>'
        at = "" if step is None else f' data-step="{step}"'
        return f'<a class="name" href="#site" data-site="{place}"{at}>{text(name)}</a>'

    def linked(self, sentence: str) -> str:
        """A sentence in which every site that it names is a link."""
        if self._pattern is None:
            return text(sentence)
        made, start = [], 0
        for match in self._pattern.finditer(sentence):
            end = match.end()
            made += [text(sentence[start : match.start()]), self.link(match[0])]
            start = end
        return "".join([*made, text(sentence[start:])])


def _told_apart(name: str) -> str:
    """A site in no module is named like its function: "sigmoid" is meant for it where "(behind
    layers.0)" follows.
    """
    plain = re.escape(name)
    return plain if "/" in name or "#" in name else rf"{plain}(?= \(after )"
