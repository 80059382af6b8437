// The smallest value that a JSON schema accepts, as far as its usual words go: for arguments of
// tools and structured output.
#pragma once

#include <boost/json/value.hpp>

namespace recloser::sim {

// Understands type, properties, required, enum, const, items, minItems, anyOf, oneOf, allOf, $ref
// within the schema, minimum, maximum, exclusiveMinimum, multipleOf, minLength, maxLength and the
// usual formats. What it does not understand (pattern) it ignores. Recursion ends with null.
boost::json::value example_of(const boost::json::value& schema);

}  // namespace recloser::sim
