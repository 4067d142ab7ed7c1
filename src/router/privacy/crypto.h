#pragma once
/// Addresses of crypto-currencies: the checks inside them.

#include <string_view>

namespace croft::privacy {

/// Bitcoin addresses that begin with 1 or 3: base58 with four bytes of a double SHA-256.
[[nodiscard]] bool base58check_valid(std::string_view address);
/// Bitcoin addresses that begin with bc1: BIP 173 and BIP 350.
[[nodiscard]] bool bech32_valid(std::string_view address);

}  // namespace croft::privacy
