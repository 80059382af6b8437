// Writes JSON text: objects and arrays in order, strings escaped, nothing allocated but the output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser {

// Appends `text` with JSON escapes, without quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);
void append_json_string(std::string& out, std::string_view text);  // with quotes

// Use: JsonWriter w(out); w.open_object(); w.key("id").value("x"); w.close_object();
// Commas are placed by itself. Nesting is the caller's: what is opened must be closed.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open_object();
  JsonWriter& close_object();
  JsonWriter& open_array();
  JsonWriter& close_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& value(double number);  // NaN and infinities become null
  JsonWriter& value(bool truth);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);    // text that is JSON already
  JsonWriter& name(std::string_view plain);  // a name of ours, in which nothing is to be escaped

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

 private:
  void comma();

  std::string& out_;
  bool first_ = true;  // nothing written yet at this level, or a key stands before
};

}  // namespace recloser
