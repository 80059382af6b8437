#include "cli/prompt_count.h"

#include "relay/declared_tools.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

using boost::json::object;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

// As it came, unlike text(): "" when it is not there or no string.
std::string_view string_of(const object& from, std::string_view name) {
  const Json* found = from.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

const Json* present(const object& from, std::string_view name) {
  const Json* found = from.if_contains({name.data(), name.size()});
  return found != nullptr && !found->is_null() ? found : nullptr;
}

const object* object_of(const object& from, std::string_view name) {
  const Json* found = from.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

// The first string that is the data of an image, a recording or a document, however deep.
std::string_view data_of(const object& part, int depth = 4) {
  for (std::string_view name : {"data", "file_data", "bytes", "image_url", "url"}) {
    std::string_view data = string_of(part, name);
    if (!data.empty() && !data.starts_with("http")) return data;
  }
  if (depth == 0) return {};
  for (const auto& member : part) {
    const object* inside = member.value().if_object();
    if (inside == nullptr) continue;
    if (std::string_view data = data_of(*inside, depth - 1); !data.empty()) return data;
  }
  return {};
}

text::ImageDetail detail_of(const object& part) {
  const object* image = object_of(part, "image_url");
  std::string_view detail = string_of(image == nullptr ? part : *image, "detail");
  if (detail == "low") return text::ImageDetail::low;
  return detail == "high" ? text::ImageDetail::high : text::ImageDetail::any;
}

constexpr std::array<std::string_view, 3> images{"image", "image_url", "input_image"};
constexpr std::array<std::string_view, 3> recordings{"audio", "input_audio", "audio_url"};
constexpr std::array<std::string_view, 3> documents{"file", "input_file", "document"};

bool is_one_of(std::string_view type, const std::array<std::string_view, 3>& types) {
  return std::ranges::find(types, type) != types.end();
}

}  // namespace

PromptCount::PromptCount(std::string_view model, text::EncodingScratch& scratch)
    : model_(model),
      family_(text::token_family(model)),
      overhead_(text::prompt_overhead(model, text::PromptForm::chat)),
      scratch_(scratch),
      sum_(model_, family_, overhead_, &scratch_),
      exact_(family_.exact) {}

void PromptCount::add_text(std::string_view text) { sum_.text(text); }

void PromptCount::add_json(const Json& json) {
  exact_ = false;
  if (json.is_string()) {
    add_text(json.get_string());
  } else {
    add_text(boost::json::serialize(json));
  }
}

Result<void> PromptCount::add_messages(const Json& messages) {
  const boost::json::array* list = messages.if_array();
  if (list == nullptr) return malformed("messages must be a list");
  // Some models come behind a template that is not known to the last token.
  exact_ = exact_ && overhead_.prompt.about == overhead_.prompt.max;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& message = (*list)[i];
    const boost::json::array* pair = message.if_array();
    if (pair != nullptr && pair->size() == 2 && pair->at(0).is_string() &&
        pair->at(1).is_string()) {
      sum_.message();
      add_text(pair->at(1).get_string());
    } else if (message.is_object()) {
      add_message(message.get_object());
    } else {
      return malformed(
          fmt::format("messages[{}] must be an object, or a role and a text in a list", i));
    }
  }
  return {};
}

void PromptCount::add_message(const object& message) {
  sum_.message();
  if (std::string_view name = string_of(message, "name"); !name.empty()) {
    sum_.name();
    add_text(name);
  }
  for (std::string_view member : {"content", "parts", "refusal"}) {
    if (const Json* content = present(message, member)) add_content(*content);
  }
  if (const Json* calls = present(message, "tool_calls")) add_calls(*calls);
}

void PromptCount::add_content(const Json& content) {
  if (content.is_string()) {
    add_text(content.get_string());
    return;
  }
  const boost::json::array* parts = content.if_array();
  if (parts == nullptr) return add_json(content);
  for (const Json& part : *parts) {
    if (part.is_object()) {
      add_part(part.get_object());
    } else {
      add_json(part);
    }
  }
}

void PromptCount::add_part(const object& part) {
  std::string_view type = string_of(part, "type");
  if (is_one_of(type, images) || is_one_of(type, recordings) || is_one_of(type, documents)) {
    return add_medium(type, part);
  }
  if (type == "tool_use") {
    exact_ = false;
    sum_.call();
    add_text(string_of(part, "name"));
    if (const Json* input = present(part, "input")) add_json(*input);
    return;
  }
  if (type == "tool_result") {
    exact_ = false;
    if (const Json* content = present(part, "content")) add_content(*content);
    return;
  }
  for (std::string_view member : {"text", "thinking", "refusal"}) {
    if (!part.contains({member.data(), member.size()})) continue;
    return add_text(string_of(part, member));
  }
  add_json(part);
}

void PromptCount::add_calls(const Json& calls) {
  exact_ = false;
  const boost::json::array* list = calls.if_array();
  if (list == nullptr) return add_json(calls);
  for (const Json& call : *list) {
    sum_.call();
    const object* function = call.is_object() ? object_of(call.get_object(), "function") : nullptr;
    if (function == nullptr) {
      add_json(call);
      continue;
    }
    add_text(string_of(*function, "name"));
    if (const Json* arguments = present(*function, "arguments")) add_json(*arguments);
  }
}

void PromptCount::add_medium(std::string_view type, const object& part) {
  exact_ = false;
  if (is_one_of(type, images)) {
    sum_.image(detail_of(part));
  } else if (is_one_of(type, recordings)) {
    sum_.audio(data_of(part).size());
  } else {
    sum_.document(data_of(part).size());
  }
}

Result<void> PromptCount::add_tools(const Json& tools) {
  const boost::json::array* list = tools.if_array();
  if (list == nullptr) return malformed("tools must be a list");
  relay::DeclaredTools declared(family_, &scratch_);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& tool = (*list)[i];
    if (!tool.is_object()) return malformed(fmt::format("tools[{}] must be an object", i));
    exact_ = false;
    sum_.tool();
    if (overhead_.tools_declared) {
      declared.add(boost::json::serialize(tool));
    } else {
      add_json(tool);
    }
  }
  sum_.declare(declared.tokens());
  return {};
}

}  // namespace recloser::cli
