import unittest

import allow
from source import Source

MARK = "// tidy: " + "allow"


def standing(text, *findings):
    source = Source("src/a/b.cpp", text)
    found = [source.finding(line, rule, "x") for line, rule in findings]
    return [(f.line, f.rule) for f in allow.apply(source, found, {"banned", "await"})]


class Exceptions(unittest.TestCase):
    def test_on_the_line_and_above_it(self):
        self.assertEqual(standing(f"x;  {MARK} banned - the kernel wants it\n", (1, "banned")), [])
        self.assertEqual(standing(f"{MARK} banned - the kernel wants it\nx;\n", (2, "banned")), [])

    def test_a_mark_at_the_end_of_a_line_covers_no_other_line(self):
        text = f"x;  {MARK} banned - the kernel wants it\ny;\n"
        self.assertIn((2, "banned"), standing(text, (1, "banned"), (2, "banned")))

    def test_other_rules_stand(self):
        text = f"x;  {MARK} banned - the kernel wants it\n"
        self.assertEqual(standing(text, (1, "banned"), (1, "await")), [(1, "await")])

    def test_without_a_reason(self):
        for mark in (f"{MARK} banned", f"{MARK} banned - ", f"{MARK} banned - why"):
            with self.subTest(mark):
                found = standing(f"x;  {mark}\n", (1, "banned"))
                self.assertEqual(found, [(1, "banned"), (1, "allow")])

    def test_a_document_may_show_one(self):
        source = Source("docs/a.md", f"```\n{MARK} banned - the kernel wants it\n```\n")
        self.assertEqual(allow.apply(source, [], {"banned"}), [])
        source = Source("docs/a.md", "<!-- tidy: " + "allow link - made by the build -->\n")
        found = [source.finding(2, "link", "x")]
        self.assertEqual(allow.apply(source, found, {"link"}), [])

    def test_an_unknown_rule(self):
        self.assertEqual(standing(f"x;  {MARK} goto - because of that\n"), [(1, "allow")])

    def test_an_exception_that_nothing_needs(self):
        self.assertEqual(standing(f"x;  {MARK} banned - was needed once\n"), [(1, "allow")])


if __name__ == "__main__":
    unittest.main()
