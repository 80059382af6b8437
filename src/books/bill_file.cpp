#include "books/bill_file.h"

#include "books/bill_json.h"
#include "books/bill_row.h"
#include "books/csv.h"
#include "core/names.h"

#include <array>
#include <vector>
#include <zlib.h>

#include <fmt/format.h>

namespace recloser::books {
namespace {

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

std::string known_formats() {
  std::string out;
  for (const BillFormat& format : bill_formats()) {
    out += fmt::format("{}{} (", out.empty() ? "" : "; ", format.name);
    for (std::string_view column : format.told_by) {
      out += fmt::format("{}{}", column == format.told_by.front() ? "" : ", ", column);
    }
    out += ')';
  }
  return out;
}

std::unexpected<Error> not_known(std::span<const std::string_view> names) {
  std::string columns;
  for (std::string_view name : names.first(std::min<std::size_t>(names.size(), 12))) {
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", shown(name, 40));
  }
  return malformed(
      fmt::format("its columns ({}) are of no bill that is known; each is told by "
                  "some columns: {}",
                  columns, known_formats()));
}

}  // namespace

// The text, once it is out of its compression.
class BillFile::Text {
 public:
  Text(Bill& bill, std::chrono::minutes utc_offset) : bill_(bill), utc_offset_(utc_offset) {}

  Result<void> feed(std::string_view piece) {
    if (form_ != Form::unknown) return feed_told(piece);
    if (!tell(piece)) {
      blank_ += piece;  // lines count from the first
      if (blank_.size() <= csv_row_bytes_max) return {};
      return malformed("the file begins with nothing but blanks");
    }
    Result<void> fed = feed_told(blank_);
    blank_.clear();
    return fed ? feed_told(piece) : fed;
  }
  Result<void> feed_told(std::string_view piece) {
    if (form_ == Form::json) {
      std::vector<JsonRow> rows;
      Result<void> read = json_.feed(piece, rows);
      Result<void> added = add(rows);
      return added ? read : added;
    }
    for (;;) {
      CsvStep step = csv_.next(piece);
      if (step == CsvStep::more) return {};
      if (step == CsvStep::error) return malformed(csv_.fault());
      Result<void> added = add_csv_row();
      if (!added) return added;
    }
  }

  Result<void> finish() {
    if (form_ == Form::unknown) return malformed("the file is empty");
    if (form_ == Form::json) {
      Result<void> whole = json_.finish();
      if (!whole) return whole;
      bill_.pages_missing = json_.more_pages();
      return {};
    }
    CsvStep step = csv_.finish();
    if (step == CsvStep::error) return malformed(csv_.fault());
    if (step == CsvStep::row) return add_csv_row();
    return {};
  }

 private:
  enum class Form : unsigned char { unknown, csv, json };

  // By the first byte that is no white space; false when there was none yet.
  bool tell(std::string_view piece) {
    std::size_t first = piece.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    form_ = piece[first] == '{' || piece[first] == '[' ? Form::json : Form::csv;
    return true;
  }

  Result<void> choose(std::span<const std::string_view> names) {
    std::optional<BillColumns> columns = find_format(names);
    if (!columns) return not_known(names);
    columns_ = *columns;
    bill_.format = columns->format->name;
    bill_.usual_provider = columns->format->usual_provider;
    bool names_models =
        columns->of(Role::model) != BillColumns::nowhere || columns->format->layout == Layout::aws;
    bill_.has_models = names_models || columns->of(Role::line_item) != BillColumns::nowhere;
    return {};
  }

  Result<void> add_csv_row() {
    fields_.clear();
    for (std::size_t i = 0; i < csv_.count(); ++i) fields_.push_back(csv_.field(i));
    if (columns_.format == nullptr) {
      std::vector<std::string> plain;
      plain.reserve(fields_.size());
      for (std::string_view name : fields_) plain.push_back(plain_column(name));
      std::vector<std::string_view> names(plain.begin(), plain.end());
      header_fields_ = names.size();
      return choose(names);
    }
    if (fields_.size() != header_fields_) {
      return malformed(fmt::format("line {}: {} fields, and the first line has {}", csv_.line(),
                                   fields_.size(), header_fields_));
    }
    return add_fields(csv_.line());
  }

  Result<void> add(const std::vector<JsonRow>& rows) {
    for (const JsonRow& row : rows) {
      names_.clear();
      fields_.clear();
      for (const auto& [name, value] : row.members) {
        names_.emplace_back(name);
        fields_.emplace_back(value);
      }
      // Results leave out what they do not have: the columns are looked for in each.
      Result<void> chosen;
      if (columns_.format == nullptr) chosen = choose(names_);
      if (!chosen) return fail(chosen.error().while_doing(fmt::format("line {}", row.line)));
      place_columns(columns_, names_);
      bool names_models = columns_.of(Role::model) != BillColumns::nowhere ||
                          columns_.of(Role::line_item) != BillColumns::nowhere;
      bill_.has_models = bill_.has_models || names_models;
      Result<void> added = add_fields(row.line);
      if (!added) return added;
    }
    return {};
  }

  Result<void> add_fields(std::uint64_t line) {
    BillRow row{.fields = fields_, .number = line};
    RowContext context{.columns = columns_, .utc_offset = utc_offset_};
    Result<void> added = add_row(bill_, row, context);
    if (added) return added;
    return fail(added.error().while_doing(fmt::format("line {}", line)));
  }

  Bill& bill_;
  std::chrono::minutes utc_offset_;
  Form form_ = Form::unknown;
  std::string blank_;  // what came before the form was told
  CsvReader csv_;
  BillJson json_;
  BillColumns columns_;
  std::size_t header_fields_ = 0;
  std::vector<std::string_view> fields_;
  std::vector<std::string_view> names_;
};

// gzip, also several members one after the other (`cat a.gz b.gz`).
class BillFile::Inflater {
 public:
  Inflater() {
    constexpr int gzip_window = 15 + 16;
    ready_ = inflateInit2(&stream_, gzip_window) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // The next text of `piece`; empty once it is used up.
  Result<std::string_view> next(std::string_view& piece) {
    if (!ready_) return fail(Side::gateway, Kind::full, "no memory to unpack the file");
    if (damaged_) return malformed("the gzip data are damaged");
    while (!piece.empty() || !drained_) {
      if (ended_) {
        inflateReset(&stream_);
        ended_ = false;
      }
      // zlib reads only; its type is older than const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // NOLINT
      stream_.avail_in = static_cast<uInt>(piece.size());
      stream_.next_out = reinterpret_cast<Bytef*>(room_.data());
      stream_.avail_out = room_.size();
      int status = inflate(&stream_, Z_NO_FLUSH);
      piece.remove_prefix(piece.size() - stream_.avail_in);
      std::size_t written = room_.size() - stream_.avail_out;
      ended_ = status == Z_STREAM_END;
      drained_ = stream_.avail_out != 0;
      damaged_ = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
      // What came before the damage is told first, however the file is split.
      if (written != 0) return std::string_view(room_.data(), written);
      if (damaged_) return malformed("the gzip data are damaged");
      if (status == Z_BUF_ERROR) break;
    }
    return std::string_view();
  }
  bool whole() const { return ended_; }

 private:
  z_stream stream_{};
  std::array<char, 64u << 10> room_;
  bool ready_ = false;
  bool ended_ = false;
  bool drained_ = true;  // nothing waits for room
  bool damaged_ = false;
};

BillFile::BillFile(Bill& bill, std::chrono::minutes utc_offset)
    : text_(std::make_unique<Text>(bill, utc_offset)) {}
BillFile::~BillFile() = default;

Result<void> BillFile::feed(std::string_view piece) {
  constexpr char gzip_mark = '\x1f';  // no text begins with it
  if (!began_ && !piece.empty()) {
    began_ = true;
    if (piece.front() == gzip_mark) inflater_ = std::make_unique<Inflater>();
  }
  if (!inflater_) return feed_text(piece);
  for (;;) {
    Result<std::string_view> text = inflater_->next(piece);
    if (!text) return fail(text.error());
    if (text->empty()) return {};
    Result<void> fed = feed_text(*text);
    if (!fed) return fed;
  }
}

Result<void> BillFile::finish() {
  if (inflater_ && !inflater_->whole()) return malformed("the gzip data end in the middle");
  return text_->finish();
}

Result<void> BillFile::feed_text(std::string_view piece) {
  bytes_ += piece.size();
  if (bytes_ > bill_bytes_max) {
    return fail(Side::operator_, Kind::too_large,
                fmt::format("more than {} GiB of text", bill_bytes_max >> 30));
  }
  return text_->feed(piece);
}

}  // namespace recloser::books
