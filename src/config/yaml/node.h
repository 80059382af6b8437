// A YAML text as a tree of our own, each part with its place: what remains when yaml-cpp is done.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// Both count from 1, the column in characters; 0 = nowhere in the file.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Node {
  enum class Kind : unsigned char { nothing, scalar, list, map };

  struct Key {
    std::string text;
    Place place;
  };

  Kind kind = Kind::nothing;
  Place place;
  std::string text;         // of a scalar, as written, before ${NAME} is replaced
  std::vector<Key> keys;    // of a map: keys[i] names items[i]; no two are equal
  std::vector<Node> items;  // of a list or a map

  const Node* find(std::string_view key) const;  // null when this is no map or has no such key
};

}  // namespace recloser::config
