"""Scripts that differ under watch today, and scripts in which there is nothing to watch."""

FRAMES = "The traceback of an exception in the script shows frames of stetho."
PLACE = "A warning is attributed to a line of stetho or torch instead of the script's own line."
KEPT = "Modules or parameters that the script has dropped stay alive until the next probe ends."
GRAPH = (
    "The capture runs under a mode of the script's that traces, and its operations are recorded."
)

# Name of a script → how it differs. A script that has become equal fails its test until its row
# here is removed.
DIFFERING: dict[str, str] = {
    "anomaly": FRAMES,
    "averaged": KEPT,
    "caught": FRAMES,
    "compiled_counts": "A compiled model runs eagerly in probed steps; its backend gets no graph.",
    "complex": "A warning that complex values are cast to real comes from a statistic of stetho.",
    "copies": KEPT,
    "defaults": "A model on the meta device ends watching by a fault, and stays alive.",
    "dispatch_modes": "A dispatch mode of the script counts the operations of stetho's statistics.",
    "double_backward": KEPT,
    "dropped_models": "Models that the script drops stay alive while others are trained.",
    "every_optimizer": KEPT,
    "exit_handlers": "Exit handlers run after `__main__` and `sys.argv` were put back.",
    "exported": GRAPH,
    "frozen_attention": "A frozen MultiheadAttention takes another kernel path in probed steps.",
    "frozen_transformer": "A frozen TransformerEncoder takes another kernel path in probed steps.",
    "func_transforms": "A gradient inside of vmap ends watching by a fault.",
    "fx_traced": GRAPH,
    "gan": KEPT,
    "global_hooks": PLACE,
    "hooks_counted": "Global hooks and a function mode of stetho are visible to the script.",
    "inference_mode": KEPT,
    "jit_traced": "torch.jit.trace raises in the script.",
    "lazy_modules": KEPT,
    "losses": PLACE,
    "nested_optimizers": KEPT,
    "nested_tensors": KEPT,
    "parametrised": KEPT,
    "patched_torch": "A replacement of nn.functional.relu that the script makes is applied twice.",
    "profiled": "The profiler of the script records the operations of stetho's statistics.",
    "quantised": KEPT,
    "raises": FRAMES,
    "raises_in_activation": FRAMES,
    "raises_in_backward": FRAMES,
    "replaced_parameters": KEPT,
    "state_dicts": KEPT,
    "streams": "A stderr without isatty makes the report fail, and with it the exit code.",
    "warns": PLACE,
}

# Scripts that train nothing, or only what is not watched (see the manual).
NOTHING_SEEN: frozenset[str] = frozenset({"stacked_models"})
