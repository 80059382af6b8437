// The fields of `channels`.
#pragma once

#include "config/schema/field.h"

namespace recloser::config {

extern const Section channel_section;  // into Channel
extern const Section webhook_section;  // into Webhook

}  // namespace recloser::config
