"""Several optimizers, each with a backward pass and a loss of its own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def players(spread=None):
    generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 8), nn.Tanh())
    judge = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid())
    for layer in (*generator, *judge):
        if spread is not None and isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=spread)
    return generator, judge


def real(count=64):
    return torch.tanh(0.4 * torch.randn(count, 8) + 0.2)


def dcgan(generator, judge, steps=150):
    """The loop of the tutorial: fakes are made once, judged twice."""
    of_judge = torch.optim.Adam(judge.parameters(), lr=2e-3, betas=(0.5, 0.999))
    of_generator = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    with stetho.watch(nn.ModuleList([generator, judge])) as watched:
        for _ in range(steps):
            judge.zero_grad()
            F.binary_cross_entropy(judge(real()), torch.ones(64, 1)).backward()
            fake = generator(torch.randn(64, 4))
            F.binary_cross_entropy(judge(fake.detach()), torch.zeros(64, 1)).backward()
            of_judge.step()
            generator.zero_grad()
            F.binary_cross_entropy(judge(fake), torch.ones(64, 1)).backward()
            of_generator.step()
    return watched.result


def alarms(result):
    return [one.rule for one in result.diagnosis.findings if one.severity > Severity.NOTE]


def test_a_healthy_gan_is_quiet_and_its_generator_is_seen():
    result = dcgan(*players())
    assert alarms(result) == []
    assert max(result.run.loss_steps) == 149
    last = result.run.probes[-1].sites
    assert len(last) >= 3
    assert all(math.isfinite(stats.down_rms) for stats in last.values())
    assert result.run.players
    assert "does not show whether it learns" in result.diagnosis.verdict


def test_a_generator_that_begins_saturated_is_told():
    generator, judge = players(spread=2.0)
    result = dcgan(generator, judge)
    assert "saturated" in alarms(result)
    assert "weights" in next(
        max(one.cause, key=one.cause.get)
        for one in result.diagnosis.findings
        if one.rule == "saturated"
    )


def test_a_critic_that_steps_five_times_a_turn():
    """WGAN with clipped weights: a step is a turn of both."""
    generator, critic = players()
    critic = critic[:-1]
    of_critic = torch.optim.RMSprop(critic.parameters(), lr=5e-4)
    of_generator = torch.optim.RMSprop(generator.parameters(), lr=5e-4)
    with stetho.watch(nn.ModuleList([generator, critic])) as watched:
        for _ in range(60):
            for _ in range(5):
                of_critic.zero_grad()
                fake = generator(torch.randn(64, 4)).detach()
                (critic(fake).mean() - critic(real()).mean()).backward()
                of_critic.step()
                with torch.no_grad():
                    for weight in critic.parameters():
                        weight.clamp_(-0.05, 0.05)
            of_generator.zero_grad()
            (-critic(generator(torch.randn(64, 4))).mean()).backward()
            of_generator.step()
    assert "not-learning" not in alarms(watched.result)
    assert watched.result.run.players
    assert 60 <= max(watched.result.run.loss_steps) + 1 <= 66


def test_an_actor_and_its_critic_are_two_players():
    actor, critic = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 2)), nn.Linear(3, 1)
    of_actor = torch.optim.Adam(actor.parameters(), lr=1e-2)
    of_critic = torch.optim.Adam(critic.parameters(), lr=1e-2)
    with stetho.watch(nn.ModuleList([actor, critic])) as watched:
        for _ in range(120):
            state = torch.randn(64, 3)
            choice = torch.distributions.Categorical(logits=actor(state))
            action = choice.sample()
            reward = (action == (state[:, 0] > 0)).float()
            worth = critic(state).squeeze(1)
            of_critic.zero_grad()
            F.mse_loss(worth, reward).backward()
            of_critic.step()
            of_actor.zero_grad()
            (-(choice.log_prob(action) * (reward - worth.detach())).mean()).backward()
            of_actor.step()
    assert alarms(watched.result) == []


def test_optimizers_that_share_a_backward_pass_are_no_players():
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    first = torch.optim.SGD(net[0].parameters(), lr=0.1)
    second = torch.optim.SGD(net[2].parameters(), lr=0.1)
    with stetho.watch(net) as watched:
        for _ in range(40):
            x = torch.randn(32, 4)
            first.zero_grad()
            second.zero_grad()
            F.cross_entropy(net(x), (x[:, 0] > 0).long()).backward()
            first.step()
            second.step()
    assert not watched.result.run.players
    assert max(watched.result.run.loss_steps) == 39


def test_an_optimizer_that_is_made_again_in_each_call_is_no_player():
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    with stetho.watch(net) as watched:
        for _ in range(40):
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            x = torch.randn(32, 4)
            optimizer.zero_grad()
            F.cross_entropy(net(x), (x[:, 0] > 0).long()).backward()
            optimizer.step()
    assert not watched.result.run.players
    assert max(watched.result.run.loss_steps) == 39
