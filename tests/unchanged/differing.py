"""Scripts that differ under watch today, and scripts in which there is nothing to watch."""

# Name of a script → how it differs. A script that has become equal fails its test until its row
# here is removed.
DIFFERING: dict[str, str] = {}

# Scripts that train nothing, or only what is not watched (see the manual).
NOTHING_SEEN: frozenset[str] = frozenset()
