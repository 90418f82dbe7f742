"""Draw the README's picture from a real run: python docs/pictures.py (needs the extra `figures` and a Chrome)."""

from __future__ import annotations

from pathlib import Path

from analysis.completion import complete
from analysis.figures.ratio_fan import ratio_fan
from simulator.runs import run

if __name__ == "__main__":
    images = Path(__file__).parent / "images"
    drawing = ratio_fan(complete(run("momentum_overshoot"))).drawing
    drawing.update_layout(width=1000, height=460)
    drawing.write_image(images / "momentum_overshoot.png", scale=1.5)
