#include "books/bill_json.h"

#include <algorithm>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace recloser::books {
namespace {

using boost::json::error_code;
using boost::json::string_view;

constexpr std::size_t depth_max = 32;

// What the parser calls while it reads. Only members of a bucket and of its results are kept.
class Pages {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    levels_.push_back({.name = std::move(key_), .array = false});
    key_.clear();
    if (in_results()) row_.clear();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    if (in_results()) ended(row_);
    bool bucket_ends = levels_.back().is_bucket;
    levels_.pop_back();
    if (bucket_ends) bucket_.clear();
    return true;
  }
  bool on_array_begin(error_code&) {
    if (key_ == "results" && !levels_.empty()) levels_.back().is_bucket = true;
    levels_.push_back({.name = std::move(key_), .array = true});
    key_.clear();
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    levels_.pop_back();
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) { return keep(key_, part); }
  bool on_key(string_view part, std::size_t, error_code&) { return keep(key_, part); }
  bool on_string_part(string_view part, std::size_t, error_code&) { return keep(value_, part); }
  bool on_string(string_view part, std::size_t, error_code&) {
    keep(value_, part);
    return scalar();
  }
  bool on_number_part(string_view part, error_code&) { return keep(value_, part); }
  bool on_int64(std::int64_t, string_view part, error_code&) { return number(part); }
  bool on_uint64(std::uint64_t, string_view part, error_code&) { return number(part); }
  bool on_double(double, string_view part, error_code&) { return number(part); }
  bool on_bool(bool truth, error_code&) {
    if (key_ == "has_more") has_more = truth;
    value_ = truth ? "true" : "false";
    return scalar();
  }
  bool on_null(error_code&) {
    key_.clear();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  // Between two documents.
  void restart() {
    levels_.clear();
    bucket_.clear();
    key_.clear();
    value_.clear();
  }

  std::vector<JsonRow> rows;
  bool has_more = false;

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;

  struct Level {
    std::string name;
    bool array = false;
    bool is_bucket = false;  // its results follow, or were read
  };

  // Whether the innermost object is an element of "results".
  bool in_results() const { return results_at() + 2 == levels_.size(); }
  // Where the list stands among the levels; far beyond them when we are in none.
  std::size_t results_at() const {
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      if (levels_[i].array && levels_[i].name == "results") return i;
    }
    return SIZE_MAX / 2;
  }

  static bool keep(std::string& text, string_view part) {
    std::size_t room = json_text_bytes_max - std::min(text.size(), json_text_bytes_max);
    text.append(part.data(), std::min(part.size(), room));
    return true;
  }

  bool number(string_view part) {
    keep(value_, part);
    return scalar();
  }

  bool scalar() {
    std::size_t results = results_at();
    if (results + 2 <= levels_.size()) {
      std::string name;
      for (std::size_t i = results + 2; i < levels_.size(); ++i) name += levels_[i].name + '_';
      add(row_, name + key_);
    } else if (!levels_.empty() && !levels_.back().array) {
      // Members before "results" belong to it; of pages around, only what names a time matters.
      bool is_time = key_ == "start_time" || key_ == "end_time" || key_ == "starting_at" ||
                     key_ == "ending_at";
      if (is_time) add(bucket_, key_);
    }
    key_.clear();
    value_.clear();
    return true;
  }

  void add(Members& members, std::string name) {
    if (members.size() < json_members_max) members.emplace_back(std::move(name), value_);
  }

  void ended(Members& row) {
    JsonRow out;
    out.members = bucket_;
    out.members.insert(out.members.end(), row.begin(), row.end());
    rows.push_back(std::move(out));
    row.clear();
  }

  std::vector<Level> levels_;
  Members bucket_;
  Members row_;
  std::string key_;
  std::string value_;
};

boost::json::parse_options options() {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  return options;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

struct BillJson::Reader {
  boost::json::basic_parser<Pages> parser{options()};
  bool in_value = false;
  std::uint64_t line = 1;
  std::uint64_t column = 1;

  void count(std::string_view read) {
    for (char c : read) {
      ++column;
      if (c != '\n') continue;
      ++line;
      column = 1;
    }
  }
  std::unexpected<Error> fault(const error_code& error) const {
    return fail(
        Side::operator_, Kind::malformed,
        fmt::format("line {}, column {}: this is no JSON: {}", line, column, error.message()));
  }
};

BillJson::BillJson() : reader_(std::make_unique<Reader>()) {}
BillJson::~BillJson() = default;

Result<void> BillJson::feed(std::string_view piece, std::vector<JsonRow>& rows) {
  while (!piece.empty()) {
    if (!reader_->in_value && (is_space(piece.front()) || piece.front() == ',')) {
      reader_->count(piece.substr(0, 1));
      piece.remove_prefix(1);
      continue;
    }
    reader_->in_value = true;
    error_code error;
    // A line at a time, so that each row knows its own.
    std::size_t line_bytes = std::min(piece.find('\n'), piece.size() - 1) + 1;
    std::uint64_t line = reader_->line;
    std::size_t read = reader_->parser.write_some(true, piece.data(), line_bytes, error);
    reader_->count(piece.substr(0, read));
    piece.remove_prefix(read);
    Pages& pages = reader_->parser.handler();
    for (JsonRow& row : pages.rows) {
      row.line = line;
      rows.push_back(std::move(row));
    }
    pages.rows.clear();
    if (error) return reader_->fault(error);
    if (!reader_->parser.done()) continue;
    reader_->in_value = false;
    pages.restart();
    reader_->parser.reset();
  }
  return {};
}

Result<void> BillJson::finish() {
  if (!reader_->in_value) return {};
  error_code error;
  reader_->parser.write_some(false, "", 0, error);
  if (error) return reader_->fault(error);
  return {};
}

bool BillJson::more_pages() const { return reader_->parser.handler().has_more; }

}  // namespace recloser::books
