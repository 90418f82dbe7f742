"""Draw the documents' pictures, from real runs: python docs/pictures.py (needs the extra `figures` and a Chrome)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script, too

from analysis.completion import complete  # noqa: E402
from analysis.figures.ratio_fan import ratio_fan  # noqa: E402
from docs.gate_curves import gate_curves  # noqa: E402
from simulator.runs import run  # noqa: E402

SIZES = {"momentum_overshoot": (1000, 460), "gates": (1000, 680)}

if __name__ == "__main__":
    drawings = {"momentum_overshoot": ratio_fan(complete(run("momentum_overshoot"))).drawing, "gates": gate_curves()}
    for name, drawing in drawings.items():
        width, height = SIZES[name]
        drawing.update_layout(width=width, height=height)
        drawing.write_image(ROOT / "docs" / "images" / f"{name}.png", scale=1.5)
