// The fields of `auth.jwt`.
#pragma once

#include "config/schema/field.h"

namespace recloser::config {

extern const Section token_issuer_section;  // into TokenIssuer
extern const Section claim_map_section;
extern const Section claim_fallback_section;

}  // namespace recloser::config
