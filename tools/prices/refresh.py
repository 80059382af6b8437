"""Writes data/prices/catalogue.json from the two pinned packages: docs/prices.md says when and how.

    python3 tools/prices/refresh.py [FOLDER WITH THE TWO WHEELS]

Without a folder the wheels are fetched by `pip download`.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
from decimal import Decimal

import genai_source
import litellm_source

# The date is the one of which the package says that its prices were checked; it begins the
# version of the catalogue, which every row of the ledger keeps.
DATE = "2026-10-15"
PACKAGES = {
    "genai-prices": (
        "0.2.3",
        "genai_prices-0.2.3-py3-none-any.whl",
        "56976ce2b04ec206117f7d0e53f4849211a6724ab3a12119afec304eba63ee25",
        "prices, names, context windows",
    ),
    "litellm": (
        "1.106.2",
        "litellm-1.106.2-cp310-abi3-manylinux_2_28_x86_64.whl",
        "cb1a2a1e55a4a8350ae2167525dc0d06f59b078cd685fb3e0f5419f02da5420e",
        "limits, capabilities, dates of deprecation, prices to compare with",
    ),
}
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "data/prices/catalogue.json"
DISAGREEMENT = Decimal("0.01")  # of the dearer price


def fetch(folder):
    for name, (version, wheel, _, _) in PACKAGES.items():
        if not (folder / wheel).exists():
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
            platform = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
            subprocess.run(
                command + platform + ["--dest", str(folder), f"{name}=={version}"], check=True
            )


def checked(folder):
    wheels = {}
    for name, (version, wheel, expected, _) in PACKAGES.items():
        path = folder / wheel
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{path}: sha256 is {found}, pinned for {name} {version} is {expected}")
        wheels[name] = path
    return wheels


def matches(glob, name):
    """As src/price/name_rule.cpp does it."""
    if isinstance(glob, list):
        return any(matches(part, name) for part in glob)
    if isinstance(glob, dict):
        return all(matches(part, name) for part in glob["all"])
    if glob.startswith("!"):
        return not matches(glob[1:], name)
    return _glob(glob, name)


def _glob(glob, name):
    if not glob:
        return not name
    if glob[0] == "*":
        return any(_glob(glob[1:], name[i:]) for i in range(len(name) + 1))
    fits = name and (name[0].isdigit() if glob[0] == "#" else name[0] == glob[0])
    return bool(fits) and _glob(glob[1:], name[1:])


def disagreements(ours, theirs):
    """Their standard prices that differ from ours of today, so that a reservation can take the
    dearer: {"input": "0.3"}."""
    out = {}
    for rate, price in theirs.items():
        known = ours.get(rate)
        known = Decimal(known[0] if isinstance(known, list) else known) if known else None
        if known is None or abs(known - price) <= DISAGREEMENT * max(known, price):
            continue
        out[rate] = genai_source.text_of(price)
    return out


def in_force(windows):
    """The prices of a model on the day of the catalogue, times of day aside."""
    active = windows[0]
    for window in windows:
        if "daily" not in window and window.get("from", "") <= DATE:
            active = window
    return active


def model_of(provider, model, theirs, notes):
    windows, variants, left_out = genai_source.prices_and_variants(model)
    for when in left_out:
        notes.append(f"{provider.id}/{model.id}: prices when {when} are left out")
    if model.id.endswith(":free") and windows == [{}]:
        windows = [{"input": "0", "output": "0"}]  # its name says what leaving out prices meant
    match = genai_source.globs_of(model.match)
    match = match if isinstance(match, list) else [match]
    line = {"id": model.id, "match": match, "prices": windows}
    if variants:
        line["variants"] = variants
    entry = theirs.get(model.id.lower())
    if entry is None:
        fitting = sorted((len(name), name) for name in theirs if matches(match, name))
        entry = theirs[fitting[0][1]] if fitting else None
    if model.context_window:
        line["context"] = model.context_window
    if entry is not None:
        line |= litellm_source.facts(entry)
        other = disagreements(in_force(windows), litellm_source.prices(entry))
        if other:
            line["other"] = other
    if model.deprecated:
        line["deprecated"] = True
    return line


def provider_of(provider, entries, notes):
    theirs = {name: entry for (owner, name), entry in entries.items() if owner == provider.id}
    head = {"id": provider.id, "name": provider.name}
    head["urls"] = genai_source.urls_of(provider.api_pattern)
    if provider.provider_match:
        head["aliases"] = genai_source.globs_of(provider.provider_match)
    if provider.model_match:
        head["models_like"] = genai_source.globs_of(provider.model_match)
    if provider.fallback_model_providers:
        head["fallbacks"] = provider.fallback_model_providers
    # In their order: the first model that matches a name is the one.
    return head, [model_of(provider, model, theirs, notes) for model in provider.models]


def written(heads_and_models):
    """One model a line, so that a refresh can be read as a diff."""
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    sources = [
        {"package": name, "version": version, "sha256": digest, "licence": "MIT", "gives": gives}
        for name, (version, _, digest, gives) in PACKAGES.items()
    ]
    lines = ["{", '"format":1,', f'"date":"{DATE}",', '"sources":[']
    lines.append(",\n".join(json.dumps(source, **compact) for source in sources))
    lines.append('],\n"providers":[')
    blocks = []
    for head, models in heads_and_models:
        block = json.dumps(head, **compact)[:-1] + ',"models":[\n'
        blocks.append(block + ",\n".join(json.dumps(model, **compact) for model in models) + "\n]}")
    lines.append(",\n".join(blocks))
    return "\n".join(lines) + "\n]}\n"


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        fetch(folder)
        wheels = checked(folder)
        entries = litellm_source.models(wheels["litellm"])
        notes = []
        providers = sorted(
            genai_source.providers(wheels["genai-prices"]), key=lambda provider: provider.id
        )
        blocks = [provider_of(provider, entries, notes) for provider in providers]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(written(blocks))
    print("\n".join(notes), file=sys.stderr)
    count = sum(len(models) for _, models in blocks)
    print(f"{OUT.relative_to(ROOT)}: {len(blocks)} providers, {count} models, "
          f"{OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
