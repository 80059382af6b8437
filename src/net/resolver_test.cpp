// Name look-ups that end otherwise than by an answer.
#include "net/resolver.h"

#include "net/test_loop.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

// Names of .onion fail at once, without a packet (RFC 7686 section 2): they stand for any answer.
std::string name_of_round(int round) { return "recloser-" + std::to_string(round) + ".onion"; }

Task<void> look_up(Resolver& resolver, Worker& worker, std::string name, std::string& told) {
  CancelPoint cancel;
  Result<Addresses> got =
      co_await resolver.resolve(worker, std::move(name), cancel, worker.now() + 10s);
  told = got ? "found" : got.error().message();
}

TEST(Resolver, AFailedLookUpSaysWhichName) {
  TestLoop loop;
  std::string told;
  loop.run(look_up(loop.resolver(), loop.worker(), "x.onion", told));
  EXPECT_TRUE(told.starts_with("the name x.onion could not be looked up: ")) << told;
}

TEST(Resolver, AStoppedResolverNeverTouchesAWorker) {
  TestLoop loop;
  for (int round = 0; round < 50; ++round) {
    Resolver resolver(loop.clock());
    auto worker = std::move(*Worker::create("asking", loop.clock(), loop.log()));
    std::string told;
    worker->tasks().spawn("asking", look_up(resolver, *worker, name_of_round(round), told));
    resolver.stop();
    worker->tasks().clear();
    worker.reset();
  }
}

TEST(Resolver, AStoppedResolverAnswersNoQuestion) {
  TestLoop loop;
  loop.resolver().stop();
  std::string told;
  loop.run(look_up(loop.resolver(), loop.worker(), "x.onion", told));
  EXPECT_EQ(told, "the name look-up was given up");
}

}  // namespace
}  // namespace recloser::net
