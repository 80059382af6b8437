import unittest

import documents
from source import Source

PATHS = {"README.md", "docs", "docs/a.md", "src/net/worker.h"}
TEXTS = {"docs/a.md": "# First title\n\n## What's *here*, now\n"}


def broken(text, path="docs/b.md"):
    source = Source(path, text)
    return [finding.line for finding in documents.links(source, PATHS, TEXTS.__getitem__)]


class Links(unittest.TestCase):
    def test_to_files_and_folders(self):
        text = "[a](a.md) [r](../README.md) [w](../src/net/worker.h) [d](.)\n"
        self.assertEqual(broken(text), [])
        self.assertEqual(broken("\n[gone](gone.md)\n"), [2])

    def test_to_headings(self):
        self.assertEqual(broken("[a](a.md#first-title) [b](a.md#whats-here-now)\n"), [])
        self.assertEqual(broken("[a](a.md#third)\n"), [1])

    def test_to_the_world(self):
        self.assertEqual(broken("[x](https://example.com/y) [m](mailto:a@example.com)\n"), [])

    def test_in_code(self):
        self.assertEqual(broken("```\n[gone](gone.md)\n```\n"), [])


if __name__ == "__main__":
    unittest.main()
