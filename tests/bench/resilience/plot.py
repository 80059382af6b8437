#!/usr/bin/env python3
"""Draws docs/pictures/resilience.svg from what `resilience --json FILE` wrote.

    tests/bench/resilience/plot.py FILE docs/pictures/resilience.svg

Needs matplotlib (pip install matplotlib).
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as pyplot  # noqa: E402

COLOURS = {"round robin": "#b9b9b9", "static order": "#d0a060", "LiteLLM's cooldown": "#c04040",
           "Recloser, weights": "#2060b0", "Recloser, least latency": "#20904a"}
TROUBLES = {"refuses": "#303030", "errors": "#c04040", "slow": "#d0a060", "silent": "#704090",
            "limited": "#6090c0"}
TARGETS = ["alpha", "bravo", "charlie", "delta", "echo"]


def draw_outages(axes, outages):
    for outage in outages:
        row = TARGETS.index(outage["target"])
        axes.barh(row, (outage["end_s"] - outage["begin_s"]) / 3600, left=outage["begin_s"] / 3600,
                  height=0.7, color=TROUBLES[outage["trouble"]], linewidth=0)
    axes.set_yticks(range(len(TARGETS)), TARGETS)
    axes.invert_yaxis()
    axes.set_title("What is wrong, and where", loc="left", fontsize=10)
    handles = [matplotlib.patches.Patch(color=colour) for colour in TROUBLES.values()]
    axes.legend(handles, TROUBLES, ncol=5, fontsize=8, loc="lower right",
                bbox_to_anchor=(1, 1.0), frameon=False)


def draw(axes, days, bin_s, figure_of, title):
    for day in days:
        hours = [(i + 0.5) * bin_s / 3600 for i in range(len(day["bins"]))]
        ours = day["rule"].startswith("Recloser")
        axes.plot(hours, [figure_of(each) for each in day["bins"]], label=day["rule"],
                  color=COLOURS[day["rule"]], linewidth=1.4 if ours else 0.9,
                  zorder=3 if ours else 2)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(axis="y", color="#e8e8e8")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pyplot.rcParams.update({"svg.fonttype": "none", "font.size": 9, "svg.hashsalt": "resilience",
                            "axes.spines.top": False, "axes.spines.right": False})
    picture, rows = pyplot.subplots(4, 1, figsize=(11, 11), sharex=True, layout="constrained",
                                    height_ratios=[1, 1.4, 1.6, 1.4])
    bin_s = figures["bin_s"]
    draw_outages(rows[0], figures["outages"])
    draw(rows[1], figures["days"], bin_s, lambda b: 100 * (1 - b["answered"] / b["calls"]),
         "Calls not answered, % of each five minutes")
    draw(rows[2], figures["days"], bin_s, lambda b: b["p95_s"],
         "First token, p95 in seconds, from the arrival of the call")
    rows[2].set_yscale("log")
    rows[2].set_yticks([1, 2, 5, 10, 30, 60], ["1", "2", "5", "10", "30", "60"])
    draw(rows[3], figures["days"], bin_s, lambda b: b["attempts"] / b["calls"],
         "Attempts per call")
    rows[1].legend(fontsize=8, loc="upper right", ncol=2, frameon=False)
    rows[3].set_xlabel("hour of the simulated day")
    rows[3].set_xlim(0, len(figures["days"][0]["bins"]) * bin_s / 3600)
    out = pathlib.Path(sys.argv[2])
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main()
