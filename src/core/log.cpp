#include "core/log.h"

#include "core/json_writer.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser {
namespace {

constexpr std::size_t waiting_bytes_max = 4u << 20;

constexpr std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == 0x7f) return true;
  }
  return false;
}

// 2026-11-21T10:15:30.123Z info  listening address=127.0.0.1:8787
void append_text(std::string& out, LogLevel level, WallTime at, std::string_view message,
                 Log::Fields fields) {
  fmt::format_to(std::back_inserter(out), "{} {:<7} ", rfc3339(at), name_of(level));
  append_json_escaped(out, message);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(out), " {}=", field.name);
    if (auto* text = std::get_if<std::string_view>(&field.value)) {
      needs_quotes(*text) ? append_json_string(out, *text) : append_json_escaped(out, *text);
    } else if (auto* number = std::get_if<std::int64_t>(&field.value)) {
      fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
      out += std::get<bool>(field.value) ? "true" : "false";
    }
  }
  out += '\n';
}

void append_json(std::string& out, LogLevel level, WallTime at, std::string_view message,
                 Log::Fields fields) {
  JsonWriter json(out);
  json.open_object();
  json.member("at", rfc3339(at)).member("level", name_of(level)).member("message", message);
  for (const LogField& field : fields) {
    json.key(field.name);
    std::visit([&](auto value) { json.value(value); }, field.value);
  }
  json.close_object();
  out += '\n';
}

}  // namespace

void DescriptorSink::write(std::string_view lines) {
  while (!lines.empty()) {
    ssize_t written = ::write(descriptor_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nowhere left to say it
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

struct Log::Impl {
  Impl(LogFormat line_format, const Clock& wall_clock, std::unique_ptr<LogSink> line_sink)
      : format(line_format), clock(wall_clock), sink(std::move(line_sink)) {}

  void run();

  const LogFormat format;
  const Clock& clock;
  const std::unique_ptr<LogSink> sink;

  std::mutex mutex;
  std::condition_variable wake;     // something to write, or stop
  std::condition_variable written;  // nothing waits and nothing is being written
  std::string waiting;
  std::uint64_t dropped = 0;
  std::uint64_t dropped_told = 0;
  bool writing = false;
  bool stop = false;
  std::thread thread;
};

Log::Log(LogLevel least, LogFormat format, const Clock& clock, std::unique_ptr<LogSink> sink)
    : least_(least), impl_(std::make_unique<Impl>(format, clock, std::move(sink))) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Log::~Log() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

void Log::Impl::run() {
  std::string lines;
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [&] { return stop || !waiting.empty(); });
    if (waiting.empty()) return;
    lines.swap(waiting);
    writing = true;
    if (dropped != dropped_told) {
      append_text(lines, LogLevel::warning, clock.wall(), "log lines dropped: the log is slow",
                  {{"lines", dropped - dropped_told}});
      dropped_told = dropped;
    }
    lock.unlock();
    sink->write(lines);
    lines.clear();
    lock.lock();
    writing = false;
    if (waiting.empty()) written.notify_all();
  }
}

void Log::line(LogLevel level, std::string_view message, Fields fields) {
  if (!logs(level)) return;
  std::string text;
  auto append = impl_->format == LogFormat::json ? append_json : append_text;
  append(text, level, impl_->clock.wall(), message, fields);
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->waiting.size() + text.size() > waiting_bytes_max) {
      ++impl_->dropped;
      return;
    }
    impl_->waiting += text;
  }
  impl_->wake.notify_one();
}

void Log::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->written.wait(lock, [&] { return impl_->waiting.empty() && !impl_->writing; });
}

std::uint64_t Log::dropped() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->dropped;
}

}  // namespace recloser
