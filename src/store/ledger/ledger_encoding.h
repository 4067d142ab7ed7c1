#pragma once
/// The bytes that a row's hashes are made of, and the chain. docs/formats/ledger.md says the same
/// for whoever writes a verifier of his own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/ledger/ledger_columns.h"

namespace croft {

using LedgerHash = std::array<std::byte, 32>;  ///< SHA-256

/// Version, number of fields, then each field with its kind and length: no two rows share a text.
[[nodiscard]] std::string encode_ledger_row(const LedgerValues& values);
/// The other way; the values borrow `bytes`. Errors: Corrupt; Unsupported (a later version).
Result<LedgerValues> decode_ledger_row(std::string_view bytes);

/// Of the row alone, wherever it stands.
[[nodiscard]] LedgerHash content_hash(std::string_view encoded_row);
/// What stands before the first row: it names the ledger.
[[nodiscard]] LedgerHash genesis_hash(std::string_view ledger_id);
/// Of row number `seq`, its content, and all rows before it.
[[nodiscard]] LedgerHash chain_hash(const LedgerHash& previous, std::int64_t seq,
                                    const LedgerHash& content);

[[nodiscard]] std::string hash_text(const LedgerHash& hash);  ///< 64 lower-case digits
/// Errors: Corrupt (another length).
Result<LedgerHash> hash_from_blob(std::span<const std::byte> bytes);
/// Errors: InvalidArgument (not 64 hexadecimal digits).
Result<LedgerHash> hash_from_text(std::string_view text);

}  // namespace croft
