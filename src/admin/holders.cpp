#include "admin/holders.h"

#include "admin/json_node.h"
#include "admin/limits_json.h"
#include "admin/request.h"
#include "config/load.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using config::Holder;
using config::HolderKind;

std::string_view state_of(const Holder& holder, WallTime now) {
  if (holder.disabled) return "disabled";
  return holder.expires && *holder.expires <= now ? "expired" : "active";
}

std::string called(const HolderName& name) {
  std::string text = fmt::format("{} {}", config::name_of(name.kind), shown(name.name));
  if (name.org && !name.org->empty()) text += fmt::format(" of {}", shown(*name.org));
  return text;
}

// The org that the body names, which must be that of the query where both are there.
Result<std::string> org_of(const HolderName& name, const config::Node& body) {
  const config::Node* said = body.find("org");
  if (said == nullptr || said->kind != config::Node::Kind::scalar) return name.org.value_or("");
  if (name.org && *name.org != said->text) {
    return fail(Side::client, Kind::malformed,
                fmt::format("org is {} in the body and {} in the query; say one of them",
                            shown(said->text), shown(*name.org)));
  }
  return said->text;
}

Result<void> check_name_and_end(const Holder& holder, WallTime now) {
  for (std::string_view name : {std::string_view(holder.name), std::string_view(holder.org),
                                std::string_view(holder.team)}) {
    if (name.empty()) continue;
    Result<void> fits = check_name(Side::client, "a name", name, limits::principal_name_bytes_max);
    if (!fits) return fits;
  }
  if (!holder.expires || *holder.expires > now) return {};
  return fail(Side::client, Kind::malformed,
              fmt::format("expires is {}, which is over: all its keys would be refused at once; "
                          "say disabled: true for that",
                          rfc3339(*holder.expires)));
}

ledger::HolderRow row_of(const Holder& holder, WallTime now) {
  return {.kind = std::string(config::name_of(*holder.kind)),
          .org = holder.org,
          .name = holder.name,
          .spec = spec_json(holder),
          .changed_at = now};
}

bool is_row_of(const ledger::HolderRow& row, const Holder& holder) {
  return row.kind == config::name_of(*holder.kind) && row.org == holder.org &&
         row.name == holder.name;
}

}  // namespace

Result<HolderName> read_holder_name(HolderKind kind, std::string_view name,
                                    std::string_view query) {
  constexpr std::array<std::string_view, 1> parameters{"org"};
  std::span<const std::string_view> known(parameters);
  Result<Query> read = Query::read(query, kind == HolderKind::org ? known.first(0) : known);
  if (!read) return fail(read.error());
  HolderName out{.kind = kind, .org = {}, .name = std::string(name)};
  if (const std::string* org = read->find("org")) out.org = *org;
  return out;
}

std::string HolderBook::json_of(const Known& known, WallTime now) {
  const Holder& holder = known.holder;
  std::string out;
  JsonWriter json(out);
  json.open_object().member("kind", config::name_of(*holder.kind)).member("name", holder.name);
  write_spec(json, holder);
  json.member("state", state_of(holder, now)).member("declared", !known.changed_at.has_value());
  json.key("changed_at");
  known.changed_at ? json.value(rfc3339(*known.changed_at)) : json.null();
  json.close_object();
  return out;
}

Result<std::vector<HolderBook::Known>> HolderBook::all(HolderKind kind,
                                                       const Roster::Stored& stored) const {
  std::vector<Known> all;
  for (const Holder& holder : roster_.config().holders) {
    if (holder.is(kind)) all.push_back({.holder = holder, .changed_at = {}});
  }
  for (const ledger::HolderRow& row : stored.holders) {
    if (row.kind != config::name_of(kind)) continue;
    Result<Holder> holder = holder_of(row);
    if (!holder) return fail(holder.error());
    if (roster_.find_declared(*holder) != nullptr) continue;
    all.push_back({.holder = std::move(*holder), .changed_at = row.changed_at});
  }
  return all;
}

Result<HolderBook::Known> HolderBook::find(const HolderName& name,
                                           const Roster::Stored& stored) const {
  Result<std::vector<Known>> known = all(name.kind, stored);
  if (!known) return fail(known.error());
  std::vector<Known*> fitting;
  std::vector<std::string_view> names;
  for (Known& one : *known) {
    names.push_back(one.holder.name);
    if (one.holder.name != name.name) continue;
    if (!name.org || one.holder.org == *name.org) fitting.push_back(&one);
  }
  if (fitting.size() == 1) return std::move(*fitting.front());
  if (fitting.empty()) {
    return fail(Side::client, Kind::not_found,
                fmt::format("there is no {}{}", called(name), did_you_mean(name.name, names)));
  }
  std::string orgs;
  for (const Known* one : fitting) {
    if (!orgs.empty()) orgs += ", ";
    orgs += one->holder.org;
  }
  return fail(Side::client, Kind::malformed,
              fmt::format("there are several {}s {}: of {}; say org too",
                          config::name_of(name.kind), shown(name.name), orgs));
}

Result<std::string> HolderBook::list_json(HolderKind kind, WallTime now) const {
  Result<Roster::Stored> stored = roster_.stored();
  if (!stored) return fail(stored.error());
  Result<std::vector<Known>> known = all(kind, *stored);
  if (!known) return fail(known.error());
  std::string out = R"({"data":[)";
  std::string_view comma;
  for (const Known& one : *known) {
    out.append(comma).append(json_of(one, now));
    comma = ",";
  }
  return out + R"(],"next":null})";
}

Result<std::string> HolderBook::find_json(const HolderName& name, WallTime now) const {
  Result<Roster::Stored> stored = roster_.stored();
  if (!stored) return fail(stored.error());
  Result<Known> known = find(name, *stored);
  if (!known) return fail(known.error());
  return json_of(*known, now);
}

Error HolderBook::declared(const Holder& holder) const {
  return Error(Side::client, Kind::conflict,
               fmt::format("the {} {} is declared by a document of {}, so it is changed there: "
                           "edit the document and restart Recloser",
                           config::name_of(*holder.kind), shown(holder.name), config_file_));
}

// A name of the same org, or with none beside one with an org: it would not be clear whose keys
// are meant.
Result<std::string> HolderBook::put(const HolderName& name, std::string_view body, bool merge,
                                    WallTime now) const {
  Result<config::Node> change = read_json_node(body);
  if (!change) return fail(change.error());
  Holder holder;
  auto wanted = [&](Roster::Stored& stored) -> Result<void> {
    config::Node spec = without_nulls(*change);
    Result<std::string> org = org_of(name, *change);
    if (!org) return fail(org.error());
    HolderName which = name;
    if (change->find("org") != nullptr) which.org = *org;
    Result<Known> known = fail(Side::client, Kind::not_found, "");
    if (merge) known = find(which, stored);
    if (merge && !known && known.error().kind() != Kind::not_found) return fail(known.error());
    if (known) {
      if (!known->changed_at) return fail(declared(known->holder));
      Result<config::Node> base = read_json_node(spec_json(known->holder));
      if (!base) return fail(base.error());
      if (change->find("org") == nullptr) *org = known->holder.org;
      spec = merged(std::move(*base), *change);
    }
    Result<Holder> read = config::read_holder(spec, name.kind, name.name);
    if (!read) return fail(read.error());
    holder = std::move(*read);
    if (name.kind != HolderKind::org) holder.org = *org;
    if (roster_.find_declared(holder) != nullptr) return fail(declared(holder));
    Result<void> sane = check_name_and_end(holder, now);
    if (!sane) return sane;
    Result<std::vector<Known>> others = all(name.kind, stored);
    if (!others) return fail(others.error());
    for (const Known& other : *others) {
      if (other.holder.name != holder.name) continue;
      if (other.holder.org.empty() == holder.org.empty()) continue;
      return fail(Side::client, Kind::conflict,
                  fmt::format("there is a {} {} {} an org already; say org of both, or of neither",
                              config::name_of(name.kind), shown(name.name),
                              other.holder.org.empty() ? "without" : "with"));
    }
    std::erase_if(stored.holders, [&](const auto& row) { return is_row_of(row, holder); });
    stored.holders.push_back(row_of(holder, now));
    return {};
  };
  Result<void> done = roster_.change(
      wanted, [&](ledger::Store& store) { return store.put_holder(row_of(holder, now)); });
  if (!done) return fail(done.error());
  return json_of({.holder = std::move(holder), .changed_at = now}, now);
}

Result<std::string> HolderBook::remove(const HolderName& name, WallTime now) const {
  Known known;
  auto wanted = [&](Roster::Stored& stored) -> Result<void> {
    Result<Known> found = find(name, stored);
    if (!found) return fail(found.error());
    if (!found->changed_at) return fail(declared(found->holder));
    known = std::move(*found);
    std::erase_if(stored.holders, [&](const auto& row) { return is_row_of(row, known.holder); });
    return {};
  };
  Result<void> done = roster_.change(wanted, [&](ledger::Store& store) {
    return store.remove_holder(config::name_of(*known.holder.kind), known.holder.org,
                               known.holder.name);
  });
  if (!done) return fail(done.error());
  return json_of(known, now);
}

}  // namespace recloser::admin
