// JSON as the tree that the configuration language reads, so that one table of fields judges both.
#pragma once

#include "config/yaml/node.h"
#include "core/result.h"

#include <string_view>

namespace recloser::admin {

// Malformed: what is no JSON (with the offset), no object, or names a member twice. A null is a
// node of Kind::nothing.
Result<config::Node> read_json_node(std::string_view body);

// A map without its members that are null, nor those of maps in it.
config::Node without_nulls(config::Node map);

// What `change` says, and of `base` what it does not speak of; a null takes a member away. Maps
// that both have are merged likewise.
config::Node merged(config::Node base, config::Node change);

}  // namespace recloser::admin
