// Names of models made comparable: a bill's "Claude Sonnet 4.5" is our
// "us.anthropic.claude-sonnet-4-5-20250929-v1:0".
#pragma once

#include "core/result.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace recloser::books {

inline constexpr std::size_t model_map_lines_max = 10'000;

class ModelNames {
 public:
  // CSV with two names a line, "the bill's,ours". Errors say the line.
  Result<void> read_map(std::string_view text);

  // What two names of one model have in common: small letters and digits, without what says only
  // where or when (a provider before '/', Bedrock's region and vendor, the date of a snapshot, a
  // version such as "-v1:0"). "" stays "".
  std::string key_of(std::string_view model) const;

 private:
  std::map<std::string, std::string, std::less<>> map_;  // as the bill writes it, lower case
};

}  // namespace recloser::books
