#include "codec/grown_json.h"

#include "codec/json_walk.h"

#include <algorithm>
#include <array>

namespace recloser::codec {
namespace {

// What some providers say in every piece: a name is not a text that grows.
bool is_label(std::string_view key) {
  constexpr std::array<std::string_view, 11> labels{"role",    "type",   "id",       "index",
                                                    "name",    "format", "status",   "object",
                                                    "channel", "url",    "signature"};
  return std::ranges::find(labels, key) != labels.end();
}

bool is_nothing(std::string_view json) {
  return json.empty() || json == "null" || json == "\"\"" || json == "0" || json == "{}" ||
         json == "[]";
}

}  // namespace

bool GrownJson::says_something() const {
  switch (kind_) {
    case Kind::nothing:
      return false;
    case Kind::raw:
      return !is_nothing(text_);
    case Kind::text:
      return !text_.empty();
    case Kind::array:
    case Kind::object:
      return !children_.empty();
  }
  return false;
}

// What it was before is forgotten, where it was of another kind. What its children took stays
// counted: nobody does that often.
void GrownJson::become(Kind kind, Growth& growth) {
  if (kind_ == kind) return;
  growth.bytes -= text_.size();
  text_.clear();
  children_.clear();
  kind_ = kind;
}

void GrownJson::set(std::string_view json, Growth& growth) {
  bool text = is_json_text(json);
  become(text ? Kind::text : Kind::raw, growth);
  growth.bytes -= text_.size();
  text_ = text ? json_text(json) : json;
  growth.bytes += text_.size();
}

void GrownJson::set_first(std::string_view json, Growth& growth) {
  if (!says_something()) set(json, growth);
}

void GrownJson::set_last(std::string_view json, Growth& growth) {
  if (!is_nothing(json) || !says_something()) set(json, growth);
}

void GrownJson::grow(std::string_view json, Growth& growth, bool joins) {
  if (json.empty()) return;
  if (json == "null") {
    if (kind_ == Kind::nothing) set(json, growth);
    return;
  }
  switch (json.front()) {
    case '"': {
      std::string_view more = json_text(json);
      if (!joins) return set_last(json, growth);
      become(Kind::text, growth);
      text_.append(more);
      growth.bytes += more.size();
      return;
    }
    case '{':
      become(Kind::object, growth);
      for (JsonChildren each(json); each.next() && !growth.failed;) {
        member(each.key(), growth).grow(each.value(), growth, !is_label(each.key()));
      }
      return;
    case '[':
      become(Kind::array, growth);
      for (JsonChildren each(json); each.next() && !growth.failed;) {
        grow_element(each.value(), growth);
      }
      return;
    default:
      set(json, growth);
  }
}

void GrownJson::grow_element(std::string_view json, Growth& growth) {
  std::string place(json_member(json, "index"));
  if (!json_count(place)) return push("", growth).set(json, growth);
  place.append(" ").append(json_text(json_member(json, "type")));
  auto same = std::find_if(children_.rbegin(), children_.rend(),
                           [&](const Child& child) { return child.key == place; });
  if (same != children_.rend()) return same->value.grow(json, growth);
  if (children_.size() >= Growth::places_max) {
    growth.failed = true;
    return;
  }
  push(place, growth).grow(json, growth);
}

GrownJson& GrownJson::member(std::string_view key, Growth& growth) {
  become(Kind::object, growth);
  auto at = std::ranges::find(children_, key, &Child::key);
  if (at != children_.end()) return at->value;
  growth.failed |= children_.size() >= Growth::members_max;
  return push(key, growth);
}

const GrownJson* GrownJson::find(std::string_view key) const {
  if (kind_ != Kind::object) return nullptr;
  auto at = std::ranges::find(children_, key, &Child::key);
  return at == children_.end() ? nullptr : &at->value;
}

GrownJson& GrownJson::add(std::string_view name, Growth& growth) {
  become(Kind::array, growth);
  return push(name, growth);
}

GrownJson* GrownJson::last(std::string_view name) {
  bool named = kind_ == Kind::array && !children_.empty() && children_.back().key == name;
  return named ? &children_.back().value : nullptr;
}

GrownJson& GrownJson::push(std::string_view key, Growth& growth) {
  growth.bytes += sizeof(Child) + key.size();
  return children_.emplace_back(std::string(key), GrownJson()).value;
}

void GrownJson::write(std::string& out) const {
  switch (kind_) {
    case Kind::nothing:
      out += "null";
      return;
    case Kind::raw:
      out += text_;
      return;
    case Kind::text:
      out.append("\"").append(text_).append("\"");
      return;
    case Kind::array:
      out += '[';
      for (const Child& child : children_) {
        child.value.write(out);
        out += ',';
      }
      break;
    case Kind::object:
      out += '{';
      write_members(out);
      break;
  }
  if (out.back() == ',') out.pop_back();
  out += kind_ == Kind::array ? ']' : '}';
}

void GrownJson::write_members(std::string& out) const {
  if (kind_ != Kind::object) return;
  for (const Child& child : children_) {
    out.append("\"").append(child.key).append("\":");
    child.value.write(out);
    out += ',';
  }
}

}  // namespace recloser::codec
