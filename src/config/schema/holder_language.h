// The fields of keys, and of the orgs, teams and users that they belong to.
#pragma once

#include "config/schema/field.h"

namespace recloser::config {

extern const Section key_section;  // into Key, as those that follow
extern const Section key_document_section;
extern const Section key_metadata_section;
extern const Section key_spec_section;
extern const Section key_limits_section;       // what a stored key has of it, besides its names
extern const Section holder_document_section;  // into Holder, as those that follow
extern const Section holder_metadata_section;
extern const Section holder_spec_section;
extern const Section user_defaults_section;  // into UserDefaults

}  // namespace recloser::config
