// The model lists of both families: the three names that have prices.
#pragma once

#include "codec/operation.h"

#include <string>
#include <string_view>

namespace recloser::sim {

void write_models(std::string& out, codec::Family family);
void write_one_model(std::string& out, codec::Family family, std::string_view model);

}  // namespace recloser::sim
