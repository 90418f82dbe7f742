"""Packages that were installed into a folder, as far as entry points tell."""

from pathlib import Path


def install(folder: Path, package: str, entry_points: dict[str, dict[str, str]], version: str = "1.0") -> None:
    """Make the metadata of a package that offers `entry_points`: group -> name -> module:object."""
    metadata = folder / f"{package}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines: list[str] = []
    for group, offered in entry_points.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in offered.items())]
    (metadata / "entry_points.txt").write_text("\n".join([*lines, ""]))
