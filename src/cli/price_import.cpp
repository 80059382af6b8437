// price import: price lists of others as one of ours.
#include "cli/json.h"
#include "cli/output.h"
#include "cli/run_commands.h"
#include "core/ascii.h"
#include "core/limits.h"
#include "core/money.h"
#include "core/names.h"
#include "price/catalogue.h"
#include "price/contract_reader.h"
#include "price/lint.h"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

using price::Rate;

constexpr std::size_t import_bytes_max = 32u << 20;

// A field of theirs, the rate it is, and what it must be multiplied by.
struct Field {
  std::string_view theirs;
  Rate rate;
  int times_ten_to = 0;
};

constexpr std::array litellm_fields{
    Field{"input_cost_per_token", Rate::input, 6},
    Field{"cache_read_input_token_cost", Rate::cached_input, 6},
    Field{"cache_creation_input_token_cost", Rate::cache_write, 6},
    Field{"cache_creation_input_token_cost_above_1hr", Rate::cache_write_1h, 6},
    Field{"input_cost_per_audio_token", Rate::audio_input, 6},
    Field{"output_cost_per_token", Rate::output, 6},
    Field{"output_cost_per_reasoning_token", Rate::reasoning, 6},
    Field{"output_cost_per_audio_token", Rate::audio_output, 6},
};
constexpr std::array genai_fields{
    Field{"input_mtok", Rate::input},
    Field{"cache_read_mtok", Rate::cached_input},
    Field{"cache_write_mtok", Rate::cache_write},
    Field{"cache_write_1h_mtok", Rate::cache_write_1h},
    Field{"input_audio_mtok", Rate::audio_input},
    Field{"cache_audio_read_mtok", Rate::cached_audio_input},
    Field{"input_image_mtok", Rate::image_input},
    Field{"cache_image_read_mtok", Rate::cached_image_input},
    Field{"output_mtok", Rate::output},
    Field{"output_reasoning_mtok", Rate::reasoning},
    Field{"output_audio_mtok", Rate::audio_output},
    Field{"output_image_mtok", Rate::image_output},
    Field{"web_searches_kcount", Rate::web_search, -3},
    Field{"storage_searches_kcount", Rate::file_search, -3},
    Field{"requests_kcount", Rate::request, -3},
};

// The decimal that a JSON number was written as: the shortest text that reads as the same double.
// Figures of others come through one; ours never do again.
std::optional<std::string> decimal_of(const Json& value, int times_ten_to) {
  std::string text;
  if (const auto* given = value.if_string()) {
    text = std::string(given->data(), given->size());
  } else if (value.is_double() && std::isfinite(value.get_double())) {
    text = fmt::format("{}", value.get_double());
  } else if (value.is_int64()) {
    text = fmt::format("{}", value.get_int64());
  } else {
    return std::nullopt;
  }
  // 9 places of our own and what the multiplication moves.
  auto places = static_cast<unsigned>(9 + times_ten_to);
  Result<std::int64_t> nano = parse_decimal_rounded(text, places);
  if (!nano || *nano < 0) return std::nullopt;
  // Rounded to the places that a list of ours may have: noise of floats ends here.
  constexpr std::int64_t step = 1'000;
  std::int64_t kept = times_ten_to < 0 ? *nano : (*nano + step / 2) / step * step;
  return price::short_price(kept);
}

class Import {
 public:
  Import(std::string_view only_provider, WallTime now)
      : catalogue_(price::Catalogue::shipped()), only_(only_provider), now_(now) {}

  // False: it is of no form that we know.
  bool read(const Json& root) {
    if (const auto* models = root.if_object()) {
      for (const auto& [name, entry] : *models) read_litellm(std::string(name), entry);
      return seen_ > 0;
    }
    const auto* list = root.if_array();
    if (!list || list->empty()) return false;
    for (const Json& provider : *list) read_genai(provider);
    return seen_ > 0;
  }

  const std::string& text() const { return out_; }
  std::size_t written() const { return written_; }
  std::size_t left_out() const { return seen_ - written_; }

 private:
  // Providers by the names of our lists, where we know them.
  std::string provider_id(std::string_view theirs) const {
    std::string_view known = catalogue_->provider_id(catalogue_->place_named(theirs));
    return known.empty() ? ascii::lowered(theirs) : std::string(known);
  }

  void read_litellm(std::string name, const Json& entry) {
    std::string theirs = cli::text(entry, "litellm_provider");
    if (theirs.empty()) return;
    std::string provider = provider_id(theirs);
    if (!wanted(provider)) return;
    ++seen_;
    if (name.starts_with(theirs + "/")) name.erase(0, theirs.size() + 1);
    std::string fields = fields_of(entry, litellm_fields);
    limit(entry, "max_input_tokens", "maxInput", fields);
    limit(entry, "max_output_tokens", "maxOutput", fields);
    add(provider, name, fields);
  }

  void read_genai(const Json& provider) {
    std::string id = provider_id(cli::text(provider, "id"));
    const Json* models = member(provider, "models");
    if (!wanted(id) || !models || !models->is_array()) return;
    for (const Json& model : models->get_array()) {
      ++seen_;
      const Json* prices = in_force(member(model, "prices"));
      if (!prices) continue;
      std::string fields = fields_of(*prices, genai_fields);
      limit(model, "context_window", "contextWindow", fields);
      std::string tiers = tiers_of(*prices);
      if (!tiers.empty()) fields += fmt::format(", tiers: [{}]", tiers);
      add(id, cli::text(model, "id"), fields);
    }
  }

  // Of prices that begin at dates, those that hold now; hours of the day are left out.
  const Json* in_force(const Json* prices) const {
    if (!prices || !prices->is_array()) return prices;
    const Json* found = nullptr;
    for (const Json& window : prices->get_array()) {
      const Json* constraint = member(window, "constraint");
      std::string from = constraint ? cli::text(*constraint, "start_date") : "";
      bool holds = !constraint || (!from.empty() && from <= rfc3339(now_).substr(0, from.size()));
      if (holds || !found) found = member(window, "prices");
    }
    return found;
  }

  template <std::size_t count>
  std::string fields_of(const Json& entry, const std::array<Field, count>& fields) const {
    std::string out;
    for (const Field& field : fields) {
      const Json* value = member(entry, field.theirs);
      if (value && value->is_object()) value = member(*value, "base");
      if (!value) continue;
      if (auto price = decimal_of(*value, field.times_ten_to))
        out += fmt::format(", {}: {}", name_of(field.rate), *price);
    }
    return out;
  }

  // Tiers by the size of the prompt, all rates of a start together.
  static std::string tiers_of(const Json& prices) {
    std::map<std::int64_t, std::string> by_start;
    for (const Field& field : genai_fields) {
      const Json* value = member(prices, field.theirs);
      const Json* tiers = value && value->is_object() ? member(*value, "tiers") : nullptr;
      if (!tiers || !tiers->is_array()) continue;
      for (const Json& tier : tiers->get_array()) {
        const Json* price = member(tier, "price");
        std::optional<std::int64_t> start = whole(tier, "start");
        std::optional<std::string> text;
        if (price) text = decimal_of(*price, field.times_ten_to);
        if (start && *start > 0 && text)
          by_start[*start] += fmt::format(", {}: {}", name_of(field.rate), *text);
      }
    }
    std::string out;
    for (const auto& [start, rates] : by_start)
      out += fmt::format("{}{{above: {}{}}}", out.empty() ? "" : ", ", start, rates);
    return out;
  }

  static void limit(const Json& entry, std::string_view theirs, std::string_view ours,
                    std::string& fields) {
    std::optional<std::int64_t> count = whole(entry, theirs);
    if (!fields.empty() && count && *count > 0) fields += fmt::format(", {}: {}", ours, *count);
  }

  bool wanted(std::string_view provider) const { return only_.empty() || provider == only_; }

  void add(std::string_view provider, std::string_view model, std::string_view fields) {
    if (fields.empty() || model.empty() || model.size() > limits::model_name_bytes_max) return;
    std::string id = fmt::format("{}/{}", provider, ascii::lowered(model));
    if (!names_.insert(std::move(id)).second) return;  // the first of two stands
    out_ +=
        fmt::format("- {{provider: {}, model: {}{}}}\n", quoted(provider), quoted(model), fields);
    ++written_;
  }

  // Any text is a YAML scalar in single quotes, when its own are doubled.
  static std::string quoted(std::string_view text) {
    std::string out = "'";
    for (char c : shown(text, limits::model_name_bytes_max)) out.append(c == '\'' ? 2 : 1, c);
    return out + "'";
  }

  std::shared_ptr<const price::Catalogue> catalogue_;
  std::string only_;
  WallTime now_;
  std::string out_;
  std::set<std::string> names_;
  std::size_t seen_ = 0;
  std::size_t written_ = 0;
};

// A list of ours is one already; it is only checked.
bool is_ours(const Json& root) {
  const auto* list = root.if_array();
  return list && !list->empty() && member(list->front(), "model") != nullptr;
}

// "" when the list can be used as it is.
std::string complaints(const std::string& list, std::string_view file) {
  price::PriceFile read{.file = std::string(file), .text = list};
  std::string out;
  for (const price::FileFinding& finding : price::read_contracts({&read, 1}).findings)
    out += (out.empty() ? "" : "\n") + finding.text();
  return out;
}

}  // namespace

Exit run_price_import(const Invocation& invocation, const Process& process) {
  const std::string& file = invocation.arguments().front();
  if (file.starts_with("http://") || file.starts_with("https://")) {
    return complain(process, Exit::usage,
                    "price import reads files only; fetch it first, as with curl -fO URL");
  }
  Result<std::string> text = process.environment.file(file, import_bytes_max);
  if (!text) {
    return complain(process, Exit::could_not,
                    fmt::format("cannot read {}: {}", shown(file), text.error().message()));
  }
  std::optional<Json> root = parse_json(*text);
  std::string unknown = fmt::format(
      "{} is no price list that we know: neither LiteLLM's, nor genai-prices', nor one of ours "
      "in JSON",
      shown(file));
  if (!root) return complain(process, Exit::usage, unknown);
  if (is_ours(*root)) {
    std::string wrong = complaints(*text, file);
    if (!wrong.empty()) return complain(process, Exit::usage, wrong);
    return show(process, *text);
  }
  Import import(invocation.value("provider"), process.clock.wall());
  if (!import.read(*root)) return complain(process, Exit::usage, unknown);
  if (import.written() == 0)
    return complain(process, Exit::no, fmt::format("{} has no price that we can use", shown(file)));
  std::string wrong = complaints(import.text(), "the list made of it");
  if (!wrong.empty()) return complain(process, Exit::could_not, wrong);
  Exit exit = show(process, import.text());
  if (import.left_out() == 0) return exit;
  return complain(process, exit,
                  fmt::format("{} models are in the list; {} were left out, having no price by "
                              "the token, or the name of one before",
                              import.written(), import.left_out()));
}

}  // namespace recloser::cli
