#include "config/schema/channel_language.h"

#include "config/base_url.h"
#include "config/channel.h"

namespace recloser::config {
namespace {

constexpr Field webhook_fields[] = {
    field<&Webhook::url>("url", {.help = "Where alerts are posted: http or https, without a query.",
                                 .example = "\"${FINOPS_WEBHOOK}\"",
                                 .need = Need::required,
                                 .bounds = between(8, BaseUrl::bytes_max)}),
    field<&Webhook::secret>("secret", {.help = "Signs what is posted, so that its receiver knows "
                                               "it is from here.",
                                       .example = "\"${FINOPS_SECRET}\"",
                                       .bounds = between(20, 4096)}),
    field<&Webhook::retries>("retries", {.help = "How often an alert that did not arrive is sent "
                                                 "again, at growing intervals.",
                                         .example = "5",
                                         .bounds = between(0, 20)}),
};

constexpr Field channel_fields[] = {
    object<&Channel::webhook>(
        "webhook",
        {.help = "An HTTP endpoint.", .need = Need::required, .section = &webhook_section}),
    field<&Channel::min_severity>("minSeverity",
                                  {.help = "What is less is not told here. A threshold of a "
                                           "budget is a warning, its end is critical.",
                                   .example = "warning"}),
};

}  // namespace

const Section webhook_section{"channels.<name>.webhook",
                              "What is posted, and how it is signed: [alerts](alerts.md).",
                              webhook_fields, defaults_of<Webhook>};
const Section channel_section{"channels.<name>", "Where the operator is told of things.",
                              channel_fields, defaults_of<Channel>};

}  // namespace recloser::config
