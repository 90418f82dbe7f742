"use strict";
// What a page does beyond being read: it draws its figures, follows the theme, folds tables, gives its data away.
(() => {
  const root = document.documentElement;
  const LEAST = 240; // pixels of height that a drawing keeps however long its legend is
  const SHEET = { width: 680, height: 820, scale: 0.85, least: 320 }; // a printed page, in pixels; two figures should fit

  // ── colours ──────────────────────────────────────────────────────────────────────────────────────────────────────
  // The style sheet has the only palette. Colours of a drawing that are ink or paper change with it; others are data's.
  const NEUTRAL = {
    "#111827": "ink", "#1c2430": "ink", "#2a3f5f": "ink", "#000": "ink", "#000000": "ink", black: "ink",
    "#444": "soft", "#444444": "soft", "#fff": "paper", "#ffffff": "paper", white: "paper",
  };
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };

  const VEIL = /^rgba\(255, ?255, ?255, ?[\d.]+\)$/; // paper that lets something through

  /** The paths of all that is named …color and is ink or paper, as [path, name]; lists of numbers are not searched. */
  const neutrals = (value, path = []) =>
    Object.entries(value).flatMap(([key, inner]) => {
      if (typeof inner === "string") {
        const name = /color$/i.test(key) && (VEIL.test(inner) ? "paper" : NEUTRAL[inner.toLowerCase()]);
        return name ? [[[...path, key], name]] : [];
      }
      const holds = inner && typeof inner === "object" && key !== "template";
      return holds && (!Array.isArray(inner) || typeof inner[0] === "object") ? neutrals(inner, [...path, key]) : [];
    });

  const paint = (drawing, found) => {
    const [ink, soft, paper, panel, line, grid] = ["ink", "soft", "paper", "panel", "line", "grid"].map(colour);
    const axis = { gridcolor: grid, zerolinecolor: line, linecolor: line, tickcolor: line };
    const control = { bgcolor: panel, bordercolor: line, font: { color: ink } };
    const template = (drawing.layout.template ??= {});
    const shared = (template.layout ??= {});
    Object.assign(shared, { paper_bgcolor: paper, plot_bgcolor: paper });
    shared.font = { ...shared.font, color: ink };
    for (const name of ["xaxis", "yaxis"]) shared[name] = { ...shared[name], ...axis };
    shared.annotationdefaults = { ...shared.annotationdefaults, arrowcolor: soft };
    shared.shapedefaults = { ...shared.shapedefaults, line: { color: soft } };
    shared.sliderdefaults = { ...shared.sliderdefaults, ...control, tickcolor: line, activebgcolor: line };
    shared.updatemenudefaults = { ...shared.updatemenudefaults, ...control };
    template.data = { ...template.data, table: [{
      cells: { fill: { color: paper }, line: { color: line } }, header: { fill: { color: panel }, line: { color: line } },
    }] };
    for (const [path, name] of found) {
      const last = path.at(-1);
      const holder = path.slice(0, -1).reduce((at, key) => at?.[key], drawing);
      if (holder) holder[last] = colour(name);
    }
  };

  // ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────
  const plots = [];

  /** A legend of many lines takes its room below a drawing, not from it. */
  const fit = async ({ box, height }) => {
    if (box._fullLayout.height !== height) await Plotly.relayout(box, { height });
    const missing = Math.round(LEAST - box._fullLayout._size.h);
    if (box._fullLayout.showlegend && missing > 0) await Plotly.relayout(box, { height: height + missing });
    box.style.height = `${box._fullLayout.height}px`;
  };

  const draw = async (source) => {
    const box = document.getElementById(source.dataset.for);
    const drawing = JSON.parse(source.textContent);
    const plot = { box, found: neutrals({ data: drawing.data, layout: drawing.layout }), height: box.clientHeight };
    paint(drawing, plot.found);
    drawing.layout.autosize = true;
    delete drawing.layout.width;
    const name = `${root.dataset.name}-${box.id.replace(/^plot-/, "")}`;
    drawing.config = {
      displaylogo: false, responsive: true, modeBarButtons: [["toImage", "resetScale2d"]],
      toImageButtonOptions: { filename: name, scale: 2 },
    };
    await Plotly.newPlot(box, drawing);
    plots.push(plot);
    await fit(plot);
  };

  const repaint = async () => {
    for (const { box, found } of plots) {
      paint(box, found);
      await Plotly.redraw(box);
    }
  };

  const drawAll = async () => {
    for (const source of document.querySelectorAll("script.drawn")) {
      try {
        await draw(source);
      } catch (error) {
        document.getElementById(source.dataset.for).textContent = "This browser could not draw this figure.";
        console.error(error);
      }
    }
    root.dataset.drawn = plots.length;
  };

  let settling;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // a phone hides its address bar
    width = innerWidth;
    clearTimeout(settling);
    settling = setTimeout(() => plots.forEach(fit), 250);
  });

  // ── theme: the system's until the button is pressed; paper is always light ───────────────────────────────────────
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const name = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
    repaint();
  });
  dark.addEventListener("change", () => {
    name();
    if (!root.dataset.theme) repaint();
  });
  name();

  let before; // what the screen had
  addEventListener("beforeprint", () => {
    before = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    for (const { box, found } of plots) {
      paint(box, found);
      const { height: own, _size: area } = box._fullLayout;
      const screen = area.h;
      const print = (height) => {
        box.style.height = `${height}px`;
        Plotly.relayout(box, { width: SHEET.width, height, autosize: false });
      };
      print(Math.min(Math.max(SHEET.scale * own, SHEET.least), own, SHEET.height));
      const lost = SHEET.scale * screen - box._fullLayout._size.h; // to a legend that has become narrower
      if (lost > 1) print(Math.min(box._fullLayout.height + lost, SHEET.height));
    }
  });
  addEventListener("afterprint", async () => {
    if (before === undefined) return;
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    before = undefined;
    for (const plot of plots) {
      paint(plot.box, plot.found);
      await Plotly.relayout(plot.box, { width: null, height: plot.height, autosize: true });
      await fit(plot);
    }
  });

  // ── tables, data, commands ───────────────────────────────────────────────────────────────────────────────────────
  for (const table of document.querySelectorAll("table[data-shown]")) {
    const rows = [...table.tBodies[0].rows];
    const ends = Math.ceil(Number(table.dataset.shown) / 2);
    const rest = rows.slice(ends, -ends); // rows are in an order: both ends tell more than one
    rest.forEach((row) => row.classList.add("folded"));
    const note = document.createElement("p");
    note.className = "take fold";
    note.innerHTML = "<button type=button></button><small></small>";
    note.firstChild.textContent = `Show all ${rows.length} rows`;
    note.lastChild.textContent = `the first ${ends} and the last ${ends} of ${rows.length} rows`;
    note.firstChild.addEventListener("click", () => {
      rest.forEach((row) => row.classList.remove("folded"));
      note.remove();
    });
    table.parentElement.after(note);
  }

  for (const taker of document.querySelectorAll("button[data-takes]")) {
    taker.hidden = false;
    taker.addEventListener("click", async () => {
      const text = document.getElementById(`data-${taker.dataset.takes}`).textContent;
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([await new Response(unpacked).arrayBuffer()], { type: "text/csv" }));
      link.download = `${root.dataset.name}-${taker.dataset.takes}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }

  for (const copier of document.querySelectorAll("button.copy")) {
    const command = copier.parentElement.querySelector("code");
    copier.hidden = false;
    copier.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        copier.textContent = "Copied";
        setTimeout(() => (copier.textContent = "Copy"), 1500);
      } catch {
        getSelection().selectAllChildren(command); // where a page may not write there, the reader can
      }
    });
  }

  drawAll();
})();
