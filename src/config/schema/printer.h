// Prints a configuration as an indented text that reads like the file it came from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::config {

class Printer {
 public:
  // "name: text"; nothing when there is no text.
  void value(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    line(name);
    out_ += ' ';
    out_ += text;
    out_ += '\n';
  }

  // "name:" and what is printed while it lives, indented; nothing at all when nothing is printed.
  class Level {
   public:
    Level(Printer& out, std::string_view name) : out_(out), start_(out.out_.size()) {
      out.line(name);
      out.out_ += '\n';
      body_ = out.out_.size();
      out.indent_ += 2;
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() {
      out_.indent_ -= 2;
      if (out_.out_.size() == body_) out_.out_.resize(start_);
    }

   private:
    Printer& out_;
    std::size_t start_;
    std::size_t body_ = 0;
  };

  // One entry of a list: its first line begins with "- ".
  class Entry {
   public:
    explicit Entry(Printer& out) : out_(out), start_(out.out_.size()) { out.indent_ += 2; }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      out_.indent_ -= 2;
      if (out_.out_.size() > start_) out_.out_[start_ + out_.indent_] = '-';
    }

   private:
    Printer& out_;
    std::size_t start_;
  };

  const std::string& text() const { return out_; }

 private:
  void line(std::string_view name) {
    out_.append(indent_, ' ');
    out_ += name;
    out_ += ':';
  }

  std::string out_;
  std::size_t indent_ = 0;
};

}  // namespace recloser::config
