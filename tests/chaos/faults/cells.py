"""The matrix: which fault, asked how, with or without a second target, and what may come of it."""

import itertools
from dataclasses import dataclass

import faulty

DIALECTS = ("chat", "messages", "responses")
FORMS = ("stream", "whole", "assembled")  # assembled: whole for the client, streamed to Recloser
# again: a target alone that fails once, and may be asked again; pair: a healthy one comes after it,
# and a third one, which nobody has to ask.
STANDINGS = ("alone", "again", "pair")
CALL_SECONDS_MAX = 20  # for all attempts; far beyond what the limits below come to

# The limit that a fault of time runs into. All others are far away, so that a slow machine cannot
# turn one fault into another.
FAR = {"connect": "5s", "firstByte": "15s", "idle": "15s", "total": "30s"}

ANSWER, ERROR = "answer", "error"
BROKEN = "broken connection"  # honest of half a whole answer: nobody can take it for one
AS_SENT = "unreadable, as sent"  # the provider's own bytes, of which no reader makes an answer


@dataclass(frozen=True)
class Fault:
    name: str
    title: str
    act: object = None  # what the provider does; None: there is none to ask
    after_content: bool = False  # a client of a stream has seen content by then
    limits: tuple = ()  # of `timeouts`: what it runs into
    base_url: str = ""  # instead of the faulty provider's
    unreadable: bool = False  # what comes whole is no JSON, or not an answer
    passes: bool = False  # a stream goes on to its end in spite of it


def refusing(code, kind, **fields):
    return faulty.status(code, kind, **{name.replace("_", "-"): v for name, v in fields.items()})


FAULTS = (
    Fault("refused", "connection refused", base_url="http://127.0.0.1:{closed_port}"),
    Fault("name", "its name has no address", base_url="http://no-such-host.invalid"),
    Fault("tls", "no TLS with it", base_url="https://127.0.0.1:{port}"),
    Fault("hang", "hang before the head", faulty.hang, limits=(("firstByte", "400ms"),)),
    Fault("slow-head", "a head that takes for ever", faulty.slow_head, limits=(("total", "1s"),)),
    Fault("500", "500", refusing(500, "server_error")),
    Fault("503", "503", refusing(503, "server_is_overloaded")),
    Fault("529", "529", refusing(529, "overloaded_error")),
    Fault("429-after", "429, Retry-After 2",
          refusing(429, "rate_limit_error", retry_after=str(faulty.RETRY_AFTER_SECONDS))),
    Fault("429", "429", refusing(429, "rate_limit_error")),
    Fault("page", "502 with a page of HTML", faulty.page),
    Fault("in-band", "error in band, first", faulty.error_in_band, unreadable=True),
    Fault("malformed", "one malformed event; half a JSON body", faulty.malformed,
          after_content=True, unreadable=True, passes=True),
    Fault("stall", "stall after content", faulty.stall, after_content=True,
          limits=(("idle", "400ms"),)),
    Fault("reset", "reset after content", faulty.reset, after_content=True),
    Fault("reset-first", "reset before content", faulty.reset_first),
    Fault("cut", "ends after content, in good framing", faulty.truncation, after_content=True),
    Fault("framing", "no chunk after content", faulty.framing, after_content=True),
    Fault("nothing", "ends before content", faulty.nothing, unreadable=True),
    Fault("html", "200 with a page of HTML", faulty.html),
    Fault("endless", "never ends", faulty.endless, after_content=True, limits=(("total", "1s"),)),
)


@dataclass(frozen=True)
class Cell:
    fault: Fault
    dialect: str
    form: str
    standing: str

    @property
    def name(self):
        return f"{self.fault.name}-{self.dialect}-{self.form}-{self.standing}"

    @property
    def bad(self):
        return f"bad-{self.name}"

    @property
    def good(self):
        return f"good-{self.name}"

    @property
    def spare(self):
        return f"spare-{self.name}"

    @property
    def asks_for_stream(self):
        return self.form == "stream"

    @property
    def provider_dialect(self):
        return "anthropic" if self.dialect == "messages" else "openai"

    def may_get(self):
        """What a client may get of it."""
        fault = self.fault
        client_has_content = fault.after_content and self.form == "stream"
        if client_has_content:
            return {ANSWER} if fault.passes else {ERROR}
        if self.standing == "pair":
            # Half a whole answer that was already sent cannot be taken back; of one that is put
            # together nothing is sent before its end.
            half_sent = fault.after_content and self.form == "whole"
            return {ANSWER, ERROR} if half_sent else {ANSWER}
        if self.standing == "again" and not fault.base_url:
            # What is worth a second try at the same target is for the gateway to say.
            return {ANSWER, ERROR}
        may = {ERROR}
        if fault.unreadable and self.form == "whole":
            may.add(AS_SENT)
        if fault.after_content and self.form == "whole":
            may.add(BROKEN)
        return may

    def serves(self):
        """Whose answer it must be, where it is one."""
        if self.standing != "pair" or (self.fault.passes and self.form == "stream"):
            return "bad"
        return "good"


def all_cells(wanted=""):
    cells = (Cell(*parts) for parts in itertools.product(FAULTS, DIALECTS, FORMS, STANDINGS))
    return [cell for cell in cells if wanted in cell.name]


def at_first(act):
    """Fails the first request, and answers those after it."""
    acts = iter((act,))

    async def acts_once(answer):
        await next(acts, faulty.healthy)(answer)
    return acts_once


def plans(cells):
    """What every place of the faulty provider does."""
    places = {}
    for cell in cells:
        if cell.fault.act:
            act = cell.fault.act if cell.standing != "again" else at_first(cell.fault.act)
            places[cell.bad] = ("bad", cell.dialect, act)
        if cell.standing == "pair":
            for name in (cell.good, cell.spare):
                places[name] = ("good", cell.dialect, faulty.healthy)
    return places


HEAD = """\
apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
  token: {token}
state:
  directory: state
workers: 2
prices: {{overrides: [prices.yaml]}}
keys:
  - {{id: faults, secret: {key}, budget: {{usd: 1000, per: total, reserve: clamp}}}}
"""
NANO_USD = {"bad": (1000, 10_000), "good": (2000, 20_000)}  # of an input and an output token


def gateway_config(cells, port, closed_port, key, token):
    """One provider for each cell, so that no cell sees the health that another has left."""
    providers, models = ["providers:\n"], ["models:\n"]
    for cell in cells:
        at = cell.fault.base_url.format(port=port, closed_port=closed_port)
        at = at or f"http://127.0.0.1:{port}"
        limits = {**FAR, **dict(cell.fault.limits)}
        retries = 1 if cell.standing == "again" else 0
        providers.append(provider(cell, cell.bad, at, limits, retries))
        targets = f"      - {{provider: {cell.bad}, model: m-bad"
        if cell.standing == "pair":
            for order, name in enumerate((cell.good, cell.spare), 2):
                providers.append(provider(cell, name, f"http://127.0.0.1:{port}", FAR))
                targets += f"}}\n      - {{provider: {name}, model: m-good, order: {order}"
        always = "    streamUpstream: always\n" if cell.form == "assembled" else ""
        models.append(f"  {cell.name}:\n{always}    targets:\n{targets}}}\n")
    return HEAD.format(token=token, key=key) + "".join(providers) + "".join(models)


def provider(cell, name, address, limits, retries=0):
    base = f"{address}/{name}" + ("" if cell.dialect == "messages" else "/v1")
    timeouts = ", ".join(f"{limit}: {value}" for limit, value in limits.items())
    return (f"  {name}:\n    dialect: {cell.provider_dialect}\n    baseUrl: {base}\n"
            f"    apiKey: provider-key\n    timeouts: {{{timeouts}}}\n    retries: {retries}\n")


def prices(cells):
    """Two targets with two prices: who served is who is paid."""
    lines = []
    for cell in cells:
        for place, name in (("bad", cell.bad), ("good", cell.good), ("good", cell.spare)):
            given, made = (nano / 1000 for nano in NANO_USD[place])
            lines.append(f"- {{provider: {name}, model: m-{place}, input: {given}, "
                         f"output: {made}, contextWindow: 100000, maxOutput: 10000}}\n")
    return "".join(lines)
