"""The traceback of a script's exception → the same without the frames that watching put into it."""

from __future__ import annotations

from pathlib import Path
from types import CodeType, TracebackType

import torch.overrides

OURS = str(Path(__file__).parent.parent) + "/"
# torch calls a mode by this function, out of the function of the same name that the script called.
TO_MODE = torch.overrides.handle_torch_function.__code__
# The name of a frame of ours that has the file and the line of the script's.
CALLER = "<called while watched>"


def is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(OURS) or code.co_name == CALLER


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The first entry that stays; entries after it are unlinked in place."""
    kept: list[TracebackType] = []
    while trace is not None:
        if not is_ours(trace.tb_frame.f_code):
            kept.append(trace)
        elif kept and kept[-1].tb_frame.f_code is TO_MODE:
            del kept[-2:]  # the call of the mode, and the function that will be called once more
        trace = trace.tb_next
    for one, following in zip(kept, [*kept[1:], None]):
        if one.tb_next is not following:
            one.tb_next = following
    return kept[0] if kept else None
