// Which models a key may ask for: a list of globs, checked against the name the client wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace recloser::auth {

// `*` stands for any characters, none included; everything else for itself, case included. Time is
// at most |pattern| x |text|, whatever they hold.
bool glob_matches(std::string_view pattern, std::string_view text);

// An empty list allows every model. The name is judged as the client wrote it, before routing:
// `openai/gpt-4o` needs `openai/*` or `*gpt-4o`, and the name of a `models` entry stands for all
// its targets, because the operator chose those.
class ModelPatterns {
 public:
  ModelPatterns() = default;
  explicit ModelPatterns(std::vector<std::string> patterns) { narrow(std::move(patterns)); }

  bool allow(std::string_view model) const;
  bool allow_all() const { return lists_.empty(); }

  // Only what this list allows too; an empty one takes nothing away.
  void narrow(std::vector<std::string> patterns) {
    if (!patterns.empty()) lists_.push_back(std::move(patterns));
  }

  // "gpt-4o*, claude-*", at most a few of them, and "of these: .." for each list that narrows it:
  // for the message of a refusal.
  std::string human() const;

 private:
  std::vector<std::vector<std::string>> lists_;  // none of them is empty; each must allow
};

}  // namespace recloser::auth
