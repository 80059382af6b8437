// Any bytes as recloser.yaml: the checker ends, says why it refuses, and shows no secret.
#include "config/load.h"
#include "config/testing/fake_environment.h"
#include "core/check.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view hidden = "hidden-0123456789-hidden";

recloser::config::FakeEnvironment environment() {
  recloser::config::FakeEnvironment fake;
  fake.variables = {
      {"K", std::string(hidden)}, {"N", "4"}, {"OPENAI_API_KEY", std::string(hidden)}};
  fake.files["/k"] = std::string(hidden) + "\n";
  return fake;
}

// A value of the environment may be shown in the summary (it may be a region), never in a report.
void check(std::string_view text) {
  static const recloser::config::FakeEnvironment fake = environment();
  recloser::config::Checked checked = recloser::config::check_text(text, "f.yaml", fake);
  std::string report = checked.report("f.yaml");
  CHECK(checked.config != nullptr || !report.empty(), "a refusal has a reason");
  CHECK(text.find(hidden) != text.npos || report.find(hidden) == report.npos,
        "no value of the environment is shown");
  if (checked.config == nullptr) return;
  CHECK(!checked.config->providers.empty(), "there is always a provider");
  for (const recloser::config::Key& key : checked.config->keys) {
    CHECK(key.secret.size() >= 20, "secrets have their length");
  }
  (void)recloser::config::summary(*checked.config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  // Most mutations break the first two lines; the fields below them are what is worth reaching.
  check("apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n" + std::string(bytes));
  return 0;
}
