"""Steps, losses, parameters and updates; and everything is left as it was found."""

from __future__ import annotations

import gc
import sys
import weakref
from contextlib import nullcontext

import pytest
import torch
import torch._dynamo.testing
from torch import nn
from torch.nn import functional as F
from torch.nn.modules import module as module_hooks

import stetho

optimizer_module = sys.modules["torch.optim.optimizer"]

X, Y = torch.randn(12, 8), torch.randint(0, 4, (12,))


def net():
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))


def step(model, optimizer, x=X, y=Y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return float(loss)


def test_loss_of_every_step_and_probes_as_scheduled(observed):
    model = net()
    with observed(every=3) as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = [step(model, optimizer) for _ in range(8)]
    assert sink.losses == pytest.approx(dict(enumerate(losses)))
    assert [end[0] for end in sink.ends] == [0, 1, 3, 4, 6, 7]
    assert len(sink.seen) == 6
    assert sink.ends[0][2] == (0.1,)


def test_gradients_and_real_updates_of_parameters(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        step(model, optimizer)
    before, after = sink.before[0], sink.after[0]
    assert set(before) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    for name, (value, gradient) in before.items():
        torch.testing.assert_close(after[name], value - 0.5 * gradient)


def test_gradient_accumulation_is_one_step(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            for _part in range(4):
                (F.cross_entropy(model(X), Y) / 4).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert list(sink.losses) == [0, 1]
    assert set(sink.names()) == {"1/relu"}
    assert len(sink.seen) == 8
    assert [call.scale for call in sink.targets] == [0.25] * 8


def test_two_optimizers_for_one_backward_pass(observed):
    model = net()
    with observed() as sink:
        first = torch.optim.SGD(model[0].parameters(), lr=0.1)
        second = torch.optim.Adam(model[2].parameters(), lr=0.01)
        for _ in range(5):
            first.zero_grad()
            second.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            first.step()
            second.step()
    assert list(sink.losses) == [0, 1, 2, 3, 4]
    assert [optimizer.name for optimizer in sink.optimizers] == ["SGD", "Adam"]
    assert {p.name: p.optimizer for p in sink.parameters} == {
        "0.weight": 0,
        "0.bias": 0,
        "2.weight": 1,
        "2.bias": 1,
    }


def test_alternating_optimizers_as_in_a_gan(observed):
    generator, judge = nn.Sequential(nn.Linear(4, 8), nn.Tanh()), net()
    with observed() as sink:
        for_judge = torch.optim.SGD(judge.parameters(), lr=0.1)
        for_generator = torch.optim.SGD(generator.parameters(), lr=0.1)
        for _ in range(3):
            for_judge.zero_grad()
            (judge(X).mean() - judge(generator(torch.randn(12, 4)).detach()).mean()).backward()
            for_judge.step()
            for_generator.zero_grad()
            judge(generator(torch.randn(12, 4))).mean().backward()
            for_generator.step()
    assert len(sink.losses) == 3
    names = set(sink.names())
    assert "1/relu" in names
    assert any("tanh" in name for name in names)


def test_closure_of_lbfgs(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), Y)
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)
    assert [end[0] for end in sink.ends] == [0, 1]
    assert sink.seen[0].up is not None


def test_loss_scale_is_divided_out(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        loss = F.cross_entropy(model(X), Y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    assert sink.losses[0] == pytest.approx(float(loss))
    twin = net()
    twin.load_state_dict(sink_free_copy(sink, twin))
    hidden = twin[1](twin[0](X))
    hidden.retain_grad()
    F.cross_entropy(twin[2](hidden), Y).backward()
    torch.testing.assert_close(sink.seen[0].up, hidden.grad)


def sink_free_copy(sink, twin):
    """The weights as they were before the step."""
    return {name: sink.before[0][name][0] for name in twin.state_dict()}


def test_frozen_and_tied_parameters(observed):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen = nn.Linear(8, 8)
            self.fc, self.head = nn.Linear(8, 8), nn.Linear(8, 8)
            self.head.weight = self.fc.weight
            for parameter in self.frozen.parameters():
                parameter.requires_grad_(False)

        def forward(self, x):
            return self.head(torch.relu(self.fc(self.frozen(x))))[:, :4]

    model = Tied()
    with observed() as sink:
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
        step(model, optimizer)
        step(model, optimizer)
    trainable = {p.name: p.trainable for p in sink.parameters}
    assert trainable == {
        "frozen.weight": False,
        "frozen.bias": False,
        "fc.weight": True,
        "fc.bias": True,
        "head.bias": True,
    }
    assert [layer.reads_data for layer in sink.layers] == [True, False, False]


def test_everything_is_left_as_found(observed):
    model = net()
    backward, made = torch.autograd.backward, torch.optim.Optimizer.__init__
    with observed():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step(model, optimizer)
        step(model, optimizer)
    assert torch.autograd.backward is backward
    assert torch.optim.Optimizer.__init__ is made
    assert torch.overrides._get_current_function_mode_stack() == []
    assert not module_hooks._global_forward_pre_hooks
    assert not module_hooks._global_forward_hooks
    assert not optimizer_module._global_optimizer_pre_hooks
    assert not optimizer_module._global_optimizer_post_hooks


def test_no_reference_keeps_the_model_alive(observed):
    model = net()
    gone = weakref.ref(model)
    with observed():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step(model, optimizer)
        step(model, optimizer)
        del model, optimizer
        gc.collect()
        assert gone() is None


def test_random_state_and_weights_are_untouched(observed):
    def train():
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(6):
            step(model, optimizer)
        return model.state_dict(), torch.get_rng_state()

    plain, state = train()
    with observed():
        watched, watched_state = train()
    assert torch.equal(state, watched_state)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_gradients_are_added_up_in_the_script_s_own_order(observed):
    """A block whose input is used inside (three times) and outside of it: a sum of four."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(32, 32) for _ in range(3))

        def forward(self, x):
            return torch.softmax(self.q(x) @ self.k(x).T, -1) @ self.v(x)

    class Swish(nn.Module):
        def forward(self, x):
            return x * torch.sigmoid(x) + torch.tanh(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.act, self.block = nn.Linear(8, 32), Swish(), Block()
            self.head = nn.Linear(32, 4)

        def forward(self, x):
            z = self.first(x)
            x = z + self.act(z) + torch.nn.functional.softsign(z)
            return self.head(x + self.block(x))

    def train():
        torch.manual_seed(3)
        model = Model()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(8):
            step(model, optimizer)
        return model.state_dict()

    plain = train()
    with observed() as sink:
        watched = train()
    assert {"act/Swish", "softsign"} <= set(sink.names())
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_a_user_mode_on_top_of_ours_survives(observed):
    from torch.overrides import TorchFunctionMode

    class Theirs(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return func(*args, **(kwargs or {}))

    model = net()
    with observed(every=4) as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with Theirs() as theirs:
            for _ in range(3):
                step(model, optimizer)
            assert theirs in torch.overrides._get_current_function_mode_stack()
    assert [end[0] for end in sink.ends] == [0, 1]


PARTS = [
    "begin_probe",
    "site",
    "layer",
    "target",
    "before_update",
    "after_update",
    "end_probe",
    "structure",
    "loss",
]


@pytest.mark.parametrize("part", PARTS)
def test_a_fault_of_ours_is_told_once_and_training_finishes(observed, monkeypatch, part):
    from sinks import ListSink

    monkeypatch.delenv("STETHO_STRICT")
    sink = ListSink()

    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    monkeypatch.setattr(sink, part, broken)
    torch.manual_seed(4)
    model = net()
    with observed(sink=sink):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = [step(model, optimizer) for _ in range(3)]
    assert losses[2] < losses[0]
    assert len(sink.faults) == 1
    assert "injected" in sink.faults[0]
    assert torch.overrides._get_current_function_mode_stack() == []


def test_a_compiled_model_is_left_alone_and_named(observed, recwarn):
    """It is compiled as often as without us, and computes the same."""
    import warnings

    def trained(watched):
        torch.manual_seed(0)
        torch._dynamo.reset()
        counted = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
        model = net()
        compiled = torch.compile(model, backend=counted)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with observed(every=3) if watched else nullcontext() as sink:
            for _ in range(7):
                optimizer.zero_grad()
                F.cross_entropy(compiled(X), Y).backward()
                optimizer.step()
        return sink, counted.frame_count, [p.detach().clone() for p in model.parameters()]

    _, plain_count, plain = trained(watched=False)
    filters = list(warnings.filters)  # some versions of the compiler add their own
    sink, count, ours = trained(watched=True)
    assert sink.names() == []
    assert len(sink.losses) == 7
    assert any("torch.compile" in sentence for sentence in sink.unseen_sentences)
    assert count == plain_count == 1
    assert all(map(torch.equal, ours, plain))
    assert [str(w.message) for w in recwarn if "global hooks" in str(w.message)] == []
    assert warnings.filters == filters


def test_a_fault_in_a_gradient_hook_is_contained(observed, monkeypatch):
    from sinks import ListSink, Seen

    monkeypatch.delenv("STETHO_STRICT")

    def broken(*args):
        raise RuntimeError("injected")

    monkeypatch.setattr(Seen, "gradients", broken)
    sink, model = ListSink(), net()
    with observed(sink=sink):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step(model, optimizer)
        step(model, optimizer)
    assert len(sink.faults) == 1


def left_over(states):
    return {name for name, there in states.items() if there is not None and bool(there.any())}


def test_what_lies_in_the_gradients_when_a_backward_pass_begins(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for zeroed in (True, True, False):
            if zeroed:
                optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            optimizer.step()
    assert [left_over(states) for states in sink.left] == [  # the first step is not asked
        set(),
        {"0.weight", "0.bias", "2.weight", "2.bias"},
    ]


@pytest.mark.parametrize("to_none", [True, False])
def test_two_players_and_several_backward_passes_leave_nothing_over(to_none):
    """Each player's gradients are zeroed before its own pass, whatever the other's leave there."""
    maker, judge = nn.Linear(4, 8), net()
    makers = torch.optim.SGD(maker.parameters(), lr=0.1)
    judges = torch.optim.SGD(judge.parameters(), lr=0.1)
    with stetho.watch(nn.ModuleList([maker, judge]), every=1) as watched:
        for _ in range(3):
            for optimizer in (judges, makers):
                optimizer.zero_grad(set_to_none=to_none)
                for _part in range(2):
                    F.cross_entropy(judge(maker(torch.randn(12, 4))), Y).backward()
                optimizer.step()
    for probe in watched.result.run.probes[2:]:  # the makers are known from their first step on
        assert {stats.left_rms for stats in probe.parameters.values()} == {0.0}
