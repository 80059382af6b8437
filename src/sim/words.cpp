#include "sim/words.h"

namespace recloser::sim {
namespace {

// Common English words chosen by us. Each was checked on 2026-11-21 to be exactly one token of
// o200k_base together with its leading space, against the ranks in npm gpt-tokenizer 4.0.0; the
// fixed sentences below were cut into their tokens by the same ranks.
constexpr std::string_view determiner_list[] = {
    " the", " this", " that", " every", " each", " another",
    " one", " our",  " your", " their", " his",  " her",
};
constexpr std::string_view adjective_list[] = {
    " quiet",    " long",     " short",   " clear",  " early",    " late",     " small",
    " open",     " new",      " old",     " better", " strong",   " simple",   " careful",
    " cold",     " deep",     " high",    " fast",   " slow",     " steady",   " local",
    " public",   " private",  " whole",   " fresh",  " young",    " modern",   " final",
    " central",  " direct",   " gentle",  " heavy",  " light",    " sharp",    " wide",
    " round",    " flat",     " rough",   " plain",  " rich",     " calm",     " safe",
    " busy",     " free",     " true",    " main",   " major",    " useful",   " famous",
    " native",   " urban",    " distant", " near",   " formal",   " natural",  " social",
    " second",   " first",    " last",    " next",   " black",    " green",    " blue",
    " red",      " golden",   " brown",   " dark",   " broken",   " empty",    " full",
    " proud",    " kind",     " brave",   " clever", " modest",   " sudden",   " usual",
    " ancient",  " complete", " daily",   " extra",  " familiar", " friendly", " global",
    " initial",  " junior",   " legal",   " lovely", " mild",     " mixed",    " normal",
    " outer",    " inner",    " polite",  " quick",  " raw",      " regular",  " senior",
    " separate", " silent",   " smart",   " solid",  " special",  " stable",   " tiny",
    " total",    " valid",    " visible", " vital",  " weekly",
};
constexpr std::string_view noun_list[] = {
    " river",    " garden",    " city",    " road",     " window",  " door",     " table",
    " letter",   " question",  " answer",  " idea",     " plan",    " engineer", " teacher",
    " student",  " farmer",    " writer",  " reader",   " worker",  " visitor",  " neighbor",
    " family",   " child",     " market",  " station",  " bridge",  " village",  " island",
    " mountain", " valley",    " field",   " lake",     " ocean",   " beach",    " ship",
    " train",    " car",       " machine", " computer", " network", " server",   " message",
    " signal",   " record",    " report",  " page",     " word",    " sentence", " figure",
    " map",      " picture",   " song",    " music",    " dance",   " game",     " lesson",
    " college",  " library",   " museum",  " office",   " factory", " shop",     " store",
    " dinner",   " breakfast", " lunch",   " bread",    " tea",     " water",    " fire",
    " rain",     " snow",      " cloud",   " storm",    " winter",  " spring",   " morning",
    " evening",  " day",       " week",    " month",    " year",    " moment",   " minute",
    " history",  " nature",    " weather", " season",   " animal",  " dog",      " cat",
    " bird",     " fish",      " flower",  " leaf",     " stone",   " metal",    " glass",
    " paper",    " wood",      " shadow",  " color",    " shape",   " size",     " circle",
    " square",   " corner",    " center",  " surface",  " path",    " journey",  " visit",
    " step",     " change",    " choice",  " result",   " effect",  " cause",    " mark",
    " test",     " measure",   " design",  " product",  " service", " budget",   " price",
    " value",    " account",   " bank",    " rule",     " order",   " court",    " judge",
    " leader",   " member",    " group",   " crowd",    " country", " region",   " border",
};
constexpr std::string_view verb_list[] = {
    " follows",     " carries",   " opens",    " closes",  " reads",     " writes",    " keeps",
    " holds",       " sees",      " hears",    " finds",   " meets",     " helps",     " serves",
    " builds",      " takes",     " gives",    " brings",  " leads",     " moves",     " turns",
    " changes",     " counts",    " marks",    " covers",  " crosses",   " enters",    " leaves",
    " reaches",     " joins",     " needs",    " wants",   " likes",     " loves",     " knows",
    " understands", " explains",  " records",  " reports", " offers",    " sends",     " receives",
    " returns",     " answers",   " calls",    " names",   " tells",     " teaches",   " learns",
    " studies",     " tests",     " uses",     " watches", " visits",    " protects",  " guards",
    " improves",    " repairs",   " replaces", " designs", " draws",     " paints",    " plays",
    " wins",        " loses",     " saves",    " pays",    " buys",      " sells",     " shares",
    " divides",     " connects",  " controls", " stops",   " continues", " completes", " repeats",
    " remembers",   " considers", " accepts",
};
constexpr std::string_view adverb_list[] = {
    " quickly", " slowly",  " often",     " always",  " usually",  " sometimes", " never",
    " rarely",  " clearly", " carefully", " quietly", " simply",   " directly",  " finally",
    " nearly",  " almost",  " really",    " already", " together", " today",     " here",
    " there",   " now",     " then",      " soon",    " later",
};
constexpr std::string_view conjunction_list[] = {
    " and",  " but",    " because", " while", " although",
    " when", " before", " after",   " until", " since",
};
constexpr std::string_view preposition_list[] = {
    " in",    " on",      " at",     " near",   " under",  " with",    " without", " from",
    " into",  " through", " behind", " beside", " around", " between", " against", " above",
    " below", " beyond",  " for",    " about",  " toward", " inside",  " outside", " during",
};

constexpr std::string_view greeting[] = {
    " this", " is",    " a",   " simulated", " answer", " and", " no",
    " real", " model", " was", " called",    " for",    " it",
};

constexpr std::string_view personal_contact[] = {
    " you", " can", " write",   " to",  " Alice", " Johnson", " at",  " alice", ".j",
    "ohn",  "son",  "@example", ".com", " or",    " call",    " her", " at",    " +",
    "1",    " ",    "555",      " ",    "014",    "2",        " ",    "199",
};
constexpr std::string_view personal_accounts[] = {
    " her",     " card", " number", " is", " ",     "411", "1",   " ",    "111",
    "1",        " ",     "111",     "1",   " ",     "111", "1",   " and", " her",
    " account", " is",   " GB",     "82",  " WEST", " ",   "123", "4",    " ",
    "569",      "8",     " ",       "765", "4",     " ",   "32",
};
constexpr std::string_view personal_home[] = {
    " her", " social", " security", " number",      " is",  " ",        "219", "-", "09",
    "-",    "999",     "9",         " and",         " her", " address", " is", " ", "42",
    " Elm", " Street", " in",       " Springfield",
};
constexpr std::string_view personal_birth[] = {
    " she", " was", " born", " on",  " ",         "198",  "4",    "-",        "03",
    "-",    "27",   " and",  " her", " computer", " has", " the", " address", " ",
    "203",  ".",    "0",     ".",    "113",       ".",    "7",
};
constexpr std::span<const std::string_view> personal[] = {personal_contact, personal_accounts,
                                                          personal_home, personal_birth};

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325;
constexpr std::uint64_t fnv_prime = 0x100000001b3;

}  // namespace

std::span<const std::string_view> words_of(WordClass part) {
  switch (part) {
    case WordClass::determiner:
      return determiner_list;
    case WordClass::adjective:
      return adjective_list;
    case WordClass::noun:
      return noun_list;
    case WordClass::verb:
      return verb_list;
    case WordClass::adverb:
      return adverb_list;
    case WordClass::conjunction:
      return conjunction_list;
    case WordClass::preposition:
      return preposition_list;
  }
  return {};
}

std::span<const std::string_view> greeting_pieces() { return greeting; }
std::span<const std::span<const std::string_view>> personal_sentences() { return personal; }

std::uint64_t vocabulary_checksum() {
  std::uint64_t hash = fnv_offset;
  auto add = [&hash](std::span<const std::string_view> pieces) {
    for (std::string_view piece : pieces) {
      for (char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
      hash = (hash ^ 0xff) * fnv_prime;  // so that where a piece ends counts too
    }
  };
  for (unsigned part = 0; part < word_class_count; ++part) {
    add(words_of(static_cast<WordClass>(part)));
  }
  add(greeting);
  for (std::span<const std::string_view> sentence : personal) add(sentence);
  return hash;
}

}  // namespace recloser::sim
