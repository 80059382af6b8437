#include "cli/config_source.h"

#include "core/names.h"

#include <filesystem>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t config_bytes_max = 1u << 20;  // as config/ reads it
constexpr std::string_view usual_file = "recloser.yaml";
constexpr std::string_view quickstart = "config/quickstart.yaml";

// Every default of the language, which is what the quickstart says at length.
constexpr std::string_view built_in_text = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n";

// The quickstart of the checkout that the binary was built in (build/release/recloser), or of the
// place it was installed to.
std::vector<std::string> quickstart_places(const std::string& program_path) {
  if (program_path.empty()) return {};
  std::filesystem::path folder = std::filesystem::path(program_path).parent_path();
  std::vector<std::string> places;
  for (std::string_view up : {"../..", "..", "../share/recloser"}) {
    places.push_back((folder / up / quickstart).lexically_normal().string());
  }
  return places;
}

}  // namespace

Result<ConfigSource> find_config(std::string_view asked, const Process& process) {
  const config::Environment& files = process.environment;
  if (!asked.empty()) {
    std::string file(asked);
    Result<std::string> text = files.file(file, config_bytes_max);
    if (text) return ConfigSource{.file = std::move(file), .text = std::move(*text)};
    return fail(Side::operator_, Kind::not_found,
                fmt::format("cannot read the configuration {}: {}", shown(file, 256),
                            text.error().message()));
  }
  std::vector<std::string> places = quickstart_places(process.program_path);
  places.insert(places.begin(), std::string(usual_file));
  for (std::string& place : places) {
    Result<std::string> text = files.file(place, config_bytes_max);
    if (text) return ConfigSource{.file = std::move(place), .text = std::move(*text)};
    // One that is there and cannot be read is what was meant; going on would start another gateway.
    std::error_code unknown;
    if (std::filesystem::exists(place, unknown)) {
      return fail(
          Side::operator_, Kind::io,
          fmt::format("cannot read the configuration {}: {}", place, text.error().message()));
    }
  }
  return ConfigSource{
      .file = "built-in defaults", .text = std::string(built_in_text), .built_in = true};
}

}  // namespace recloser::cli
