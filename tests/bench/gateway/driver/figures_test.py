"""What the bench judges by, and what it reads from other tools' reports."""

import unittest

from driver import counting, figures, processes, subjects
from driver.figures import Figure


class RatioBounds(unittest.TestCase):
    def test_equal_ratios_have_no_spread(self):
        self.assertEqual(figures.ratio_bounds([2.0] * 9, [1.0] * 9), (2.0, 2.0, 2.0))

    def test_a_round_disturbed_on_both_sides_changes_nothing(self):
        values = [2.0] * 8 + [200.0]
        references = [1.0] * 8 + [100.0]
        self.assertEqual(figures.ratio_bounds(values, references), (2.0, 2.0, 2.0))

    def test_the_bounds_enclose_the_median_and_lie_within_the_rounds(self):
        values = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]
        ratio, lower, upper = figures.ratio_bounds(values, [1.0] * 9)
        self.assertEqual(ratio, 1.4)
        self.assertTrue(1.0 <= lower < 1.4 < upper <= 1.8)

    def test_rounds_must_be_paired(self):
        with self.assertRaises(ValueError):
            figures.ratio_bounds([1.0, 2.0], [1.0])


class Verdict(unittest.TestCase):
    def test_a_value_at_its_gate_is_held_and_one_past_it_is_not(self):
        self.assertTrue(Figure("f", "u", 28000, gate=28000).held)
        self.assertFalse(Figure("f", "u", 28001, gate=28000).held)

    def test_a_ratio_is_judged_on_its_lower_bound(self):
        self.assertTrue(Figure("f", "u", 9, ratio=1.2, lower=1.1, upper=1.3, gate=1.1).held)
        self.assertFalse(Figure("f", "u", 9, ratio=1.2, lower=1.11, upper=1.3, gate=1.1).held)

    def test_a_gate_not_reached_yet_is_held_at_its_ceiling(self):
        at = Figure("f", "u", 30000, gate=28000, fails=True, ceiling=30000)
        past = Figure("f", "u", 30001, gate=28000, fails=True, ceiling=30000)
        self.assertFalse(at.failed)
        self.assertFalse(at.held)
        self.assertTrue(past.failed)
        self.assertTrue(Figure("f", "u", 28001, gate=28000, fails=True).failed)
        self.assertIn("NOT REACHED, CI holds 30,000", figures.table([at], "recloser"))

    def test_without_a_gate_there_is_no_verdict(self):
        self.assertIsNone(Figure("f", "u", 1).held)
        self.assertEqual(figures.row(Figure("f", "u", 1))[-1], "-")

    def test_a_broken_gate_stands_out_in_the_table(self):
        text = figures.table([Figure("calls", "strace", 7.5, gate=7)], "recloser")
        self.assertIn("BROKEN", text)
        self.assertIn("<= 7", text)


class Rotation(unittest.TestCase):
    def test_each_comes_first_in_turn(self):
        self.assertEqual([figures.rotated(["a", "b"], turn)[0] for turn in range(4)],
                         ["a", "b", "a", "b"])


class Reports(unittest.TestCase):
    def test_callgrind(self):
        text = "pid: 1\npart: 2\nthread: 3\nevents: Ir\nsummary: 10\n\ntotals: 28241974\n"
        self.assertEqual(counting.read_callgrind(text), (3, 28241974))
        with self.assertRaises(processes.BenchError):
            counting.read_callgrind("thread: 1\n")

    def test_strace_leaves_out_head_rules_and_total(self):
        text = ("syscall              calls\n---------------- ---------\n"
                "epoll_wait            4000\nsendmsg               2000\n"
                "---------------- ---------\ntotal                 6000\n")
        self.assertEqual(counting.read_strace(text), {"epoll_wait": 4000, "sendmsg": 2000})

    def test_perf_by_thread_even_with_a_dash_in_the_name(self):
        text = ("# started on Sat Nov 21 10:00:00 2026\n\n"
                "recloser-worker-17,6000,,raw_syscalls:sys_enter,3,100.00,,\n"
                "recloser-18,12,,raw_syscalls:sys_enter,3,100.00,,\n"
                "idle-19,<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n")
        self.assertEqual(counting.read_perf(text), {17: 6000, 18: 12})


class Believed(unittest.TestCase):
    def test_a_run_whose_chunks_met_is_made_again(self):
        runs = iter([("low", [{"chunks": 100, "met_chunks": 3}]),
                     ("good", [{"chunks": 100, "met_chunks": 2}])])
        self.assertEqual(counting.believed(lambda: next(runs)), "good")

    def test_a_machine_too_busy_is_told(self):
        with self.assertRaisesRegex(processes.BenchError, "too busy"):
            counting.believed(lambda: ("low", [{"chunks": 100, "met_chunks": 3}]))

    def test_requests_have_no_chunks_that_could_meet(self):
        totals = [{"chunks": 0, "met_chunks": 0}]
        self.assertEqual(counting.believed(lambda: ("good", totals)), "good")


class Subjects(unittest.TestCase):
    def test_a_command_must_say_where_its_ports_go(self):
        subject = subjects.command("mine=./proxy {port} {provider_port}")
        self.assertEqual(subject.name, "mine")
        self.assertEqual(subject.prepare("f", 1, 2), ["./proxy", "1", "2"])
        for wrong in ("mine", "mine=./proxy {port}", "=./proxy {port} {provider_port}"):
            with self.assertRaisesRegex(processes.BenchError, "NAME=COMMAND"):
                subjects.command(wrong)

    def test_a_missing_binary_says_how_to_build_it(self):
        with self.assertRaisesRegex(processes.BenchError, "cmake --preset release"):
            subjects.recloser("/nowhere/recloser")

    def test_the_virtual_key_is_long_enough_to_be_declared(self):
        self.assertGreaterEqual(len(subjects.CLIENT_KEY), 20)


if __name__ == "__main__":
    unittest.main()
