#include "relay/request_rooms.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

TEST(RequestRoomsTest, WhatOneGaveBackTheNextOneHasEmpty) {
  RequestRooms rooms;
  RequestRooms::Lent first = rooms.lend();
  first->head.assign(500, 'h');
  first->message_begins.assign(20, 1);
  first->candidates.resize(5);
  RequestRoom* it = first.get();
  first.reset();
  RequestRooms::Lent next = rooms.lend();
  EXPECT_EQ(next.get(), it);
  EXPECT_TRUE(next->head.empty());
  EXPECT_TRUE(next->message_begins.empty());
  EXPECT_TRUE(next->candidates.empty());
  EXPECT_GE(next->head.capacity(), 500u);
  EXPECT_NE(rooms.lend().get(), it);
}

TEST(RequestRoomsTest, ALargeOneIsNotKept) {
  RequestRooms rooms;
  RequestRooms::Lent large = rooms.lend();
  large->message_begins.resize(100'000);
  large.reset();
  EXPECT_EQ(rooms.lend()->memory_bytes(), RequestRoom().memory_bytes());
}

TEST(RequestRoomsTest, NoMoreAreKeptThanAWorkerNeeds) {
  RequestRooms rooms;
  std::vector<RequestRooms::Lent> all(RequestRooms::kept_max + 1);
  for (RequestRooms::Lent& each : all) {
    each = rooms.lend();
    each->head.assign(500, 'h');
  }
  all.clear();
  std::size_t used_before = 0;
  for (std::size_t i = 0; i <= RequestRooms::kept_max; ++i) {
    all.push_back(rooms.lend());
    if (all.back()->head.capacity() >= 500) ++used_before;
  }
  EXPECT_EQ(used_before, RequestRooms::kept_max);
}

}  // namespace
}  // namespace recloser::relay
