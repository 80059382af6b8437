#include "relay/answers.h"

#include "core/task.h"
#include "net/test_loop.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using Finding = Answers::Finding;
using State = Answer::State;

constexpr Instant start{1'000'000'000};
constexpr auto completed = ledger::Outcome::completed;

Answers::Claim claim(std::string_view key, std::uint64_t request = 1, std::uint64_t whose = 1) {
  return {
      .principal = {.high = whose, .low = 7}, .key = key, .request = {.high = request, .low = 0}};
}

void write(Answer& answer, std::string_view text) {
  std::array<std::string_view, 1> pieces{text};
  answer.append(pieces);
}

void keep(Answers& answers, std::string_view key, std::string_view text, Instant now) {
  Answers::Found found = answers.find(claim(key), "first", now);
  ASSERT_EQ(found.finding, Finding::begins);
  found.answer->begin(200, "a: b\r\n");
  write(*found.answer, text);
  answers.end(found.answer, State::whole, completed, Answers::Keep::yes, now);
}

TEST(AnswersTest, OneOfAKeyBegins) {
  Answers answers({}, 1);
  Answers::Found first = answers.find(claim("k"), "first", start);
  EXPECT_EQ(first.finding, Finding::begins);
  Answers::Found again = answers.find(claim("k"), "second", start);
  EXPECT_EQ(again.finding, Finding::again);
  EXPECT_EQ(again.answer, first.answer);
  EXPECT_EQ(again.answer->call(), "first");
  EXPECT_EQ(answers.find(claim("k", 2), "x", start).finding, Finding::conflicts);
  EXPECT_EQ(answers.find(claim("k", 2, 2), "x", start).finding, Finding::begins);
  EXPECT_EQ(answers.find(claim("K"), "x", start).finding, Finding::begins);
}

TEST(AnswersTest, ItIsReadFromAnywhere) {
  Answers answers({}, 1);
  std::string text(Answer::read_bytes_max, 'a');
  text += "the end";
  keep(answers, "k", text, start);
  SharedAnswer answer = answers.find(claim("k"), "second", start).answer;
  Answer::Reading begin = answer->read(0);
  EXPECT_EQ(begin.status, 200);
  EXPECT_EQ(begin.fields, "a: b\r\n");
  EXPECT_EQ(begin.body_bytes, text.size());
  EXPECT_EQ(begin.bytes.size(), Answer::read_bytes_max);
  EXPECT_EQ(begin.state, State::whole);
  EXPECT_EQ(begin.outcome, completed);
  EXPECT_EQ(answer->read(Answer::read_bytes_max).bytes, "the end");
  EXPECT_EQ(answer->read(text.size()).bytes, "");
}

TEST(AnswersTest, EachLivesAsLongAfterItsEnd) {
  Answers answers({.ttl = 10s}, 1);
  keep(answers, "a", "1", start);
  keep(answers, "b", "2", start + 5s);
  Answers::Found open = answers.find(claim("open"), "first", start);
  EXPECT_EQ(answers.find(claim("a"), "x", start + 10s - 1ns).finding, Finding::again);
  EXPECT_EQ(answers.find(claim("a"), "x", start + 10s).finding, Finding::begins);
  EXPECT_EQ(answers.find(claim("b"), "x", start + 10s).finding, Finding::again);
  EXPECT_EQ(answers.find(claim("open"), "x", start + 1h).finding, Finding::again) << "it runs";
}

TEST(AnswersTest, OneThatIsNotKeptIsReadToItsEndByWhoHasIt) {
  Answers answers({}, 1);
  Answers::Found first = answers.find(claim("k"), "first", start);
  SharedAnswer reader = answers.find(claim("k"), "second", start).answer;
  first.answer->begin(503, "");
  write(*first.answer, "no");
  answers.end(first.answer, State::whole, ledger::Outcome::provider_failed, Answers::Keep::no,
              start);
  EXPECT_EQ(reader->read(0).bytes, "no");
  EXPECT_EQ(reader->read(0).state, State::whole);
  EXPECT_EQ(answers.find(claim("k"), "third", start).finding, Finding::begins);
}

TEST(AnswersTest, OneMayHaveSoMuchAndNoMore) {
  Answers answers({.answer_bytes_max = 4}, 1);
  keep(answers, "fits", "four", start);
  EXPECT_EQ(answers.find(claim("fits"), "x", start).answer->read(0).state, State::whole);
  keep(answers, "large", "five!", start);
  SharedAnswer large = answers.find(claim("large"), "x", start).answer;
  EXPECT_EQ(large->read(0).state, State::too_large) << "and it stays known";
  EXPECT_EQ(large->read(0).bytes, "");
  write(*large, "more");
  EXPECT_EQ(large->read(0).bytes, "");
}

TEST(AnswersTest, AllTogetherTakeNoMoreThanTheirLimit) {
  constexpr std::size_t each = 10'000;
  Answers answers({.all_bytes_max = 10 * each}, 1);
  for (int i = 0; i < 100; ++i) {
    keep(answers, "k" + std::to_string(i), std::string(each, 'a'), start);
    EXPECT_LE(answers.held_bytes(), 10 * each);
  }
  EXPECT_EQ(answers.size(), 9u);
  EXPECT_EQ(answers.find(claim("k99"), "x", start).finding, Finding::again) << "the newest stay";
  EXPECT_EQ(answers.find(claim("k90"), "x", start).finding, Finding::begins);
}

TEST(AnswersTest, WhereAllRunTheLastOneIsNotKept) {
  constexpr std::size_t each = 10'000;
  Answers answers({.all_bytes_max = 3 * each}, 1);
  std::vector<SharedAnswer> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(answers.find(claim("k" + std::to_string(i)), "first", start).answer);
    all.back()->begin(200, "");
    write(*all.back(), std::string(each, 'a'));
  }
  EXPECT_EQ(all[1]->read(0).state, State::comes);
  EXPECT_EQ(all[2]->read(0).state, State::too_large);
  EXPECT_LE(answers.held_bytes(), 3 * each);
  for (const SharedAnswer& one : all) {
    answers.end(one, State::whole, completed, Answers::Keep::no, start);
  }
  all.clear();
  EXPECT_EQ(answers.held_bytes(), 0u);
}

// A reader on a worker of its own, that leaves after so many looks.
struct Reader {
  static Task<void> read(SharedAnswer answer, net::Worker& worker, std::string& out, bool& ended,
                         int looks_max) {
    for (int looks = 0; looks < looks_max; ++looks) {
      Answer::Reading reading = answer->read(out.size());
      out += reading.bytes;
      if (reading.state != State::comes && out.size() == reading.body_bytes) break;
      if (!reading.bytes.empty()) continue;
      Answer::News news(*answer, worker, reading.version);
      co_await news;
    }
    ended = true;
  }

  void run(const Clock& clock, Log& log, SharedAnswer answer, int looks_max) {
    std::unique_ptr<net::Worker> worker = std::move(*net::Worker::create("r", clock, log));
    bool ended = false;
    worker->tasks().spawn("read", read(std::move(answer), *worker, text, ended, looks_max));
    worker->run_until([&] { return ended; });
    // The worker goes away at once, whatever is on its way to it.
  }

  std::string text;
};

Task<void> wait_for_news(Answer& answer, net::Worker& worker, std::uint64_t version, bool& heard) {
  Answer::News news(answer, worker, version);
  co_await news;
  heard = true;
}

TEST(AnswersTest, NewsThatCameBeforeTheWaitAreNotWaitedFor) {
  net::TestLoop loop;
  Answers answers({}, 1);
  SharedAnswer answer = answers.find(claim("k"), "first", start).answer;
  bool before = false;
  bool after = false;
  std::uint64_t seen = answer->read(0).version;
  loop.worker().tasks().spawn("before", wait_for_news(*answer, loop.worker(), seen, before));
  loop.run_for(1s);
  EXPECT_FALSE(before);
  answer->begin(200, "");
  loop.worker().tasks().spawn("after", wait_for_news(*answer, loop.worker(), seen, after));
  loop.run_for(1s);
  EXPECT_TRUE(before);
  EXPECT_TRUE(after);
  answers.end(answer, State::broken, completed, Answers::Keep::no, start);
}

TEST(AnswersTest, AReaderMayGoWithItsWorker) {
  Answers answers({}, 1);
  SharedAnswer answer = answers.find(claim("k"), "first", start).answer;
  bool heard = false;
  {
    net::TestLoop loop;
    std::uint64_t seen = answer->read(0).version;
    loop.worker().tasks().spawn("gone", wait_for_news(*answer, loop.worker(), seen, heard));
    loop.run_for(1s);
  }
  answer->begin(200, "");  // nobody is there to be told
  EXPECT_FALSE(heard);
  answers.end(answer, State::broken, completed, Answers::Keep::no, start);
}

TEST(AnswersThreads, ReadersOnManyWorkersSeeTheSame) {
  constexpr int readers = 4;
  constexpr int rounds = 40;
  constexpr int pieces = 200;
  net::TestLoop loop;  // for its log
  SystemClock clock;
  for (int round = 0; round < rounds; ++round) {
    Answers answers({}, 1);
    SharedAnswer answer = answers.find(claim("k"), "first", start).answer;
    std::vector<Reader> all(readers);
    std::vector<std::thread> threads;
    for (int i = 0; i < readers; ++i) {
      int looks = i == 0 ? round % 7 : 1'000'000;  // one of them leaves early
      threads.emplace_back([&, i, looks] {
        Answers::Found found = answers.find(claim("k"), "again", start);
        all[i].run(clock, loop.log(), found.answer, looks);
      });
    }
    std::string expected;
    answer->begin(200, "");
    for (int i = 0; i < pieces; ++i) {
      std::string piece = std::to_string(i) + " ";
      write(*answer, piece);
      expected += piece;
      if (i % 16 == 0) std::this_thread::yield();
    }
    answers.end(answer, State::whole, completed, Answers::Keep::yes, start);
    for (std::thread& thread : threads) thread.join();
    for (int i = 1; i < readers; ++i) EXPECT_EQ(all[i].text, expected);
  }
}

TEST(AnswersThreads, ManyAskAndOneBegins) {
  constexpr int askers = 4;
  Answers answers({}, 1);
  std::atomic<int> begun = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < askers; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        Answers::Found found = answers.find(claim("k" + std::to_string(k)), "x", start);
        if (found.finding != Finding::begins) continue;
        begun.fetch_add(1);
        found.answer->begin(200, "");
        write(*found.answer, std::string(100, 'a'));
        answers.end(found.answer, State::whole, completed, Answers::Keep::yes, start);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(begun.load(), 500);
}

}  // namespace
}  // namespace recloser::relay
