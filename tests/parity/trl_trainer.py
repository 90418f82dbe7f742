"""TRL's own GRPOTrainer at work on a table of logits, on the CPU, with everything that it sees and does recorded.

A bigram language model is a tabular policy: the next token's logits are the table's row at the last token. TRL samples,
scores, weighs, masks, clips and steps; its mathematics is listened to, not replaced. One exception, on request: TRL's
fused head has log-probabilities and gradients in single precision whatever the model's, so `float64=True` takes them
from the model's own logits.
"""

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationMixin,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    PrinterCallback,
)
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput
from trl import GRPOConfig, GRPOTrainer

logging.getLogger("trl").setLevel(logging.ERROR)
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

EOS = 0  # it also fills up shorter completions: TRL masks by their lengths, not by the filler
NO_METRICS = {"loss", "learning_rate", "epoch", "step_time", "num_tokens"}  # logged along with them
DEFAULTS: dict[str, Any] = {
    "lr_scheduler_type": "constant",
    "warmup_steps": 0,
    "gradient_accumulation_steps": 1,
    "steps_per_generation": 1,
    "shuffle_dataset": False,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "generation_kwargs": {"use_cache": False},
    "bf16": False,
    "fp16": False,
    "use_cpu": True,
    "gradient_checkpointing": False,
    "dataloader_pin_memory": False,
    "save_strategy": "no",
    "logging_steps": 1,
    "report_to": "none",
    "disable_tqdm": True,
}


@dataclass(frozen=True)
class Recording:
    """I rollouts of B completions in groups side by side, up to T tokens long, each rollout trained on K times.

    A token is an index below V; a table's rows are the last token, its columns the next one.
    """

    initial_logits: np.ndarray  # [V, V]
    prompts: np.ndarray  # [I, B] the one token that each completion continues, in ascending order
    tokens: np.ndarray  # [I, B, T] 0 after the end
    mask: np.ndarray  # [I, B, T] what a loss counts: through the first 0, else all T, or none with truncated ones out
    rewards: np.ndarray  # [I, B, R] by source
    advantages: np.ndarray  # [I, B]
    logits: np.ndarray  # [I, K, V, V] after each optimizer step
    loss: np.ndarray  # [I, K] that each optimizer step descends
    metrics: dict[str, np.ndarray]  # name: [I, K], NaN where TRL logs none: those of a rollout come with its first step
    logprobs: np.ndarray  # [I, K, B, T] of the tokens, before each optimizer step; 0 outside the mask


def twos(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """The share of tokens that are 2, and a little for the length, so that ties are rarer."""
    return [ids.count(2) / len(ids) + 0.01 * len(ids) for ids in completion_ids]


def waves(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """A number in [-1, 1] that every token moves, and so does the order of tokens."""
    return [float(np.cos(sum((place + 1.7) * token for place, token in enumerate(ids)))) for ids in completion_ids]


def shortness(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """Five over the length: ties galore, and a scale unlike the others'."""
    return [5.0 / len(ids) for ids in completion_ids]


SOURCES: tuple[Callable[..., list[float]], ...] = (twos, waves, shortness)


class BigramConfig(PretrainedConfig):
    model_type = "bigram"
    auto_map = {}  # TRL looks into it before it loads a reference; empty means the class registered below

    def __init__(self, vocab_size: int = 2, **kwargs: Any):
        self.vocab_size = vocab_size
        super().__init__(**{"eos_token_id": EOS, "pad_token_id": EOS, "tie_word_embeddings": False} | kwargs)


class LastToken(nn.Module):
    """A backbone without weights: the hidden state is the last token, one-hot."""

    def __init__(self, vocab_size: int, dtype: torch.dtype):
        super().__init__()
        self.vocab_size, self.dtype = vocab_size, dtype

    def forward(self, input_ids: torch.Tensor, **_: Any) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=nn.functional.one_hot(input_ids, self.vocab_size).to(self.dtype))


class Bigram(PreTrainedModel, GenerationMixin):
    """Its one weight is the table, transposed."""

    config_class = BigramConfig
    base_model_prefix = "model"

    def __init__(self, config: BigramConfig):
        super().__init__(config)
        self.lm_head = nn.Linear(config.vocab_size, config.vocab_size, bias=False)
        self.model = LastToken(config.vocab_size, self.lm_head.weight.dtype)
        self.post_init()

    @classmethod
    def of(cls, logits: np.ndarray) -> "Bigram":
        model = cls(BigramConfig(vocab_size=len(logits)))
        model.lm_head.weight.data.copy_(torch.from_numpy(np.asarray(logits)).T)
        return model

    @property
    def table(self) -> np.ndarray:
        return self.lm_head.weight.detach().numpy().T.copy()

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any) -> CausalLMOutput:
        return CausalLMOutput(logits=self.lm_head(self.model(input_ids).last_hidden_state))


AutoConfig.register("bigram", BigramConfig, exist_ok=True)
AutoModelForCausalLM.register(BigramConfig, Bigram, exist_ok=True)


def tokenizer(vocab_size: int) -> PreTrainedTokenizerFast:
    """Words t0, t1, ...; t0 ends a completion."""
    words = Tokenizer(WordLevel({f"t{token}": token for token in range(vocab_size)}, unk_token=f"t{EOS}"))
    words.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token=f"t{EOS}", pad_token=f"t{EOS}")


class Recorder(GRPOTrainer):
    """TRL's trainer, with a note of what each optimizer step saw, lost and left."""

    def __init__(self, *, own_logits: bool, **kwargs: Any):
        self.own_logits, self.steps = own_logits, []
        super().__init__(**kwargs)

    def _calculate_rewards(self, *args: Any) -> torch.Tensor:
        self.rewards = super()._calculate_rewards(*args)
        return self.rewards

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """The rewards join what TRL shuffles, and so stay beside their completions."""
        return super()._generate_and_score_completions(inputs) | {"rewards": self.rewards}

    def _get_per_token_logps_and_entropies(
        self, model: nn.Module, input_ids: torch.Tensor, attention_mask: torch.Tensor, kept: int, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        if self.own_logits:
            every = torch.log_softmax(model(input_ids=input_ids).logits / self.temperature, dim=-1)[:, :-1]
            out = attention_mask[:, 1:] == 0
            logprobs = every.gather(-1, input_ids[:, 1:, None]).squeeze(-1).masked_fill(out, 0.0)
            entropies = -(every.exp() * every).sum(-1).masked_fill(out, 0.0)
            found = logprobs[:, -kept:], entropies[:, -kept:], None
        else:
            found = super()._get_per_token_logps_and_entropies(model, input_ids, attention_mask, kept, **kwargs)
        self.logprobs = found[0].detach()
        return found

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Any]) -> torch.Tensor:
        loss = super()._compute_loss(model, inputs)
        prompts, missing = inputs["prompt_ids"][:, -1], self.max_completion_length - inputs["completion_ids"].shape[1]
        seen = {
            "prompts": prompts,
            "tokens": nn.functional.pad(inputs["completion_ids"], (0, missing), value=EOS),
            "mask": nn.functional.pad(inputs["completion_mask"], (0, missing)).bool(),
            "rewards": inputs["rewards"],
            "advantages": inputs["advantages"],
            "logprobs": nn.functional.pad(self.logprobs, (0, missing)),
        }
        order = torch.argsort(prompts, stable=True)
        self.steps.append({name: of[order].numpy() for name, of in seen.items()} | {"loss": loss.item()})
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Called after every optimizer step, and once more with a summary at the end."""
        super().log(logs, start_time)
        if "grad_norm" in logs:
            metrics = {name: np.nan if of is None else of for name, of in logs.items() if name not in NO_METRICS}
            self.steps[-1] |= {"logits": self.model.table, "metrics": metrics}


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


def record(
    initial_logits: np.ndarray,
    *,
    num_prompts: int = 2,
    group_size: int = 4,
    num_rollouts: int = 10,
    num_sources: int = 1,
    max_completion_length: int = 5,
    seed: int = 0,
    float64: bool = False,
    reference_logits: np.ndarray | None = None,
    **config: Any,
) -> Recording:
    """What TRL makes of a table [V, V] with prompts 1, 2, ...; `config` goes to its `GRPOConfig`, over `DEFAULTS`.

    A rollout has one group of each prompt, and every optimizer step sees all of it. `reference_logits` are what `beta`
    holds the table to, the initial ones by default.
    """
    assert num_prompts < len(initial_logits), "a prompt is a token other than 0"
    num_iterations = config.get("num_iterations", 1)
    sizes = {
        "per_device_train_batch_size": num_prompts * group_size,
        "num_generations": group_size,
        "max_completion_length": max_completion_length,
        "max_steps": num_rollouts * num_iterations,
        "seed": seed,
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),
        default_dtype(torch.float64 if float64 else torch.float32),
    ):
        model = Bigram.of(initial_logits)
        if config.get("beta"):  # TRL loads the reference from where the model says that it is from
            Bigram.of(initial_logits if reference_logits is None else reference_logits).save_pretrained(folder)
            model.config._name_or_path = folder
        start = model.table
        prompts = [f"t{token + 1}" for token in range(num_prompts)]
        trainer = Recorder(
            model=model,
            reward_funcs=list(SOURCES[:num_sources]),
            args=GRPOConfig(output_dir=folder, **DEFAULTS | sizes | config),
            train_dataset=Dataset.from_dict({"prompt": prompts * num_rollouts}),
            processing_class=tokenizer(len(initial_logits)),
            own_logits=float64,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return collected(start, trainer.steps, num_iterations)


def collected(initial_logits: np.ndarray, steps: list[dict[str, Any]], num_iterations: int) -> Recording:
    """The notes of all steps, by rollout; what the steps of one have in common, once."""

    def by_rollout(notes: list[Any]) -> np.ndarray:
        return np.reshape(notes, (-1, num_iterations, *np.shape(notes)[1:]))

    def once(name: str) -> np.ndarray:
        found = by_rollout([step[name] for step in steps])
        assert (found == found[:, :1]).all(), f"the steps of a rollout differ in their {name}"
        return found[:, 0]

    metrics = dict.fromkeys(name for step in steps for name in step["metrics"])
    return Recording(
        initial_logits=initial_logits,
        **{name: once(name) for name in ("prompts", "tokens", "mask", "rewards", "advantages")},
        **{name: by_rollout([step[name] for step in steps]) for name in ("logits", "loss", "logprobs")},
        metrics={name: by_rollout([step["metrics"].get(name, np.nan) for step in steps]) for name in metrics},
    )
