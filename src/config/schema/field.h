// A field of the configuration language, declared once: from it the file is read, errors are
// worded, and docs/configuration.md is printed.
#pragma once

#include "config/schema/printer.h"
#include "config/schema/reading.h"
#include "config/schema/values.h"
#include "config/yaml/node.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

enum class Need : unsigned char { optional, required };

struct Section;

// What a declaration says beyond its name and member.
struct Spec {
  std::string_view help;  // one sentence
  std::string_view example = {};
  Need need = Need::optional;
  Bounds bounds = {};
  Text text = Text::word;            // the grammar of a text, or of each text in a list
  const Section* section = nullptr;  // the fields of an object, or of each entry
  std::string_view too_many = {};    // what to add when a list holds more than the bounds allow
};

struct Field {
  std::string_view name;
  Spec spec;
  void (*read)(Reading&, const Field&, const Node&, void* owner) = nullptr;
  void (*print)(Printer&, const Field&, const void* owner) = nullptr;
  std::string (*type)(const Field&) = nullptr;
  std::string_view fixed = {};    // the only value this version knows
  bool more_later = false;        // fixed: later versions know other values, refused in this one
  bool planned = false;           // a field of a later version, refused in this one
  std::string_view instead = {};  // planned: what to do now, when there is something

  ValueRules rules() const { return {spec.bounds, spec.text, spec.example}; }
};

// The fields of one struct, in the order in which people meet them.
struct Section {
  std::string_view path;  // for the reference: "providers.<name>.timeouts"
  std::string_view help;
  std::span<const Field> fields;
  const void* (*defaults)();  // a struct as it is when nothing is written
};

// Reads `node` (which should be a map) into the struct at `owner`.
void read_section(Reading& in, const Section& section, const Node& node, void* owner);
void print_section(Printer& out, const Section& section, const void* owner);

// Not templates, so that the templates below stay thin.
bool expect_list(Reading& in, const Field& field, const Node& node);
bool expect_entries(Reading& in, const Field& field, const Node& node);
void read_fixed(Reading& in, const Field& field, const Node& node, void* owner);
void refuse_planned(Reading& in, const Field& field, const Node& node, void* owner);

namespace field_detail {

template <class M>
struct MemberOf;
template <class S, class T>
struct MemberOf<T S::*> {
  using Owner = S;
  using Type = T;
};

template <auto member>
auto& of(void* owner) {
  return static_cast<typename MemberOf<decltype(member)>::Owner*>(owner)->*member;
}
template <auto member>
const auto& of(const void* owner) {
  return static_cast<const typename MemberOf<decltype(member)>::Owner*>(owner)->*member;
}
template <auto member>
using TypeOf = typename MemberOf<decltype(member)>::Type;

}  // namespace field_detail

// A value in one scalar (or a list of texts): field<&Listen::address>("address", {...}).
template <auto member>
constexpr Field field(std::string_view name, Spec spec) {
  using namespace field_detail;
  return {.name = name,
          .spec = spec,
          .read = [](Reading& in, const Field& f, const Node& node,
                     void* owner) { read_value(in, f.rules(), node, of<member>(owner)); },
          .print = [](Printer& out, const Field& f,
                      const void* owner) { out.value(f.name, show_value(of<member>(owner))); },
          .type = [](const Field& f) { return type_of(f.rules(), TypeOf<member>{}); }};
}

// A struct, or an optional one that exists when it is written.
template <auto member>
constexpr Field object(std::string_view name, Spec spec) {
  using namespace field_detail;
  return {.name = name,
          .spec = spec,
          .read =
              [](Reading& in, const Field& f, const Node& node, void* owner) {
                auto& value = of<member>(owner);
                if constexpr (requires { value.emplace(); }) {
                  read_section(in, *f.spec.section, node, &value.emplace());
                } else {
                  read_section(in, *f.spec.section, node, &value);
                }
              },
          .print =
              [](Printer& out, const Field& f, const void* owner) {
                const auto& value = of<member>(owner);
                Printer::Level level(out, f.name);
                if constexpr (requires { value.has_value(); }) {
                  if (value) print_section(out, *f.spec.section, &*value);
                } else {
                  print_section(out, *f.spec.section, &value);
                }
              },
          .type = [](const Field&) { return std::string("fields, below"); }};
}

// A list of structs.
template <auto member>
constexpr Field list(std::string_view name, Spec spec) {
  using namespace field_detail;
  return {.name = name,
          .spec = spec,
          .read =
              [](Reading& in, const Field& f, const Node& node, void* owner) {
                auto& values = of<member>(owner);
                values.clear();
                if (!expect_list(in, f, node)) return;
                for (const Node& item : node.items) {
                  Reading::Step step(in, values.size());
                  read_section(in, *f.spec.section, item, &values.emplace_back());
                }
              },
          .print =
              [](Printer& out, const Field& f, const void* owner) {
                Printer::Level level(out, f.name);
                for (const auto& value : of<member>(owner)) {
                  Printer::Entry entry(out);
                  print_section(out, *f.spec.section, &value);
                }
              },
          .type = [](const Field&) { return std::string("list, below"); }};
}

// A list of structs that may be written as the one struct it holds.
template <auto member>
constexpr Field some(std::string_view name, Spec spec) {
  Field made = list<member>(name, spec);
  made.read = [](Reading& in, const Field& f, const Node& node, void* owner) {
    if (node.kind != Node::Kind::map) return list<member>(f.name, f.spec).read(in, f, node, owner);
    auto& values = field_detail::of<member>(owner);
    values.clear();
    read_section(in, *f.spec.section, node, &values.emplace_back());
  };
  made.type = [](const Field&) { return std::string("fields, below, or a list of such"); };
  return made;
}

// Fields of the same struct under a name of their own.
constexpr Field part(std::string_view name, Spec spec) {
  return {.name = name,
          .spec = spec,
          .read = [](Reading& in, const Field& f, const Node& node,
                     void* owner) { read_section(in, *f.spec.section, node, owner); },
          .print =
              [](Printer& out, const Field& f, const void* owner) {
                Printer::Level level(out, f.name);
                print_section(out, *f.spec.section, owner);
              },
          .type = [](const Field&) { return std::string("fields, below"); }};
}

// A map from a name, kept in the struct's `name`, to a struct.
template <auto member>
constexpr Field map(std::string_view name, Spec spec) {
  using namespace field_detail;
  return {.name = name,
          .spec = spec,
          .read =
              [](Reading& in, const Field& f, const Node& node, void* owner) {
                auto& values = of<member>(owner);
                values.clear();
                if (!expect_entries(in, f, node)) return;
                for (std::size_t i = 0; i < node.items.size(); ++i) {
                  auto& value = values.emplace_back();
                  Reading::Step step(in, node.keys[i].text);
                  read_name(in, f.rules(), node.keys[i], value.name);
                  read_section(in, *f.spec.section, node.items[i], &value);
                }
              },
          .print =
              [](Printer& out, const Field& f, const void* owner) {
                Printer::Level level(out, f.name);
                for (const auto& value : of<member>(owner)) {
                  Printer::Level inner(out, value.name);
                  print_section(out, *f.spec.section, &value);
                }
              },
          .type = [](const Field&) { return std::string("fields by name, below"); }};
}

// A field with one possible value, for ever or (`fixed_for_now`) in this version.
constexpr Field fixed(std::string_view name, std::string_view value, Spec spec) {
  return {.name = name, .spec = spec, .read = read_fixed, .fixed = value};
}
constexpr Field fixed_for_now(std::string_view name, std::string_view value, Spec spec) {
  return {.name = name, .spec = spec, .read = read_fixed, .fixed = value, .more_later = true};
}

// A field of the language that this version does not build: refused, never accepted and ignored.
constexpr Field planned(std::string_view name, std::string_view instead = {}) {
  return {.name = name,
          .spec = {.help = {}},
          .read = refuse_planned,
          .planned = true,
          .instead = instead};
}

template <class S>
const void* defaults_of() {
  static const S unchanged;
  return &unchanged;
}

}  // namespace recloser::config
