#include "sim/read/fields.h"

#include <fmt/format.h>

namespace recloser::sim {

std::string Fields::text(std::string_view name) {
  const Json* value = member(body_, name);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    fault(name, "invalid_type", "it must be a string");
    return {};
  }
  return std::string(value->get_string());
}

bool Fields::boolean(std::string_view name) {
  const Json* value = member(body_, name);
  if (value == nullptr) return false;
  if (!value->is_bool()) {
    fault(name, "invalid_type", "it must be true or false");
    return false;
  }
  return value->get_bool();
}

std::optional<std::uint64_t> Fields::integer(std::string_view name, std::int64_t least,
                                             std::int64_t most) {
  const Json* value = member(body_, name);
  if (value == nullptr) return std::nullopt;
  std::optional<std::int64_t> number = whole_number(*value);
  if (!number) {
    fault(name, "invalid_type", "it must be a whole number");
  } else if (*number < least) {
    fault(name, "integer_below_min_value",
          fmt::format("it must be at least {}, and is {}", least, *number));
  } else if (*number > most) {
    fault(name, "integer_above_max_value",
          fmt::format("it must be at most {}, and is {}", most, *number));
  } else {
    return static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

void Fields::number(std::string_view name, double least, double most) {
  const Json* value = member(body_, name);
  if (value == nullptr) return;
  std::optional<double> number = number_member(body_, name);
  if (!number) {
    fault(name, "invalid_type", "it must be a number");
  } else if (*number < least) {
    fault(name, "decimal_below_min_value", fmt::format("it must be at least {}", least));
  } else if (*number > most) {
    fault(name, "decimal_above_max_value", fmt::format("it must be at most {}", most));
  }
}

const Json* Fields::filled_array(std::string_view name) {
  const Json* value = member(body_, name);
  if (value == nullptr) {
    missing(name);
  } else if (!value->is_array()) {
    fault(name, "invalid_type", "it must be an array");
  } else if (value->get_array().empty()) {
    fault(name, "empty_array", "it must hold at least one element, and is empty");
  } else {
    return value;
  }
  return nullptr;
}

void Fields::missing(std::string_view name) {
  if (family_ == codec::Family::anthropic) {
    fail({.status = 400, .message = fmt::format("{}: Field required", name)});
    return;
  }
  fail({.status = 400,
        .message = fmt::format("Missing required parameter: '{}'.", name),
        .code = "missing_required_parameter",
        .param = std::string(name)});
}

void Fields::fault(std::string_view where, std::string_view code, std::string_view sentence) {
  if (family_ == codec::Family::anthropic) {
    fail({.status = 400, .message = fmt::format("{}: {}", where, sentence)});
    return;
  }
  fail({.status = 400,
        .message = fmt::format("Invalid '{}': {}.", where, sentence),
        .code = std::string(code),
        .param = std::string(where)});
}

}  // namespace recloser::sim
