// `--name value` arguments of the bench's programs.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace recloser::bench {

// Every option takes a value; what is not asked for by the end is an error, so that a misspelt
// option never measures something else.
class Options {
 public:
  static Result<Options> parse(std::span<const char* const> arguments);

  std::string text(std::string_view name, std::string_view otherwise);
  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t most);
  bool flag(std::string_view name);  // `--name yes`

  // The first complaint of all the above, or the first option nobody asked for.
  Result<void> finish() const;

 private:
  std::map<std::string, std::string, std::less<>> given_;
  std::string complaint_;
};

}  // namespace recloser::bench
