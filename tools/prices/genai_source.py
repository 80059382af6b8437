"""genai-prices' table: its models as plain dictionaries, its match rules as our globs.

The package's data is Python that builds objects. It is run against stand-ins that only remember
what they were given, so that nothing of the package but its data has to work here.
"""

import ast
import re._constants as sre
import re._parser as sre_parser
import sys
import types
import zipfile
from decimal import Decimal

# Their price -> our rate, and for how many of the thing theirs is.
RATES = {
    "input_mtok": ("input", 1),
    "cache_read_mtok": ("cachedInput", 1),
    "cache_write_mtok": ("cacheWrite", 1),
    "cache_write_1h_mtok": ("cacheWrite1h", 1),
    "input_audio_mtok": ("audioInput", 1),
    "cache_audio_read_mtok": ("cachedAudioInput", 1),
    "input_image_mtok": ("imageInput", 1),
    "cache_image_read_mtok": ("cachedImageInput", 1),
    "output_mtok": ("output", 1),
    "output_reasoning_mtok": ("reasoning", 1),
    "output_audio_mtok": ("audioOutput", 1),
    "output_image_mtok": ("imageOutput", 1),
    "audio_hours": ("audioHour", 1),
    "input_audio_hours": ("audioHour", 1),
    "web_searches_kcount": ("webSearch", 1000),
    "storage_searches_kcount": ("fileSearch", 1000),
    "code_executions_kcount": ("codeSession", 1000),
    "requests_kcount": ("request", 1000),
}
# What has a price and stands in no usage that we read. `None`: it is a kind of token that the
# general rate may stand for; else the cost of such a model is not known from its usage.
UNCOUNTED = {
    "input_mchars": "characters",
    "input_document_kpages": "pages",
    "input_annotated_document_kpages": "pages",
    "input_text_messages_kcount": "messages",
    "input_video_mtok": None,
    "output_video_mtok": None,
    "output_citation_mtok": None,
}
TIERS = {
    "processing=batch": "batch",
    "service_tier=flex": "flex",
    "service_tier=priority": "priority",
    "service_tier=fast": "fast",
    "speed=fast": "fast",
}
NANO = Decimal("0.000000001")


class Thing:
    """Any object of the data: its fields, and None for a field that it was not given."""

    def __init__(self, *_, **fields):
        self.__dict__.update(fields)

    def __getattr__(self, _):
        return None


def providers(wheel):
    """The providers of the package, as objects."""
    source = zipfile.ZipFile(wheel).read("genai_prices/data.py").decode()
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    names = {call.id for call in calls if isinstance(call, ast.Name)} - {"Decimal"}
    stand_ins = types.ModuleType("genai_stand_ins.types")
    for name in names | {"Provider"}:
        setattr(stand_ins, name, type(name, (Thing,), {}))
    sys.modules["genai_stand_ins"] = types.ModuleType("genai_stand_ins")
    sys.modules["genai_stand_ins.types"] = stand_ins
    space = {"__name__": "genai_stand_ins.data", "__package__": "genai_stand_ins"}
    exec(compile(source, "data.py", "exec"), space)  # the wheel is pinned by its sum
    return space["providers"]


def text_of(price, per=1):
    """A price as we write it: USD per million tokens or per one of a thing, at most nine places.

    Some prices carry the noise of a binary float (0.09999999999999999); rounding takes it away.
    """
    price = (price / per).quantize(NANO).normalize()
    return f"{price:f}"


def rate_of(value, per):
    """"3" or, with tiers by the size of the prompt, ["3", 200000, "6"]."""
    if isinstance(value, Decimal):
        return text_of(value, per)
    rate = [text_of(value.base, per)]
    for tier in sorted(value.tiers, key=lambda tier: tier.start):
        rate += [tier.start, text_of(tier.price, per)]
    return rate


def prices_of(price):
    out, uncounted = {}, set()
    for name, value in vars(price).items():
        if value is None:
            continue
        if name in UNCOUNTED:
            uncounted.add(UNCOUNTED[name])
        else:
            rate, per = RATES[name]  # a new kind must be understood first
            out[rate] = rate_of(value, per)
    uncounted.discard(None)
    if uncounted:
        out["uncounted"] = sorted(uncounted)
    return out


def condition_of(constraint):
    if constraint is None:
        return {}
    if constraint.start_date is not None:
        return {"from": constraint.start_date.isoformat()}
    times = (constraint.start_time, constraint.end_time)
    for time in times:
        if time.utcoffset() not in (None, time.utcoffset() * 0):
            raise ValueError(f"{time} is not in UTC")
    return {"daily": [time.strftime("%H:%M") for time in times]}


def prices_and_variants(model):
    prices = model.prices
    if not isinstance(prices, list):
        windows = [prices_of(prices)]
    else:
        windows = [condition_of(one.constraint) | prices_of(one.prices) for one in prices]
    variants, left_out = [], []
    for variant in model.price_variants or []:
        when = ",".join(f"{key}={value}" for key, value in sorted(variant.when.items()))
        rates = prices_of(variant.prices)
        if when in TIERS and rates:
            condition = condition_of(variant.constraint)
            variants.append({"tier": TIERS[when]} | condition | rates)
        elif rates:
            left_out.append(when)
    return windows, variants, left_out


def globs_of(clause):
    """A match rule as ours: a glob, a list of which one must match, or {"all": [..]}.

    In a glob, * is any run of characters and # one digit; "!" before it: must not match.
    """
    for field, form in (
        ("equals", "{}"),
        ("starts_with", "{}*"),
        ("ends_with", "*{}"),
        ("contains", "*{}*"),
    ):
        text = getattr(clause, field)
        if text is not None:
            if set(text) & set("*#!"):
                raise ValueError(f"{text!r} has a character that means something in a glob")
            return form.format(text.lower())
    if clause.regex is not None:
        return globs_of_regex(clause.regex)
    if clause.or_ is not None:
        parts = []
        for part in map(globs_of, clause.or_):
            parts += part if isinstance(part, list) else [part]
        return parts
    return {"all": [globs_of(part) for part in clause.and_]}


def globs_of_regex(regex):
    parsed = list(sre_parser.parse(regex))
    begun = bool(parsed) and parsed[0] == (sre.AT, sre.AT_BEGINNING)
    if begun:
        parsed = parsed[1:]
    refused = []
    while begun and parsed and parsed[0][0] is sre.ASSERT_NOT:
        refused += ["!" + glob for glob in _closed(_runs(list(parsed[0][1][1])))]
        parsed = parsed[1:]
    globs = _closed(_runs(parsed))
    if not begun:
        globs = [glob if glob.startswith("*") else "*" + glob for glob in globs]
    globs = sorted(set(globs))
    if not refused:
        return globs
    return {"all": ([] if globs == ["*"] else [globs]) + sorted(set(refused))}


_END = "\0"  # behind a text that must end there


def _closed(runs):
    """Where the expression does not say that the text ends, anything may follow."""
    return [run.rstrip(_END) if run.endswith(_END) else run.rstrip("*") + "*" for run in runs]


def _runs(parsed):
    """Every text that `parsed` may match, digits and runs left as # and *."""
    runs = [""]
    for part in parsed:
        runs = [run + more for run in runs for more in _choices(*part)]
    if len(runs) > 64:
        raise ValueError("an expression with too many forms; translate it by hand")
    return runs


def _choices(kind, value):
    if kind is sre.LITERAL:
        return [chr(value).lower()]
    if kind is sre.ANY or kind is sre.NOT_LITERAL:
        raise ValueError("one character of any kind: a glob cannot say it")
    if kind is sre.IN:
        return _class(value)
    if kind is sre.AT and value is sre.AT_END:
        return [_END]
    if kind is sre.SUBPATTERN:
        return _runs(list(value[-1]))
    if kind is sre.BRANCH:
        return [run for branch in value[1] for run in _runs(list(branch))]
    if kind is sre.MAX_REPEAT:
        least, most, body = value
        if most is sre.MAXREPEAT:
            return ["*"]  # a run of some class: taken as a run of anything
        once = _runs(list(body))
        return [run * count for count in range(least, most + 1) for run in once]
    raise ValueError(f"{kind}: not translated; add it")


def _class(members):
    out = set()
    for kind, value in members:
        if kind is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            out.add("#")
        elif kind is sre.LITERAL:
            out.add(chr(value).lower())
        else:
            raise ValueError(f"{kind} in a class: not translated; add it")
    return sorted(out)


def urls_of(pattern):
    """The hosts and paths that an `api_pattern` names: "api.openai.com", "*.googleapis.com"."""
    urls = set()
    for run in _runs(list(sre_parser.parse(pattern))):
        url = run.rstrip(_END).removeprefix("https://").removeprefix("http://").rstrip("/")
        urls.add(url + "*" if url.endswith(".") else url)
    return sorted(urls)
