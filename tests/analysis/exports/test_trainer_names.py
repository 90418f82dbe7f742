"""Trainers' keys against the trainers' own expressions, which are written here as their code has them.

The code was read at the versions that each module of analysis/exports/trainer_names names; what is quoted in a comment
is its line. Arrays are padded `[B, T]`, as trainers have them. Tokens are those of tests/analysis/exports/folder.py;
what a trainer sees at update k are the log-ratios that update k − 1 left.
"""

import math

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.exports import TRAINERS, ExportError, export, trainer_table
from tests.analysis.exports import folder

MASK = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 0]], dtype=float)
ADVANTAGES = np.array([[0.5], [-0.5], [-2.0], [2.0]])  # not folder.py's: both signs are to be clipped
REWARDS = np.array([1.0, 0.0, 0.5, 0.5])


def padded(values) -> np.ndarray:
    found = np.zeros((4, 3))
    found[MASK > 0] = values
    return found


def masked_mean(values, mask=MASK):
    return (values * mask).sum() / mask.sum()


def before(point, seed, rollout, update) -> np.ndarray:
    """log_prob − old_log_prob in the forward pass of an update."""
    return np.zeros((4, 3)) if update == 1 else padded(folder.log_ratios(point, seed, rollout, update - 1))


def surrogate(**changes) -> dict:
    return folder.SURROGATE | changes


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """(trainer, surrogate) -> the rows of the export."""

    def of(trainer, method, **training):
        monkeypatch.setattr(folder, "ADVANTAGE", [0.5, 0.5, -0.5, -2.0, -2.0, -2.0, 2.0])
        run = analysis.load(folder.written(tmp_path / f"run-{trainer}", method, **training))
        return pd.read_parquet(export(run, metric_names=trainer, out=tmp_path / f"{trainer}.parquet"))

    return of


def each(rows):
    """Row by row, with the log-ratios that the trainer sees there."""
    assert len(rows) == 24
    for _, row in rows.iterrows():
        yield row, before(*(int(row[name]) for name in ("point", "seed", "rollout", "update")))


def clip(low=0.2, high=0.2, dual=None):
    return {"kind": "clip", "clip_low": low, "clip_high": high, "dual": dual}


@pytest.mark.parametrize("level", ["token", "sequence"])
def test_trl_clip_ratios(exported, level):
    rows = exported("trl", surrogate(gate=clip(0.1, 0.28), level={"kind": level}))
    seen = []
    for row, log_ratio in each(rows):
        # log_importance_weights = log_ratio, or (log_ratio * mask).sum(-1) / mask.sum(-1), unsqueezed
        weights = log_ratio if level == "token" else ((log_ratio * MASK).sum(-1) / MASK.sum(-1))[:, None]
        coef_1 = np.exp(weights)
        # is_low_clipped = (coef_1 < 1 - epsilon_low) & (advantages < 0)
        low, high = (coef_1 < 1 - 0.1) & (ADVANTAGES < 0), (coef_1 > 1 + 0.28) & (ADVANTAGES > 0)

        def mean(flags):  # global_masked_mean: one value per sequence where x.shape[1] == 1
            return flags.mean() if flags.shape[1] == 1 else masked_mean(flags)

        def by_sequence(flags):  # masked_seq_mean
            return flags[:, 0] if flags.shape[1] == 1 else (flags * MASK).sum(-1) / MASK.sum(-1)

        wanted = [mean(low), mean(high), mean(low | high), by_sequence(low).min(), by_sequence(high).max()]
        keys = ["low_mean", "high_mean", "region_mean", "low_min", "high_max"]
        np.testing.assert_allclose(row[[f"clip_ratio/{key}" for key in keys]].tolist(), wanted, atol=1e-15)
        seen.append(wanted[:2])
    assert (np.array(seen).max(axis=0) > 0).all(), "a bound that is never passed proves nothing"


def test_trl_completions_and_rewards(exported):
    row = exported("trl", surrogate()).iloc[0]
    # lengths 2, 1, 3, 1
    assert row[[f"completions/{key}_length" for key in ("mean", "min", "max")]].tolist() == [7 / 4, 1, 3]
    assert row["reward"] == 0.5
    assert row["reward_std"] == pytest.approx(math.sqrt((0.25 + 0.25) / 3), abs=1e-15)  # ddof 1
    assert row["frac_reward_zero_std"] == 0.5  # one of two groups


def test_trl_zero_deviation_of_the_whole_batch(exported):
    rows = exported("trl", surrogate(advantage={"kind": "batch_zscore"}))
    assert set(rows["frac_reward_zero_std"]) == {0.0}


def test_trl_says_nothing_of_rewards_that_it_would_have_weighed(exported):
    rows = exported("trl", surrogate(advantage={"kind": "per_source", "weights": [1.0, 2.0]}))
    assert not {"reward", "reward_std", "frac_reward_zero_std"} & set(rows)


def test_trl_vespo(exported):
    gate = {"kind": "gamma_weight", "k_pos": 2.0, "lambda_pos": 3.0, "k_neg": 3.0, "lambda_neg": 2.0}
    rows = exported("trl", surrogate(gate=gate, level={"kind": "whole_sequence", "bound": 20.0}))
    assert not any(key.startswith("clip_ratio") for key in rows)
    for row, log_ratio in each(rows):
        w = np.exp((log_ratio * MASK).sum(-1))
        k, rate = np.where(ADVANTAGES[:, 0] >= 0, 2.0, 3.0), np.where(ADVANTAGES[:, 0] >= 0, 3.0, 2.0)
        # log_phi = lambda_seq + k_seq * log_w_seq - lambda_seq * w_seq
        assert row["vespo/phi_seq_mean"] == pytest.approx((np.exp(rate) * w**k * np.exp(-rate * w)).mean(), rel=1e-12)


def test_trl_cispo(exported):
    rows = exported("trl", surrogate(gate={"kind": "truncated_weight", "cap": 1.1, "floor": 0.0}))
    for row, log_ratio in each(rows):
        # is_cispo_clipped = (coef_1 > epsilon_high) & (advantages > 0)
        assert row["cispo_clip_ratio"] == pytest.approx(
            masked_mean((np.exp(log_ratio) > 1.1) & (ADVANTAGES > 0)), abs=1e-15
        )
    assert rows["cispo_clip_ratio"].max() > 0


def test_verl_vanilla(exported):
    rows = exported("verl", surrogate(gate=clip(0.2, 0.25, dual=1.3)))
    for row, log_ratio in each(rows):
        ratio = np.exp(np.clip(log_ratio, -20, 20))
        losses1, losses2 = -ADVANTAGES * ratio, -ADVANTAGES * np.clip(ratio, 1 - 0.2, 1 + 0.25)
        # pg_clipfrac = masked_mean(gt(pg_losses2, pg_losses1)); _lower: gt(clip_pg_losses1, pg_losses3) * (adv < 0)
        larger, bounded = np.maximum(losses1, losses2), -ADVANTAGES * 1.3
        assert row["actor/pg_clipfrac"] == pytest.approx(masked_mean(losses2 > losses1), abs=1e-15)
        assert row["actor/pg_clipfrac_lower"] == pytest.approx(
            masked_mean((larger > bounded) * (ADVANTAGES < 0)), abs=1e-15
        )
        assert row["actor/ppo_kl"] == pytest.approx(masked_mean(-log_ratio), abs=1e-12)
    assert rows["actor/pg_clipfrac"].max() > 0 and rows["actor/pg_clipfrac_lower"].max() > 0


def test_verl_gspo_counts_tokens(exported):
    rows = exported("verl", surrogate(gate=clip(0.05, 0.05), level={"kind": "sequence", "most": 10.0}))
    assert "actor/pg_clipfrac_lower" not in rows  # verl writes a constant 0
    for row, log_ratio in each(rows):
        mean = (log_ratio * MASK).sum(-1) / MASK.sum(-1)
        ratio = np.exp(np.minimum(mean[:, None] * np.ones(3), 10.0))
        losses1, losses2 = -ADVANTAGES * ratio, -ADVANTAGES * np.clip(ratio, 0.95, 1.05)
        assert row["actor/pg_clipfrac"] == pytest.approx(masked_mean(losses2 > losses1), abs=1e-15)
    assert rows["actor/pg_clipfrac"].max() > 0


def test_verl_cispo_does_not_look_at_the_sign(exported):
    rows = exported("verl", surrogate(gate={"kind": "truncated_weight", "floor": 0.8, "cap": 1.2}))
    for row, log_ratio in each(rows):
        ratio = np.exp(log_ratio)
        # (ratio != clipped_ratio)
        assert row["actor/pg_clipfrac"] == pytest.approx(masked_mean(ratio != np.clip(ratio, 0.8, 1.2)), abs=1e-15)


def test_verl_geo_mean(exported):
    level = {"kind": "clipped_sequence", "clip_low": 0.1, "clip_high": 0.2}
    rows = exported("verl", surrogate(gate={"kind": "ratio"}, level=level))
    for row, log_ratio in each(rows):
        clipped = log_ratio != np.clip(log_ratio, -0.1, 0.2)  # ne(negative_approx_kl, negative_approx_kl_clamp)
        assert row["actor/pg_clipfrac"] == pytest.approx(masked_mean(clipped * (ADVANTAGES > 0)), abs=1e-15)
        assert row["actor/pg_clipfrac_lower"] == pytest.approx(masked_mean(clipped * (ADVANTAGES < 0)), abs=1e-15)


def test_verl_of_the_batch(exported):
    row = exported("verl", surrogate()).iloc[0]
    assert row[[f"critic/score/{key}" for key in ("mean", "max", "min")]].tolist() == [0.5, 1.0, 0.0]
    # masked_select(advantages, response_mask): 2 · 0.5 − 0.5 − 3 · 2 + 2, over seven tokens
    assert row["critic/advantages/mean"] == pytest.approx(-3.5 / 7, abs=1e-15)
    assert row[["critic/advantages/max", "critic/advantages/min"]].tolist() == [2.0, -2.0]
    assert row[[f"response_length/{key}" for key in ("mean", "max", "min")]].tolist() == [7 / 4, 3, 1]


@pytest.mark.parametrize("level", ["token", "sequence"])
def test_openrlhf(exported, level):
    rows = exported("openrlhf", surrogate(gate=clip(0.06, 0.04, dual=3.0), level={"kind": level}))
    for row, log_ratio in each(rows):
        if level == "token":
            ratio = np.exp(np.clip(log_ratio, -20, 20))
        else:  # (log_ratio * action_mask).sum(-1) / action_mask.sum(-1), then ratio.exp().unsqueeze(-1) * action_mask
            ratio = np.exp((log_ratio * MASK).sum(-1) / MASK.sum(-1))[:, None] * MASK
        surr1, surr2 = ratio * ADVANTAGES, np.clip(ratio, 0.94, 1.04) * ADVANTAGES
        assert row["ppo_clip_ratio"] == pytest.approx(masked_mean(surr2 < surr1), abs=1e-15)
        assert row["ppo_kl"] == pytest.approx(masked_mean(-log_ratio), abs=1e-12)
        assert row["rollout/reward_std"] == pytest.approx(np.std(REWARDS, ddof=1), abs=1e-15)
        assert row["response_length"] == 7 / 4
    assert rows["ppo_clip_ratio"].max() > 0


def test_torchrl_averages_over_padding_and_ignores_the_sign(exported):
    rows = exported("torchrl", surrogate())
    for row, log_ratio in each(rows):
        # log_weight.clamp(log1p(-eps_low), log1p(eps_high)) != log_weight, .mean() over the padded tensor
        clipped = np.clip(log_ratio, math.log1p(-0.2), math.log1p(0.2)) != log_ratio
        assert row["training/clip_fraction"] == pytest.approx(clipped.mean(), abs=1e-15)
        assert row["training/kl_approx_to_inference"] == pytest.approx((-log_ratio).mean(), abs=1e-12)
        # ess = (2 * lw.logsumexp(0) - (2 * lw).logsumexp(0)).exp() / mask.sum()
        lw = log_ratio[MASK > 0]
        size = np.exp(2 * np.log(np.exp(lw).sum()) - np.log(np.exp(2 * lw).sum()))
        assert row["training/ESS"] == pytest.approx(size / MASK.sum(), rel=1e-12)
    assert rows["training/clip_fraction"].max() > 0


def test_gradients_and_losses_are_the_updates_own(exported):
    rows = exported("trl", surrogate())
    for _, row in rows.iterrows():
        ours = folder.metrics(*(int(row[name]) for name in ("point", "seed", "rollout", "update")))
        assert row["grad_norm"] == ours["grad/norm"] and row["loss"] == -ours["objective"]


def test_entropy_is_what_the_update_before_left(exported):
    rows = exported("trl", surrogate())
    for _, row in rows.iterrows():
        point, seed, rollout, update = (int(row[name]) for name in ("point", "seed", "rollout", "update"))
        if update == 1:
            assert math.isnan(row["entropy"])
        else:
            assert row["entropy"] == folder.metrics(point, seed, rollout, update - 1)["entropy"]


@pytest.mark.parametrize(
    ("trainer", "loss", "entropy"),
    [("verl", "actor/pg_loss", "actor/entropy_loss"), ("openrlhf", "policy_loss", "entropy_loss")],
)
def test_a_loss_with_other_terms_and_an_entropy_of_other_weights_are_missing(exported, trainer, loss, entropy):
    kl = {"coef": 0.1, "estimator": "k3"}
    assert {loss, entropy} <= set(exported(trainer, surrogate()))
    other = surrogate(kl=kl, reduction={"kind": "sequence_mean"})
    assert not {loss, entropy} & _columns(trainer, other)


def _columns(trainer, method):
    """The keys that apply to a method."""
    from analysis.exports.trainer_names.batches import Method

    return {key.name for key in TRAINERS[trainer].keys if key.applies(Method(method))}


def test_a_gate_without_a_clip_has_no_clip_fraction():
    for gate in ({"kind": "sigmoid"}, {"kind": "score"}, {"kind": "restoring", "coef": 0.1}):
        for trainer in TRAINERS:
            assert not any("clip" in key for key in _columns(trainer, surrogate(gate=gate)))


def test_the_trainers_differ_on_the_same_tokens(exported):
    """At the same update: TRL looks at signs, torchrl does not and counts padding."""
    trl, torchrl = (exported(trainer, surrogate()) for trainer in ("trl", "torchrl"))
    log_ratio = before(0, 0, 0, 3)
    outside = int((np.abs(np.exp(log_ratio) - 1) > 0.2).sum())
    row = (trl["point"] == 0) & (trl["seed"] == 0) & (trl["rollout"] == 0) & (trl["update"] == 3)
    assert torchrl[row]["training/clip_fraction"].item() == outside / 12
    assert trl[row]["clip_ratio/region_mean"].item() < outside / 7


def test_stale_rollouts_have_no_known_ratios_before_their_first_update(tmp_path):
    path = folder.written(tmp_path / "run")
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace('"staleness": 0', '"staleness": 2'))
    rows = pd.read_parquet(export(analysis.load(path), metric_names="trl"))
    first = rows["update"] == 1
    assert rows.loc[first, "clip_ratio/low_mean"].isna().all()
    assert rows.loc[~first, "clip_ratio/low_mean"].notna().all()
    assert rows["reward"].notna().all()


def test_minibatches_are_refused(tmp_path):
    run = analysis.load(folder.written(tmp_path / "run", minibatches=2))
    with pytest.raises(ExportError, match="which completions were in them is not recorded"):
        export(run, metric_names="verl")
    assert not (tmp_path / "run" / "export").exists()


def test_tokens_are_needed(tmp_path):
    run = analysis.load(folder.written(tmp_path / "run", ratios=False))
    with pytest.raises(ExportError, match="need recorded tokens"):
        export(run, metric_names="trl")


def test_the_table_of_keys_has_every_key_once_a_trainer():
    lines = trainer_table().splitlines()[2:]
    assert len(lines) == sum(len(trainer.keys) for trainer in TRAINERS.values())
    assert all(line.count(" | ") == 3 for line in lines)
    for trainer in TRAINERS.values():
        assert len({key.name for key in trainer.keys}) == len(trainer.keys)
        assert len(trainer_table(trainer.name).splitlines()) == len(trainer.keys) + 2
