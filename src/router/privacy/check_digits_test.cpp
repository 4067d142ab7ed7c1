// Goal: the check digit functions catch what they are made for. Method: each accepts one of ten
// digits behind any number, and refuses every single wrong digit and (Verhoeff) every swap
// of neighbours; numbers from a fixed seed.
#include "router/privacy/check_digits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "router/privacy/crypto.h"
#include "router/privacy/number_formats.h"

namespace croft::privacy {
namespace {

using Number = std::vector<std::uint8_t>;

/// Appends the one digit that makes `number` valid.
Number completed(Number number, bool (*valid)(Digits)) {
  number.push_back(0);
  int fitting = 0;
  std::uint8_t chosen = 0;
  for (std::uint8_t digit = 0; digit < 10; ++digit) {
    number.back() = digit;
    if (!valid(number)) continue;
    ++fitting;
    chosen = digit;
  }
  EXPECT_EQ(fitting, 1);
  number.back() = chosen;
  return number;
}

void expect_catches(bool (*valid)(Digits), bool catches_swaps) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Number number(8 + random() % 8);
    for (std::uint8_t& digit : number) digit = static_cast<std::uint8_t>(random() % 10);
    number = completed(number, valid);
    for (std::size_t i = 0; i < number.size(); ++i) {
      Number wrong = number;
      wrong[i] = static_cast<std::uint8_t>((wrong[i] + 1 + random() % 9) % 10);
      EXPECT_FALSE(valid(wrong));
      if (!catches_swaps || i == 0 || number[i] == number[i - 1]) continue;
      wrong = number;
      std::swap(wrong[i], wrong[i - 1]);
      EXPECT_FALSE(valid(wrong));
    }
  }
}

TEST(CheckDigits, CatchMistypedDigits) {
  expect_catches(luhn_valid, false);
  expect_catches(verhoeff_valid, true);
  expect_catches(mod_11_10_valid, false);
}

TEST(CheckDigits, AgreeWithPublishedExamples) {
  EXPECT_TRUE(verhoeff_valid(Number{2, 3, 6, 3}));                   // the scheme's usual example
  EXPECT_TRUE(luhn_valid(Number{7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3}));  // ISO/IEC 7812-1, annex
  EXPECT_TRUE(mod_11_10_valid(Number{0, 7, 9, 4, 5}));               // ISO 7064, 8.2
  EXPECT_TRUE(mod_97_valid("DE89370400440532013000"));
  EXPECT_FALSE(mod_97_valid("DE89370400440532013001"));
  EXPECT_FALSE(mod_97_valid("DE89"));
  EXPECT_FALSE(mod_97_valid("DE89-3704"));
}

TEST(CheckDigits, EveryFormatRefusesAlmostAllNumbers) {
  // A format that needs no word nearby must be wrong on chance numbers less than once in five.
  std::mt19937_64 random(11);
  for (std::size_t length = 6; length <= 18; ++length)
    for (const NumberFormat& format : formats_of(length)) {
      if (format.alone.empty()) continue;
      int accepted = 0;
      constexpr int kRounds = 4000;
      Number number(length);
      for (int round = 0; round < kRounds; ++round) {
        for (std::uint8_t& digit : number) digit = static_cast<std::uint8_t>(random() % 10);
        accepted += format.valid(number);
      }
      // SSN and its form stand without a check digit: nine in ten are valid.
      const bool has_check = format.type != EntityType::UsSsn;
      EXPECT_LT(accepted, has_check ? kRounds / 5 : kRounds) << entity_name(format.type);
    }
}

TEST(CheckDigits, CardsNeedIssuerAndLength) {
  const auto card = [](std::string_view text) {
    Number number;
    for (const char c : text) number.push_back(static_cast<std::uint8_t>(c - '0'));
    return card_valid(number);
  };
  EXPECT_TRUE(card("4111111111111111"));
  EXPECT_FALSE(card("4111111111111112"));
  EXPECT_FALSE(card("411111111111116"));   // 15 digits are no Visa
  EXPECT_FALSE(card("1111111111111117"));  // no issuer
  EXPECT_FALSE(card("41111111111"));
  EXPECT_FALSE(card("41111111111111111111"));
}

TEST(CheckDigits, CryptoAddressesRefuseEveryChange) {
  const std::string base58 = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
  const std::string bech32 = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
  ASSERT_TRUE(base58check_valid(base58));
  ASSERT_TRUE(bech32_valid(bech32));
  for (std::size_t i = 1; i < base58.size(); ++i) {
    std::string wrong = base58;
    wrong[i] = wrong[i] == 'z' ? 'y' : 'z';
    EXPECT_FALSE(base58check_valid(wrong));
  }
  for (std::size_t i = 3; i < bech32.size(); ++i) {
    std::string wrong = bech32;
    wrong[i] = wrong[i] == 'q' ? 'p' : 'q';
    EXPECT_FALSE(bech32_valid(wrong));
  }
  EXPECT_FALSE(base58check_valid("1"));
  EXPECT_FALSE(bech32_valid("bc1"));
}

}  // namespace
}  // namespace croft::privacy
