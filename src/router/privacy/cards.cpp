#include <array>

#include "router/privacy/number_formats.h"

namespace croft::privacy {
namespace {

/// First four digits from..to, and the lengths as bits: bit n set for n digits.
struct Issuer {
  std::uint16_t from;
  std::uint16_t to;
  std::uint32_t lengths;
};

consteval std::uint32_t lengths(std::initializer_list<int> all) {
  std::uint32_t bits = 0;
  for (const int length : all) bits |= 1u << length;
  return bits;
}
constexpr std::uint32_t k16To19 = lengths({16, 17, 18, 19});
constexpr std::uint32_t k12To19 = lengths({12, 13, 14, 15, 16, 17, 18, 19});

// ISO/IEC 7812 ranges as the schemes publish them.
constexpr Issuer kIssuers[] = {
    {1800, 1800, lengths({15})},              // JCB, old
    {2131, 2131, lengths({15})},              // JCB, old
    {2200, 2204, k16To19},                    // Mir
    {2221, 2720, lengths({16})},              // Mastercard
    {3000, 3059, lengths({14, 16})},          // Diners
    {3095, 3095, lengths({14, 16})},          // Diners
    {3400, 3499, lengths({15})},              // American Express
    {3528, 3589, k16To19},                    // JCB
    {3600, 3699, lengths({14, 16, 19})},      // Diners
    {3700, 3799, lengths({15})},              // American Express
    {3800, 3999, lengths({14, 16, 19})},      // Diners
    {4000, 4999, lengths({13, 16, 18, 19})},  // Visa
    {5018, 5018, k12To19},                    // Maestro
    {5020, 5020, k12To19},                    // Maestro
    {5038, 5038, k12To19},                    // Maestro
    {5060, 5061, k16To19},                    // Verve
    {5080, 5089, lengths({16})},              // RuPay
    {5100, 5599, lengths({16})},              // Mastercard
    {5612, 5612, k12To19},                    // Maestro
    {5893, 5893, k12To19},                    // Maestro
    {6011, 6011, k16To19},                    // Discover
    {6062, 6062, lengths({16, 19})},          // Hipercard
    {6200, 6299, k16To19},                    // UnionPay
    {6304, 6304, k12To19},                    // Maestro
    {6390, 6390, k12To19},                    // Maestro
    {6440, 6499, k16To19},                    // Discover
    {6500, 6599, k16To19},                    // Discover, RuPay, Troy
    {6759, 6759, k12To19},                    // Maestro
    {6761, 6763, k12To19},                    // Maestro
    {8100, 8299, lengths({16})},              // RuPay
    {9792, 9792, lengths({16})},              // Troy
};

}  // namespace

bool card_possible(Digits digits) {
  return digits.size() >= 12 && digits.size() <= 19 && !all_equal(digits) && luhn_valid(digits);
}

bool card_valid(Digits digits) {
  if (digits.size() < 12 || digits.size() > 19) return false;
  const auto prefix = static_cast<std::uint16_t>(number_of(digits.first(4)));
  for (const Issuer& issuer : kIssuers) {
    if (prefix < issuer.from) return false;
    if (prefix <= issuer.to)
      return (issuer.lengths >> digits.size() & 1) != 0 && luhn_valid(digits);
  }
  return false;
}

}  // namespace croft::privacy
