"""PyTorch: autograd and torch.optim.AdamW, one run at a time, or several in one batch; eager, or compiled.

An axis of runs leads all arrays; the loss is the sum over runs of each run's own, so that each has its own gradient,
which is what torch.func.vmap would make of the loop. AdamW works number by number and does not notice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from benchmarks.problem import (
    ADVANTAGE_EPS,
    CLIP,
    EPOCHS,
    METRICS,
    WEIGHT_DECAY,
    Problem,
    Trained,
)

LOW, HIGH = 1 - CLIP, 1 + CLIP
Forward = Callable[..., tuple[torch.Tensor, torch.Tensor]]


def train(
    problem: Problem,
    num_rollouts: int,
    tokens: np.ndarray | None = None,
    seed: int = 0,
    *,
    runs: int = 1,
    fused: bool = False,
    compiled: bool = False,
) -> Trained:
    """`fused` is AdamW's own option; with `compiled` torch.compile makes the loss, its gradient and the metrics."""
    torch.manual_seed(seed)
    forward = compiled_forward() if compiled else loss_and_metrics
    targets, states = torch.from_numpy(problem.targets), torch.from_numpy(problem.states)
    rows = torch.arange(runs)[:, None, None, None] * problem.num_states + states
    given = None if tokens is None else torch.from_numpy(np.asarray(tokens)).long()
    logits = torch.nn.Parameter(torch.zeros(runs, problem.num_states, problem.vocab_size, dtype=torch.float64))
    optimizer = torch.optim.AdamW([logits], lr=problem.learning_rate, weight_decay=WEIGHT_DECAY, fused=fused)
    recorded = torch.empty(num_rollouts, EPOCHS + 1, len(METRICS), runs, dtype=torch.float64)

    for rollout in range(num_rollouts):
        with torch.no_grad():
            said = sample(problem, logits) if given is None else given[rollout].expand(runs, -1, -1, -1)
            advantages = advantages_of(said, targets)
            where = (rows * problem.vocab_size + said).flatten()
            behavior = torch.log_softmax(logits, -1).view(-1)[where].view_as(said)
        for update in range(EPOCHS):
            loss, recorded[rollout, update] = forward(logits, where, behavior, advantages)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            recorded[rollout, EPOCHS] = forward(logits, where, behavior, advantages)[1]
    return Trained(logits.detach()[0].numpy().copy(), by_name(recorded[..., 0].numpy()))


def loss_and_metrics(
    logits: torch.Tensor, where: torch.Tensor, behavior: torch.Tensor, advantages: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss, and the metrics `[M, runs]` of the state that it is taken in."""
    log_ratio = torch.log_softmax(logits, -1).view(-1)[where].view(behavior.shape) - behavior
    ratio = log_ratio.exp()
    gain = torch.minimum(ratio * advantages, ratio.clamp(LOW, HIGH) * advantages)
    with torch.no_grad():
        metrics = measure(log_ratio.flatten(1), ratio.flatten(1), advantages.expand_as(ratio).flatten(1))
    return -gain.flatten(1).mean(1).sum(), metrics


@cache
def compiled_forward() -> Forward:
    """A program for every shape: one that holds for several is slower, and beyond eight torch would give up."""
    torch._dynamo.config.recompile_limit = 64
    return torch.compile(loss_and_metrics, dynamic=False)


def measure(log_ratio: torch.Tensor, ratio: torch.Tensor, advantages: torch.Tensor) -> torch.Tensor:
    """In the order of METRICS."""
    low, high = (advantages < 0) & (ratio < LOW), (advantages > 0) & (ratio > HIGH)
    flags = torch.stack([low | high, low, high, (ratio < LOW) | (ratio > HIGH)])
    mean = ratio.mean(1)
    excess = torch.where(advantages > 0, log_ratio - np.log(HIGH), np.log(LOW) - log_ratio)
    excess = torch.where(advantages == 0, 0.0, excess.clamp(min=0))
    after = [mean, ratio.amin(1), ratio.amax(1), mean**2 / (ratio**2).mean(1), excess.mean(1), excess.amax(1)]
    return torch.cat([flags.double().mean(2), torch.stack(after)])


def sample(problem: Problem, logits: torch.Tensor) -> torch.Tensor:
    """`[runs, P, G, T]`"""
    probabilities = torch.softmax(logits, -1).view(-1, problem.vocab_size)
    drawn = torch.multinomial(probabilities, problem.group_size, replacement=True)
    return drawn.view(-1, problem.num_prompts, problem.length, problem.group_size).transpose(2, 3)


def advantages_of(said: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """`[runs, P, G, 1]`"""
    rewards = (said == targets[:, None]).double().mean(-1)
    centred = rewards - rewards.mean(-1, keepdim=True)
    return (centred / (rewards.std(-1, keepdim=True) + ADVANTAGE_EPS))[..., None]


def by_name(recorded: np.ndarray) -> dict[str, np.ndarray]:
    """From the states before each update and after the last; what an update finds is what the one before it left."""
    shares, left = recorded[:, :-1, :4], recorded[:, 1:, 4:]
    return dict(zip(METRICS, np.moveaxis(np.concatenate([shares, left], -1), -1, 0), strict=True))
