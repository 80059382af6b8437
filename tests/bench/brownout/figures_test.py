"""What a brown-out is judged by."""

import unittest

import figures
from figures import Scenario, Seen
from load import judge
from providers import PIECES

LENGTHS = (2, 4, 3)


def calls(*targets, every=0.1, begin=0.0):
    """One call after the other, each answered by its target; "" is a call that was refused."""
    return [Seen(begin + number * every, begin + number * every + 0.1, 200 if name else 503, name,
                 bool(name)) for number, name in enumerate(targets)]


def scenario(seen, primary=(), second=()):
    return Scenario("one", LENGTHS, seen, {"primary": list(primary), "second": list(second)})


class Quantile(unittest.TestCase):
    def test_is_a_value_that_was_seen(self):
        values = [5, 1, 4, 2, 3]
        self.assertEqual(figures.quantile(values, 0.5), 3)
        self.assertEqual(figures.quantile(values, 0.95), 5)
        self.assertEqual(figures.quantile(list(range(1, 101)), 0.95), 95)
        self.assertEqual(figures.quantile([7], 0.5), 7)
        self.assertIsNone(figures.quantile([], 0.5))


class Phase(unittest.TestCase):
    def test_by_when_a_call_began(self):
        for began, phase in ((0, "healthy"), (1.9, "healthy"), (2, "brown"), (5.9, "brown"),
                             (6, "after"), (99, "after")):
            self.assertEqual(figures.phase_of(began, LENGTHS), phase)


class Back(unittest.TestCase):
    def test_is_the_first_of_many_in_a_row(self):
        row = ["primary/m"] * figures.BACK_IN_A_ROW
        seen = calls(*["second/m"] * 3, "primary/m", "second/m", *row, begin=6)
        self.assertAlmostEqual(figures.back_after(seen, 6), 0.5)
        self.assertIsNone(figures.back_after(seen[:-1], 6))

    def test_not_what_was_before_the_end(self):
        seen = calls(*["primary/m"] * figures.BACK_IN_A_ROW, begin=5.9)
        self.assertIsNone(figures.back_after(seen, 6))

    def test_a_refused_call_is_nobodys(self):
        seen = calls(*["primary/m", ""] * figures.BACK_IN_A_ROW, begin=6)
        self.assertAlmostEqual(figures.back_after(seen, 6), 0)


    def test_late_is_told(self):
        row = ["primary/m"] * figures.BACK_IN_A_ROW
        soon = calls(*row, begin=6 + figures.BACK_SECONDS_MAX)
        late = calls(*row, begin=6.1 + figures.BACK_SECONDS_MAX)
        self.assertEqual(list(scenario(soon).late()), [])
        self.assertEqual(len(list(scenario(late).late())), 1)
        self.assertEqual(len(list(scenario(calls("second/m", begin=6)).late())), 1)


class Faults(unittest.TestCase):
    def test_none_of_a_good_run(self):
        good = scenario(calls(*["primary/m"] * 90), primary=range(90))
        self.assertEqual(list(good.faults(all_answered=True)), [])

    def test_calls_that_were_not_answered(self):
        seen = calls(*["primary/m"] * 30, "", *["second/m"] * 59)
        self.assertEqual(len(list(scenario(seen).faults(all_answered=True))), 1)
        self.assertEqual(list(scenario(seen).faults(all_answered=False)), [])

    def test_a_healthy_primary_answers_all(self):
        seen = calls("", *["primary/m"] * 89)
        self.assertEqual(len(list(scenario(seen).faults(all_answered=False))), 1)
        at_the_turn = calls("", begin=LENGTHS[0] - 0.05)
        self.assertEqual(list(scenario(at_the_turn).faults(all_answered=False)), [])

    def test_attempts_beyond_their_share(self):
        seen = calls(*["primary/m"] * 100)
        at = scenario(seen, primary=range(100), second=range(20))
        past = scenario(seen, primary=range(100), second=range(21))
        self.assertEqual(list(at.faults(all_answered=False)), [])
        self.assertEqual(len(list(past.faults(all_answered=False))), 1)

    def test_what_no_client_may_see(self):
        seen = calls("primary/m")
        seen[0].faults = ("half an answer",)
        self.assertEqual(list(scenario(seen).faults(all_answered=False)), ["one: half an answer"])


class Requests(unittest.TestCase):
    def test_of_the_brown_primary(self):
        run = scenario(calls("primary/m"), primary=(1.9, 2, 5.9, 6), second=(3,))
        self.assertEqual(run.primary_in_brown(), 2)
        self.assertEqual(run.attempts, 5)


class Judging(unittest.TestCase):
    piece, end = b'{"delta":{"content":" word"}}', b'"finish_reason":"stop" data: [DONE]'
    error = b'{"error":{"message":"gone"}}'

    def judged(self, body, status=200):
        seen = Seen(0, status=status)
        judge(seen, body)
        return seen.answered, bool(seen.faults)

    def test_an_answer(self):
        self.assertEqual(self.judged(self.piece * PIECES + self.end), (True, False))

    def test_an_honest_error(self):
        self.assertEqual(self.judged(self.error, 503), (False, False))
        self.assertEqual(self.judged(self.piece * 3 + self.error), (False, False))

    def test_what_only_looks_like_an_answer(self):
        for body in (b"", self.piece * PIECES, self.piece * (PIECES - 1) + self.end,
                     self.piece * (PIECES + 1) + self.end):
            self.assertEqual(self.judged(body), (False, True))
        self.assertEqual(self.judged(b"<html>", 502), (False, True))


if __name__ == "__main__":
    unittest.main()
