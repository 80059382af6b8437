// Structured log lines, written by a thread of their own so that no worker waits for a terminal or
// a disk.
#pragma once

#include "core/time.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace recloser {

enum class LogLevel : unsigned char { debug, info, warning, error };
enum class LogFormat : unsigned char { text, json };

// One named fact. Never prompt text, answer text or a secret.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  LogField(std::string_view n, Integer v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

// Where finished lines go: a file descriptor, or a test's memory. Called by the log's thread only.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view lines) = 0;
};

class DescriptorSink final : public LogSink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
  void write(std::string_view lines) override;

 private:
  int descriptor_;
};

// Any thread may log. Lines wait in a bounded queue; when it is full they are dropped, counted, and
// the count is logged as soon as there is room.
class Log {
 public:
  Log(LogLevel least, LogFormat format, const Clock& clock, std::unique_ptr<LogSink> sink);
  ~Log();  // writes what waits
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) {
    line(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) { line(LogLevel::info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) {
    line(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) {
    line(LogLevel::error, message, fields);
  }

  // Whether lines of this level are written: asked before facts are put together for one.
  bool logs(LogLevel level) const { return level >= least_; }

  void flush();  // returns when what was logged before is written
  std::uint64_t dropped() const;

 private:
  void line(LogLevel level, std::string_view message, Fields fields);

  struct Impl;
  const LogLevel least_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace recloser
