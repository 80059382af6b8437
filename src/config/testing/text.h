// Configuration texts for tests: a small good one, and what the checker says of any.
#pragma once

#include "config/load.h"
#include "config/testing/fake_environment.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::config {

inline constexpr std::string_view test_head = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n";

// The text after its two obligatory lines: it begins in line 3.
inline std::string with_head(std::string_view text) {
  return std::string(test_head) + std::string(text);
}

// With a provider, so that nothing comes from the environment: `text` begins in line 4.
inline std::string with_provider(std::string_view text) {
  return with_head("providers: {p: {dialect: openai, baseUrl: http://127.0.0.1:1/v1}}\n" +
                   std::string(text));
}

inline std::string report_of(std::string_view text, const Environment& environment) {
  return check_text(text, "recloser.yaml", environment).report("recloser.yaml");
}

// Null when the text is not good.
inline std::shared_ptr<const Config> config_of(std::string_view text,
                                               const Environment& environment) {
  return check_text(text, "recloser.yaml", environment).config;
}

}  // namespace recloser::config
