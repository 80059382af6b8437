"""The one wait by the clock, for what nobody tells.

A call ends in the gateway, and at the simulated provider, some time after its client is gone, and
neither says so to anyone outside: an answer that is held until then would be code in the product
for these tests alone. Everything else is waited for where it happens: a line of output, the end of
a process, an answer.
"""

import time

LOOK_EVERY_SECONDS = 0.02


def once_nobody_is_left(look, enough, seconds):
    """What `look` finds, as soon as `enough` is true of it; the last look when it never is."""
    end = time.monotonic() + seconds
    found = look()
    while not enough(found) and time.monotonic() < end:
        time.sleep(LOOK_EVERY_SECONDS)  # tidy: allow banned - nobody tells, see above
        found = look()
    return found
