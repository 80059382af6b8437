// Recorded streams that end before their usage: what the books then say, against what the provider
// charged (acceptance 14). Overheads of prompts were read off these recordings too, among others:
// that much is no hold-out. What holds out of sealed thinking: tools/byte_classes/sealed.py.
#include "codec/testing/recording.h"
#include "price/catalogue.h"
#include "price/cost.h"
#include "relay/kept_prompt.h"
#include "relay/stream_pass.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::uint64_t long_answer_tokens = 30;  // as the scorer of the shared data takes them

// One stream, and what a cut of it is compared with.
struct Cut {
  const recordings::Recording& recording;
  codec::RequestFacts request;
  codec::Usage truth;
  std::string model;
};

std::optional<Cut> cut_of(const recordings::Recording& recording) {
  if (!recording.stream || recordings::failed(recording)) return std::nullopt;
  codec::RequestReader reader(recording.operation);
  if (!reader.feed(recording.request)) return std::nullopt;
  Result<codec::RequestFacts> request = reader.finish();
  if (!request || request->messages_value.empty()) return std::nullopt;
  codec::StreamReader stream(recording.operation);
  std::string_view bytes = recording.body;
  while (stream.next(bytes)) {
  }
  while (stream.finish()) {
  }
  if (stream.facts().usage_source != codec::UsageSource::final) return std::nullopt;
  Cut cut{recording, std::move(*request), stream.facts().usage, stream.facts().model};
  return cut;
}

bool holds(std::string_view text, std::initializer_list<std::string_view> marks) {
  return std::ranges::any_of(marks, [&](std::string_view mark) { return text.contains(mark); });
}

// Thinking that is charged and not shown. Its figure comes with the usage; of a stream that ends
// before, it is told by its time (Experience), which recordings do not have.
bool is_hidden(const Cut& cut) {
  return cut.truth.reasoning_tokens > 0 ||
         holds(cut.recording.body, {"redacted_thinking", "\"encrypted_content\":\""});
}

// Images, and tools that run with the provider, are not what this is about.
bool is_text(const Cut& cut) {
  return !cut.truth.rare && !holds(cut.recording.body, {"server_tool_use", "executed_tools"}) &&
         !holds(cut.recording.request, {"base64", "image"});
}

text::PromptForm form_of(const Cut& cut) {
  if (cut.recording.operation == codec::Operation::chat) return text::PromptForm::chat;
  bool responses = cut.recording.operation == codec::Operation::responses;
  return responses ? text::PromptForm::responses : text::PromptForm::other;
}

struct Estimate {
  std::uint64_t input = 0;
  std::uint64_t output = 0;
};

// As the relay books a stream that ends after `bytes`.
Estimate book(const Cut& cut, std::string_view bytes, MeterRoom& room) {
  const text::TokenFamily& family = text::token_family(cut.model);
  text::PromptOverhead overhead = text::prompt_overhead(cut.model, form_of(cut));
  StreamPass pass(cut.recording.operation, false,
                  Meter(family, overhead.call.about, overhead.answer.about), room);
  std::string out;
  pass.take(bytes, true, out);
  pass.close_meter();
  Estimate estimate{.output = pass.meter().output_tokens()};
  const codec::StreamFacts& facts = pass.facts();
  if (facts.usage_source == codec::UsageSource::none) {
    KeptPrompt prompt;
    prompt.keep(cut.recording.request, cut.recording.operation, cut.request);
    estimate.input = prompt.count(cut.model, family, overhead, room.scratch);
  } else {
    estimate.input = facts.usage.input_tokens;
  }
  return estimate;
}

double percent_off(double estimate, double truth) {
  return truth == 0 ? 0 : 100 * std::abs(estimate - truth) / truth;
}

// A bill is a sum: what is too much here and too little there is no error of it.
struct Sum {
  void add(double estimate, double truth) { booked += estimate, charged += truth; }
  double percent_off() const { return relay::percent_off(booked, charged); }

  double booked = 0;
  double charged = 0;
};

double at(std::vector<double>& sorted, double share) {
  std::ranges::sort(sorted);
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void tell(std::string_view what, std::vector<double>& errors) {
  auto near = std::ranges::count_if(errors, [](double error) { return error <= 5; });
  std::cout << fmt::format(
      "{}: {} cuts, {:.0f} % within 5 %, half within {:.1f} %, nine of ten within {:.1f} %\n", what,
      errors.size(), 100.0 * static_cast<double>(near) / static_cast<double>(errors.size()),
      at(errors, 0.5), at(errors, 0.9));
}

void show(const Cut& cut, const Estimate& estimate, double error, std::string_view why) {
  if (std::getenv("RECLOSER_SHOW") == nullptr) return;
  std::cout << fmt::format("{:70} {:28} input {:6} of {:6} output {:5} of {:5} {:6.1f} % {}\n",
                           cut.recording.name, cut.model, estimate.input, cut.truth.input_tokens,
                           estimate.output, cut.truth.output_tokens, error, why);
}

// The end of the last event that says something of the answer, before any final usage.
std::size_t before_usage(const Cut& cut) {
  codec::StreamReader reader(cut.recording.operation);
  std::string_view bytes = cut.recording.body;
  std::size_t end = 0;
  while (std::optional<codec::Event> event = reader.next(bytes)) {
    if (reader.facts().usage_source == codec::UsageSource::final) break;
    end = event->range.end;
  }
  return end;
}

TEST(CutRecordings, ACutBeforeTheUsageIsBookedNearWhatTheProviderCharges) {
  if (recordings::folder().empty()) {
    GTEST_SKIP() << "no recordings at $RECLOSER_SHARED/recordings, nor at ../shared/recordings";
  }
  std::shared_ptr<const price::Catalogue> catalogue = price::Catalogue::shipped();
  std::vector<recordings::Recording> all = recordings::load(recordings::folder());
  MeterRoom room;
  std::vector<double> off;
  std::vector<double> off_of_long;  // where a token more or less is not a tenth of it
  std::vector<double> off_at_every_event;
  std::vector<double> off_of_hidden;
  Sum bill;
  Sum bill_with_hidden;
  for (const recordings::Recording& recording : all) {
    std::optional<Cut> cut = cut_of(recording);
    if (!cut || !is_text(*cut)) continue;
    price::Place place = catalogue->place_for_model(cut->model);
    price::Priced priced = catalogue->find(place, cut->model);
    auto cost = [&](std::uint64_t input, std::uint64_t output) {
      codec::Usage usage{.input_tokens = input, .output_tokens = output};
      if (!priced) return static_cast<double>(input + 4 * output);  // as models are usually priced
      WallTime when{1'790'000'000'000'000'000};
      return static_cast<double>(
          price::cost_of(*catalogue, place, priced, usage, when).total.count);
    };
    std::size_t end = before_usage(*cut);
    std::string_view bytes = std::string_view(recording.body).substr(0, end);
    Estimate whole = book(*cut, bytes, room);
    if (whole.output == 0) continue;  // all of the answer came with its usage
    double booked = cost(whole.input, whole.output);
    double charged = cost(cut->truth.input_tokens, cut->truth.output_tokens);
    double error = percent_off(booked, charged);
    if (priced) bill_with_hidden.add(booked, charged);
    if (priced && !is_hidden(*cut)) bill.add(booked, charged);
    if (is_hidden(*cut)) {
      off_of_hidden.push_back(error);
      show(*cut, whole, error, "hidden thinking");
      continue;
    }
    show(*cut, whole, error, "");
    off.push_back(error);
    if (cut->truth.output_tokens >= long_answer_tokens) off_of_long.push_back(error);
    // After each event: of the output the provider made so far, as much as we count of all.
    codec::StreamReader reader(recording.operation);
    std::string_view rest = bytes;
    while (std::optional<codec::Event> event = reader.next(rest)) {
      if (!event->last_of_frame) continue;
      Estimate part = book(*cut, bytes.substr(0, event->range.end), room);
      double share = static_cast<double>(part.output) / static_cast<double>(whole.output);
      auto made = static_cast<std::uint64_t>(share * static_cast<double>(cut->truth.output_tokens));
      off_at_every_event.push_back(
          percent_off(cost(part.input, part.output), cost(cut->truth.input_tokens, made)));
    }
  }
  ASSERT_GT(off.size(), 30u);
  tell("before the usage", off);
  tell("of at least 30 tokens of output", off_of_long);
  tell("after every event", off_at_every_event);
  tell("with hidden thinking", off_of_hidden);
  std::cout << fmt::format(
      "the sum of all with a price: {:.1f} % off, with hidden thinking {:.1f} %\n",
      bill.percent_off(), bill_with_hidden.percent_off());
  EXPECT_LE(bill.percent_off(), 5);
  EXPECT_LE(bill_with_hidden.percent_off(), 5);
  EXPECT_LE(at(off_of_hidden, 0.5), 5);
  EXPECT_LE(at(off, 0.75), 5);
  EXPECT_LE(at(off_of_long, 0.5), 4);
  EXPECT_LE(at(off_of_long, 0.9), 8);
  EXPECT_LE(at(off_at_every_event, 0.88), 5);
}

}  // namespace
}  // namespace recloser::relay
