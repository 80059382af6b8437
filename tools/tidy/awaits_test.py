import os
import re
import unittest
from pathlib import Path

import awaits
from source import Source

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("RECLOSER_SHARED", PROJECT / "../shared"))
PROBE = SHARED / "prototypes" / "style-probe"


def await_faults(body):
    source = Source("src/net/x.cpp", "Task<void> f() {\n" + body + "\n}\n")
    return [finding.text.split(";")[0] for finding in awaits.awaits(source)]


def lambda_lines(code):
    source = Source("src/net/x.cpp", code)
    return [finding.line for finding in awaits.capturing_coroutines(source)]


class Passes(unittest.TestCase):
    GOOD = [
        "co_await tick();",
        "co_await gate;",
        "int first = co_await add(gate, 1, 2);",
        "Result<Head> head = co_await read_head(client, std::move(buffer));",
        "out = co_await add(gate, 1);",
        "names[i] = co_await next();",
        "auto [key, value] = co_await entry();",
        "co_return co_await add(1, 2);",
        "(void)co_await add(1, 2);",
        "if (busy) co_await tick();",
        "if (busy) r = co_await get(7); else r = T(7);",
        "else co_await tick();",
        "for (int i = 0; i < 9; ++i) co_await tick();",
        "while (true) { co_await tick(); }",
        "do { co_await tick(); } while (again);",
        "try { co_await tick(); } catch (const E& e) { log(e); }",
        "switch (x) { case Kind::a: co_await tick(); break; default: co_await tock(); }",
        "if (T t = co_await get(4); t.v == 4) tick();",
        "Result<Call> call =\n    co_await open(\n        std::move(request),\n        due);",
        "co_await table[index].ready();",
        "co_await take<std::map<int, int>>(values);",
        "co_await std::move(task);",
        'co_await say("a { brace ? in a string [x]");',
        "co_await take(x);  // { co_await [no] ? }",
        "auto body = []() -> Task<void> { co_await tick(); };",
        "if constexpr (fast) co_await tick();",
        "if (rare) [[unlikely]] co_await tick();",
        "int x = a ? b : c; co_await tick();",
        "Agg a{T(1), T(2), 3}; co_await take(std::move(a));",
    ]

    def test_plain_awaits(self):
        for body in self.GOOD:
            with self.subTest(body):
                self.assertEqual(await_faults(body), [])

    def test_operator_co_await_is_no_await(self):
        self.assertEqual(await_faults("auto operator co_await() { return W{}; }"), [])


class Flags(unittest.TestCase):
    BAD = {
        "co_await take({});": "a brace",
        "co_await take(Agg{.a = 1});": "a brace",
        "co_await take([t] { return t; });": "a lambda",
        "co_await spawn(group,\n    [t]() -> Task<void> {\n  co_await tick();\n});": "a lambda",
        "co_await take(x ? a : b);": "a ?:",
        "T r = i ? co_await get(7) : T(7);": "one branch",
        "if (i && (co_await get(7)).v == 7) {}": "inside parentheses",
        "if (co_await ready()) stop();": "head of `if`",
        "while (co_await more()) {}": "head of `while`",
        "while (Result<E> e = co_await next()) {}": "head of `while`",
        "for (; co_await more();) {}": "head of `for`",
        "for (auto& x : co_await all()) use(x);": "head of `for`",
        "switch (co_await kind()) {}": "head of `switch`",
        "int s = sum(co_await get(1), 2);": "an argument list",
        "Agg a{co_await get(1), T(2)};": "braced initialiser",
        "Agg a = {.n = co_await get(1)};": "braced initialiser",
        "take(Agg{co_await get(1)});": "braced initialiser",
        "int n = names[co_await get(1)];": "a subscript",
        "co_await take(co_await get(7));": "two co_await",
        "int n = co_await a() + co_await b();": "two co_await",
        "int n = co_await a() + 1;": "in the same expression",
        "bool b = co_await a() == 3;": "in the same expression",
        "ok && co_await a();": "one branch",
        "int n = 1 + co_await a();": "not the whole",
        "v.push_back(co_await get(1));": "an argument list",
        "int n = (co_await get()).n;": "inside parentheses",
        "if (a) { co_await tick(); } else take(co_await get());": "an argument list",
        "std::string s =\n    std::string(9, 'a') +\n    std::to_string(co_await x());": "argument",
    }

    def test_each_form(self):
        for body, fault in self.BAD.items():
            with self.subTest(body):
                faults = await_faults(body)
                self.assertTrue(faults, "not flagged")
                self.assertIn(fault, faults[0])

    def test_the_line_is_that_of_the_await(self):
        source = Source("src/a/b.cpp", "T f() {\n  take(\n      co_await x());\n}\n")
        self.assertEqual([finding.line for finding in awaits.awaits(source)], [3])


class CapturingLambdas(unittest.TestCase):
    def test_captures_and_co_await(self):
        self.assertEqual(lambda_lines("auto f = [t]() -> Task<void> { co_await t(); };"), [1])
        self.assertEqual(lambda_lines("auto f =\n  [&] { co_return 1; };"), [2])
        self.assertEqual(lambda_lines("auto f = [=]<class T>(T t) { co_await t; };"), [1])

    def test_without_captures_it_is_a_function(self):
        self.assertEqual(lambda_lines("auto f = [](T t) -> Task<void> { co_await t(); };"), [])

    def test_a_plain_lambda_inside_a_coroutine(self):
        code = "Task<void> f() { auto g = [&] { return x; }; co_await h(g); }"
        self.assertEqual(lambda_lines(code), [])

    def test_a_coroutine_inside_a_plain_lambda(self):
        code = "auto f = [&] { auto g = [](T t) -> Task<void> { co_await t; }; return g(x); };"
        self.assertEqual(lambda_lines(code), [])

    def test_subscripts_bindings_and_attributes_are_no_lambdas(self):
        code = "Task<void> f() { auto [a, b] = g(); x[i] = 1; [[maybe_unused]] int c; co_await t; }"
        self.assertEqual(lambda_lines(code), [])


@unittest.skipUnless(PROBE.is_dir(), f"{PROBE} is not there: the compiler probe is skipped")
class RecordedForms(unittest.TestCase):
    """Forms that were run under a compiler which breaks them, and the same forms written safely."""

    # Whole statements, which a textual rule takes: calls, temporaries as plain arguments, named
    # results. One of them (u01, an aggregate written with parentheses) GCC breaks all the same.
    PLAIN = """c02 c03 c12 c19 c20 c22 c25 c28 c31 c37 c38 c39 c40 u01 u02 u03 u04 u05 u06 u07 u08
               u09 u10 u14 u20""".split()

    def flagged(self, name):
        found, seen = set(), set()
        for case, body in self.cases(name):
            seen.add(case)
            source = Source("tests/x.cpp", "Task<void> f() {" + body + "}\n")
            if list(awaits.awaits(source)) + list(awaits.capturing_coroutines(source)):
                found.add(case)
        self.assertTrue(seen)
        return found, seen

    def cases(self, name):
        text = (PROBE / name).read_text()
        for match in re.finditer(r"^CASE\((\w+?)_\w+\) \{", text, re.M):
            end = re.compile(r"\n(?=CASE|#|int main|struct|awaitable)").search(text, match.end())
            yield match.group(1), text[match.end() : end.start()].rstrip().rstrip("}")

    def test_what_a_compiler_breaks_is_flagged(self):
        for name in ("coro_gcc12_probe.cpp", "coro_more_forms.cpp"):
            found, seen = self.flagged(name)
            self.assertEqual(seen - found - set(self.PLAIN), set(), name)

    def test_what_is_written_safely_passes(self):
        for case, body in self.cases("coro_safe_forms.cpp"):
            source = Source("tests/x.cpp", "Task<void> f() {" + body + "}\n")
            self.assertEqual(list(awaits.awaits(source)), [], case)


if __name__ == "__main__":
    unittest.main()
