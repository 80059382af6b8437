import unittest

from rooms import Includes, Rooms, includes, unreachable
from source import Source

CMAKE = """
recloser_room(core   LINKS fmt::fmt Threads::Threads)
recloser_room(config LINKS core yaml-cpp)
recloser_room(codec  LINKS core)
recloser_room(auth   LINKS core config OpenSSL::Crypto)
recloser_room(ledger LINKS core SQLite::SQLite3)
recloser_room(net    LINKS core OpenSSL::SSL PkgConfig::cares)
recloser_room(relay  LINKS codec auth ledger net)
"""
ARCHITECTURE = """
| room | it knows |
|---|---|
| `core/` | x |
| `config/` | x |
| `text/`, `cel/` | planned |
| `codec/` | x |
| `auth/` | x |
| `ledger/` | x |
| `net/` | x |
| `relay/` | x |
| `sim/` | x |
"""


def rooms(cmake=CMAKE):
    return Rooms(cmake, ARCHITECTURE)


def check(path, text, *others):
    source = Source(path, text)
    sources = [source]
    sources += [Source(other, "") if isinstance(other, str) else other for other in others]
    return [finding.rule for finding in includes(source, rooms(), Includes(sources))]


class Downhill(unittest.TestCase):
    def test_what_the_links_allow(self):
        text = '#include "core/a.h"\n#include "config/a.h"\n'
        self.assertEqual(check("src/auth/x.cpp", text, "src/core/a.h", "src/config/a.h"), [])

    def test_links_of_links(self):
        self.assertEqual(check("src/relay/x.cpp", '#include "config/a.h"\n', "src/config/a.h"), [])

    def test_uphill_and_sideways(self):
        text = '#include "relay/a.h"\n'
        self.assertEqual(check("src/net/x.cpp", text, "src/relay/a.h"), ["downhill"])
        text = '#include "config/a.h"\n'
        self.assertEqual(check("src/codec/x.cpp", text, "src/config/a.h"), ["downhill"])

    def test_main_and_tests_see_all(self):
        text = '#include "relay/a.h"\n'
        self.assertEqual(check("src/main.cpp", text, "src/relay/a.h"), [])
        self.assertEqual(check("tests/wire/x.cpp", text, "src/relay/a.h"), [])

    def test_a_file_that_is_not_there(self):
        self.assertEqual(check("src/net/x.cpp", '#include "net/gone.h"\n'), ["include"])
        self.assertEqual(check("tests/bench/x.cpp", '#include "load.h"\n'), [])
        self.assertEqual(check("tests/bench/x.cpp", '#include "../src/net/y.h"\n'), ["include"])

    def test_links_uphill_are_found_in_cmake(self):
        found = list(rooms(CMAKE + "recloser_room(text LINKS core codec)\n").findings())
        self.assertEqual([(f.path, f.line) for f in found], [("CMakeLists.txt", 9)])
        self.assertIn("text links codec", found[0].text)

    def test_the_simulated_provider_shares_only_bytes(self):
        found = list(rooms(CMAKE + "recloser_room(sim LINKS core net ledger)\n").findings())
        self.assertEqual([f.text.split(";")[0] for f in found], ["sim links ledger"])

    def test_a_room_the_architecture_does_not_know(self):
        found = list(rooms(CMAKE + "recloser_room(utils LINKS core)\n").findings())
        self.assertIn("utils has no row", found[0].text)


class Libraries(unittest.TestCase):
    def test_sockets_are_seen_by_the_code_of_net_only(self):
        text = "#include <sys/socket.h>\n"
        self.assertEqual(check("src/net/x.cpp", text), [])
        self.assertEqual(check("src/relay/x.cpp", text), ["sockets"])
        self.assertEqual(check("src/relay/x_test.cpp", text), [])
        self.assertEqual(check("src/codec/x_test.cpp", text), ["sockets"])

    def test_a_header_of_net_shows_sockets_only_to_code_of_net(self):
        text = "#include <sys/socket.h>\n"
        inside = Source("src/net/x.cpp", '#include "net/x.h"\n')
        outside = Source("src/relay/x.cpp", '#include "net/x.h"\n')
        shown = Source("src/net/y.h", '#include "net/x.h"\n')
        reader = Source("src/relay/y.cpp", '#include "net/y.h"\n')
        self.assertEqual(check("src/net/x.h", text, inside), [])
        self.assertEqual(check("src/net/x.h", text, inside, outside), ["sockets"])
        self.assertEqual(check("src/net/x.h", text, inside, shown, reader), ["sockets"])

    def test_openssl(self):
        self.assertEqual(check("src/net/x.cpp", "#include <openssl/ssl.h>\n"), [])
        self.assertEqual(check("src/auth/x.cpp", "#include <openssl/evp.h>\n"), [])
        self.assertEqual(check("src/auth/x.cpp", "#include <openssl/ssl.h>\n"), ["sockets"])
        self.assertEqual(check("src/codec/x.cpp", "#include <openssl/evp.h>\n"), ["library"])
        reader = Source("src/relay/x.cpp", '#include "auth/x.h"\n')
        self.assertEqual(check("src/auth/x.h", "#include <openssl/evp.h>\n", reader), ["library"])

    def test_a_library_belongs_to_the_room_that_links_it(self):
        self.assertEqual(check("src/ledger/x.cpp", "#include <sqlite3.h>\n"), [])
        self.assertEqual(check("src/relay/x.cpp", "#include <sqlite3.h>\n"), ["library"])
        self.assertEqual(check("src/relay/x.cpp", "#include <fmt/format.h>\n"), [])

    def test_a_test_may_compare_with_any_library(self):
        self.assertEqual(check("src/relay/x_test.cpp", "#include <boost/json.hpp>\n"), [])


class Reachable(unittest.TestCase):
    CMAKE_TEXTS = {
        "tests/wire/CMakeLists.txt": "recloser_test(wire_test SOURCES runner.cpp steps/*_test.cpp)",
        "tests/fuzz/CMakeLists.txt": "foreach(t a b)\n recloser_fuzzer(f SOURCES fuzz_${t}.cpp)",
    }

    def dead(self, *sources):
        found = unreachable(sources, rooms(), Includes(sources), self.CMAKE_TEXTS)
        return [finding.path for finding in found]

    def test_code(self):
        paths = ["src/net/a/b.cpp", "src/main.cpp", "tests/wire/runner.cpp"]
        paths += ["tests/wire/steps/x_test.cpp", "tests/fuzz/fuzz_a.cpp"]
        self.assertEqual(self.dead(*(Source(path, "") for path in paths)), [])
        paths = ["src/stray.cpp", "src/gone/a.cpp", "tests/wire/lost.cpp", "tests/new/a.cpp"]
        self.assertEqual(self.dead(*(Source(path, "") for path in paths)), paths)

    def test_headers(self):
        header = Source("src/net/a.h", "")
        self.assertEqual(self.dead(header), ["src/net/a.h"])
        self.assertEqual(self.dead(header, Source("src/net/a.cpp", '#include "net/a.h"\n')), [])


if __name__ == "__main__":
    unittest.main()
