"""One contract, three engines: the same trials have the same outcomes on each."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from scripts import FATES, small
from stetho.choosing import Silent
from stetho.errors import UsageError
from stetho.record import Choice
from stetho.trials.engine import AbstractEngine, Errand, InProcess
from stetho.trials.processes import Processes
from stetho.trials.race import Race
from stetho.trials.settings import Settings
from stetho.trials.trial import Outcome, Place, Script, Trial

pytestmark = pytest.mark.xdist_group("engines")  # one Ray, one process to fork from
NAMES = ("local", "process", "ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A real Ray of two nodes, each with one worker, on this machine."""
    ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'stetho[ray]'")
    from ray.cluster_utils import Cluster

    from stetho.trials.processes import SETTINGS

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, runtime_env={"env_vars": SETTINGS}, log_to_driver=False)
    yield nodes.address
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest) -> Iterator[Callable[[str], AbstractEngine]]:
    """One engine of each kind for all tests of this file, made when it is first asked for."""
    made: dict[str, AbstractEngine] = {}

    def engine(name: str) -> AbstractEngine:
        if name not in made:
            made[name] = make(name, request)
        return made[name]

    yield engine
    for one in made.values():
        one.close()


@pytest.fixture(params=NAMES)
def engine(
    request: pytest.FixtureRequest, engines: Callable[[str], AbstractEngine]
) -> AbstractEngine:
    return engines(request.param)


def make(name: str, request: pytest.FixtureRequest) -> AbstractEngine:
    if name == "ray":
        request.getfixturevalue("cluster")
        from stetho.trials.on_ray import OnRay

        return OnRay(workers=2)
    return InProcess() if name == "local" else Processes(2)


def places(engine: AbstractEngine, script: Script) -> tuple[Place, ...]:
    return engine.scout(Errand(Trial(script, "relu", incumbent=True, steps=2), ("elu",))).places


def outcomes(engine: AbstractEngine, script: Script, **of_trial: Any) -> dict[str, Outcome]:
    """ReLU and ELU in a script of two tanh."""
    found = places(engine, script)
    trials = [Trial(script, name, places=found, **of_trial) for name in ("relu", "elu")]
    return {trial.candidate: outcome for trial, outcome in engine.run(trials)}


def test_a_scout_says_what_a_race_must_know(engine: AbstractEngine, tmp_path: Path) -> None:
    trial = Trial(small(tmp_path), "relu", incumbent=True)
    scouting = engine.scout(Errand(trial, ("relu", "elu")))
    assert scouting.ended
    assert scouting.outcome.steps == 40
    assert scouting.incumbent == "tanh"
    assert [place.path for place in scouting.places] == ["1", "3"]
    assert set(scouting.ways) == {"relu", "elu"}
    assert all(math.isfinite(value) for way in scouting.ways.values() for value in way)
    assert len(scouting.outcome.heldout) == 10  # one a look without gradients
    assert "torch" in scouting.modules


def test_the_same_trial_has_the_same_losses_on_every_engine(
    tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    script = small(tmp_path)
    found = {}
    for name in NAMES:
        found[name] = outcomes(engines(name), script, pair=2)
    for candidate in ("relu", "elu"):
        losses = {outcome[candidate].losses for outcome in found.values()}
        assert len(losses) == 1  # bit for bit
        assert len(losses.pop()) == 40
        assert len({outcome[candidate].heldout for outcome in found.values()}) == 1
    assert found["local"]["relu"].losses != found["local"]["elu"].losses


def test_pairs_share_their_seeds_and_differ_from_each_other(tmp_path: Path) -> None:
    script, engine = small(tmp_path), InProcess()
    first = [outcomes(engine, script, pair=pair)["relu"].losses for pair in (0, 0, 1)]
    assert first[0] == first[1] != first[2]
    # pair 0 is the script as its author seeds it: nothing swapped, the same losses as outside
    ((_, own),) = engine.run([Trial(script, "tanh", incumbent=True)])
    namespace: dict[str, Any] = {}
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    exec(
        Path(script.target)
        .read_text()
        .replace("pass", "kept.append(float(loss))", 1)
        .replace("import torch\n", "import torch\nkept = []\n", 1),
        namespace,
    )
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
    assert list(own.losses) == namespace["kept"]


@pytest.mark.parametrize(
    ("fate", "status", "says"),
    [
        ("raises", "raised", "small.py:15: RuntimeError: no ELU in here"),
        ("diverges", "diverged", "not a number at step 1"),
        ("leaves", "raised", "the script left with 5"),
    ],
)
def test_a_trial_that_fails_is_an_outcome_with_its_reason(
    engine: AbstractEngine, tmp_path: Path, fate: str, status: str, says: str
) -> None:
    found = outcomes(engine, small(tmp_path, FATES[fate]))
    assert found["relu"].done
    assert found["elu"].status == status
    assert says in found["elu"].why


GOES_NAN = "if epoch > 2: model[0].weight.data *= torch.nan"
ENDS = {
    "goes on heedlessly": (GOES_NAN, 40, True),  # to the end of its 40 steps
    "raises": (f"{GOES_NAN}\n        if loss.isnan(): raise ValueError('NaN')", 13, False),
    "leaves": (f"{GOES_NAN}\n        if loss.isnan(): raise SystemExit", 13, False),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_scout_sees_how_a_script_ends_whose_loss_becomes_nan(how: str, tmp_path: Path) -> None:
    fate, steps, ended = ENDS[how]
    trial = Trial(small(tmp_path, fate), "relu", incumbent=True)
    with InProcess() as engine:
        found = engine.scout(Errand(trial, ("elu",)))
        ((_, outcome),) = engine.run([trial])
    assert (found.outcome.status, found.ended) == ("diverged", ended)
    assert found.outcome.why == outcome.why == "the loss is not a number at step 13"
    assert found.outcome.steps == steps
    assert outcome.status == "diverged"
    assert outcome.steps <= 14, "a trial does not go on"


@pytest.mark.parametrize("name", ["process", "ray"])
def test_a_process_that_is_killed_is_an_outcome(
    name: str, tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    found = outcomes(engines(name), small(tmp_path, FATES["is killed"]))
    assert found["relu"].done
    assert found["elu"].status == "killed"
    assert "SIGKILL" in found["elu"].why


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="limits need Linux")
@pytest.mark.parametrize("name", ["process", "ray"])
def test_a_trial_that_wants_more_memory_than_it_may_have_is_an_outcome(
    name: str, tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    found = outcomes(engines(name), small(tmp_path, FATES["needs memory"]), memory=500_000_000)
    assert found["relu"].done
    assert found["elu"].status == "out-of-memory"


def test_a_trial_that_takes_too_long_is_ended(engine: AbstractEngine, tmp_path: Path) -> None:
    found = outcomes(engine, small(tmp_path, FATES["hangs"], epochs=100), seconds=2.0)
    assert found["elu"].status == "timed-out"
    assert 0 < found["elu"].steps < 100


def test_nothing_of_a_trial_is_left_in_this_process(tmp_path: Path) -> None:
    threads, save, call = torch.get_num_threads(), torch.save, torch.nn.Module.__call__
    init, state, here = torch.optim.Optimizer.__init__, torch.get_rng_state(), os.getcwd()
    outcomes(InProcess(), small(tmp_path, FATES["raises"]))
    assert torch.get_num_threads() == threads
    assert torch.save is save
    assert torch.nn.Module.__call__ is call
    assert torch.optim.Optimizer.__init__ is init
    assert torch.equal(torch.get_rng_state(), state)
    assert os.getcwd() == here
    assert not torch.overrides._get_current_function_mode_stack()


def test_a_trial_overwrites_no_file_of_the_authors(
    tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    script = small(tmp_path, report="torch.save(model.state_dict(), 'best.pt')")
    (tmp_path / "best.pt").write_text("the author's")
    assert all(outcome.done for outcome in outcomes(engines("process"), script).values())
    assert (tmp_path / "best.pt").read_text() == "the author's"


def verdict(engine: AbstractEngine, script: Script) -> Choice:
    settings = Settings(script, ("relu", "elu"), steps=20, budget=300)
    return Race(settings, engine, None, Silent()).run()


def test_the_same_race_has_the_same_verdict_on_processes_and_on_ray(
    tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    script = small(tmp_path)
    found = []
    for name in ("process", "ray"):
        found.append(verdict(engines(name), script))
    a, b = found
    assert (a.winner, a.tie, a.verdict) == (b.winner, b.tie, b.verdict)
    told = [
        [(r.name, r.status, r.score, r.difference, r.interval, r.p) for r in c.candidates]
        for c in found
    ]
    assert str(told[0]) == str(told[1])  # as text: NaN is equal to itself there


FATEFUL = (
    "kind = type(model[1]).__name__\n"
    "        if kind == 'ELU': raise RuntimeError('no ELU in here')\n"
    "        if kind == 'GELU': import os; os.kill(os.getpid(), 9)\n"
    "        if kind == 'Softplus': model[0].weight.data *= float('nan')\n"
    "        if kind == 'SiLU': hoard = torch.ones(400_000_000)"
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="limits need Linux")
def test_a_race_with_every_misfortune_ends_with_a_verdict(
    tmp_path: Path, engines: Callable[[str], AbstractEngine]
) -> None:
    names = ("relu", "elu", "gelu", "softplus", "silu", "relu+layernorm+he", "relu6+match")
    script = small(tmp_path, FATEFUL)
    settings = Settings(script, names, steps=20, budget=600, memory=500_000_000)
    choice = Race(settings, engines("process"), None, Silent()).run()
    told = {row.name: row for row in choice.candidates}
    assert told["elu"].status == "raised"
    assert told["gelu"].status == "killed"
    assert told["softplus"].status == "diverged"
    assert told["silu"].status == "out-of-memory"
    assert all(told[name].why for name in ("elu", "gelu", "softplus", "silu"))
    assert choice.winner in ("tanh", "relu", "relu+layernorm+he", "relu6+match")
    assert told["relu"].pairs >= 3
    assert choice.verdict


def test_a_ray_worker_that_is_killed_in_a_trial_is_made_good(tmp_path: Path, cluster: str) -> None:
    """Its own process dies, not the trial's: a machine that is lost, not a bad candidate."""
    from stetho.trials.on_ray import OnRay

    killed: list[int] = []

    def kill_one() -> None:
        """A trial cannot, from where it lives; so it is done from outside, once."""
        for _ in range(1200):
            found = subprocess.run(["pgrep", "-f", "ray::run_in_worker"], capture_output=True)
            if found.stdout:
                time.sleep(0.5)
                killed.append(int(found.stdout.split()[0]))
                os.kill(killed[0], signal.SIGKILL)
                return
            time.sleep(0.05)

    script = small(tmp_path, "__import__('time').sleep(0.05)")
    thread = threading.Thread(target=kill_one)
    thread.start()
    with OnRay(workers=2) as engine:
        found = outcomes(engine, script)
    thread.join()
    assert killed
    for outcome in found.values():
        assert outcome.done
        assert len(outcome.losses) == 40


def test_ray_that_is_not_installed_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    from stetho.trials.on_ray import OnRay

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'stetho\[ray\]'"):
        OnRay()
