"""TRL's GRPOTrainer on a bigram language model, which is a table of logits: tests/parity/trl_trainer.py has the model.

Eight tokens, two prompts of eight completions of up to six tokens, four updates per rollout.
"""

from __future__ import annotations

import tempfile
import warnings

import numpy as np
import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from benchmarks.problem import CLIP, EPOCHS, SMALL, WEIGHT_DECAY
from tests.parity.trl_trainer import DEFAULTS, Bigram, Recording, record, tokenizer, twos

VOCAB_SIZE, NUM_PROMPTS, GROUP_SIZE, LENGTH = 8, 2, 8, 6
TABLE = np.zeros((VOCAB_SIZE, VOCAB_SIZE))
CONFIG = {
    "loss_type": "grpo",
    "epsilon": CLIP,
    "num_iterations": EPOCHS,
    "learning_rate": SMALL.learning_rate,
    "weight_decay": WEIGHT_DECAY,
}


def recording(num_rollouts: int) -> Recording:
    """What TRL did, in float64: to be replayed."""
    return record(
        TABLE,
        num_prompts=NUM_PROMPTS,
        group_size=GROUP_SIZE,
        num_rollouts=num_rollouts,
        max_completion_length=LENGTH,
        float64=True,
        **CONFIG,
    )


class Ready:
    """A trainer that is set up, and `train`s when asked to: as its users run it, in its own single precision."""

    def __init__(self, num_rollouts: int, threads: int):
        self.num_rollouts, self.threads = num_rollouts, threads
        self.updates = num_rollouts * EPOCHS
        self.trainer: GRPOTrainer | None = None

    def prepare(self) -> None:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
            sizes = {
                "per_device_train_batch_size": NUM_PROMPTS * GROUP_SIZE,
                "num_generations": GROUP_SIZE,
                "max_completion_length": LENGTH,
                "max_steps": self.updates,
            }
            trainer = GRPOTrainer(
                model=Bigram.of(TABLE),
                reward_funcs=[twos],
                args=GRPOConfig(output_dir=folder, **DEFAULTS | sizes | CONFIG),
                train_dataset=Dataset.from_dict({"prompt": ["t1", "t2"] * self.num_rollouts}),
                processing_class=tokenizer(VOCAB_SIZE),
            )
        trainer.remove_callback(PrinterCallback)
        self.trainer = trainer

    def train(self) -> None:
        torch.set_num_threads(self.threads)
        with warnings.catch_warnings(action="ignore"):
            self.trainer.train()
