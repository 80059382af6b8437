// The members of a JSON text that a reader wants, written as paths and compiled when we are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>

namespace recloser::codec {

// Which values of a path are reported; all others are read over.
enum JsonWants : std::uint8_t {
  want_text = 1,
  want_number = 2,
  want_truth = 4,  // true and false
  want_null = 8,
  want_begin = 16,  // of an object or array
  want_end = 32,
  want_scalar = want_text | want_number | want_truth | want_null,
  want_any = want_scalar | want_begin,
};

// "choices[].delta.content": members by name, elements of arrays by []. "" is the text's one value.
struct JsonPath {
  std::string_view path;
  std::uint8_t id = 0;  // what the scanner reports it as; not 0
  std::uint8_t wants = want_any;
};

// Paths that stand below a member, for what is read the same way in several places. Each is
// reported as its id plus `id_beyond`.
struct JsonPathsAt {
  std::string_view at;
  std::span<const JsonPath> paths;
  std::uint8_t id_beyond = 0;
};

// A tree of the wanted names. A member is found by one hash of its length, first and last
// character, so that names nobody wants cost one look.
class JsonTable {
 public:
  static constexpr std::size_t nodes_max = 128;
  static constexpr std::size_t objects_max = 32;
  static constexpr std::size_t slots_per_object = 16;
  static constexpr std::size_t key_bytes_max = 32;
  static constexpr std::size_t path_depth_max = 8;

  using Index = std::uint8_t;
  static constexpr Index nothing = 0;  // the node of what nobody wants
  static constexpr Index root = 1;

  struct alignas(64) Node {  // one cache line, found by a shift
    std::uint8_t id = 0;
    std::uint8_t wants = 0;
    Index element = nothing;  // the node of an array's elements
    std::uint8_t object = 0;  // row of slots_; 0 when no member is wanted
    Index next = nothing;     // the next name with the same hash
    std::uint8_t key_bytes = 0;
    std::array<char, key_bytes_max> key{};
  };

  consteval JsonTable(std::initializer_list<JsonPath> paths) : JsonTable(paths, {}) {}

  consteval JsonTable(std::initializer_list<JsonPath> own,
                      std::initializer_list<JsonPathsAt> shared) {
    for (const JsonPath& path : own) add("", path);
    for (const JsonPathsAt& list : shared) {
      for (JsonPath path : list.paths) {
        path.id += list.id_beyond;
        add(list.at, path);
      }
    }
  }

  constexpr const Node& node(Index index) const { return nodes_[index]; }

  // The wanted member `key` of the object at `parent`, or `nothing`.
  [[gnu::always_inline]] Index member(Index parent, std::string_view key) const {
    if (key.empty()) return nothing;
    Index at = slots_[nodes_[parent].object][slot(key)];
    while (at != nothing && !same(nodes_[at], key)) at = nodes_[at].next;
    return at;
  }

 private:
  static constexpr std::size_t slot(std::string_view key) {
    std::size_t first = static_cast<unsigned char>(key.front());
    std::size_t last = static_cast<unsigned char>(key.back());
    return (key.size() + first * 5 + last * 3) % slots_per_object;
  }

  // Two overlapping words instead of a call to memcmp: names are short.
  static bool same(const Node& node, std::string_view key) {
    if (node.key_bytes != key.size()) return false;
    const char* a = node.key.data();
    const char* b = key.data();
    std::size_t n = key.size();
    if (n >= 16) return std::memcmp(a, b, n) == 0;
    if (n >= 8) return word<std::uint64_t>(a, b, n);
    if (n >= 4) return word<std::uint32_t>(a, b, n);
    return a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1];
  }
  template <class Word>
  static bool word(const char* a, const char* b, std::size_t n) {
    Word a_first, a_last, b_first, b_last;
    std::memcpy(&a_first, a, sizeof(Word));
    std::memcpy(&b_first, b, sizeof(Word));
    std::memcpy(&a_last, a + n - sizeof(Word), sizeof(Word));
    std::memcpy(&b_last, b + n - sizeof(Word), sizeof(Word));
    return ((a_first ^ b_first) | (a_last ^ b_last)) == 0;
  }

  consteval void add(std::string_view below, const JsonPath& path) {
    std::size_t depth = 0;
    Node& named = nodes_[descend(descend(root, below, depth), path.path, depth)];
    bool free = named.id == 0 || (named.id == path.id && named.wants == path.wants);
    if (!free) throw "a path that stands for two things";
    named.id = path.id;
    named.wants = path.wants;
  }

  consteval Index descend(Index at, std::string_view rest, std::size_t& depth) {
    while (!rest.empty()) {
      if (++depth > path_depth_max) throw "a path deeper than path_depth_max";
      if (rest.starts_with("[]")) {
        rest.remove_prefix(2);
        if (nodes_[at].element == nothing) nodes_[at].element = make();
        at = nodes_[at].element;
      } else {
        if (rest.front() == '.') rest.remove_prefix(1);
        std::string_view key = rest.substr(0, rest.find_first_of(".["));
        rest.remove_prefix(key.size());
        at = member_or_make(at, key);
      }
    }
    return at;
  }

  consteval Index member_or_make(Index parent, std::string_view key) {
    if (key.empty() || key.size() > key_bytes_max) throw "a name that is empty or too long";
    if (nodes_[parent].object == 0) {
      if (++objects_ == objects_max) throw "more objects than objects_max";
      nodes_[parent].object = objects_;
    }
    Index& first = slots_[nodes_[parent].object][slot(key)];
    for (Index at = first; at != nothing; at = nodes_[at].next) {
      if (std::string_view(nodes_[at].key.data(), nodes_[at].key_bytes) == key) return at;
    }
    Index made = make();
    for (std::size_t i = 0; i < key.size(); ++i) nodes_[made].key[i] = key[i];
    nodes_[made].key_bytes = static_cast<std::uint8_t>(key.size());
    nodes_[made].next = first;
    first = made;
    return made;
  }

  consteval Index make() {
    if (count_ == nodes_max) throw "more nodes than nodes_max";
    return count_++;
  }

  std::array<Node, nodes_max> nodes_{};
  std::array<std::array<Index, slots_per_object>, objects_max> slots_{};
  Index count_ = 2;
  std::uint8_t objects_ = 0;
};

}  // namespace recloser::codec
