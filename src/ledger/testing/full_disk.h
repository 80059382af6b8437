// A disk that is full while an object lives: no file of this process may grow.
#pragma once

#include <csignal>
#include <cstdint>
#include <sys/resource.h>

#include <gtest/gtest.h>

namespace recloser::ledger::test {

class FullDisk {
 public:
  // Files that are smaller may grow up to there.
  explicit FullDisk(std::uint64_t file_bytes_max) {
    signal_before_ = std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    rlimit tight = before_;
    tight.rlim_cur = file_bytes_max;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  }
  ~FullDisk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, signal_before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*signal_before_)(int) = nullptr;
};

}  // namespace recloser::ledger::test
