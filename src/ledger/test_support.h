// What the tests of this room share: a directory that goes away, a clock for two threads, calls.
#pragma once

#include "core/ids.h"
#include "core/log.h"
#include "core/time.h"
#include "ledger/call_record.h"
#include "ledger/files.h"

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

inline const CallOpening someone{.operation = "chat",
                                 .client_dialect = "openai",
                                 .key_id = "ci",
                                 .org = "acme",
                                 .team = "search",
                                 .user = "ada",
                                 .agent = "crawler"};

// A completed call as the relay would book it.
inline void fill_completed(CallRecord& record) {
  record.set(Text::session, "session-42");
  record.set(Text::trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  record.set(Text::model_requested, "gpt-4o-mini");
  record.set(Text::labels, "nightly,batch");
  Attempt* attempt = record.begin_attempt("openai/gpt-4o-mini", record.started_at + 1ms);
  record.set(Text::provider, "openai");
  record.set(Text::model_served, "gpt-4o-mini-2024-07-18");
  record.set(Text::region, "us");
  record.set_provider_request_id(*attempt, "req_0123456789abcdef0123456789abcdef");
  attempt->status = 200;
  attempt->ttft_ns = 250'000'000;
  attempt->input_tokens = 1234;
  attempt->output_tokens = 567;
  attempt->outcome = Outcome::completed;
  record.ttft_ns = 251'234'567;
  record.status = 200;
  record.input_tokens = 1234;
  record.cached_input_tokens = 1024;
  record.output_tokens = 567;
  record.reasoning_tokens = 0;
  record.delivered_tokens = 567;
  record.overshoot_tokens = 0;
  record.overhead_us = 143;
  record.tokens_source = TokensSource::exact;
}

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
