import unittest

import banned
from source import Source


def found(path, text):
    return [f.text.split(": ")[0] for f in banned.banned(Source(path, text))]


class Words(unittest.TestCase):
    CASES = {  # text in src/relay/x.cpp -> the name of the ban, or None
        "std::thread(f).detach();": "detach",
        "asio::detached": "detach",
        "connection.detach(*this);": None,
        "auto t = std::chrono::steady_clock::now();": "the clock of the machine",
        "std::time(nullptr)": "the clock of the machine",
        "call.time(nullptr)": None,
        "clock.now()": None,
        "clock_gettime(CLOCK_MONOTONIC, &t);": "the clock of the machine",
        'std::getenv("HOME")': "the environment",
        "std::random_device device;": "randomness of its own",
        "int x = rand();": "randomness of its own",
        "operand(1)": None,
        "auto* p = new Thing(1);": "new",
        "auto* p = new (place) Thing;": "new",
        "std::unique_ptr<Worker> worker(new Worker(log));": None,
        "return std::unique_ptr<A>(new A(b));": None,
        "std::shared_ptr<const A>(new A(b))": None,
        "static void* operator new(std::size_t bytes);": None,
        "int new_size = 1;": None,
        "delete p;": "delete",
        "delete[] p;": "delete",
        "A(const A&) = delete;": None,
        "static void operator delete(void* p);": None,
        "void* p = malloc(1);": "malloc",
        "std::this_thread::sleep_for(1s);": "sleep",
        "usleep(1);": "sleep",
        "void sleep(Duration most);": None,
        "co_await worker.sleep_until(at);": None,
        "std::function<void()> f;": "std::function",
        "std::move_only_function<void()> f;": None,
        "std::regex r;": "std::regex",
        "std::cout << 1;": "printing",
        'printf("x");': "printing",
        'snprintf(a, 1, "x");': None,
        "writer.print(1)": None,
        "out << std::endl;": "std::endl",
        "using namespace std;": "using namespace std",
        "using namespace std::chrono_literals;": None,
        "#pragma region x": "#pragma region",
        "std::shared_ptr<Call> c;": "a shared_ptr to something that changes",
        "std::shared_ptr<const Config> c;": None,
        "auto config = std::make_shared<Config>();": None,  # filled, then shared as const
        "int x = std::stoi(s);": "a number reader that throws or heeds the locale",
        "strcpy(a, b);": "an unbounded C string call",
        "localtime(&t);": "a C call with hidden state",
        "gmtime_r(&t, &out);": None,
        "assert(x);": "assert",
        "static_assert(x);": None,
        "throw std::runtime_error(m);": "throw",
        "std::rethrow_exception(e);": None,
        "std::async(f);": "std::async",
        "// new, delete and throw x in a comment": None,
        'log("std::cout << new Thing");': None,
    }

    def test_each(self):
        for text, name in self.CASES.items():
            with self.subTest(text):
                self.assertEqual(found("src/relay/x.cpp", text + "\n"), [name] if name else [])

    def test_rooms_that_may(self):
        self.assertEqual(found("src/cli/x.cpp", "std::cout << 1;"), [])
        self.assertEqual(found("src/config/x.cpp", "std::function<void()> f;"), [])
        self.assertEqual(found("src/core/time.cpp", "std::chrono::system_clock::now()"), [])
        self.assertEqual(found("src/main.cpp", 'getenv("X"); std::random_device d;'), [])
        self.assertEqual(found("tests/bench/x.cpp", "std::chrono::steady_clock::now()"), [])

    def test_what_tests_may(self):
        self.assertEqual(found("src/relay/x_test.cpp", 'std::getenv("RECLOSER_SHARED")'), [])
        self.assertEqual(found("src/relay/x_test.cpp", "throw std::runtime_error(m);"), [])
        text = "std::this_thread::sleep_for(1s);"
        self.assertEqual(found("src/relay/x_test.cpp", text), ["sleep"])

    def test_headers_open_no_namespace(self):
        self.assertEqual(found("src/a/b.h", "using namespace recloser;"), ["using namespace"])
        self.assertEqual(found("src/a/b.h", "using namespace std::chrono_literals;"), [])
        self.assertEqual(found("src/a/b.h", "void f() {\n  using namespace detail;\n}"), [])
        self.assertEqual(found("src/a/b_test.cpp", "using namespace recloser;"), [])

    def test_python_does_not_sleep(self):
        self.assertEqual(found("tests/clients/run.py", "time.sleep" + "(1)"), ["sleep"])

    def test_every_ban_says_what_instead(self):
        for ban in banned._CPP + banned._HEADERS + banned._PYTHON:
            self.assertGreater(len(ban.instead), 20, ban.what)


class OtherWords(unittest.TestCase):
    def lines(self, rule, path, text):
        return [finding.line for finding in rule(Source(path, text))]

    def test_the_two_ends_of_a_call(self):
        text = "int upstream;\nint upstream_close_ms;\n// the downstream side\n"
        self.assertEqual(self.lines(banned.words, "src/net/x.h", text), [1, 3])
        self.assertEqual(self.lines(banned.words, "tests/bench/x.cpp", text), [])

    def test_left_overs_need_a_name(self):
        to_do = "TO" + "DO"
        text = f"// {to_do}: later\n// {to_do}(ada): when clang 20 is here\nint x;  // {to_do}\n"
        self.assertEqual(self.lines(banned.left_overs, "src/a/b.cpp", text), [1, 3])
        self.assertEqual(self.lines(banned.left_overs, "tools/a.sh", f"ls  # {to_do}\n"), [1])
        self.assertEqual(self.lines(banned.left_overs, "src/a/b.cpp", f'f("{to_do}");\n'), [])

    def test_paths_of_one_machine(self):
        text = "/ho" + "me/ada/x\n/etc/passwd\nnetwork/home/x\n"
        self.assertEqual(self.lines(banned.machine_paths, "docs/a.md", text), [1])


if __name__ == "__main__":
    unittest.main()
