#include "wire/scenario.h"

#include "core/ascii.h"
#include "wire/words.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

// What stands behind the words of a line.
enum class Takes : std::uint8_t {
  nothing,
  bytes,
  word,
  number,
  two_numbers,
  duration,
  maybe_duration,  // "within 50ms", "after 3s", or nothing
  size,
  field,    // name: value
  request,  // path and options
  options,
  pairs,   // name value name value ..
  model,   // name -> name
  answer,  // status, what kind, bytes
  usage,   // input and output tokens
};

struct Form {
  std::string_view words;
  Verb verb;
  Takes takes;
  std::string_view known = {};  // the options there are; empty: any
  Said said = {};
};

constexpr std::string_view key_options = "id secret org team user agent models labels expires";
constexpr std::string_view budget_options =
    "name unit limit reserve slice key grace degradeAt clampFloor finish note";
constexpr std::string_view ledger_names =
    "outcome input output cached written reasoning delivered overshoot source cost list fees paid "
    "rare status key org team "
    "user agent session trace operation dialect model provider served region labels attempts "
    "errors requests decisions ttft duration closed";

// Longer words before their own beginnings: the first that fits is taken.
constexpr Form forms[] = {
    {"config key", Verb::config_key, Takes::options, key_options},
    {"config auth", Verb::config_auth, Takes::word},
    {"config model", Verb::config_model, Takes::model},
    {"config timeouts", Verb::config_timeouts, Takes::options, "connect firstByte idle total"},
    {"config keepAlive", Verb::config_keep_alive, Takes::duration},
    {"config body limit", Verb::config_body_limit, Takes::size},
    {"config provider header", Verb::config_provider_header, Takes::field},
    {"config provider is down", Verb::config_provider_down, Takes::nothing},
    {"config provider TLS", Verb::config_provider_tls, Takes::nothing},
    {"config provider", Verb::config_provider, Takes::options, "dialect baseUrl apiKey region"},
    {"config client TLS", Verb::config_client_tls, Takes::nothing},
    {"config connections", Verb::config_connections, Takes::number},
    {"config streamUpstream always", Verb::config_stream_upstream, Takes::nothing},
    {"config budget", Verb::config_budget, Takes::options, budget_options},
    {"config reservedLabels", Verb::config_reserved_labels, Takes::word},

    {"client POST", Verb::client_request, Takes::request},
    {"client GET", Verb::client_request, Takes::request},
    {"client HEAD", Verb::client_request, Takes::request},
    {"client header", Verb::client_header, Takes::field},
    {"client without key", Verb::client_without_key, Takes::nothing},
    {"client body", Verb::client_body, Takes::bytes},
    {"client pads head", Verb::client_pads_head, Takes::size},
    {"client pads path", Verb::client_pads_path, Takes::size},
    {"client pads fields", Verb::client_pads_fields, Takes::number},
    {"client pads", Verb::client_pads, Takes::size},
    {"client sends", Verb::client_sends, Takes::bytes},
    {"client connects plainly", Verb::client_connects_plainly, Takes::nothing},
    {"client connects", Verb::client_connects, Takes::nothing},
    {"client waits", Verb::client_waits, Takes::duration},
    {"client stops reading", Verb::client_stops_reading, Takes::duration},
    {"client leaves", Verb::client_leaves, Takes::maybe_duration},
    {"client ends sending", Verb::client_ends_sending, Takes::nothing},
    {"client waited", Verb::client_waited, Takes::duration},
    {"client sees continue", Verb::client_sees_continue, Takes::nothing},
    {"client sees status", Verb::client_sees_status, Takes::number},
    {"client sees header", Verb::client_sees_header, Takes::field},
    {"client sees no header", Verb::client_sees_no_header, Takes::word},
    {"client sees body unchanged", Verb::client_sees_body_unchanged, Takes::nothing},
    {"client sees body", Verb::client_sees_body, Takes::bytes},
    {"client sees text", Verb::client_sees_text, Takes::bytes},
    {"client sees error-event", Verb::client_sees_event, Takes::nothing, {}, Said::error},
    {"client sees error", Verb::client_sees_error, Takes::word},
    {"client sees bytes", Verb::client_sees_bytes, Takes::bytes},
    {"client sees event like", Verb::client_sees_event_like, Takes::bytes},
    {"client sees event", Verb::client_sees_raw_event, Takes::bytes},
    {"client sees start", Verb::client_sees_event, Takes::nothing, {}, Said::start},
    {"client sees delta", Verb::client_sees_event, Takes::bytes, {}, Said::delta},
    {"client sees finish", Verb::client_sees_event, Takes::word, {}, Said::finish},
    {"client sees usage", Verb::client_sees_event, Takes::usage, {}, Said::usage},
    {"client sees done", Verb::client_sees_event, Takes::nothing, {}, Said::done},
    {"client sees comment", Verb::client_sees_comment, Takes::bytes},
    {"client sees failure", Verb::client_sees_failure, Takes::word},
    {"client sees end", Verb::client_sees_end, Takes::nothing},
    {"client sees broken end", Verb::client_sees_broken_end, Takes::nothing},
    {"client sees close", Verb::client_sees_close, Takes::nothing},

    {"provider expect head", Verb::provider_expect_head, Takes::request, "connection"},
    {"provider expect", Verb::provider_expect, Takes::request, "connection"},
    {"provider sees header", Verb::provider_sees_header, Takes::field},
    {"provider sees no header", Verb::provider_sees_no_header, Takes::word},
    {"provider sees body unchanged", Verb::provider_sees_body_unchanged, Takes::nothing},
    {"provider sees body", Verb::provider_sees_body, Takes::bytes},
    {"provider sees close", Verb::provider_sees_close, Takes::maybe_duration},
    {"provider header", Verb::provider_header, Takes::field},
    {"provider encodes", Verb::provider_encodes, Takes::word},
    {"provider answers", Verb::provider_answers, Takes::answer},
    {"provider sends", Verb::provider_sends, Takes::bytes},
    {"provider start", Verb::provider_event, Takes::nothing, {}, Said::start},
    {"provider delta", Verb::provider_event, Takes::bytes, {}, Said::delta},
    {"provider finish", Verb::provider_event, Takes::word, {}, Said::finish},
    {"provider usage", Verb::provider_event, Takes::usage, {}, Said::usage},
    {"provider done", Verb::provider_event, Takes::nothing, {}, Said::done},
    {"provider error-event", Verb::provider_event, Takes::nothing, {}, Said::error},
    {"provider event", Verb::provider_raw_event, Takes::bytes},
    {"provider piece", Verb::provider_piece, Takes::bytes},
    {"provider comment", Verb::provider_comment, Takes::bytes},
    {"provider stalls", Verb::provider_stalls, Takes::duration},
    {"provider floods", Verb::provider_floods, Takes::size},
    {"provider accepts", Verb::provider_accepts, Takes::nothing},
    {"provider resets", Verb::provider_resets, Takes::nothing},
    {"provider ends early", Verb::provider_ends_early, Takes::nothing},
    {"provider ends", Verb::provider_ends, Takes::nothing},
    {"provider closes", Verb::provider_closes, Takes::nothing},

    {"gateway drains", Verb::gateway_drains, Takes::nothing},
    {"gateway ends calls after", Verb::gateway_ends_calls, Takes::duration},
    {"gateway throws", Verb::gateway_throws, Takes::options, "switch after"},
    {"ledger empty", Verb::ledger_empty, Takes::nothing},
    {"ledger", Verb::ledger_row, Takes::pairs, ledger_names},
    {"metrics malformed", Verb::metrics_malformed, Takes::number},
    {"metrics refused", Verb::metrics_refused, Takes::two_numbers},
};

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

// White space of any length in front of and between words is one space to the forms.
std::optional<std::string_view> behind(std::string_view words, std::string_view line) {
  while (!words.empty()) {
    std::string_view wanted = take_word(words);
    if (take_word(line) != wanted) return std::nullopt;
  }
  return line;
}

std::string unknown(std::string_view line) {
  std::string_view rest = line;
  std::string said(take_word(rest));
  for (int i = 0; i < 2 && !rest.empty(); ++i) said += fmt::format(" {}", take_word(rest));
  std::vector<std::string_view> known;
  for (const Form& form : forms) known.push_back(form.words);
  std::string nearest = ascii::nearest(said, known);
  if (nearest.empty()) nearest = ascii::nearest(said.substr(0, said.rfind(' ')), known);
  std::string hint = nearest.empty() ? "" : fmt::format("; did you mean `{}`?", nearest);
  return fmt::format("`{}` is nothing a scenario can say{}", said, hint);
}

Result<void> take_field(std::string_view rest, Step& step) {
  std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return wrong("a header is written as name: value");
  step.name = std::string(ascii::trim(rest.substr(0, colon)));
  Result<std::string> value = parse_bytes(rest.substr(colon + 1));
  if (!value) return fail(value.error());
  step.text = std::move(*value);
  return {};
}

Result<void> take_pairs(std::string_view rest, std::string_view known, Step& step) {
  while (!rest.empty()) {
    std::string_view name = take_word(rest);
    if (fmt::format(" {} ", known).find(fmt::format(" {} ", name)) == std::string::npos) {
      return wrong(fmt::format("there is no \"{}\" here; there are: {}", name, known));
    }
    if (rest.empty()) return wrong(fmt::format("\"{}\" has no value", name));
    Result<std::string> value = parse_bytes(take_word(rest));
    if (!value) return fail(value.error());
    step.pairs.emplace_back(std::string(name), std::move(*value));
  }
  return {};
}

Result<void> take_numbers(std::string_view rest, int count, Step& step) {
  for (std::int64_t* number : {&step.number, &step.second_number}) {
    if (count-- == 0) break;
    Result<std::int64_t> value = parse_number(take_word(rest));
    if (!value) return fail(value.error());
    *number = *value;
  }
  if (!rest.empty()) return wrong(fmt::format("\"{}\" is too much", rest));
  return {};
}

Result<void> take_duration(std::string_view rest, bool optional, Step& step) {
  step.duration = Duration(-1);
  if (optional && rest.empty()) return {};
  std::string_view word = take_word(rest);
  if (optional && (word == "within" || word == "after")) word = take_word(rest);
  Result<Duration> value = parse_duration(word);
  if (!value) return fail(value.error());
  step.duration = *value;
  return rest.empty() ? Result<void>() : wrong(fmt::format("\"{}\" is too much", rest));
}

Result<void> take_bytes(std::string_view rest, Step& step) {
  Result<std::string> bytes = parse_bytes(rest);
  if (!bytes) return fail(bytes.error());
  step.text = std::move(*bytes);
  return {};
}

Result<void> take_options(std::string_view rest, std::string_view known, Step& step) {
  Result<Pairs> pairs = parse_options(rest, known);
  if (!pairs) return fail(pairs.error());
  step.pairs = std::move(*pairs);
  return {};
}

Result<void> take_request(std::string_view rest, const Form& form, Step& step) {
  step.name = "POST";
  if (form.known.empty()) {
    step.name = std::string(form.words.substr(form.words.rfind(' ') + 1));
  } else {
    step.name = std::string(take_word(rest));
  }
  step.text = std::string(take_word(rest));
  if (!step.text.starts_with('/')) return wrong("a path that begins with / belongs here");
  return take_options(rest, form.known, step);
}

Result<void> take_rest(std::string_view rest, const Form& form, Step& step) {
  switch (form.takes) {
    case Takes::nothing:
      return rest.empty() ? Result<void>() : wrong(fmt::format("\"{}\" is too much", rest));
    case Takes::bytes:
      return rest.empty() ? wrong("something belongs behind it") : take_bytes(rest, step);
    case Takes::word:
      step.text = std::string(take_word(rest));
      if (step.text.empty()) return wrong("a word belongs behind it");
      return rest.empty() ? Result<void>() : wrong(fmt::format("\"{}\" is too much", rest));
    case Takes::number:
      return take_numbers(rest, 1, step);
    case Takes::two_numbers:
    case Takes::usage:
      return take_numbers(rest, 2, step);
    case Takes::duration:
      return take_duration(rest, false, step);
    case Takes::maybe_duration:
      return take_duration(rest, true, step);
    case Takes::size: {
      Result<std::int64_t> size = parse_size(rest);
      if (!size) return fail(size.error());
      step.number = *size;
      return {};
    }
    case Takes::field:
      return take_field(rest, step);
    case Takes::request:
      return take_request(rest, form, step);
    case Takes::options:
      return take_options(rest, form.known, step);
    case Takes::pairs:
      return take_pairs(rest, form.known, step);
    case Takes::model: {
      step.name = std::string(take_word(rest));
      if (take_word(rest) != "->") return wrong("a model is written as name -> provider's name");
      step.text = std::string(rest);
      return step.text.empty() ? wrong("the provider's name is missing") : Result<void>();
    }
    case Takes::answer: {
      Result<void> status = take_numbers(take_word(rest), 1, step);
      if (!status) return status;
      step.name = std::string(take_word(rest));
      if (step.name != "json" && step.name != "html" && step.name != "text") {
        return wrong("behind the status stands what it is: json, html or text");
      }
      return take_bytes(rest, step);
    }
  }
  return {};
}

Result<Step> parse_step(std::string_view line, int number) {
  for (const Form& form : forms) {
    std::optional<std::string_view> rest = behind(form.words, line);
    if (!rest) continue;
    Step step{.verb = form.verb, .line = number, .words = std::string(form.words)};
    step.written = std::string(line);
    step.said = form.said;
    Result<void> taken = take_rest(*rest, form, step);
    if (!taken) return wrong(fmt::format("`{}`: {}", form.words, taken.error().message()));
    return step;
  }
  return wrong(unknown(line));
}

// After what ends a member of JSON, or a line in quoted bytes, the next line follows at once.
bool goes_on_at_once(std::string_view line) {
  return line.ends_with("\\n") || std::string_view(",:[{").contains(line.back());
}

std::vector<Step>& place_of(Scenario& scenario, const Step& step) {
  std::string_view words = step.words;
  if (words.starts_with("config")) return scenario.config;
  if (words.starts_with("client")) return scenario.client;
  if (words.starts_with("provider")) return scenario.provider;
  if (words.starts_with("gateway")) return scenario.gateway;
  return scenario.after;
}

}  // namespace

const std::string* find(const Pairs& pairs, std::string_view name) {
  auto found = std::ranges::find(pairs, name, &std::pair<std::string, std::string>::first);
  return found == pairs.end() ? nullptr : &found->second;
}

// A line that begins with white space goes on with the one before it.
Result<Scenario> parse_scenario(std::string_view text, std::string_view file) {
  Scenario scenario{.file = std::string(file)};
  int number = 0;
  auto refuse = [&](int line, std::string_view what) {
    return wrong(fmt::format("{}:{}: {}", file, line, what));
  };
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    int begins = ++number;
    while (text.starts_with(' ') && !line.starts_with('#')) {
      end = std::min(text.find('\n'), text.size());
      if (!goes_on_at_once(line)) line += ' ';
      line += ascii::trim(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
    }
    if (begins == 1) {
      if (!line.starts_with("# ")) return refuse(1, "begin with `# ` and one sentence");
      scenario.title = line.substr(2);
    }
    if (ascii::trim(line).empty() || line.starts_with('#')) continue;
    Result<Step> step = parse_step(ascii::trim(line), begins);
    if (!step) return refuse(begins, step.error().message());
    place_of(scenario, *step).push_back(std::move(*step));
  }
  if (scenario.title.empty()) return refuse(1, "begin with `# ` and one sentence");
  if (scenario.client.empty()) return refuse(number, "no client does anything");
  if (scenario.after.empty()) {
    return refuse(number,
                  "nothing is said of the ledger; if no row is expected, say `ledger empty`");
  }
  return scenario;
}

}  // namespace recloser::wire
