// JSON that is put together from pieces: what streams tell bit by bit, as one value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// What growing costs, over all values of one answer.
struct Growth {
  std::size_t bytes = 0;  // of memory, about
  bool failed = false;    // something had more members or places than are kept

  static constexpr std::size_t members_max = 1024;  // of one object
  static constexpr std::size_t places_max = 4096;   // elements of one array that have an index
};

// Strings are kept raw, as escaped JSON, and joined so. What is given must be valid JSON.
//
// The rule by which a value grows when it is told again: a null says nothing new; strings are
// joined, but labels (role, type, id, ..) are told anew; of numbers and truths the last holds;
// objects grow member by member; elements of arrays are added, or, where they have an `index`, grow
// with those of the same index and type.
class GrownJson {
 public:
  enum class Kind : unsigned char { nothing, raw, text, array, object };

  Kind kind() const { return kind_; }
  bool told() const { return kind_ != Kind::nothing && !is_null(); }

  void grow(std::string_view json, Growth& growth, bool joins = true);
  // As it stands, in place of what there was.
  void set(std::string_view json, Growth& growth);
  // The same, if there was nothing or only a null, an empty string or a 0.
  void set_first(std::string_view json, Growth& growth);
  // The same, unless that is one of these and there was something.
  void set_last(std::string_view json, Growth& growth);

  // Of an object, which it becomes if it is none. Good until the next call.
  GrownJson& member(std::string_view key, Growth& growth);
  const GrownJson* find(std::string_view key) const;
  // Of an array, which it becomes if it is none. The name of an element is the caller's, and never
  // written. Good until the next call.
  GrownJson& add(std::string_view name, Growth& growth);
  GrownJson* last(std::string_view name);  // the last element, if it has that name

  void write(std::string& out) const;
  // The members of an object, each with a comma behind it.
  void write_members(std::string& out) const;
  std::string_view text() const { return kind_ == Kind::text ? std::string_view(text_) : ""; }

 private:
  struct Child;

  bool is_null() const { return kind_ == Kind::raw && text_ == "null"; }
  bool says_something() const;
  void become(Kind kind, Growth& growth);
  GrownJson& push(std::string_view key, Growth& growth);
  void grow_element(std::string_view json, Growth& growth);

  Kind kind_ = Kind::nothing;
  std::string text_;  // of raw and text
  std::vector<Child> children_;
};

struct GrownJson::Child {
  std::string key;
  GrownJson value;
};

}  // namespace recloser::codec
