#include "session/hash128.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

Hash128 hash_of(std::string_view bytes) {
  Hasher hasher;
  hasher.add('t', bytes);
  return hasher.value();
}

TEST(Hasher, IsTheSameForEveryVersion) {
  // These stand in ledgers: a change here would give every session a new name.
  auto text = [](const Hash128& hash) {
    auto chars = hash.text();
    return std::string(chars.data(), chars.size());
  };
  EXPECT_EQ(text(hash_of("")), "1YT5NR7XZQJTENHVBEM5JG2JE2");
  EXPECT_EQ(text(hash_of("The quick brown fox jumps over the lazy dog")),
            "28GJCWHX9MZH8R41HEQN572YYP");
}

TEST(Hasher, SplitsDoNotMatter) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 7);
  Hash128 whole = hash_of(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Hasher hasher;
    hasher.absorb(std::string_view(text).substr(0, cut));
    hasher.absorb(std::string_view(text).substr(cut));
    hasher.end('t');
    ASSERT_EQ(hasher.value(), whole) << cut;
  }
  Hasher bytewise;
  for (const char& c : text) bytewise.absorb({&c, 1});
  bytewise.end('t');
  EXPECT_EQ(bytewise.value(), whole);
}

TEST(Hasher, AFieldInPartsIsTheFieldAtEveryLength) {
  std::string text(100, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    Hasher whole;
    Hasher parts;
    for (char tag : {'a', 'b'}) {  // the second finds what the first left behind
      whole.add(tag, std::string_view(text).substr(0, size));
      parts.absorb(std::string_view(text).substr(0, size / 3));
      parts.absorb(std::string_view(text).substr(size / 3, size - size / 3));
      parts.end(tag);
    }
    ASSERT_EQ(whole.value(), parts.value()) << size;
  }
}

TEST(Hasher, FieldsKeepTheirBordersAndTags) {
  auto of = [](char tag, std::string_view a, std::string_view b) {
    Hasher hasher;
    hasher.add(tag, a);
    hasher.add('t', b);
    return hasher.value();
  };
  EXPECT_NE(of('t', "a", "b"), of('u', "a", "b"));
  std::string text(100, 'x');
  std::set<Hash128> seen;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_TRUE(seen.insert(of('t', text.substr(0, cut), text.substr(cut))).second) << cut;
  }
}

TEST(Hasher, EveryBitAndTheLengthMatter) {
  std::set<Hash128> seen;
  std::string text(100, '\0');
  seen.insert(hash_of(text));
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(1 << (bit % 8));
    EXPECT_TRUE(seen.insert(hash_of(other)).second) << bit;
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(seen.insert(hash_of(text.substr(0, size))).second) << size;
  }
}

TEST(FieldHasher, FieldsKeepTheirBorders) {
  auto of = [](std::string_view a, std::string_view b) {
    FieldHasher hasher;
    hasher.add(a);
    hasher.add(b);
    return hasher.value();
  };
  EXPECT_EQ(of("a", "bc"), of("a", "bc"));
  EXPECT_NE(of("a", "bc"), of("ab", "c"));
  EXPECT_NE(of("", "abc"), of("abc", ""));
  std::string text(70, 'x');
  std::set<Hash128> seen;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_TRUE(seen.insert(of(text.substr(0, cut), text.substr(cut))).second) << cut;
  }
}

TEST(FieldHasher, EveryByteAndTheLengthMatter) {
  auto of = [](std::string_view field) {
    FieldHasher hasher;
    hasher.add(field);
    return hasher.value();
  };
  std::string text(50, '\0');
  std::set<Hash128> seen{of(text)};
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 1;
    EXPECT_TRUE(seen.insert(of(other)).second) << i;
    EXPECT_TRUE(seen.insert(of(text.substr(0, i))).second) << i;
  }
}

TEST(Hasher, NumbersDoNotCollide) {
  std::set<std::uint64_t> high;
  std::set<std::uint64_t> low;
  for (int i = 0; i < 20'000; ++i) {
    Hash128 hash = hash_of(std::to_string(i));
    high.insert(hash.high);
    low.insert(hash.low);
  }
  EXPECT_EQ(high.size(), 20'000u);
  EXPECT_EQ(low.size(), 20'000u);
}

}  // namespace
}  // namespace recloser::session
