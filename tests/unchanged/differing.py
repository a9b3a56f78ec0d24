"""Scripts that differ under watch today, and scripts in which there is nothing to watch."""

FRAMES = "The traceback of an exception in the script shows frames of stetho."

# Name of a script → how it differs. A script that has become equal fails its test until its row
# here is removed.
DIFFERING: dict[str, str] = {
    "anomaly": FRAMES,
    "caught": FRAMES,
    "hooks_counted": "A mode of stetho stands in torch's private list of modes.",
}

# Scripts that train nothing, or only what is not watched (see the manual).
NOTHING_SEEN: frozenset[str] = frozenset(
    {"compiled", "compiled_counts", "nested_tensors", "stacked_models"}
)
