"""What real training loops do: as without stetho, bit for bit, and seen, or said not to be."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

DRAW = torch.Generator().manual_seed(0)
X, Y = torch.randn(32, 8, generator=DRAW), torch.randint(0, 4, (32,), generator=DRAW)


def mlp():
    return nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 4)
    )


def sgd(*models):
    return torch.optim.SGD([p for model in models for p in model.parameters()], lr=0.1)


def autocast(dtype, scaled):
    def loop():
        model = mlp()
        optimizer, scaler = sgd(model), torch.amp.GradScaler("cpu", init_scale=256, enabled=scaled)
        for _ in range(4):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=dtype):
                loss = F.cross_entropy(model(X), Y)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            scaler.step(optimizer)
            scaler.update()
        return [model]

    return loop


def clipping():
    model = mlp()
    optimizer = sgd(model)
    for _ in range(4):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.01)
        optimizer.step()
    return [model]


def several_models():
    """One after the other, and then two in one loss."""
    first, second = mlp(), mlp()
    for models in ([first], [second], [first, second]):
        optimizer = sgd(*models)
        for _ in range(2):
            optimizer.zero_grad()
            sum(F.cross_entropy(model(X), Y) for model in models).backward()
            optimizer.step()
    return [first, second]


def gan():
    maker = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 8), nn.Tanh())
    judge = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    for_maker, for_judge = sgd(maker), sgd(judge)
    for _ in range(4):
        real, fake = judge(X), judge(maker(torch.randn(32, 4)).detach())
        between = (0.5 * X + 0.5 * maker(torch.randn(32, 4)).detach()).requires_grad_(True)
        (slope,) = torch.autograd.grad(judge(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        for_judge.zero_grad()
        (fake.mean() - real.mean() + 10 * penalty).backward()
        for_judge.step()
        for_maker.zero_grad()
        (-judge(maker(torch.randn(32, 4))).mean()).backward()
        for_maker.step()
    return [maker, judge]


def reinforce():
    """No loss variable: each step of an episode is differentiated as it comes."""
    policy = mlp()
    optimizer = sgd(policy)
    for _ in range(4):
        optimizer.zero_grad()
        for moment in range(3):
            chances = torch.distributions.Categorical(logits=policy(X[moment]))
            action = chances.sample()
            (-chances.log_prob(action) * float(action)).backward()
        optimizer.step()
    return [policy]


def transformer():
    """Trains by the slow path, and is judged in between by torch's fast one."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True)
    model, head = nn.TransformerEncoder(layer, 2), nn.Linear(8, 4)
    optimizer, x = sgd(model, head), X[:, None].repeat(1, 6, 1)
    padded = torch.zeros(32, 6, dtype=torch.bool)
    padded[:, 4:] = True
    judged = []
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(head(model.train()(x).mean(1)), Y).backward()
        with torch.no_grad():
            judged.append(model.eval()(x, src_key_padding_mask=padded))
        optimizer.step()
    head.register_buffer("judged", torch.stack(judged))
    return [model, head]


def functional_call():
    model = mlp()
    optimizer = sgd(model)
    for _ in range(3):
        optimizer.zero_grad()
        parameters = {name: value * 1.0 for name, value in model.named_parameters()}
        F.cross_entropy(torch.func.functional_call(model, parameters, (X,)), Y).backward()
        optimizer.step()
    return [model]


def ensemble_by_vmap():
    models = [mlp() for _ in range(3)]
    parameters, _ = torch.func.stack_module_state(models)
    base = copy.deepcopy(models[0])
    optimizer = torch.optim.SGD(parameters.values(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()

        def one(values):
            return F.cross_entropy(torch.func.functional_call(base, values, (X,)), Y)

        torch.func.vmap(one)(parameters).mean().backward()
        optimizer.step()
    return [nn.ParameterList(parameters.values())]


def gradients_by_torch_func():
    """Nothing calls backward: torch.func.grad differentiates."""
    model = mlp()
    optimizer = sgd(model)
    for _ in range(3):
        values = {name: value.detach() for name, value in model.named_parameters()}

        def loss(values):
            return F.cross_entropy(torch.func.functional_call(model, values, (X,)), Y)

        gradients = torch.func.grad(loss)(values)
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name]
        optimizer.step()
    return [model]


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


def gradients_of_each_sample():
    """Private training: clipped sample by sample."""
    model = nn.Sequential(nn.Linear(8, 16), Swish(), nn.Linear(16, 4))
    optimizer = sgd(model)
    for _ in range(3):
        values = {name: value.detach() for name, value in model.named_parameters()}

        def loss(values, x, y):
            return F.cross_entropy(torch.func.functional_call(model, values, (x[None],)), y[None])

        each = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(values, X, Y)
        for name, parameter in model.named_parameters():
            parameter.grad = each[name].clamp(-0.1, 0.1).mean(0)
        optimizer.step()
    return [model]


RELU_TANH = {"1/relu", "3/tanh"}
# loop, sites, a part of what is said not to be seen
LOOPS = {
    "autocast bf16": (autocast(torch.bfloat16, scaled=False), RELU_TANH, None),
    "autocast fp16 with a scaler": (autocast(torch.float16, scaled=True), RELU_TANH, None),
    "clipping": (clipping, RELU_TANH, None),
    "several models": (
        several_models,
        {*RELU_TANH, "Sequential#1:1/relu", "Sequential#1:3/tanh"},
        None,
    ),
    "gan with gradient penalty": (
        gan,
        {"1/leaky_relu", "Sequential#1:1/leaky_relu", "Sequential#1:3/tanh"},
        None,
    ),
    "reinforce": (reinforce, RELU_TANH, None),
    "transformer": (transformer, {"layers.0/gelu", "layers.1/gelu"}, None),
    "torch.func.functional_call": (functional_call, RELU_TANH, None),
    "torch.func.grad": (gradients_by_torch_func, RELU_TANH, None),
    "torch.func.vmap": (ensemble_by_vmap, set(), "run by torch.func.vmap; not watched"),
    "torch.func.vmap of grad": (gradients_of_each_sample, set(), "torch.func.vmap; not watched"),
}


def weights(loop):
    torch.manual_seed(3)
    models = loop()
    state = [value for model in models for value in model.state_dict().values()]
    return [*state, torch.get_rng_state()]


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_goes_as_ever_and_is_seen(observed, name):
    loop, sites, unseen = LOOPS[name]
    plain = weights(loop)
    with observed() as sink:
        ours = weights(loop)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(ours, plain, strict=True))
    with_gradients = {one.name for one in sink.seen if one.up is not None and one.down is not None}
    assert {name for name in with_gradients if "#" not in name.partition(":")[2]} >= sites
    assert len(with_gradients) == len(sites), with_gradients
    assert sink.faults == []
    assert bool(unseen) == bool(sink.unseen_sentences), sink.unseen_sentences
    if unseen:
        assert any(unseen in sentence for sentence in sink.unseen_sentences)


@pytest.mark.parametrize("name", ["autocast bf16", "autocast fp16 with a scaler"])
def test_mixed_precision_is_told_in_full_precision(observed, name):
    """∂L/∂a and ∂L/∂z are those of a float32 twin, to what 16 bits leave of them."""
    torch.manual_seed(3)
    twin = mlp()
    hidden = twin[0](X)
    bent = torch.relu(hidden)
    for tensor in (hidden, bent):
        tensor.retain_grad()
    F.cross_entropy(twin[2:](bent), Y).backward()
    with observed() as sink:
        weights(LOOPS[name][0])
    first = next(one for one in sink.seen if one.name == "1/relu")
    for got, expected in ((first.up, bent.grad), (first.down, hidden.grad)):
        error = (got.double() - expected.double()).norm() / expected.double().norm()
        assert float(error) < 0.02


def test_gradients_by_torch_func_are_those_of_backward(observed):
    torch.manual_seed(3)
    twin = mlp()
    hidden = twin[0](X)
    hidden.retain_grad()
    F.cross_entropy(twin[1:](hidden), Y).backward()
    with observed() as sink:
        weights(gradients_by_torch_func)
    first = next(one for one in sink.seen if one.name == "1/relu")
    torch.testing.assert_close(first.down, hidden.grad)
    assert sink.losses == {}, "nothing called backward: there is no loss to tell"


def test_clipped_gradients_are_told_as_the_optimizer_gets_them(observed):
    with observed() as sink:
        weights(clipping)
    assert max(float(g.abs().max()) for _, g in sink.before[0].values()) == pytest.approx(0.01)


def test_a_loop_without_an_optimizer_has_no_steps_and_the_report_says_so():
    import stetho

    model = mlp()
    with stetho.watch(model) as seen:
        for _ in range(3):
            F.cross_entropy(model(X), Y).backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None
    assert "saw no optimizer step" in str(seen.result).replace("\n", " ")
