"""What is not said because too little was seen: few steps, few samples, steps that are searches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stetho.diagnose import diagnose
from stetho.diagnose.examples import STUCK, chain
from stetho.record import Optimizer, Severity

SLOWLY = tuple(2.3 - 0.2 * step / 200 for step in range(200))


@pytest.mark.parametrize(("steps", "worst"), [(60, Severity.NOTE), (200, Severity.WARNING)])
def test_a_loss_that_falls_slowly_is_given_a_hundred_steps(steps, worst):
    falls = tuple(2.4 - 0.0006 * step for step in range(steps))
    got = diagnose(chain(4, losses=falls, parameter={"update_rms": 1e-5}))
    assert (got.learning, got.worst) == ("slow", worst)
    assert ("too early" in got.verdict) is (steps < 100)
    assert "No fault was found" not in got.verdict


@pytest.mark.parametrize(("batch", "blamed"), [(4, False), (32, True)])
def test_a_batch_of_a_few_samples_cannot_show_that_labels_are_random(batch, blamed):
    run = chain(4, steps=range(0, 200, 10), losses=SLOWLY, layer={"agreement": 1.0})
    run = replace(run, sites=tuple(replace(site, shape=(batch, 64)) for site in run.sites))
    causes = [cause for finding in diagnose(run).findings for cause in finding.cause]
    assert ("labels" in causes) is blamed


@pytest.mark.parametrize(("name", "told"), [("LBFGS", False), ("SGD", True)])
def test_a_step_of_many_iterations_is_not_called_large(name, told):
    large = {"update_rms": 0.4, "rms": 0.1}
    run = chain(4, losses=STUCK, parameter=large, optimizer=Optimizer(name, lr=1.0))
    assert ("oversized-update" in [one.rule for one in diagnose(run).findings]) is told
