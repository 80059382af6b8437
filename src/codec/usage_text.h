// The rare figures of a usage as one short text, which a row of the ledger keeps: with it and the
// row's columns the usage is whole again, and can be priced anew.
#pragma once

#include "codec/usage.h"

#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec {

// "lane=priority w1h=200 searches=3 place=us"; "" for most usages. Iterations come last, each as
// "turn=input,cached,write,w1h,output,model". What the row has columns for is not repeated. Names
// of models that hold a space or a comma are left out.
std::string text_of_rare(const Usage& usage);

// Adds to `usage`, whose common figures are set, what such a text says. False when it is none, or
// was cut: `usage` is then not to be used.
bool add_rare(Usage& usage, std::string_view text);

}  // namespace recloser::codec
