// The fields of a model: its targets, and what happens when one fails.
#pragma once

#include "config/schema/field.h"

namespace recloser::config {

extern const Section model_section;   // into Model
extern const Section target_section;  // into Target

}  // namespace recloser::config
