"""What every recording with usage costs, computed a second time, to compare the gateway with.

    python3 tests/prices/cost_check.py [--at 2026-11-21T12:00:00Z] [--json] [NAME..]

Shares no code with the gateway: fractions instead of integers, regular expressions instead of
globs, and the usage read from the raw JSON by recorded_usage.py. Prints one line for each:
recording, provider, model, nano-dollars (or `unpriced`, or `-` where no usage was told), and
whether the catalogue or the provider said so. $RECLOSER_SHARED is the shared folder.
"""

import argparse
import datetime
import fnmatch
import json
import os
import pathlib
import re
import sys
import urllib.parse
from fractions import Fraction

import recorded_usage

ROOT = pathlib.Path(__file__).resolve().parents[2]
MILLION = 1_000_000
# Names of recordings' providers that the price lists call otherwise.
PROVIDERS = {
    "gemini": "google",
    "vertex": "google",
    "bedrock": "aws",
    "bedrock-mantle": "aws",
    "xai": "x-ai",
    "moonshot": "moonshotai",
}


class Unpriced(Exception):
    """Something that was used has no price."""


def as_regex(glob):
    return re.compile(
        "".join({"*": ".*", "#": "[0-9]"}.get(char, re.escape(char)) for char in glob), re.DOTALL
    )


def fits(rule, name):
    if isinstance(rule, list):
        return any(fits(part, name) for part in rule)
    if isinstance(rule, dict):
        return all(fits(part, name) for part in rule["all"])
    if rule.startswith("!"):
        return not fits(rule[1:], name)
    return as_regex(rule.lower()).fullmatch(name) is not None


class Prices:
    def __init__(self, folder, at):
        self.at = at
        catalogue = json.loads((folder / "catalogue.json").read_text())
        self.overlay = json.loads((folder / "overlay.json").read_text())
        self.providers = {
            provider["id"]: provider
            for provider in catalogue["providers"] + self.overlay["providers"]
        }
        for patch in self.overlay["prices"]:
            for model in self.providers[patch["provider"]]["models"]:
                if model["id"] == patch["id"]:
                    model["prices"] = patch["prices"]
                    model.pop("variants", None)

    def rule(self, kind, provider, field, model=""):
        """A figure of the overlay, or None."""
        for entry in self.overlay[kind]:
            globs = entry.get("models", ["*"])
            if entry["provider"] == provider and any(fnmatch.fnmatch(model, g) for g in globs):
                return Fraction(entry[field])
        return None

    def find(self, provider, name):
        """(the list's provider, the model) or None."""
        name = name.lower()
        dashed = re.sub(
            r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)", r"-\1-\2-\3", name
        )
        for spelling in dict.fromkeys([name, dashed]):
            for owner in [provider] + self.providers.get(provider, {}).get("fallbacks", []):
                for model in self.providers.get(owner, {}).get("models", []):
                    if fits(model["match"], spelling):
                        return owner, model
        return None

    def holds(self, condition):
        if condition.get("from", "") > self.at.date().isoformat():
            return False
        if "daily" not in condition:
            return True
        begin, end = condition["daily"]
        now = self.at.strftime("%H:%M")
        return begin <= now < end if begin <= end else now >= begin or now < end

    def rates(self, model, tier, lent):
        """(rates, whether they are the tier's own)."""
        windows = [window for window in model["prices"] if self.holds(window)]
        rates = dict(windows[-1] if windows else model["prices"][0])
        own = {}
        for variant in [] if lent else model.get("variants", []):
            if variant["tier"] == tier and self.holds(variant):
                for name, price in variant.items():
                    own.setdefault(name, price)
        return rates | own, bool(own) or tier == "standard"


GENERAL = {
    "cachedAudioInput": ["audioInput!", "cachedInput", "input"],
    "cachedImageInput": ["imageInput!", "cachedInput", "input"],
    "audioInput": ["input"],
    "imageInput": ["input"],
    "cachedInput": ["input"],
    "cacheWrite": ["input"],
    "cacheWrite1h": ["cacheWrite", "input"],
    "reasoning": ["output"],
    "audioOutput": ["output"],
    "imageOutput": ["output"],
}


def price_of(rates, name, prompt):
    """USD for one of the thing (a million of tokens), for a prompt of this size."""
    for candidate in [name] + GENERAL.get(name, []):
        value = rates.get(candidate.rstrip("!"))
        if value is None:
            continue
        if not isinstance(value, list):
            return Fraction(value)
        price = value[0]
        for start, higher in zip(value[1::2], value[2::2]):
            if prompt > start:
                price = higher
        return Fraction(price)
    raise Unpriced(name)


def parts(used):
    """Every token once. Some count images among what is cached only; a part that is said to be
    larger than its whole (Azure's Grok) is the whole."""
    used.cached = min(used.cached, used.input - used.cache_write)
    fresh_audio = max(0, used.audio_input - used.cached_audio)
    fresh_image = max(0, used.image_input - used.cached_image)
    cells = {
        "cacheWrite1h": used.cache_write_1h,
        "cacheWrite": used.cache_write - used.cache_write_1h,
        "audioInput": fresh_audio,
        "imageInput": fresh_image,
        "cachedAudioInput": used.cached_audio,
        "cachedImageInput": used.cached_image,
        "cachedInput": used.cached - used.cached_audio - used.cached_image,
        "input": used.input - used.cache_write - used.cached - fresh_audio - fresh_image,
        "audioOutput": used.audio_output,
        "imageOutput": used.image_output,
        "reasoning": used.reasoning,
        "output": used.output - used.reasoning - used.audio_output - used.image_output,
    }
    if min(cells.values()) < 0:
        raise Unpriced("parts larger than their whole")
    return {name: count for name, count in cells.items() if count}


def tokens_usd(prices, provider, used, tier, geography, name):
    found = prices.find(provider, name)
    if found is None:
        raise Unpriced(f"model {name}")
    owner, model = found
    rates, own = prices.rates(model, tier, owner != provider)
    if rates.get("uncounted"):
        raise Unpriced("not charged by tokens")
    doubled = prices.rule("cacheWrite1h", owner, "factorOfInput")
    if "cacheWrite1h" not in rates and doubled:
        rates["cacheWrite1h"] = str(doubled * price_of(rates, "input", used.input))
    total = Fraction(0)
    by_time = used.audio_ms and "audioHour" in rates and "audioInput" not in rates
    for cell, count in parts(used).items():
        if by_time and cell in ("audioInput", "cachedAudioInput"):
            continue  # charged by the hour, not by the token
        total += count * price_of(rates, cell, used.input) / MILLION
    if tier == "batch" and not own:
        total *= prices.rule("batch", provider, "factor", model["id"]) or 1
    for entry in prices.overlay["geography"]:
        if entry["provider"] == provider and entry["geography"] == geography:
            total *= Fraction(entry["factor"])
    return nano(total), rates


def nano(usd):
    return round(usd * 10**9)  # half to even


def fees(prices, provider, used, rates):
    total = 0
    if "request" in rates:
        total += nano(price_of(rates, "request", 0))
    session = prices.rule("codeSessions", provider, "usd")
    for name, count in (
        ("audioHour", Fraction(used.audio_ms, 3_600_000)),
        ("webSearch", used.web_searches),
        ("fileSearch", used.file_searches),
        ("codeSession", used.code_sessions),
    ):
        if count:
            given = name == "codeSession" and name not in rates and session is not None
            total += nano(count * (session if given else price_of(rates, name, 0)))
    return total


def name_of(recording, used, prices, provider):
    """The model of the answer if the lists know it, else the one that was asked for."""
    asked = (recording["request"] or {}).get("json") or {}
    url = urllib.parse.unquote((recording["request"] or {}).get("url") or "")
    in_url = re.search(r"/models?/([^/:?]+(?::\d+)?)", url)
    in_url = in_url.group(1) if in_url else None
    candidates = [used.model, asked.get("model"), in_url] + list(recording["models"])
    known = [name for name in candidates if name and prices.find(provider, name)]
    return (known or [name for name in candidates if name] or ["?"])[0]


def cost(recording, prices):
    """(provider, model, nano-dollars or a word, source)."""
    provider = PROVIDERS.get(recording["provider"], recording["provider"])
    used = recorded_usage.read(recording)
    if used is None:
        return provider, "-", "-", "none"
    name = name_of(recording, used, prices, provider)
    if used.provider_usd is not None:
        return provider, name, nano(Fraction(used.provider_usd)), "provider"
    try:
        rates, total = None, 0
        for one in used.iterations or [used]:
            its = one.model if one is not used and one.model else name
            amount, its_rates = tokens_usd(prices, provider, one, used.tier, used.geography, its)
            total += amount
            rates = rates or its_rates
        if used.iterations:
            _, rates = tokens_usd(prices, provider, used, used.tier, used.geography, name)
        return provider, name, total + fees(prices, provider, used, rates), "catalogue"
    except Unpriced as missing:
        return provider, name, "unpriced", str(missing)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--at", default="2026-11-21T12:00:00Z", help="when all calls were made")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("names", nargs="*", help="recordings; else all")
    options = parser.parse_args()
    at = datetime.datetime.fromisoformat(options.at.replace("Z", "+00:00"))
    shared = pathlib.Path(os.environ.get("RECLOSER_SHARED", ROOT.parent / "shared"))
    prices = Prices(ROOT / "data/prices", at.astimezone(datetime.timezone.utc))
    for path in sorted((shared / "recordings").glob("*.json")):
        if options.names and path.stem not in options.names:
            continue
        provider, model, figure, source = cost(json.loads(path.read_text()), prices)
        if options.json:
            keys = ("name", "provider", "model", "nano_usd", "source")
            print(json.dumps(dict(zip(keys, (path.stem, provider, model, figure, source)))))
        else:
            print(path.stem, provider, model, figure, source, sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
