#include "price/contract_reader.h"

#include "config/yaml/read.h"
#include "price/contract_item.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace recloser::price {
namespace {

using config::Findings;
using config::Place;

// Anthropic's rule, and that of all who have such writes today: twice the input.
constexpr std::uint32_t write_1h_factor_ppm = 2 * ppm_one;

// By model and tier in the order of time; equal ones as they are written.
auto order_of(const ContractItem& item) {
  bool all_day = item.period.daily_from_s == item.period.daily_to_s;
  return std::tuple(std::string_view(item.provider), std::string_view(item.model), item.tier,
                    item.period.from_s, !all_day, item.period.daily_from_s, item.file, item.place);
}

bool same_terms(const ContractItem& a, const ContractItem& b) {
  return a.provider == b.provider && a.model == b.model && a.tier == b.tier;
}

// Whether two spans of the day share a moment. Either may pass midnight.
bool days_overlap(const Period& a, const Period& b) {
  auto in = [](std::int32_t at, const Period& period) {
    Period day{.daily_from_s = period.daily_from_s, .daily_to_s = period.daily_to_s};
    return day.holds(at);
  };
  return in(a.daily_from_s, b) || in(b.daily_from_s, a);
}

// Nothing but comments: a file that has no prices yet.
bool is_blank(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    std::size_t first = line.find_first_not_of(" \r");
    if (first != line.npos && line[first] != '#') return false;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return true;
}

class Assembly {
 public:
  explicit Assembly(std::span<const PriceFile> files) : files_(files), findings_(files.size()) {}

  ContractsRead read() {
    for (std::size_t i = 0; i < files_.size(); ++i) read_file(i);
    std::ranges::sort(items_, {}, order_of);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      for (std::size_t j = i; j > 0 && same_terms(items_[j - 1], items_[i]); --j)
        compare(items_[j - 1], items_[i]);
    }
    for (std::size_t i = 0; i < files_.size(); ++i) {
      for (const config::Finding& finding : findings_[i].sorted())
        out_.findings.push_back({.file = files_[i].file, .finding = finding});
    }
    if (!out_.failed()) assemble();
    return std::move(out_);
  }

 private:
  void read_file(std::size_t file) {
    if (is_blank(files_[file].text)) return;
    std::optional<config::Node> root = config::read_yaml(files_[file].text, findings_[file]);
    if (!root || root->kind == config::Node::Kind::nothing) return;
    if (root->kind != config::Node::Kind::list) {
      findings_[file].error(root->place,
                            "the file must be a list: - {provider: .., model: .., input: ..}");
      return;
    }
    for (std::size_t i = 0; i < root->items.size(); ++i) {
      if (items_.size() == contract_items_max) {
        findings_[file].error(root->items[i].place,
                              fmt::format("there are more than {} prices", contract_items_max));
        return;
      }
      ContractItem item = read_contract_item(root->items[i], i, findings_[file]);
      item.file = file;
      mention(item);
      items_.push_back(std::move(item));
    }
  }

  void mention(const ContractItem& item) {
    for (const ContractsRead::Mention& known : out_.mentions) {
      if (known.provider == item.provider) return;
    }
    out_.mentions.push_back(
        {.provider = item.provider, .file = files_[item.file].file, .place = item.place});
  }

  // `later` begins at the same time as `item`, or after it.
  void compare(const ContractItem& item, const ContractItem& later) {
    if (!same_terms(item, later) || item.provider.empty() || item.model.empty()) return;
    auto complain = [&](Place place, std::string_view what) {
      findings_[later.file].error(
          place.line == 0 ? later.place : place,
          fmt::format("{}/{} {} {}:{}:{}", later.provider, later.model, what,
                      files_[item.file].file, item.place.line, item.place.column));
    };
    bool has_prices = !item.list.empty() && !later.list.empty();
    if (!has_prices) {
      if (item.discount_ppm && later.discount_ppm)
        complain(later.place, "has a discount already, at");
      return;
    }
    bool whole_day = item.period.daily_from_s == item.period.daily_to_s;
    bool later_whole_day = later.period.daily_from_s == later.period.daily_to_s;
    if (item.period.from_s == later.period.from_s && whole_day == later_whole_day) {
      if (whole_day) {
        complain(later.place, "has prices from that time on already, at");
      } else if (days_overlap(item.period, later.period)) {
        complain(later.daily_place, "has prices for some of these hours already, at");
      }
    } else if (item.period.until_s != INT64_MAX && item.period.until_s > later.period.from_s &&
               whole_day == later_whole_day) {
      complain(later.place, "begins before prices of the same model end, at");
    }
  }

  void assemble() {
    auto pool = std::make_shared<RatesPool>();
    for (const ContractItem& item : items_) add(item, *pool);
    out_.contracts.rates = std::move(pool);
    std::uint64_t hash = 0;
    for (const PriceFile& file : files_) hash = hash_of_text(file.text, hash);
    out_.contracts.hash = items_.empty() ? 0 : hash;
  }

  void add(const ContractItem& item, RatesPool& pool) {
    auto& groups = out_.contracts.groups;  // items are sorted by provider, then by model
    if (groups.empty() || groups.back().provider != item.provider)
      groups.push_back({.provider = item.provider, .contracts = {}});
    auto& contracts = groups.back().contracts;
    if (contracts.empty() || contracts.back().model != item.model) {
      Contract& made = contracts.emplace_back();
      made.model = item.model;
    }
    Contract& contract = contracts.back();
    if (!item.list.empty())
      contract.own.add(item.period, item.tier, item.list, write_1h_factor_ppm, pool);
    if (item.discount_ppm) contract.discount_ppm = *item.discount_ppm;
    if (item.limits.context != 0) contract.limits.context = item.limits.context;
    if (item.limits.input != 0) contract.limits.input = item.limits.input;
    if (item.limits.output != 0) contract.limits.output = item.limits.output;
  }

  std::span<const PriceFile> files_;
  std::vector<Findings> findings_;
  std::vector<ContractItem> items_;
  ContractsRead out_;
};

}  // namespace

bool ContractsRead::failed() const {
  return std::ranges::any_of(findings, [](const FileFinding& found) {
    return found.finding.severity == config::Severity::error;
  });
}

ContractsRead read_contracts(std::span<const PriceFile> files) { return Assembly(files).read(); }

}  // namespace recloser::price
