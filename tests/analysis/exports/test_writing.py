"""What is exported is there whole or not at all, and nothing is written over unasked."""

import pandas as pd
import pytest

import analysis
from analysis.exports import ExportError, export, formats
from analysis.exports.formats import FileFormat, tensorboard
from tests.analysis.exports.folder import written

FILES = ["parquet", "csv", "jsonl", "npz", "arrow"]


@pytest.fixture
def own(tmp_path):
    """A run that may be written into."""
    return analysis.load(written(tmp_path / "run"))


@pytest.mark.parametrize("format", FILES)
def test_the_default_place_is_in_the_run(own, format):
    assert export(own, format) == own.directory / "export" / f"updates.{format}"
    assert export(own, format, "ratios", "long") == own.directory / "export" / f"ratios-long.{format}"
    assert export(own, format, metric_names="trl") == own.directory / "export" / f"updates-trl.{format}"
    assert all(path.is_file() for path in (own.directory / "export").iterdir())
    assert len(list((own.directory / "export").iterdir())) == 3


@pytest.mark.parametrize("format", FILES)
def test_a_failure_half_way_leaves_nothing(own, format):
    (own.directory / "updates" / "part-0000001-00000.parquet").write_bytes(b"no parquet")

    with pytest.raises(Exception, match="(?i)parquet"):
        export(own, format)
    assert not (own.directory / "export").exists()


@pytest.mark.parametrize("format", FILES)
def test_what_was_there_before_a_failure_is_there_still(own, tmp_path, format):
    path = tmp_path / "mine"
    path.write_text("precious")
    (own.directory / "updates" / "part-0000001-00000.parquet").write_bytes(b"no parquet")
    with pytest.raises(Exception, match="(?i)parquet"):
        export(own, format, out=path, force=True)
    assert path.read_text() == "precious"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine", "run"]


def test_an_interrupt_leaves_nothing(own, monkeypatch):
    def interrupted(path, source, tell):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setitem(formats.FILES, "parquet", FileFormat(interrupted, ""))
    with pytest.raises(KeyboardInterrupt):
        export(own)
    assert not (own.directory / "export").exists()


def test_nothing_is_written_over_unasked(own, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("precious")
    with pytest.raises(ExportError, match="is there already; --force"):
        export(own, "csv", out=path)
    assert path.read_text() == "precious"
    assert export(own, "csv", out=path, force=True) == path
    assert len(pd.read_csv(path)) == 24


def test_a_file_does_not_replace_a_folder(own, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        export(own, "csv", out=folder, force=True)
    assert folder.is_dir()


def test_a_folder_with_other_files_is_not_replaced(own, tmp_path):
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "thesis.tex").write_text("precious")
    with pytest.raises(ExportError, match=r"holds sub/thesis\.tex, which is none of this export's"):
        export(own, "tensorboard", out=folder, force=True)
    assert (folder / "sub" / "thesis.tex").read_text() == "precious"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine", "run"]


def test_a_folder_of_event_files_is_replaced_when_asked(own, monkeypatch):
    path = export(own, "tensorboard")
    assert len(list(path.rglob(tensorboard.NAME))) == 4
    with pytest.raises(ExportError, match="is there already"):
        export(own, "tensorboard")
    export(own, "tensorboard", where={"seed": 1}, force=True)
    assert len(list(path.rglob(tensorboard.NAME))) == 2

    def fails(*_):
        raise RuntimeError("no more")

    monkeypatch.setattr(tensorboard, "framed", fails)
    with pytest.raises(RuntimeError):
        export(own, "tensorboard", force=True)
    assert len(list(path.rglob(tensorboard.NAME))) == 2
    assert [each.name for each in path.parent.iterdir()] == ["tensorboard"]


def test_a_place_that_cannot_be_made_is_said(own, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Not a directory|File exists"):
        export(own, out=tmp_path / "file" / "x.parquet")


def test_progress_goes_up_to_the_whole(own, tmp_path):
    for format in FILES:
        told = []
        export(own, format, out=tmp_path / format, tell=told.append)
        assert told == sorted(told) and told[-1] == pytest.approx(1.0)
