import unittest

import layout
from source import Source


def run(rule, path, text):
    return [(finding.line, finding.text) for finding in rule(Source(path, text))]


def functions(text):
    return list(layout.cpp_functions(Source("src/a/b.cpp", text)))


class Sizes(unittest.TestCase):
    def test_columns_at_the_limit_and_one_past(self):
        self.assertEqual(run(layout.columns, "src/a/b.cpp", "x" * 100 + "\n"), [])
        self.assertEqual(run(layout.columns, "src/a/b.cpp", "\n" + "x" * 101 + "\n")[0][0], 2)

    def test_columns_are_characters_not_bytes(self):
        self.assertEqual(run(layout.columns, "tools/a.py", "é" * 100 + "\n"), [])

    def test_a_document_has_no_columns(self):
        self.assertEqual(run(layout.columns, "README.md", "x" * 300 + "\n"), [])

    def test_file_length_at_the_limit_and_one_past(self):
        self.assertEqual(run(layout.file_length, "src/a/b.cpp", "x\n" * 600), [])
        self.assertEqual(len(run(layout.file_length, "src/a/b.cpp", "x\n" * 601)), 1)

    def test_white_space(self):
        self.assertEqual(run(layout.white_space, "src/a/b.cpp", "a\n  b\n"), [])
        lines = [line for line, _ in run(layout.white_space, "src/a/b.cpp", "a \n\tb\nc\r\nd")]
        self.assertEqual(lines, [1, 2, 3, 4])


class FunctionLength(unittest.TestCase):
    def body(self, lines):
        return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"

    def test_at_the_limit_and_one_past(self):
        self.assertEqual(run(layout.function_length, "src/a/b.cpp", self.body(70)), [])
        found = run(layout.function_length, "src/a/b.cpp", self.body(71))
        self.assertEqual(found[0][0], 1)
        self.assertIn("f has 71 lines", found[0][1])

    def test_python(self):
        text = "x = 1\ndef long():\n" + "    g()\n" * 70
        self.assertEqual(run(layout.function_length, "tools/a.py", text)[0][0], 2)
        self.assertEqual(run(layout.function_length, "tools/a.py", text[: -len("    g()\n")]), [])

    def test_where_functions_begin_and_end(self):
        cases = {
            "namespace a {\nint f(int x) {\n  return x;\n}\n}": [(2, 4, "f")],
            "class A {\n public:\n  A() : a_{1}, b_(2) {\n  }\n  int a_;\n};": [(3, 4, "A")],
            "A::~A() {\n}\n": [(1, 2, "A::~A")],
            "template <class T>\nT f(T a) noexcept {\n}": [(1, 3, "f")],
            "auto f() -> std::vector<int> {\n}": [(1, 2, "f")],
            "struct A : B<int> {\n bool operator()(int a) const {\n}\n};": [(2, 3, "operator()")],
            "TEST(Room, DoesIt) {\n}": [(1, 2, "TEST")],
            "struct alignas(64) A {\n int f() { return 1; }\n};": [(2, 2, "f")],
            "class [[nodiscard]] A final {\n void f() override {\n}\n};": [(2, 3, "f")],
            "constexpr Row table[] = {\n {1, f(2)},\n {3, 4},\n};": [],
            "const std::array<int, size(3)> all{\n 1,\n 2,\n};": [],
            "enum class E { a, b };": [],
            'extern "C" {\nvoid f() {\n}\n}': [(2, 3, "f")],
            "struct A f(int x) {\n}": [(1, 2, "f")],
            "int f(int a = g({1}), int b = 2) {\n}": [(1, 2, "f")],
        }
        for text, expected in cases.items():
            with self.subTest(text):
                self.assertEqual(functions(text), expected)

    def test_a_lambda_belongs_to_its_function(self):
        text = "void f() {\n auto g = [](int x) {\n return x;\n };\n struct L { void m() {} };\n}"
        self.assertEqual(functions(text), [(1, 6, "f")])


class Openings(unittest.TestCase):
    def header(self, text):
        return run(layout.header_opening, "src/a/b.h", text)

    def test_a_sentence_and_the_guard(self):
        self.assertEqual(self.header("// What it is for.\n#pragma once\n"), [])
        self.assertEqual(self.header("// What it is\n// for.\n\n#pragma once\n"), [])

    def test_no_sentence(self):
        self.assertIn("does not open", self.header("#pragma once\n")[0][1])
        self.assertIn("no sentence", self.header("// helpers\n#pragma once\n")[0][1])

    def test_no_guard(self):
        self.assertEqual(self.header("// What it is for.\nint x;\n")[0][0], 2)

    def test_titles_of_documents(self):
        self.assertEqual(run(layout.markdown_title, "docs/a.md", "# Title\n"), [])
        self.assertEqual(run(layout.markdown_title, "docs/a.md", "Text\n")[0][0], 1)
        self.assertEqual(run(layout.markdown_title, "docs/a.md", "")[0][0], 1)


if __name__ == "__main__":
    unittest.main()
