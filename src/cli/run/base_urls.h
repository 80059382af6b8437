// The variables that tell programs where a provider's API is, and what they are for a program that
// runs behind a gateway of its own.
#pragma once

#include "config/base_url.h"
#include "config/environment.h"
#include "core/result.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

enum class Api : unsigned char { openai, anthropic, gemini, bedrock, ollama };
std::string_view name_of(Api api);  // for people
bool is_served(Api api);            // in this version

// SEMANTICS 7. Which clients read which: the reference on packages, "Official clients against a
// mock on loopback".
struct BaseUrlVariable {
  std::string_view name;
  Api api;
  std::string_view path;  // behind the gateway's address
};
std::span<const BaseUrlVariable> base_url_variables();

// What the user's own variables say of where an API is: the first that is set; nothing when none
// is. Errors name the variable and never its value, which may hold a secret.
Result<std::optional<config::BaseUrl>> upstream_of(Api api, const config::Environment& environment);

// The variables of a program: those of ours, with some set anew.
class ProgramVariables {
 public:
  explicit ProgramVariables(const char* const* inherited);  // null: none

  std::string_view value(std::string_view name) const;  // "" = not set
  void set(std::string_view name, std::string_view value);
  const std::vector<std::string>& lines() const { return lines_; }  // "NAME=VALUE"

 private:
  std::vector<std::string> lines_;
};

// Points every client that the gateway at `address` ("127.0.0.1:40123") serves to it, past any
// proxy.
void point_at(ProgramVariables& variables, std::string_view address);

// What the gateway asks no key for, while its clients will not start without one.
void set_stand_in_key(ProgramVariables& variables, Api api);

// The words with which programs that read no variable are told the same: Codex.
std::vector<std::string> with_overrides(std::vector<std::string> words, std::string_view address);

}  // namespace recloser::cli
