// What keys, orgs, teams and users may take, as JSON: as it is stored and as it is shown.
#pragma once

#include "config/config.h"
#include "core/json_writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts);
void write_number(JsonWriter& json, std::string_view name, std::optional<std::uint32_t> number);
void write_allowances(JsonWriter& json, const std::vector<config::Allowance>& budgets);

// Members `budget`, `rpm`, `tpm` and `concurrency`; null where there is none.
template <class Owner>
void write_limits(JsonWriter& json, const Owner& of) {
  write_allowances(json, of.budgets);
  write_number(json, "rpm", of.rpm);
  write_number(json, "tpm", of.tpm);
  write_number(json, "concurrency", of.concurrency);
}

// The same as an object; "" when there is no limit.
std::string limits_json(const config::Key& key);

// All of a `spec`, as the documents have it.
void write_spec(JsonWriter& json, const config::Holder& holder);
std::string spec_json(const config::Holder& holder);

}  // namespace recloser::admin
