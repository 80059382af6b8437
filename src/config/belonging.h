// Belonging: which org, team and user somebody is of, where names are left out.
#pragma once

#include "config/holder.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::config {

// Finds orgs, teams and users by their names; what it was made of outlives it.
class HolderIndex {
 public:
  HolderIndex() = default;
  explicit HolderIndex(std::span<const Holder> all);

  struct Found {
    const Holder* holder = nullptr;  // nobody has described it, or it is not clear which is meant
    bool of_another_org = false;     // there are such, none in this org
    bool unclear = false;            // there are such in several orgs, and no org is named
  };
  // `org` may be "": then it is whichever there is.
  Found find(HolderKind kind, std::string_view org, std::string_view name) const;

  // "acme, beta": the orgs in which there is one of that name.
  std::string orgs_of(HolderKind kind, std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::span<const Holder* const> named(HolderKind kind, std::string_view name) const;

  static constexpr std::size_t kinds = 3;
  std::unordered_map<std::string, std::vector<const Holder*>, Hash, std::equal_to<>>
      by_name_[kinds];
};

}  // namespace recloser::config
