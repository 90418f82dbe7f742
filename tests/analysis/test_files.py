"""Files appear whole or not at all."""

import pytest

from analysis.files import write_whole


def test_a_file_is_written_whole_into_folders_that_are_made(tmp_path):
    write_whole(tmp_path / "a" / "b.txt", b"all of it")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"all of it"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "folder", b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
