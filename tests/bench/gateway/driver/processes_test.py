"""Nothing the bench starts outlives it."""

import os
import pathlib
import select
import subprocess
import sys
import unittest

from driver import processes

SECONDS_MAX = 10


class Children(unittest.TestCase):
    def test_a_child_dies_with_a_driver_that_is_killed(self):
        program = ("import sys; from driver import processes;"
                   "print(processes.start(['cat', '/dev/zero'], stdout=-3).pid, flush=True);"
                   "sys.stdin.read()")
        folder = pathlib.Path(__file__).resolve().parents[1]
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, cwd=folder) as driver:
            child = os.pidfd_open(int(driver.stdout.readline()))
            driver.kill()
            ended, _, _ = select.select([child], [], [], SECONDS_MAX)
        os.close(child)
        self.assertTrue(ended)

    def test_a_subject_that_ends_at_once_is_told(self):
        child = processes.start(["false"])
        with self.assertRaisesRegex(processes.BenchError, "ended at once with status 1"):
            processes.wait_until_listening(processes.free_port(), child, "the subject")

    def test_a_missing_program_is_told(self):
        with self.assertRaisesRegex(processes.BenchError, "not installed or not built"):
            processes.start(["no-such-program-of-the-bench"])


if __name__ == "__main__":
    unittest.main()
