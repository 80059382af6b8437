// The fields of budgets: of their documents, and of the short forms in recloser.yaml.
#pragma once

#include "config/schema/field.h"

namespace recloser::config {

extern const Section allowance_section;        // into Allowance
extern const Section rate_limit_section;       // into RateLimit
extern const Section budget_document_section;  // into Budget, as all that follow
extern const Section budget_metadata_section;
extern const Section budget_spec_section;
extern const Section budget_window_section;
extern const Section budget_slice_section;
extern const Section budget_exhausted_section;

inline constexpr Bounds rate_bounds = between(1, 1'000'000'000);

}  // namespace recloser::config
