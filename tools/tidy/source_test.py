import unittest

from source import Source, balanced_end


class Blanking(unittest.TestCase):
    def code(self, text):
        source = Source("src/a/b.cpp", text)
        self.assertEqual(len(source.code), len(text))
        return source.code

    def test_comments_and_strings_lose_their_insides(self):
        self.assertEqual(self.code('f("a{b"); // {x\n'), 'f("   ");      \n')
        self.assertEqual(self.code("a /* { \n } */ b"), "a      \n      b")

    def test_escaped_quotes_do_not_end_a_string(self):
        self.assertEqual(self.code(r'"a\"{" {'), r'"    " {')
        self.assertEqual(self.code(r"'\'' {"), r"'  ' {")

    def test_digit_separators_open_no_character(self):
        self.assertEqual(self.code("int x = 65'536; f('{');"), "int x = 65'536; f(' ');")

    def test_raw_strings_end_at_their_fence(self):
        self.assertEqual(self.code('R"x({ )" )x" {'), 'R' + ' ' * 10 + '" {')

    def test_a_comment_may_go_on_after_a_backslash(self):
        self.assertEqual(self.code("// a \\\n { b\n}"), "      \n    \n}")

    def test_directives_have_no_structure(self):
        source = Source("src/a/b.cpp", "#define X { \\\n  {\nint y;\n")
        self.assertNotIn("{", source.structure)
        self.assertIn("int y;", source.structure)


class Places(unittest.TestCase):
    def test_line_of(self):
        source = Source("a.cpp", "one\ntwo\n\nfour")
        self.assertEqual([source.line_of(i) for i in (0, 3, 4, 8, 9)], [1, 1, 2, 3, 4])

    def test_room(self):
        self.assertEqual(Source("src/net/http1/head.cpp", "").room, "net")
        self.assertEqual(Source("src/main.cpp", "").room, "main")
        self.assertIsNone(Source("tests/wire/x.cpp", "").room)

    def test_what_is_for_tests(self):
        for path in ("src/a/b_test.cpp", "src/a/test_loop.h", "src/a/testing/b.h", "tests/x/b.cpp"):
            self.assertTrue(Source(path, "").is_test, path)
        for path in ("src/a/b.cpp", "src/a/testing.h", "tools/test_steps.sh/x"):
            self.assertFalse(Source(path, "").is_test, path)

    def test_balanced_end(self):
        self.assertEqual(balanced_end("f(a(b)c)d", 1), 7)
        self.assertEqual(balanced_end("f(a(b)c", 1), -1)


if __name__ == "__main__":
    unittest.main()
