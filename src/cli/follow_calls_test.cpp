// `calls --follow` against a real admin port: what it prints, what it waits for, how it ends.
#include "cli/follow_calls.h"

#include "cli/live_events.h"
#include "cli/test_process.h"

#include <csignal>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LiveEvents, AreTheSameInPiecesOfAnySize) {
  constexpr std::string_view all =
      ": hello\n\nevent: call\ndata: {\"n\":1}\n\n: still\n\nevent: lost\ndata: {\"events\":2}\n\n"
      "data: {}\n\n";
  for (std::size_t size = 1; size <= all.size(); ++size) {
    LiveEvents events;
    std::string read;
    for (std::size_t at = 0; at < all.size(); at += size) {
      std::string_view piece = all.substr(at, size);
      while (events.next(piece)) read += fmt::format("{}={};", events.name(), events.data());
    }
    EXPECT_EQ(read, "call={\"n\":1};lost={\"events\":2};={};") << size;
  }
}

TEST(LiveEvents, OneWithoutAnEndIsGivenUp) {
  LiveEvents events;
  std::string data = "data: " + std::string(1u << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    std::string_view piece = i == 0 ? std::string_view(data) : std::string_view(data).substr(6);
    EXPECT_FALSE(events.next(piece));
  }
  EXPECT_TRUE(events.too_large());
}

class FollowTest : public RemoteTest {
 protected:
  ~FollowTest() override {
    if (following_.joinable()) following_.join();
  }

  // Runs the command on a thread of its own; back when it follows.
  void follow(std::initializer_list<const char*> words) {
    following_ = std::thread([this, words] { ran_ = run(words); });
    until_it_follows();
  }
  void until_it_follows() {
    while (!live_.followed()) std::this_thread::yield();
  }
  Ran& ended() {
    following_.join();
    return ran_;
  }
  // What it complained about until now.
  std::string complaints() const {
    std::string text(4096, '\0');
    ssize_t got = ::pread(err_.descriptor(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }
  void until_complained(std::string_view of) {
    while (!complaints().contains(of)) std::this_thread::yield();
  }

  template <class Work>
  void on_admin_worker(Work work) {
    std::promise<void> done;
    worker_->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::thread following_;
  Ran ran_;
};

TEST_F(FollowTest, CallsThatEndAreRowsUnderOneTitle) {
  book();
  ASSERT_TRUE(ledger_->flush());
  follow({"calls", "--follow", "--limit", "2"});
  std::string first = book().str();
  ASSERT_TRUE(ledger_->flush());
  std::string second = book(ledger::Outcome::provider_failed).str();
  Ran& ran = ended();
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(
      ran.out,
      "TIME (UTC)  CALL                        KEY           TEAM        MODEL                "
      "     OUTCOME          STATUS      INPUT   OUTPUT       COST    FIRST     TOOK\n"
      "14:13:20    " +
          first +
          "  ci            search      gpt-4o-mini @openai       completed           200      "
          "1,234      567  $0.000448   251 ms   1.43 s\n"
          "14:13:20    " +
          second +
          "  ci            search      gpt-4o-mini @openai       provider_failed     200      "
          "1,234      567  $0.000448   251 ms   1.43 s\n");
}

TEST_F(FollowTest, OnlyWhatIsWantedAndAsLinesOfJson) {
  follow({"calls", "--follow", "--limit", "1", "--json", "--outcome", "cut", "--team", "search",
          "--session", "session-42"});
  book();
  std::string id = book(ledger::Outcome::cut).str();
  Ran& ran = ended();
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("{\"id\":\"" + id + "\"")) << ran.out;
  EXPECT_EQ(ran.out.find('\n'), ran.out.size() - 1);
}

TEST_F(FollowTest, CtrlCIsAGoodEnd) {
  follow({"calls", "--follow"});
  ::pthread_kill(following_.native_handle(), SIGINT);
  Ran& ran = ended();
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST_F(FollowTest, WhatWasLostIsSaid) {
  follow({"calls", "--follow", "--limit", "1"});
  live_.tell("lost", R"({"events":1200})");
  book();
  EXPECT_THAT(ended().err, HasSubstr("recloser: 1,200 events did not reach us, because they were "
                                     "not read in time; `recloser calls` shows all that ended\n"));
}

TEST_F(FollowTest, AGatewayThatGoesIsWaitedFor) {
  process_clock_ = &system_;  // it tries again after a time of its own
  follow({"calls", "--follow", "--limit", "1"});
  net::Endpoint address = server_->address();
  on_admin_worker([this] {
    server_->drain();
    worker_->tasks().clear();
    server_.reset();
  });
  until_complained("waiting for it to come back");
  on_admin_worker(
      [&] { server_ = std::move(*net::HttpServer::open(*worker_, address, {}, memory_, *api_)); });
  until_it_follows();
  book();
  Ran& ran = ended();
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(fmt::format("recloser: the gateway at {} is gone: ", url_)));
  EXPECT_THAT(ran.err, HasSubstr("recloser: the gateway is there again; `recloser calls` shows "
                                 "what ended meanwhile\n"));
  EXPECT_THAT(ran.out, HasSubstr("completed"));
}

TEST_F(FollowTest, AGatewayThatIsShutDownIsNoFailure) {
  follow({"calls", "--follow"});
  live_.end();
  until_complained("waiting");
  ::pthread_kill(following_.native_handle(), SIGINT);
  Ran& ran = ended();
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err, fmt::format("recloser: the gateway at {} has ended; waiting for it to come "
                                 "back (Ctrl-C ends this)\n",
                                 url_));
}

TEST_F(FollowTest, WhoCannotFollowHearsWhy) {
  environment_.variables["RECLOSER_ADMIN_TOKEN"] = "another";
  Ran wrong = run({"calls", "--follow"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("The one sent is from RECLOSER_ADMIN_TOKEN"));
  environment_.variables["RECLOSER_ADMIN"] = "http://127.0.0.1:1";
  Ran nobody = run({"calls", "--follow"});
  EXPECT_EQ(nobody.exit, 3);
  EXPECT_THAT(nobody.err, HasSubstr("no Recloser answers at http://127.0.0.1:1"));
  EXPECT_THAT(nobody.err, Not(HasSubstr("waiting")));
}

TEST_F(FollowTest, WhatIsForThePastIsRefused) {
  EXPECT_EQ(run({"calls", "--follow", "--since", "1h"}).err,
            "recloser: --since is for calls of the past; --follow prints what ends from now on\n");
  EXPECT_EQ(run({"calls", "--follow", "01JD3Z8QK6T2V9M4B7XHPW5RNC"}).exit, 2);
  EXPECT_EQ(run({"calls", "--follow", "--limit", "0"}).exit, 2);
  EXPECT_EQ(run({"calls", "--follow", "--limit", "5x"}).exit, 2);
  EXPECT_EQ(run({"calls", "--follow", "--outcome", "done"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
