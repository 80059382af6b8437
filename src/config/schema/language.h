// The whole configuration language of this version: every field of recloser.yaml.
#pragma once

#include "config/schema/field.h"

#include <span>

namespace recloser::config {

// The top of the file; its fields lead to all others.
const Section& gateway_section();

// Every section, the top first, then in the order in which fields lead to them.
std::span<const Section* const> all_sections();

}  // namespace recloser::config
