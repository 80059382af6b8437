// price show, price lint.
#include "cli/human.h"
#include "cli/output.h"
#include "cli/prices.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "price/lint.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using price::Rate;
using price::short_price;

struct Question {
  std::string model;
  WallTime at;
  codec::ServiceTier tier = codec::ServiceTier::standard;
};

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

Result<Question> read_question(const Invocation& invocation, const Process& process) {
  Question question{.model = invocation.arguments().front(), .at = process.clock.wall()};
  if (invocation.has("at")) {
    std::string text(invocation.value("at"));
    if (text.size() == std::string_view("2026-03-01").size()) text += "T00:00:00Z";
    Result<WallTime> at = parse_rfc3339(text);
    if (!at) {
      return wrong(fmt::format(
          "--at must be a date such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z; you "
          "wrote '{}'",
          shown(invocation.value("at"))));
    }
    question.at = *at;
  }
  std::string_view tier = invocation.has("tier") ? invocation.value("tier") : "standard";
  question.tier = codec::service_tier_named(tier);
  if (name_of(question.tier) != tier) {
    return wrong(fmt::format(
        "--tier must be standard, batch, flex, priority or fast; you wrote '{}'", shown(tier)));
  }
  return question;
}

price::Place place_of(const Invocation& invocation, const LoadedPrices& prices) {
  if (!invocation.has("provider"))
    return prices.catalogue->place_for_model(invocation.arguments().front());
  std::string_view name = invocation.value("provider");
  const config::Provider* configured = prices.config ? prices.config->find_provider(name) : nullptr;
  return configured ? prices.catalogue->place_of(*configured) : prices.catalogue->place_named(name);
}

// One price list as it holds for the question.
struct Shown {
  const price::Schedule::Window* window = nullptr;  // null: it says nothing
  bool tier_is_own = true;
};

Shown shown_list(const price::Schedule& schedule, const Question& question) {
  price::Schedule::Found found = schedule.at(question.at, question.tier);
  return {.window = found.window, .tier_is_own = found.tier_is_own};
}

struct Answer {
  const price::Catalogue& catalogue;
  price::Place place;
  price::Priced priced;
  Shown list;
  Shown own;
};

Answer answer_of(const price::Catalogue& catalogue, price::Place place, const price::Priced& priced,
                 const Question& question) {
  Answer answer{.catalogue = catalogue, .place = place, .priced = priced, .list = {}, .own = {}};
  if (priced.entry) answer.list = shown_list(priced.entry->list, question);
  if (priced.contract) answer.own = shown_list(priced.contract->own, question);
  return answer;
}

// ---- for programs ----

void write_list(std::string_view name, const Shown& list, JsonWriter& json) {
  if (!list.window) return;
  json.key(name).open_object().member("tier_is_own", list.tier_is_own).key("bands").open_array();
  for (const price::Schedule::Band& band : list.window->bands) {
    json.open_object().member("above", band.above);
    for (std::size_t i = 0; i < price::rate_count; ++i) {
      auto rate = static_cast<Rate>(i);
      if (band.rates->has_own(rate)) json.member(name_of(rate), short_price((*band.rates)[rate]));
    }
    json.close_object();
  }
  json.close_array().close_object();
}

void write_facts(const Answer& answer, JsonWriter& json) {
  price::Limits limits = answer.priced.limits();
  json.key("limits").open_object();
  if (limits.context != 0) json.member("context", limits.context);
  if (limits.input != 0) json.member("input", limits.input);
  if (limits.output != 0) json.member("output", limits.output);
  json.close_object();
  const price::Entry* entry = answer.priced.entry;
  if (!entry) return;
  if (entry->deprecation_s) json.member("deprecation", price::date_text(*entry->deprecation_s));
  json.key("can").open_array();
  for (std::size_t i = 0; i < price::capability_count; ++i) {
    auto capability = static_cast<price::Capability>(i);
    if (entry->can_do(capability)) json.value(name_of(capability));
  }
  json.close_array();
}

std::string answer_json(const Answer& answer, const Question& question) {
  std::string out;
  JsonWriter json(out);
  const price::Entry* entry = answer.priced.entry;
  json.open_object().member("asked", question.model);
  json.member("provider", answer.catalogue.provider_id(answer.place));
  if (entry) json.member("model", entry->model).member("list_of", entry->home->id);
  json.member("at", rfc3339(question.at)).member("tier", name_of(question.tier));
  json.member("price_version", answer.catalogue.version());
  write_list("list", answer.list, json);
  write_list("contracted", answer.own, json);
  if (answer.priced.contract && answer.priced.contract->discount_ppm != 0) {
    json.member("discount_percent",
                short_price(std::int64_t{answer.priced.contract->discount_ppm} * 100'000));
  }
  write_facts(answer, json);
  json.close_object();
  return out + "\n";
}

// ---- for people ----

std::string list_text(std::string_view title, const Shown& list, const Style& style) {
  if (!list.window) return {};
  std::vector<Column> columns{{.title = title}};
  std::vector<std::string> titles;
  for (const price::Schedule::Band& band : list.window->bands) {
    titles.push_back(
        band.above == 0
            ? std::string("USD")
            : fmt::format("above {}", with_thousands(static_cast<std::int64_t>(band.above))));
  }
  for (const std::string& band_title : titles)
    columns.push_back({.title = band_title, .right = true});
  columns.push_back({.title = "for"});
  Table table(columns);
  for (std::size_t i = 0; i < price::rate_count; ++i) {
    auto rate = static_cast<Rate>(i);
    if (!list.window->bands.front().rates->has_own(rate)) continue;
    std::vector<Cell> row{{std::string(words_of(rate)), Colour::none}};
    for (const price::Schedule::Band& band : list.window->bands)
      row.push_back({short_price((*band.rates)[rate]), Colour::bold});
    row.push_back(
        {std::string(unit_of(rate).substr(std::string_view("USD per ").size())), Colour::dim});
    table.add(std::move(row));
  }
  std::string out = table.text(style);
  if (!list.tier_is_own)
    out += "That tier has no prices of its own; these are the standard ones.\n";
  return out + "\n";
}

std::string facts_text(const Answer& answer) {
  std::string out;
  price::Limits limits = answer.priced.limits();
  auto tokens = [&out](std::string_view what, std::uint64_t count) {
    if (count == 0) return;
    out += fmt::format("{:<15}{} tokens\n", what, with_thousands(static_cast<std::int64_t>(count)));
  };
  tokens("context", limits.context);
  tokens("input at most", limits.input);
  tokens("output at most", limits.output);
  const price::Contract* contract = answer.priced.contract;
  if (contract && contract->discount_ppm != 0) {
    out += fmt::format("{:<15}{}%\n", "your discount",
                       short_price(std::int64_t{contract->discount_ppm} * 100'000));
  }
  const price::Entry* entry = answer.priced.entry;
  if (entry && entry->deprecation_s)
    out += fmt::format("{:<15}{}\n", "ends", price::date_text(*entry->deprecation_s));
  out += fmt::format("{:<15}{}\n", "price version", answer.catalogue.version());
  return out;
}

std::string answer_text(const Answer& answer, const Question& question, const Style& style) {
  const price::Entry* entry = answer.priced.entry;
  std::string name = entry ? entry->model : shown(question.model);
  std::string lent;
  if (entry && entry->home != answer.priced.provider)
    lent = fmt::format(" (the list of {})", entry->home->id);
  std::string head =
      fmt::format("{} at {}{}, {}, {}\n\n", style.paint(Colour::bold, name),
                  answer.catalogue.provider_id(answer.place), lent, name_of(question.tier),
                  price::date_text(question.at.ns / 1'000'000'000));
  return head + list_text("list", answer.list, style) + list_text("yours", answer.own, style) +
         facts_text(answer);
}

std::string not_found(const LoadedPrices& prices, price::Place place, std::string_view model) {
  std::string_view provider = prices.catalogue->provider_id(place);
  if (provider.empty()) {
    return fmt::format("no price list knows whose model '{}' is; say where with --provider",
                       shown(model));
  }
  std::string near = prices.catalogue->near(place, model);
  return fmt::format("'{}' has no price at {}{}", shown(model), provider,
                     near.empty() ? "" : fmt::format("; near names are {}", near));
}

std::string lint_json(const std::vector<price::LintFinding>& findings) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const price::LintFinding& finding : findings) {
    json.open_object().member("kind", finding.kind).member("provider", finding.provider);
    json.member("model", finding.model).member("message", finding.message).close_object();
  }
  json.close_array().key("next").null().close_object();
  return out + "\n";
}

std::string lint_text(const std::vector<price::LintFinding>& findings, const Style& style) {
  if (findings.empty()) return "Nothing to say about these prices.\n";
  Table table({{.title = "kind"}, {.title = "model"}, {.title = "what"}});
  for (const price::LintFinding& finding : findings) {
    table.add({{std::string(finding.kind), Colour::dim},
               {fmt::format("{}/{}", finding.provider, finding.model), Colour::bold},
               {finding.message, Colour::none}});
  }
  return table.text(style);
}

}  // namespace

Exit run_price_show(const Invocation& invocation, const Process& process) {
  Result<Question> question = read_question(invocation, process);
  if (!question) return complain(process, Exit::usage, question.error().message());
  Result<LoadedPrices> prices = find_prices(invocation.value("config"), process);
  if (!prices) return complain(process, Exit::usage, prices.error().message());
  if (!prices->catalogue) return complain(process, Exit::usage, prices->error().message());
  price::Place place = place_of(invocation, *prices);
  price::Priced priced = prices->catalogue->find(place, question->model);
  if (!priced) return complain(process, Exit::no, not_found(*prices, place, question->model));
  Answer answer = answer_of(*prices->catalogue, place, priced, *question);
  if (invocation.has("json")) return show(process, answer_json(answer, *question));
  return show(process, answer_text(answer, *question, Style::of(process)));
}

Exit run_price_lint(const Invocation& invocation, const Process& process) {
  bool only_files = !invocation.arguments().empty();
  Result<LoadedPrices> prices = LoadedPrices{};
  if (only_files) {
    *prices = load_prices(invocation.arguments(), nullptr, process.environment);
  } else {
    prices = find_prices(invocation.value("config"), process);
  }
  if (!prices) return complain(process, Exit::usage, prices.error().message());
  if (!prices->catalogue) return complain(process, Exit::usage, prices->error().message());
  std::vector<price::LintFinding> findings = lint_contracts(*prices->catalogue);
  if (!only_files) {
    std::vector<price::LintFinding> shipped =
        lint_catalogue(*prices->catalogue, process.clock.wall());
    findings.insert(findings.end(), shipped.begin(), shipped.end());
  }
  Exit exit = show(process, invocation.has("json") ? lint_json(findings)
                                                   : lint_text(findings, Style::of(process)));
  if (exit != Exit::fine) return exit;
  return findings.empty() ? Exit::fine : Exit::no;
}

}  // namespace recloser::cli
