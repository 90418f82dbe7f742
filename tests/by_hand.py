"""The loop once more, in plain NumPy: own softmax gradient, own optimizers, own numbering of prefixes.

Replays completions that a run recorded. GRPO on a token tree whose reward is the number of ones less a cost a token.
"""

from dataclasses import dataclass

import numpy as np

from tests.environments import prefixes


@dataclass
class SGD:
    """θ ← θ − learning_rate · g, with heavy-ball momentum b ← momentum · b + g where that is not 0."""

    learning_rate: float
    momentum: float = 0.0
    buffer: np.ndarray | float = 0.0

    def update(self, g: np.ndarray, params: np.ndarray) -> np.ndarray:
        self.buffer = self.momentum * self.buffer + g
        return -self.learning_rate * self.buffer


@dataclass
class Adam:
    """Kingma and Ba's Algorithm 1, with decoupled weight decay and a clip of the gradient's norm before it."""

    learning_rate: float
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    max_grad_norm: float = np.inf
    m: np.ndarray | float = 0.0
    v: np.ndarray | float = 0.0
    count: int = 0

    def update(self, g: np.ndarray, params: np.ndarray) -> np.ndarray:
        g = g * min(1.0, self.max_grad_norm / np.linalg.norm(g))
        self.count += 1
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        m_hat, v_hat = self.m / (1 - self.b1**self.count), self.v / (1 - self.b2**self.count)
        return -self.learning_rate * (m_hat / (np.sqrt(v_hat) + self.eps) + self.weight_decay * params)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))


def spoken(tokens: np.ndarray, vocab_size: int) -> list[tuple[int, int, int, int, int]]:
    """(prompt, completion, length, state, token) of every token up to each completion's end."""
    number = {text: index for index, text in enumerate(prefixes.unfinished(vocab_size, tokens.shape[-1]))}
    found = []
    for prompt, completion in np.ndindex(tokens.shape[:2]):
        text = tokens[prompt, completion].tolist()
        length = text.index(0) + 1 if 0 in text else len(text)
        for t in range(length):
            state = prompt * len(number) + number[tuple(text[:t])]
            found.append((prompt, completion, length, state, text[t]))
    return found


def grpo(
    recorded: np.ndarray,
    params: np.ndarray,
    optimizer: SGD | Adam,
    epochs: int,
    clip: float,
    length_cost: float,
    kl_coef: float,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Metrics `[I, K]` and final logits of the recorded rollouts `[I, P, G, T]`; the start is the KL's reference."""
    (_, num_prompts, group_size, _), vocab_size = recorded.shape, params.shape[1]
    reference, params = log_softmax(params), params.copy()
    names = ("ratio/max", "grad/norm", "update/norm", "clip/active")
    metrics = {name: np.zeros((len(recorded), epochs)) for name in names}
    for i, tokens in enumerate(recorded):
        said = spoken(tokens, vocab_size)
        rewards = np.zeros((num_prompts, group_size))
        for prompt, completion, _, _, token in said:
            rewards[prompt, completion] += (token == 1) - length_cost
        centred = rewards - rewards.mean(axis=1, keepdims=True)
        advantages = centred / (rewards.std(axis=1, ddof=1, keepdims=True) + 1e-6)
        behavior = log_softmax(params)
        for k in range(epochs):
            log_probs, ascent, clipped = log_softmax(params), np.zeros_like(params), 0
            for prompt, completion, length, state, token in said:
                ratio = np.exp(log_probs[state, token] - behavior[state, token])
                advantage = advantages[prompt, completion]
                silent = (advantage > 0 and ratio > 1 + clip) or (advantage < 0 and ratio < 1 - clip)
                push = 0.0 if silent else ratio * advantage
                push -= kl_coef * (1 - np.exp(reference[state, token] - log_probs[state, token]))  # of k3
                weight = 1 / (num_prompts * group_size * length)
                ascent[state] += weight * push * (np.eye(vocab_size)[token] - np.exp(log_probs[state]))
                clipped += silent
            update = optimizer.update(-ascent, params)
            params = params + update
            log_ratio = log_softmax(params) - behavior
            metrics["ratio/max"][i, k] = np.exp(max(log_ratio[state, token] for *_, state, token in said))
            metrics["grad/norm"][i, k] = np.linalg.norm(ascent)
            metrics["update/norm"][i, k] = np.linalg.norm(update)
            metrics["clip/active"][i, k] = clipped / len(said)
    return metrics, params
