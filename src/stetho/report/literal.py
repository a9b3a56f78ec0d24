"""Text that scripts and models name → the same text, safe to print on one line."""

from __future__ import annotations

ELLIPSIS = "…"


def literal(text: str) -> str:
    r"""Every character that a terminal would act on or hide, as its escape: `\x1b`, `\n`, `\u202e`.

    Control characters, text direction marks, zero-width marks and lone surrogates are among them.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def shorten(text: str, length: int) -> str:
    """At most `length` characters: the middle gives way, most of the end stays."""
    if len(text) <= length:
        return text
    if length < 2:
        return ELLIPSIS[:length]
    head = (length - 1) // 3
    return text[:head] + ELLIPSIS + text[len(text) - (length - 1 - head) :]


def common_start(names: list[str]) -> str:
    """The module path that all names share, up to and with a dot; empty where there is none."""
    if len(names) < 2:
        return ""
    low, high = min(names), max(names)
    same = 0
    while same < min(len(low), len(high)) and low[same] == high[same]:
        same += 1
    return low[: low[:same].rfind(".") + 1]


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
