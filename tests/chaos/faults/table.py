"""The cells as a table, for a terminal and as a page beside what other gateways do."""

from cells import FAULTS, FORMS, STANDINGS

PEERS = ("nginx, HAProxy", "Portkey", "Bifrost", "LiteLLM")
PASSED = ("passed on", "passed on, rewritten", "passed on, in a shape of its own",
          "passed on, in a shape of its own")
SILENT = "connection broken", "**silent clean end**", "error in band", "**success**: invents `stop`"
# Measured on one machine; one target, one try per fault, no retries. What is not here was not.
MEASURED = {
    ("500", "stream"): PASSED, ("500", "whole"): PASSED,
    ("503", "stream"): PASSED, ("503", "whole"): PASSED,
    ("429-after", "stream"): ("passed on", "passed on", "passed on", "429, **no Retry-After**"),
    ("429-after", "whole"): ("passed on", "passed on", "passed on", "429, **no Retry-After**"),
    ("hang", "stream"): ("nothing in 34 s", "nothing in 34 s", "its pool's fault", "408 at 30 s"),
    ("hang", "whole"): ("nothing in 34 s", "nothing in 34 s", "504 at 30 s", "408 at 30 s"),
    ("stall", "stream"): ("nothing in 34 s", "nothing in 34 s", "its pool's fault",
                          "error in band at 30 s"),
    ("reset", "stream"): SILENT, ("reset-first", "stream"): SILENT,
    ("reset", "whole"): ("502", "500, `html-message`", "**400**: blames the client", "500"),
    ("cut", "stream"): ("passed on: silent", "passed on: silent",
                        "**success** after 30 s: `[DONE]`, usage 0", "**success**: invents `stop`"),
    ("malformed", "stream"): ("passed on", "passed on", "**success**: the event is dropped",
                              "error in band"),
    ("malformed", "whole"): ("passed on", "500 \"Something went wrong\"", "500", "500"),
    ("in-band", "stream"): ("passed on", "passed on", "passed on", "passed on, wrapped"),
    ("in-band", "whole"): ("passed on", "passed on", "passed on", "passed on, wrapped"),
}

PAGE = """\
# Faults of providers, and what a client gets

What `tests/chaos/faults/run` saw: every fault, in chat, messages and responses, with and without
a healthy second target (`order: 2`). It fails when a client gets what only looks like an answer,
waits beyond the limits, or is charged for what no provider delivered; and when this page, which it
wrote (`--table docs/faults.md`), is no longer what it sees.

* *answer*: complete, and what a provider truly sent. That of the second target has one preamble,
  and its name in `x-recloser-target`.
* *error 503*: that status, as an error of the client's dialect. *error in band*: the last event of
  a stream says it, in that dialect. What comes after content is an error even with a second target.
* *asked again*: a target alone with `retries: 1` that fails once.
* *as sent*: the provider's bytes, of which no reader makes an answer; the call's row says
  `provider_failed`.
* *assembled*: a whole answer for the client that is streamed to Recloser, where it fares otherwise
  than *whole*.

The other columns were measured with one target and no retries; **bold** is what deceives a client
or its SDK, a dash was not measured. Versions: nginx 1.22, HAProxy 2.6, Portkey 1.15.2, Bifrost
1.4.19, LiteLLM 1.89.6 (cooldown off). *Its pool's fault*: Bifrost had put a connection with unread
bytes back, and the next request got an error with them.

"""


def phrases(results):
    """(fault, form, standing) -> what the dialects got, in a few words."""
    got = {}
    for one in results:
        how = "answer of the second" if one.verdict.served == "good" else one.verdict.how
        how = f"**{how}**" if one.faults else how
        key = (one.cell.fault.name, one.cell.form, one.cell.standing)
        got.setdefault(key, {})[how] = None
    return {key: joined(list(hows)) for key, hows in got.items()}


def joined(hows):
    """error 500, error 529 -> error 500, 529"""
    first = hows[0]
    if all(how.startswith("error ") and how[6:].isdigit() for how in hows):
        return "error " + ", ".join(sorted({how[6:] for how in hows}))
    return ", ".join(hows) if len(hows) > 1 else first


def lines(results):
    """(fault, form, our cells) without what says nothing new."""
    got = phrases(results)
    for fault in FAULTS:
        above = None
        for form in FORMS:
            ours = [got.get((fault.name, form, standing), "") for standing in STANDINGS]
            if any(ours) and not (form == "assembled" and ours == above):
                yield fault, form, ours
            above = ours


def of(results):
    text = [f"{'':32} {'form':10} {'alone':22} {'asked again':22} with a second target"]
    for fault, form, (alone, again, pair) in lines(results):
        text.append(f"{fault.title if form == 'stream' else '':32.32} {form:10} {alone:22} "
                    f"{again:22} {pair}")
    return "\n".join(text)


def page(results):
    head = ("fault", "form", "Recloser, alone", "asked again", "with a second target", *PEERS)
    rows = [head, ["---"] * len(head)]
    for fault, form, ours in lines(results):
        peers = MEASURED.get((fault.name, form), ("–",) * len(PEERS))
        rows.append((fault.title if form == "stream" else "", form, *ours, *peers))
    return PAGE + "".join(f"| {' | '.join(row)} |\n" for row in rows)
