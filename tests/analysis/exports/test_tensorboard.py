"""Event files as TensorBoard's own reader has them."""

import numpy as np
import pytest

import analysis
from analysis.exports import ExportError, export
from analysis.exports.formats import MAX_RUNS, tensorboard
from analysis.exports.formats.tensorboard import crc32c
from tests.analysis.exports.folder import METRICS, metrics, written

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
SECOND = "löwe,-β- = ½; -b- ✕"  # the second label, as a folder may be called


def read(folder):
    events = accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return events


def test_a_folder_a_run_and_a_step_an_update(run, tmp_path):
    path = export(run, "tensorboard", out=tmp_path / "events")
    assert sorted(str(each.parent.relative_to(path)) for each in path.rglob(tensorboard.NAME)) == sorted(
        f"{name}/seed-{seed}" for name in ("adamw, learning_rate = 0.1", SECOND) for seed in (0, 1)
    )
    for point, name in enumerate(("adamw, learning_rate = 0.1", SECOND)):
        for seed in (0, 1):
            events = read(path / name / f"seed-{seed}")
            assert set(events.Tags()["scalars"]) == set(METRICS) - {"clip/dual"}
            for metric in events.Tags()["scalars"]:
                wanted = [
                    (3 * rollout + update, np.float32(value))  # three updates per rollout
                    for rollout in (0, 1)
                    for update in (1, 2, 3)
                    if not np.isnan(value := metrics(point, seed, rollout, update)[metric])
                ]
                assert [(each.step, np.float32(each.value)) for each in events.Scalars(metric)] == wanted


def test_a_trainers_keys_are_tags(run, tmp_path):
    path = export(run, "tensorboard", metric_names="verl", where={"seed": 0, "point": 0}, out=tmp_path / "events")
    events = read(path / "adamw, learning_rate = 0.1" / "seed-0")
    assert "actor/pg_clipfrac" in events.Tags()["scalars"]
    assert [each.step for each in events.Scalars("actor/grad_norm")] == [1, 2, 3, 4, 5, 6]


def test_the_same_export_has_the_same_bytes(run, tmp_path):
    first, second = (export(run, "tensorboard", out=tmp_path / name) for name in ("a", "b"))
    for file in first.rglob(tensorboard.NAME):
        assert file.read_bytes() == (second / file.relative_to(first)).read_bytes()


def test_labels_that_make_the_same_folder_are_told_apart(tmp_path):
    path = written(tmp_path / "run")
    text = (path / "manifest.json").read_text(encoding="utf-8")
    import json

    manifest = json.loads(text)
    manifest["points"]["values"] = {"optimizer": ["a/b", "a:b"], "optimizer.learning_rate": [None, None]}
    (path / "manifest.json").write_text(json.dumps(manifest))
    out = export(analysis.load(path), "tensorboard", where={"seed": 0}, out=tmp_path / "events")
    assert sorted(each.name for each in out.iterdir()) == ["a-b (0)", "a-b (1)"]


def test_more_runs_than_can_be_shown_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setitem(MAX_RUNS, "tensorboard", 3)
    with pytest.raises(ExportError, match="2 points × 2 seeds are 4 runs; tensorboard gets 3 at most"):
        export(run, "tensorboard", out=tmp_path / "events")
    export(run, "tensorboard", where={"seed": 0}, out=tmp_path / "events")


def test_without_the_package_it_says_what_to_install(run, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ExportError, match=r"pip install 'ratiodrift\[tensorboard\]'"):
        export(run, "tensorboard", out=tmp_path / "events")
    assert list(tmp_path.iterdir()) == []


def test_checksums_of_records_of_any_lengths():
    # The check value of CRC-32C, and RFC 3720, appendix B.4: 32 bytes of zeros, of ones, ascending.
    records = [b"123456789", bytes(32), b"\xff" * 32, bytes(range(32)), b""]
    wanted = [0xE3069283, 0x8A9136AA, 0x62A8AB43, 0x46DD794E, 0]
    assert crc32c(records).tolist() == wanted
    assert crc32c(records[::-1]).tolist() == wanted[::-1]
    for record, checksum in zip(records, wanted, strict=True):
        assert crc32c([record]).tolist() == [checksum]
