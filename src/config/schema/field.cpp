#include "config/schema/field.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::config {
namespace {

const Field* find_field(const Section& section, std::string_view name) {
  auto found = std::ranges::find(section.fields, name, &Field::name);
  return found == section.fields.end() ? nullptr : &*found;
}

void refuse_unknown(Reading& in, const Section& section, const Node::Key& key) {
  if (in.findings().full()) return in.error(key.place, "is not a field");
  std::vector<std::string_view> known;
  std::vector<std::string_view> built;
  for (const Field& field : section.fields) {
    known.push_back(field.name);
    if (!field.planned) built.push_back(field.name);
  }
  std::string meant = meant_by(key.text, known);
  std::ranges::sort(built);
  in.error(key.place, fmt::format("is not a field; {} here are {}",
                                  meant.empty() ? "the fields"
                                                : fmt::format("did you mean {}? The fields", meant),
                                  fmt::join(built, ", ")));
}

// Where a required field is missing: what to write, as far as the declaration knows.
std::string advice(const Field& field) {
  std::string_view text = field.fixed.empty() ? field.spec.example : field.fixed;
  return text.empty() ? "" : fmt::format("; write {}: {}", field.name, text);
}

}  // namespace

void read_section(Reading& in, const Section& section, const Node& node, void* owner) {
  if (node.kind != Node::Kind::map) return in.wrong(node, "be a map of fields");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Reading::Step step(in, node.keys[i].text);
    const Field* field = find_field(section, node.keys[i].text);
    if (field == nullptr) {
      refuse_unknown(in, section, node.keys[i]);
    } else {
      field->read(in, *field, node.items[i], owner);
    }
  }
  for (const Field& field : section.fields) {
    if (field.spec.need != Need::required || node.find(field.name) != nullptr) continue;
    Reading::Step step(in, field.name);
    in.error(node, fmt::format("is required here{}", advice(field)));
  }
}

void print_section(Printer& out, const Section& section, const void* owner) {
  for (const Field& field : section.fields) {
    if (field.print != nullptr) field.print(out, field, owner);
  }
}

bool expect_list(Reading& in, const Field& field, const Node& node) {
  if (node.kind != Node::Kind::list) {
    in.wrong(node, "be a list");
    return false;
  }
  auto size = static_cast<std::int64_t>(node.items.size());
  Bounds bounds = field.spec.bounds;
  if (size >= bounds.least && size <= bounds.most) return true;
  bool exact = bounds.least == bounds.most;
  std::string wanted = exact ? fmt::format("exactly {}", bounds.least)
                             : fmt::format("{}..{}", bounds.least, bounds.most);
  std::string_view more = size > bounds.most ? field.spec.too_many : "";
  in.error(node, fmt::format("must hold {} {}; you wrote {}{}{}", wanted,
                             exact && bounds.least == 1 ? "entry" : "entries", size,
                             more.empty() ? "" : "; ", more));
  return false;
}

bool expect_entries(Reading& in, const Field& field, const Node& node) {
  if (node.kind != Node::Kind::map) {
    in.wrong(node, "be a map of names and their fields");
    return false;
  }
  if (!node.items.empty()) return true;
  in.error(node,
           fmt::format("must name at least one entry; leave {} out to do without", field.name));
  return false;
}

void read_fixed(Reading& in, const Field& field, const Node& node, void*) {
  std::optional<std::string> text = in.scalar(node, field.fixed);
  if (!text || *text == field.fixed) return;
  if (field.more_later) {
    in.error(node, fmt::format("cannot be {}: that is not supported in this version; write {}",
                               written(node), field.fixed));
  } else {
    in.wrong(node, fmt::format("be {}", field.fixed));
  }
}

void refuse_planned(Reading& in, const Field& field, const Node& node, void*) {
  in.error(node, fmt::format("is not supported in this version; {}",
                             field.instead.empty() ? "remove it" : field.instead));
}

}  // namespace recloser::config
