"""Other packages on the same trainings, each used as its documentation says → what they flag.

Left out, with the reason: gradlens gives numbers and no verdicts; nansense shows pictures and
leaves the verdict to its user; gradscope comes without a documentation that one could follow.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.cases import Case, cases
from zoo.outcome import label
from zoo.running import EVERY, Trial, outcomes, side_by_side
from zoo.training import Training

ALARMS = Path(__file__).parent / "peers.jsonl"  # committed: peers need no judging again
Alarms = list[str]  # "severity code" of what is above an information


def torchdiag(training: Training) -> Alarms:
    """`check_gradients` after the last backward pass, `check_dead_neurons` on a batch."""
    import torchdiag as tool

    found: Alarms = []
    last = training.spec.steps - 1

    def after_backward(step: int, loss: object) -> None:
        if step == last:
            stats = tool.check_gradients(training.model)
            found.extend(f"issue {s['status']}" for s in stats.values() if s["status"] != "OK")

    training.run(after_backward)
    report = tool.check_dead_neurons(training.model, training.x[: training.spec.batch])
    for layer in report.values():
        share = layer.get("dead_pct", layer.get("dead_percent", 0.0))
        if share > 20:  # what its documentation calls a warning
            found.append("issue DEAD")
    return found


def torch_audit(training: Training) -> Alarms:
    """Zero-touch mode, audited as often as stetho looks."""
    from torch_audit import autopatch

    auditor = autopatch(
        training.model, optimizer=training.optimizer, every_n_steps=EVERY, reporters=[]
    )
    training.run()
    result = auditor.finish(report=False)
    auditor.unpatch()
    return [
        f"{finding.severity.value} {finding.rule_id}"
        for finding in result.findings
        if finding.severity.value != "INFO"
    ]


def torchmortem(training: Training) -> Alarms:
    """`Autopsy` around the loop, at its default sampling."""
    from torchmortem import Autopsy

    with Autopsy(training.model, optimizer=training.optimizer) as autopsy:
        training.run(after_step=lambda step, loss: autopsy.step(loss=loss.item()))
    report = autopsy.get_report()
    return [
        f"{finding.severity.name} {finding.detector}: {finding.title}"
        for finding in report.findings
        if finding.severity.name != "INFO"
    ]


def gradsnitch(training: Training) -> Alarms:
    """`watch`, then `log` in every step between backward and the optimizer's step."""
    import gradsnitch as tool

    monitor = tool.watch(training.model, training.optimizer, check_every=50)
    training.run(lambda step, loss: monitor.log(step, loss.item()))
    return [f"{finding.severity} {finding.code}" for finding in monitor.report()]


PEERS: dict[str, Callable[[Training], Alarms]] = {
    "torchdiag": torchdiag,
    "torch-audit": torch_audit,
    "torchmortem": torchmortem,
    "gradsnitch": gradsnitch,
}

# What in a peer's alarms names each fault; generous. Codes of torch-audit: TA…, of gradsnitch: GS….
VANISHES = "vanish|VANISH|starv|GS007|TA102|Collapse|collapse"
BREAKS = "xplo|EXPLODE|NaN|nan|iverg|nstab|pdate|GS00[1238]|GS006|GS009|TA10|catapult|spike|norm"
DEAD = "ead|DEAD|TA4"
NAMES: dict[str, str] = {
    "sigmoid-stack": f"{VANISHES}|aturat",
    "large-init": f"{BREAKS}|aturat",
    "small-init": VANISHES,
    "zero-init": f"{VANISHES}|no_grad|{DEAD}",
    "negative-bias": f"{DEAD}|{VANISHES}",
    "large-bias": f"aturat|{VANISHES}",
    "high-rate": f"{BREAKS}|{DEAD}|aturat",
    "rate-jump": f"{BREAKS}|{DEAD}|aturat",
    "no-zero-grad": f"{BREAKS}|{DEAD}|aturat",
    "low-rate": "pdate|GS008|lateau|GS005|tagna",
    "tiny-clip": "pdate|GS008|lateau|GS005|tagna|VANISH",
    "large-input": "TA30|range|scale",
    "small-input": "TA30|range|scale",
    "zero-input": "TA30|constant|flat",
    "depth": VANISHES,
    "dropped-norm": f"{VANISHES}|{BREAKS}",
    "frozen": "no_grad|rozen|TA104|TA105|TA2|tagna",
    "nan": "NaN|nan|GS001|GS002|TA100|TA101|TA30",
    "wrong-output": "oftmax|TA500|igmoid",
    "wrong-range": "oftmax|igmoid",
    "random-labels": "lateau|GS005|tagna",
    "weight-decay": "ecay|norm|TA5",
    "exponential": BREAKS,
    "long-lag": VANISHES,
}


def run(only: str = "", jobs: int = 1) -> None:
    """Each peer on the healthy and faulty cases that it shares with us and has not had yet."""
    done = {(row["case"], row["peer"]) for row in rows()}
    skills = outcomes()
    missing = [
        (case, peer)
        for case in sorted(cases(), key=lambda case: (case.plant is None, case.name[::-1]))
        if case.shared and only in case.name and _decided(case, skills)
        for peer in PEERS
        if (case.name, peer) not in done
    ]
    for (case, peer), said in side_by_side(_tried, missing, jobs):
        with ALARMS.open("a", encoding="utf-8") as stream:
            row = {"case": case.name, "peer": peer, **said}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _decided(case: Case, skills: dict[str, float]) -> bool:
    own, twin = (skills.get(f"{name}@0x1") for name in (case.name, case.base))
    if own is None or twin is None:
        return False
    return label(case, own, twin) in ("healthy", "harmless", "fault")


def _tried(task: tuple[Case, str]) -> dict[str, object]:
    case, peer = task
    logging.disable(logging.CRITICAL)  # in a process of its own
    training = Trial(case).training()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return {"alarms": sorted(set(PEERS[peer](training)))}
        except Exception as error:  # a peer that fails is a row with its reason
            return {"alarms": [], "failed": f"{type(error).__name__}: {str(error)[:120]}"}


def rows() -> list[dict[str, Any]]:
    """What has been run so far."""
    lines = ALARMS.read_text(encoding="utf-8").splitlines() if ALARMS.exists() else []
    return [json.loads(line) for line in lines]
