// What the tests of this room share: a directory that goes away, a clock for two threads, calls.
#pragma once

#include "core/log.h"
#include "core/time.h"
#include "ledger/files.h"
#include "ledger/testing/usual_call.h"

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::ledger::test {

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "recloser-ledger-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// A clock that a test moves while other threads read it.
class SharedClock final : public Clock {
 public:
  Instant now() const noexcept override { return {ns_.load()}; }
  WallTime wall() const noexcept override { return start() + Duration{ns_.load()}; }
  void advance(Duration by) { ns_.fetch_add(by.count()); }
  static WallTime start() { return {1'790'000'000'000'000'000}; }

 private:
  std::atomic<std::int64_t> ns_{0};
};

class TextSink final : public LogSink {
 public:
  struct Lines {
    std::mutex mutex;
    std::string text;
  };
  explicit TextSink(Lines& lines) : lines_(lines) {}
  void write(std::string_view text) override {
    std::lock_guard lock(lines_.mutex);
    lines_.text += text;
  }

 private:
  Lines& lines_;
};

// A log whose lines a test can look at.
struct TestLog {
  explicit TestLog(const Clock& clock)
      : log(LogLevel::debug, LogFormat::text, clock, std::make_unique<TextSink>(lines)) {}
  std::string text() {
    log.flush();
    std::lock_guard lock(lines.mutex);
    return lines.text;
  }
  TextSink::Lines lines;
  Log log;
};

inline unsigned rights_of(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

inline void write_file(const std::string& path, std::string_view bytes) {
  Result<File> file = open_private(path, O_WRONLY | O_CREAT | O_TRUNC);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(::write(file->get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

}  // namespace recloser::ledger::test
