#include "admin/json_node.h"

#include "core/names.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace recloser::admin {
namespace {

using boost::json::error_code;
using boost::json::string_view;
using config::Node;

constexpr std::size_t depth_max = 32;

// What the parser calls while it reads. False with an error ends the reading.
class Tree {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(Node::Kind::map); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code&) { return open(Node::Kind::list); }
  bool on_array_end(std::size_t, error_code&) { return close(); }
  bool on_key_part(string_view part, std::size_t, error_code&) { return more(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    text_ += part;
    Node& map = open_.back();
    if (map.find(text_) != nullptr && twice.empty()) twice = text_;
    map.keys.push_back({.text = std::exchange(text_, {}), .place = {}});
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return more(part); }
  bool on_string(string_view part, std::size_t, error_code&) { return scalar(part); }
  bool on_number_part(string_view part, error_code&) { return more(part); }
  bool on_int64(std::int64_t, string_view last, error_code&) { return scalar(last); }
  bool on_uint64(std::uint64_t, string_view last, error_code&) { return scalar(last); }
  bool on_double(double, string_view last, error_code&) { return scalar(last); }
  bool on_bool(bool truth, error_code&) { return scalar(truth ? "true" : "false"); }
  bool on_null(error_code&) { return add(Node()); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  Node root;
  std::string twice;  // the first name that came again

 private:
  bool more(string_view part) {
    text_ += part;
    return true;
  }
  bool scalar(string_view last) {
    text_ += last;
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::exchange(text_, {});
    return add(std::move(node));
  }
  bool open(Node::Kind kind) {
    open_.emplace_back().kind = kind;
    return true;
  }
  bool close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    return add(std::move(node));
  }
  bool add(Node node) {
    if (open_.empty()) {
      root = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
    return true;
  }

  std::vector<Node> open_;
  std::string text_;
};

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

void remove(Node& map, std::size_t at) {
  map.keys.erase(map.keys.begin() + static_cast<std::ptrdiff_t>(at));
  map.items.erase(map.items.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

Result<Node> read_json_node(std::string_view body) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<Tree> parser(options);
  error_code error;
  std::size_t read = parser.write_some(false, body.data(), body.size(), error);
  if (!error && read < body.size()) error = boost::json::error::extra_data;
  if (error) {
    return malformed(
        fmt::format("the request body is not valid JSON: {} at byte {}", error.message(), read));
  }
  Tree& tree = parser.handler();
  if (tree.root.kind != Node::Kind::map) return malformed("the request body must be a JSON object");
  if (!tree.twice.empty()) return malformed(fmt::format("{} is given twice", shown(tree.twice)));
  return std::move(tree.root);
}

Node without_nulls(Node map) {
  for (std::size_t i = map.items.size(); i > 0; --i) {
    Node& item = map.items[i - 1];
    if (item.kind == Node::Kind::nothing) {
      remove(map, i - 1);
    } else if (item.kind == Node::Kind::map) {
      item = without_nulls(std::move(item));
    }
  }
  return map;
}

Node merged(Node base, Node change) {
  for (std::size_t i = 0; i < change.items.size(); ++i) {
    Node& item = change.items[i];
    for (std::size_t at = 0; at < base.keys.size(); ++at) {
      if (base.keys[at].text != change.keys[i].text) continue;
      bool both = item.kind == Node::Kind::map && base.items[at].kind == Node::Kind::map;
      if (both) item = merged(std::move(base.items[at]), std::move(item));
      remove(base, at);
      break;
    }
    base.keys.push_back(std::move(change.keys[i]));
    base.items.push_back(std::move(item));
  }
  return without_nulls(std::move(base));
}

}  // namespace recloser::admin
