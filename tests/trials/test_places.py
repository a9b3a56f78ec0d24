"""What a race replaces in a script, and what it leaves: which sites, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from stetho.trials.engine import Errand, InProcess
from stetho.trials.trial import Scouting, Script, Trial
from test_twins import CALLS, CELL, CLASSES, HEAD, MODULES, PROBABILITY

GAN = """
G = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 20), nn.Tanh())
D = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
g, d = (torch.optim.SGD(m.parameters(), lr=0.1) for m in (G, D))
for batch in data.split(32):
    fake = G(torch.randn(32, 20))
    d.zero_grad()
    loss = -(D(batch) + 1e-6).log().mean() - (1 - D(fake.detach()) + 1e-6).log().mean()
    loss.backward(); d.step()
    g.zero_grad(); loss = -(D(fake) + 1e-6).log().mean(); loss.backward(); g.step()
"""


def scouted(
    folder: Path, text: str, replace: str | None = None, patterns: tuple[str, ...] = ()
) -> Scouting:
    file = folder / "script.py"
    file.write_text(HEAD + text)
    look = Trial(Script(str(file), folder=str(folder)), "relu", incumbent=True, steps=2)
    return InProcess().scout(Errand(look, ("elu",), replace, patterns))


def sites(scouting: Scouting) -> list[str]:
    return [site for place in scouting.places for site in place.sites]


def test_hidden_sites_are_replaced_and_the_output_is_left(tmp_path: Path) -> None:
    found = scouted(tmp_path, MODULES + PROBABILITY)
    assert sites(found) == ["1/sigmoid", "3/sigmoid"]
    assert found.left == ("5/sigmoid: an output, no hidden site",)


def test_a_call_is_known_by_its_line_and_the_module_that_it_stands_in(tmp_path: Path) -> None:
    found = scouted(tmp_path, CALLS + CLASSES)
    kinds = [(place.kind, place.model, place.path, place.uses) for place in found.places]
    assert kinds == [("call", "Net", "", 1)] * 2
    assert len({place.where for place in found.places}) == 2
    assert [place.layers for place in found.places] == [("first",), ("second",)]


def test_gates_are_left(tmp_path: Path) -> None:
    found = scouted(tmp_path, CELL + CLASSES)
    assert found.incumbent == "tanh"
    assert sites(found) == ["tanh#8"]
    assert "sigmoid: a gate" in found.left


def test_patterns_name_sites_whatever_they_are(tmp_path: Path) -> None:
    found = scouted(tmp_path, MODULES + PROBABILITY, patterns=("5/*",))
    assert sites(found) == ["5/sigmoid"]
    assert "1/sigmoid: not in --sites" in found.left


def test_the_function_of_most_sites_is_replaced_or_the_one_that_is_named(tmp_path: Path) -> None:
    mixed = MODULES.replace("16), nn.Sigmoid(),", "16), nn.Tanh(),", 1)
    for replace, name, other in ((None, "tanh", "3/sigmoid"), ("sigmoid", "sigmoid", "1/tanh")):
        found = scouted(tmp_path, mixed + PROBABILITY, replace)
        assert found.incumbent == name
        assert any(left.startswith(f"{other}: ") for left in found.left)


def test_the_output_of_one_model_is_no_hidden_site_of_another(tmp_path: Path) -> None:
    found = scouted(tmp_path, GAN)
    assert found.incumbent == "relu"
    assert len(sites(found)) == 2  # one in each
    assert sum(left.endswith("an output, no hidden site") for left in found.left) == 2


@pytest.mark.parametrize("replace", ["tanh", "sigmoid"])
def test_a_gans_outputs_are_never_replaced(tmp_path: Path, replace: str) -> None:
    assert not scouted(tmp_path, GAN, replace).places
