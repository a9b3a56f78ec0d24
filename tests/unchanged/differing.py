"""Scripts that differ under watch today, and scripts in which there is nothing to watch."""

FRAMES = "The traceback of an exception in the script shows frames of stetho."

# Name of a script → how it differs. A script that has become equal fails its test until its row
# here is removed.
DIFFERING: dict[str, str] = {
    "anomaly": FRAMES,
    "caught": FRAMES,
    "exit_handlers": "Exit handlers run after `__main__` and `sys.argv` were put back.",
    "hooks_counted": "A mode of stetho stands in torch's private list of modes.",
    "streams": "A stderr without isatty makes the report fail, and with it the exit code.",
}

# Scripts that train nothing, or only what is not watched (see the manual).
NOTHING_SEEN: frozenset[str] = frozenset(
    {"compiled", "compiled_counts", "nested_tensors", "stacked_models"}
)
