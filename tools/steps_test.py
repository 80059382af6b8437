"""Tests of tools/steps.sh and tools/test_steps.sh: what ./run and ./test say and do."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


class Bash(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="recloser-steps-")
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        (self.root / "bin").mkdir()
        self.called = self.root / "called"
        # As the real one: it fails when one of the packages asked for is unknown.
        self.program("dpkg-query", 'echo "install ok installed here"; [[ $* != *gone* ]]')
        self.program("apt-get", f'echo "$@" >>{self.called}')
        self.program("id", "echo 0")
        (self.root / "packages.txt").write_text(
            "# what for\n[run]\nhere   # why\ngone-a # why\n\n[test]\ngone-b\n[long]\nhere\n"
        )

    def program(self, name, text):
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def bash(self, text, path=None, options="-uo"):
        environment = {
            "PATH": path or f"{self.root}/bin:{os.environ['PATH']}",
            "RECLOSER_PACKAGES": str(self.root / "packages.txt"),
            "LC_ALL": "C",
        }
        source = f"root={self.root}\n. {PROJECT}/tools/steps.sh\n"
        return subprocess.run(
            ["bash", options, "pipefail", "-c", source + text],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def apt_calls(self):
        return self.called.read_text().splitlines() if self.called.exists() else []


class Packages(Bash):
    def test_nothing_missing_calls_no_apt(self):
        done = self.bash("install_packages long")
        self.assertEqual((done.returncode, done.stdout, self.apt_calls()), (0, "", []))

    def test_what_is_missing_is_installed_in_one_go(self):
        done = self.bash("install_packages run test")
        self.assertEqual(done.returncode, 0, done.stderr)
        calls = self.apt_calls()
        self.assertEqual(len(calls), 2)
        self.assertTrue(calls[0].endswith("update"), calls)
        self.assertTrue(calls[1].endswith("install --no-install-recommends gone-a gone-b"), calls)

    def test_a_machine_without_any_is_no_error_where_errors_end_the_script(self):
        done = self.bash("install_packages run", options="-euo")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.apt_calls()[1].endswith(" gone-a"), self.apt_calls())

    def test_without_root_and_sudo_it_says_what_to_ask_for(self):
        self.program("id", "echo 1000")
        for tool in ("bash", "awk", "sed", "sort", "comm", "mkdir", "nproc", "tail"):
            found = subprocess.run(["which", tool], capture_output=True, text=True).stdout.strip()
            (self.root / "bin" / tool).symlink_to(found)
        done = self.bash("install_packages run", path=f"{self.root}/bin")
        self.assertEqual((done.returncode, self.apt_calls()), (3, []))
        self.assertIn("apt-get install gone-a", done.stderr)

    def test_with_sudo_apt_runs_as_root(self):
        self.program("id", "echo 1000")
        self.program("sudo", '[[ $1 == -v ]] || { echo sudo; exec "$@"; }')
        done = self.bash("install_packages run")
        self.assertEqual(done.returncode, 0, done.stderr)
        log = (self.root / "build/logs/packages.log").read_text()
        self.assertEqual(log.count("sudo\n"), 2)
        self.assertEqual(len(self.apt_calls()), 2)

    def test_a_failing_apt_shows_its_words_and_the_way_on(self):
        self.program("apt-get", 'echo "E: Unable to locate package $9"; exit 100')
        done = self.bash("install_packages run || exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("Unable to locate", done.stderr)
        self.assertIn("apt-get install gone-a", done.stderr)

    def test_a_command_from_elsewhere_makes_a_package_needless(self):
        (self.root / "packages.txt").write_text("[run]\nnpm unless=npm # js\nhere\n")
        self.program("npm", "true")
        self.assertEqual(self.bash("install_packages run").returncode, 0)
        self.assertEqual(self.apt_calls(), [])
        (self.root / "packages.txt").write_text("[run]\nnpm unless=no-such-thing\nhere\n")
        self.bash("install_packages run")
        self.assertTrue(self.apt_calls()[-1].endswith(" npm"), self.apt_calls())

    def test_the_projects_own_list_can_be_read(self):
        done = self.bash(
            f"RECLOSER_PACKAGES={PROJECT}/tools/packages.txt\npackages_of run test long"
        )
        names = done.stdout.split()
        self.assertIn("clang-19", names)
        self.assertIn("haproxy", names)
        self.assertEqual(len(names), len(set(names)))


class Steps(Bash):
    def test_a_step_that_passes(self):
        done = self.bash('step "my step" "never shown" echo hello')
        self.assertRegex(done.stdout, r"my step +0\.\d s  ok")
        self.assertEqual((self.root / "build/logs/my-step.log").read_text(), "hello\n")

    def test_a_step_that_fails_shows_the_end_of_its_log_and_what_to_do(self):
        done = self.bash('step "x" "Do this instead." bash -c "seq 100; exit 7"; echo "got $?"')
        self.assertIn("FAILED (exit status 7)", done.stdout)
        self.assertIn("got 7", done.stdout)
        self.assertIn("    100\n", done.stderr)
        self.assertNotIn("    60\n", done.stderr)
        self.assertIn("Do this instead.", done.stderr)

    def test_it_leaves_no_process_behind(self):
        done = self.bash('step x y true; [[ -z $(jobs -p) ]] && echo "none left"')
        self.assertIn("none left", done.stdout)


class Counting(Bash):
    def count(self, log):
        (self.root / "log").write_text(log)
        done = self.bash(f". {PROJECT}/tools/test_steps.sh\ncount_tests {self.root}/log")
        return done.stdout.strip()

    def test_googletest_cases(self):
        entry = (
            "1/2 Testing: a_test\n[  PASSED  ] 7 tests.\n[  SKIPPED ] 2 tests, listed below:\n"
            "[  SKIPPED ] A.B\nTest Passed.\n"
        )
        self.assertEqual(self.count(entry), "7 0 2")
        entry += (
            "2/2 Testing: b_test\n[  PASSED  ] 3 tests.\n[  FAILED  ] 2 tests, listed below:\n"
            "[  FAILED  ] B.C\nTest Failed.\n"
        )
        self.assertEqual(self.count(entry), "10 2 2")

    def test_a_crash_counts_as_one_failure(self):
        self.assertEqual(self.count("1/1 Testing: a_test\n==1==ERROR\nTest Failed.\n"), "0 1 0")

    def test_a_program_that_is_no_googletest_counts_as_one(self):
        self.assertEqual(self.count("1/1 Testing: refuses\nTest Passed.\n"), "1 0 0")

    def test_unittest(self):
        self.assertEqual(self.count("Ran 66 tests in 0.035s\n\nOK\n"), "66 0 0")
        log = "Ran 6 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n"
        self.assertEqual(self.count(log + "Ran 2 tests in 1s\n\nOK (skipped=1)\n"), "3 3 2")

    def test_programs_that_count_themselves(self):
        self.assertEqual(self.count("x: clean\n8 passed, 1 failed\n"), "8 1 0")

    def test_the_last_line_counts_tests_and_steps(self):
        done = self.bash(
            f". {PROJECT}/tools/test_steps.sh\n"
            'check "two" "" echo "2 passed, 0 failed"\ncheck "one" "" true\n'
            'check "bad" "mend it" false\nnot_run "next" "bad failed"\nsummary'
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], "3 passed, 1 failed")
        self.assertRegex(done.stdout, r"next +- +not run bad failed")


class RunScript(Bash):
    """./run with a project of its own, whose build is a copied script."""

    def setUp(self):
        super().setUp()
        (self.root / "tools").mkdir()
        (self.root / "run").symlink_to(PROJECT / "run")
        (self.root / "build/release").mkdir(parents=True)
        self.copy = self.root / "copy"
        self.copy.mkdir()
        for name in ("run", "tools/steps.sh"):
            target = self.copy / name
            target.parent.mkdir(exist_ok=True)
            target.write_text((PROJECT / name).read_text())
        (self.copy / "run").chmod(0o755)
        self.program("cmake", f"mkdir -p {self.copy}/build/release; touch $3/build.ninja || true")
        binary = self.copy / "build/release/recloser"
        self.program(
            "ninja",
            f"mkdir -p {binary.parent}\n"
            f'printf "#!/bin/bash\\necho \\"\\$@\\"\\n" >{binary}\nchmod +x {binary}',
        )
        (self.root / "packages.txt").write_text("[run]\nhere\n")

    def run_script(self, *arguments):
        environment = {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "RECLOSER_PACKAGES": str(self.root / "packages.txt"),
        }
        done = subprocess.run(
            [str(self.copy / "run"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr

    def test_without_arguments_it_serves_the_quickstart(self):
        status, last = self.run_script()
        self.assertEqual((status, last), (0, f"serve --config {self.copy}/config/quickstart.yaml"))

    def test_arguments_go_to_serve(self):
        self.assertEqual(self.run_script("--config", "my.yaml"), (0, "serve --config my.yaml"))
        self.assertEqual(self.run_script("--config=my.yaml"), (0, "serve --config=my.yaml"))

    def test_another_command(self):
        self.assertEqual(self.run_script("key", "list"), (0, "key list"))

    def test_setup_only_starts_nothing(self):
        self.assertEqual(self.run_script("--setup-only"), (0, "Ready: build/release/recloser"))


if __name__ == "__main__":
    unittest.main()
