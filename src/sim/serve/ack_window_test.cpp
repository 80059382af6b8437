#include "sim/serve/ack_window.h"

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

TEST(AckWindow, APieceCountsWhenItsLastByteIsAcknowledged) {
  AckWindow window;
  window.wrote(300, 0);  // the head
  window.wrote(100, 1);
  window.wrote(100, 2);
  EXPECT_EQ(window.acknowledged(500), 0u);
  EXPECT_EQ(window.acknowledged(101), 0u);
  EXPECT_EQ(window.acknowledged(100), 1u);
  EXPECT_EQ(window.acknowledged(1), 1u);
  EXPECT_EQ(window.acknowledged(0), 2u);
}

TEST(AckWindow, WhatWasAcknowledgedStaysSo) {
  AckWindow window;
  window.wrote(10, 1);
  EXPECT_EQ(window.acknowledged(0), 1u);
  window.wrote(10, 2);
  EXPECT_EQ(window.acknowledged(10), 1u);
  EXPECT_EQ(window.acknowledged(20), 1u);
  EXPECT_EQ(window.acknowledged(1'000), 1u);
}

TEST(AckWindow, IsBounded) {
  AckWindow window;
  for (std::uint64_t i = 1; i <= AckWindow::writes_max; ++i) window.wrote(10, i);
  EXPECT_EQ(window.acknowledged(10 * AckWindow::writes_max), 0u);
  window.wrote(10, AckWindow::writes_max + 1);
  EXPECT_EQ(window.acknowledged(10 * (AckWindow::writes_max + 1)), 1u);
}

}  // namespace
}  // namespace recloser::sim
