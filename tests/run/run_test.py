"""`recloser run` around real programs: run_test.py BINARY [test names]

Exit statuses, signals, terminals, limits, receipts, nesting, and what is left behind.
"""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MOCK = HERE.parent / "mock/mock_provider.py"
CALLER = [sys.executable, str(HERE / "caller.py")]
BINARY = ""
SECONDS_MAX = 120


class RunTest(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory(prefix="recloser-run-test-")
        self.addCleanup(kept.cleanup)
        self.folder = pathlib.Path(kept.name)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()

    def tearDown(self):
        self.assertEqual(list(self.temporary.iterdir()), [], "a run leaves nothing behind")

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
                "TMPDIR": str(self.temporary), "OPENAI_API_KEY": "sk-of-the-user",
                "ANTHROPIC_AUTH_TOKEN": "token-of-a-login", **more}

    def run_it(self, *words, env=None, **how):
        return subprocess.run([BINARY, "run", *map(str, words)], env=env or self.environment(),
                              capture_output=True, text=True, timeout=SECONDS_MAX, **how)

    def start(self, *words, **how):
        child = subprocess.Popen([BINARY, "run", *map(str, words)], env=self.environment(),
                                 text=True, **{"stdout": subprocess.PIPE,
                                               "stderr": subprocess.PIPE, **how})
        self.addCleanup(self.end, child)
        return child

    @staticmethod
    def end(child):
        if child.poll() is None:
            child.kill()
        child.communicate()

    @contextlib.contextmanager
    def mock(self, scripts):
        path = self.folder / "mock.json"
        path.write_text(json.dumps(scripts))
        child = subprocess.Popen([sys.executable, "-u", MOCK, "--script", path], text=True,
                                 stdout=subprocess.PIPE)
        try:
            yield child.stdout.readline().strip()
        finally:
            child.kill()
            child.communicate()

    # ---- the program ----

    def test_the_exit_status_is_the_programs(self):
        for words, status in ((["true"], 0), (["sh", "-c", "exit 7"], 7),
                              (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
                              (["there-is-no-such-program"], 127), (["/"], 126)):
            done = self.run_it("--sim", "--", *words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
            self.assertEqual("recloser: 0 calls" in done.stderr, status not in (126, 127))

    def test_what_is_wrong_with_us_is_125(self):
        for words, said in ((["--budget", "-1", "true"], "--budget must be USD above 0"),
                            (["--budget=nan", "true"], "--budget must be"),
                            (["--tokens", "0.5", "true"], "--tokens must be"),
                            (["--budgte", "1", "true"], "Did you mean `--budget`?"),
                            (["--per", "week", "--budget", "1", "true"], "--per must be"),
                            (["--per", "call", "true"], "give --budget, --tokens or --time"),
                            (["--loops", "trip", "true"], "--loops is not supported"),
                            (["--config", "missing.yaml", "true"], "missing.yaml"),
                            (["--keep", self.folder / "caught", "true"], "there is"),
                            ([], "needs [--] COMMAND")):
            (self.folder / "caught").touch()
            done = self.run_it(*words)
            self.assertEqual(done.returncode, 125, (words, done.stderr))
            self.assertIn(said, done.stderr)
        wrong = self.environment(OPENAI_BASE_URL="https://user:secret@api.example")
        done = self.run_it("true", env=wrong)
        self.assertEqual(done.returncode, 125)
        self.assertIn("OPENAI_BASE_URL", done.stderr)
        self.assertNotIn("secret", done.stderr)

    def test_options_end_where_the_program_begins(self):
        done = self.run_it("--sim", "echo", "--help", "--budget", "x")
        self.assertEqual((done.returncode, done.stdout), (0, "--help --budget x\n"))
        self.assertIn("exit status", self.run_it("--help", "echo").stdout.lower())

    def test_input_and_output_are_the_programs(self):
        done = self.run_it("--sim", "--", "sh", "-c", "cat; echo told >&2", input="through\n")
        self.assertEqual(done.stdout, "through\n")
        self.assertTrue(done.stderr.startswith("told\nrecloser: 0 calls"), done.stderr)

    def test_the_program_has_no_descriptor_of_ours(self):
        seen = self.run_it("--sim", "--", sys.executable, "-c",
                           "import os; print(sorted(os.listdir('/proc/self/fd')))")
        plain = subprocess.run([sys.executable, "-c",
                                "import os; print(sorted(os.listdir('/proc/self/fd')))"],
                               capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertEqual(seen.stdout, plain.stdout)

    def test_variables_point_at_the_gateway(self):
        names = ["OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "NO_PROXY",
                 "GOOGLE_GEMINI_BASE_URL", "OPENAI_API_KEY"]
        done = self.run_it("--", sys.executable, "-c", "import os, json; print(json.dumps("
                           f"[os.environ.get(name) for name in {names}]))",
                           env=self.environment(NO_PROXY="corp.example"))
        openai, base, anthropic, no_proxy, gemini, key = json.loads(done.stdout)
        self.assertRegex(anthropic, r"^http://127\.0\.0\.1:\d+$")
        self.assertEqual((openai, base), (anthropic + "/v1",) * 2)
        self.assertEqual(no_proxy, "corp.example,127.0.0.1,localhost,::1")
        self.assertEqual((gemini, key), (None, "sk-of-the-user"))
        self.assertIn("not governed: Gemini, Bedrock, Ollama", done.stderr)

    def test_codex_is_told_by_its_own_option(self):
        codex = self.folder / "codex"
        codex.write_text("echo $@\n")
        codex.chmod(0o755)
        said = self.run_it("--sim", "--", codex, "exec", "x").stdout
        self.assertRegex(said, r'^-c openai_base_url="http://127\.0\.0\.1:\d+/v1" '
                         r'-c features\.enable_request_compression=false exec x$')

    # ---- signals and terminals ----

    def told_when_trapped(self, name):
        return ["sh", "-c", f"trap 'echo got {name}; exit 3' {name}; echo ready; "
                "while :; do read nothing; done"]

    def test_signals_for_us_are_for_the_program(self):
        for name in ("TERM", "INT", "HUP", "USR1"):
            child = self.start("--sim", "--", *self.told_when_trapped(name),
                               stdin=subprocess.PIPE)
            self.assertEqual(child.stdout.readline(), "ready\n")
            child.send_signal(getattr(signal, f"SIG{name}"))
            out, err = child.communicate(timeout=SECONDS_MAX)
            self.assertEqual((child.returncode, out), (3, f"got {name}\n"), err)
            self.assertIn("recloser: 0 calls", err)

    def test_what_nohup_ignores_stays_ignored(self):
        done = self.run_it("--sim", "--", "sh", "-c", "kill -HUP $$; echo alive",
                           preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertEqual((done.returncode, done.stdout), (0, "alive\n"))

    def test_a_program_that_stops_stops_us_and_goes_on_with_us(self):
        child = self.start("--sim", "--", "sh", "-c", "kill -STOP $$; echo went on")
        stopped, status = os.waitpid(child.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status), status)
        os.kill(child.pid, signal.SIGCONT)
        out, _ = child.communicate(timeout=SECONDS_MAX)
        self.assertEqual((child.returncode, out), (0, "went on\n"))

    def test_control_c_reaches_the_program_once(self):
        script = ("trap 'echo got INT' INT; trap 'exit 5' USR1; tty -s && echo has a terminal; "
                  "echo ready; while :; do read nothing; done")
        child, terminal = pty.fork()
        if child == 0:
            os.execve(BINARY, [BINARY, "run", "--sim", "--", "sh", "-c", script],
                      self.environment())
        said = self.read_until(terminal, "ready")
        self.assertIn("has a terminal", said)
        os.write(terminal, b"\x03")
        said = self.read_until(terminal, "got INT")
        os.kill(child, signal.SIGUSR1)  # what was passed on before it has come before it
        said += self.read_until(terminal, "not governed")
        self.assertEqual(said.count("got INT"), 1, said)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 5)

    @staticmethod
    def read_until(terminal, text):
        said = ""
        while text not in said:
            ready, _, _ = select.select([terminal], [], [], SECONDS_MAX)
            if not ready:
                raise AssertionError(f"{text!r} did not come: {said!r}")
            said += os.read(terminal, 65536).decode()
        return said

    # ---- limits and the receipt ----

    def receipt(self, *words, env=None):
        path = self.folder / "receipt.json"
        done = self.run_it("--receipt", path, *words, env=env)
        return done, json.loads(path.read_text())

    @staticmethod
    def calls(done):
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_the_receipt_says_what_the_calls_were(self):
        done, told = self.receipt("--sim", "--budget", "1", "--json", "--", *CALLER, "--times", "3",
                                  "sim-t20")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stderr), told)
        self.assertEqual((told["calls"], told["output_tokens"], told["reason"]), (3, 60, "ended"))
        self.assertEqual(told["outcomes"], {"completed": 3})
        self.assertEqual(told["program"], pathlib.Path(sys.executable).name)
        self.assertGreater(float(told["cost_usd"]), 0)
        [limit] = told["limits"]
        self.assertEqual((limit["name"], limit["unit"], limit["limit"]), ("run", "usd", "1.00"))
        self.assertEqual(float(limit["spent"]), float(told["cost_usd"]))

    def test_when_the_budget_ends_calls_are_refused_once_and_for_all(self):
        done, told = self.receipt("--sim", "--tokens", "1000", "--", *CALLER, "--times", "30",
                                  "sim-t100")
        statuses = [call["status"] for call in self.calls(done)]
        self.assertEqual(done.returncode, 9)
        self.assertEqual(told["reason"], "limit_reached")
        self.assertIn(200, statuses)
        self.assertIn(statuses[-1], (400, 429))  # who goes on hears 400 at last
        self.assertEqual(self.calls(done)[-1]["headers"]["x-should-retry"], "false")
        self.assertIn("the budget run-tokens of 1,000 tokens", self.calls(done)[-1]["text"])
        [limit] = told["limits"]
        self.assertLessEqual(int(limit["spent"]), 1000)
        [stopped] = [one for one in told["stopped"] if one["outcome"] == "refused"]
        self.assertEqual(stopped["rule"], "budget/run-tokens")
        self.assertEqual(stopped["calls"], len(statuses) - statuses.count(200))
        self.assertIn("refused: the budget run-tokens", done.stderr)

    def test_a_stream_is_cut_when_the_budget_ends(self):
        done, told = self.receipt("--sim", "--tokens", "500", "--", *CALLER, "--stream", "--times",
                                  "2", "sim-inf")
        cut, refused = self.calls(done)
        self.assertIn("[Recloser: stopped, the budget run-tokens of 500 tokens is spent.",
                      cut["text"])
        self.assertTrue(cut["text"].endswith("data: [DONE]\n\n"))
        self.assertEqual(refused["status"], 429)
        self.assertEqual(told["outcomes"], {"cut": 1, "refused": 1})

    def test_a_limit_for_each_call(self):
        done, told = self.receipt("--sim", "--tokens", "400", "--per", "call", "--", *CALLER,
                                  "--stream", "--times", "2", "sim-inf")
        for call in self.calls(done):
            self.assertIn("the budget call-tokens of 400 tokens", call["text"])
        self.assertEqual(told["outcomes"], {"cut": 2})
        self.assertEqual(len(told["limits"]), 2)

    def test_a_limit_for_each_session(self):
        done, told = self.receipt("--sim", "--tokens", "400", "--per", "session", "--", *CALLER,
                                  "--stream", "--session", "a", "--session", "a", "--session", "b",
                                  "sim-inf")
        self.assertEqual([call["status"] for call in self.calls(done)], [200, 429, 200])
        self.assertEqual({limit["key"] for limit in told["limits"]}, {"session=a", "session=b"})

    # ---- providers and credentials ----

    def test_credentials_and_upstreams_are_the_users(self):
        with self.mock({"*": {"tokens": 5}}) as address:
            env = self.environment(OPENAI_BASE_URL=f"{address}/v1/", ANTHROPIC_BASE_URL=address)
            for api, sent in (("openai", "Bearer sk-of-the-user"),
                              ("anthropic", "Bearer token-of-a-login")):
                done, told = self.receipt("--", *CALLER, "--api", api, "gpt-4o", env=env)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual(told["calls"], 1)
                log = self.log_of(address)
                self.assertEqual(log[-1]["headers"]["authorization"], sent, log[-1])

    @staticmethod
    def log_of(address):
        seen = subprocess.run(["curl", "-sS", f"{address}/mock/log"], capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=True)
        return json.loads(seen.stdout)["data"]

    def test_nothing_is_paid_beyond_a_plan(self):
        used_up = {"anthropic-ratelimit-unified-status": "allowed",
                   "anthropic-ratelimit-unified-5h-utilization": "1.0",
                   "anthropic-ratelimit-unified-5h-reset": "4000000000"}
        with self.mock({"*": {"tokens": 5, "headers": used_up}}) as address:
            env = self.environment(ANTHROPIC_BASE_URL=address)
            words = ["--", *CALLER, "--api", "anthropic", "--times", "3", "claude-sonnet-4-5"]
            done, told = self.receipt("--plan-only", *words, env=env)
            self.assertEqual([call["status"] for call in self.calls(done)], [200, 429, 429])
            self.assertEqual((told["reason"], told["notional"]), ("limit_reached", True))
            self.assertIn("(notional: a plan pays)", done.stderr)
            self.assertEqual(len(self.log_of(address)), 1)
            done, told = self.receipt(*words, env=env)
            self.assertEqual([call["status"] for call in self.calls(done)], [200, 200, 200])

    def test_a_run_within_a_run(self):
        inner = self.folder / "inner.json"
        with self.mock({"*": {"tokens": 50}}) as address:
            env = self.environment(OPENAI_BASE_URL=f"{address}/v1")
            done, told = self.receipt("--tokens", "150", "--", BINARY, "run", "--receipt", inner,
                                      "--tokens", "100000", "--", *CALLER, "--stream", "--times",
                                      "6", "gpt-4o", env=env)
        within = json.loads(inner.read_text())
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertEqual((told["calls"], within["calls"]), (6, 6))
        self.assertEqual(told["reason"], "limit_reached")
        self.assertIn("the budget run-tokens of 150 tokens", self.calls(done)[-1]["text"])

    def test_a_configuration_of_providers_and_prices(self):
        with self.mock({"*": {"tokens": 5}}) as address:
            config = self.folder / "mine.yaml"
            config.write_text(
                "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n"
                "listen: [{address: 127.0.0.1:1}]\nstate: {directory: /nowhere}\n"
                "providers:\n"
                f"  mine: {{dialect: openai, baseUrl: '{address}/v1', apiKey: its-key}}\n"
                "models: {house: {targets: [{provider: mine, model: gpt-4o}]}}\n")
            done, told = self.receipt("--config", config, "--", *CALLER, "house")
            self.assertEqual(self.log_of(address)[-1]["headers"]["authorization"], "Bearer its-key")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(told["models"][0]["provider"], "mine")

    # ---- what is left behind ----

    def test_the_books_are_kept_where_one_says(self):
        kept = self.folder / "run.db"
        done, told = self.receipt("--sim", "--keep", kept, "--", *CALLER, "--times", "2", "sim-t5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(told["ledger"], str(kept))
        with contextlib.closing(sqlite3.connect(kept)) as books:
            self.assertEqual(books.execute("select count(*) from calls").fetchone(), (2,))
        into = self.folder / "books"
        into.mkdir()
        self.run_it("--sim", "--keep", into, "true")
        self.assertEqual(len(list(into.glob("recloser-run-*.db"))), 1)

    def test_the_state_is_nobody_elses_while_it_lasts(self):
        done = self.run_it("--sim", "--", "sh", "-c", "stat -c '%a' $TMPDIR/recloser-run-*")
        self.assertEqual(done.stdout, "700\n")


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
