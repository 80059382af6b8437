#include "admin/json_object.h"

#include "core/names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace recloser::admin {
namespace {

using boost::json::error_code;
using boost::json::string_view;

constexpr std::size_t depth_max = 32;

// What the parser calls while it reads. False with an error ends the reading.
class Members {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    scalar(JsonMember::Kind::object);
    is_object_ |= depth_ == 0;
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    --depth_;
    return true;
  }
  bool on_array_begin(error_code&) {
    scalar(depth_ == 1 ? JsonMember::Kind::texts : JsonMember::Kind::other_list);
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth_;
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    if (is_top()) key_ += part;
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code&) {
    if (!is_top()) return true;
    key_ += part;
    for (const JsonMember& member : members) {
      if (member.name == key_ && twice.empty()) twice = key_;
    }
    members.push_back({.name = key_, .kind = {}, .text = {}, .texts = {}});
    key_.clear();
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    text_ += part;
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code&) {
    text_ += part;
    if (is_top()) {
      members.back().kind = JsonMember::Kind::text;
      members.back().text = text_;
    } else if (in_top_list() && members.back().kind == JsonMember::Kind::texts) {
      members.back().texts.push_back(text_);
    }
    text_.clear();
    return true;
  }
  bool on_number_part(string_view part, error_code&) {
    text_ += part;
    return true;
  }
  bool on_int64(std::int64_t, string_view last, error_code&) { return number(last); }
  bool on_uint64(std::uint64_t, string_view last, error_code&) { return number(last); }
  bool on_double(double, string_view last, error_code&) { return number(last); }
  bool on_bool(bool truth, error_code&) {
    if (is_top() && !members.empty()) members.back().truth = truth;
    return scalar(JsonMember::Kind::boolean);
  }
  bool on_null(error_code&) { return scalar(JsonMember::Kind::null); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  bool is_object() const { return is_object_; }

  std::vector<JsonMember> members;
  std::string twice;  // the first name that came again

 private:
  bool is_top() const { return is_object_ && depth_ == 1; }
  bool in_top_list() const { return is_object_ && depth_ == 2 && !members.empty(); }

  bool number(string_view last) {
    text_ += last;
    if (is_top() && !members.empty()) members.back().text = text_;
    text_.clear();
    return scalar(JsonMember::Kind::number);
  }

  // A value that is no string: of a member, or inside a list, which then is none of strings.
  bool scalar(JsonMember::Kind kind) {
    if (is_top() && !members.empty()) {
      members.back().kind = kind;
    } else if (in_top_list() && members.back().kind == JsonMember::Kind::texts) {
      members.back().kind = JsonMember::Kind::other_list;
    }
    return true;
  }

  std::string key_;
  std::string text_;
  std::size_t depth_ = 0;
  bool is_object_ = false;
};

}  // namespace

std::string_view name_of(JsonMember::Kind kind) {
  switch (kind) {
    case JsonMember::Kind::null:
      return "null";
    case JsonMember::Kind::boolean:
      return "true or false";
    case JsonMember::Kind::number:
      return "a number";
    case JsonMember::Kind::text:
      return "a string";
    case JsonMember::Kind::texts:
      return "a list of strings";
    case JsonMember::Kind::other_list:
      return "a list of other things";
    case JsonMember::Kind::object:
      return "an object";
  }
  return "";
}

Result<std::vector<JsonMember>> read_json_object(std::string_view body) {
  auto malformed = [](std::string message) {
    return fail(Side::client, Kind::malformed, std::move(message));
  };
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<Members> parser(options);
  error_code error;
  std::size_t read = parser.write_some(false, body.data(), body.size(), error);
  if (!error && read < body.size()) error = boost::json::error::extra_data;
  if (error) {
    return malformed(
        fmt::format("the request body is not valid JSON: {} at byte {}", error.message(), read));
  }
  Members& members = parser.handler();
  if (!members.is_object()) return malformed("the request body must be a JSON object");
  if (!members.twice.empty()) {
    return malformed(fmt::format("{} is given twice", shown(members.twice)));
  }
  return std::move(members.members);
}

}  // namespace recloser::admin
