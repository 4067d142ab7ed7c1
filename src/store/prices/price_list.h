#pragma once
/// What providers charge for tokens, as they publish it. A list is text in JSON lines (the form is
/// in docs/cost.md) and is named by its date and the digest of its bytes; that name stands in every
/// row of the ledger whose costs were computed with it.
///
/// What a list does not have is *unpriced*. That is no price of 0, and nothing here makes it one.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace croft {

inline constexpr std::size_t price_list_bytes_max = 16 * limits::MiB;
inline constexpr std::size_t price_list_rows_max = 100'000;

/// Nano-units per million tokens.
struct TokenRates {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::optional<std::int64_t> cached_input = {};  ///< none: as input
  std::optional<std::int64_t> cache_write = {};   ///< none: as input
  std::string currency = {};                      ///< three capital letters

  friend bool operator==(const TokenRates&, const TokenRates&) = default;
};

struct ModelPrice {
  std::string provider;  ///< gen_ai.provider.name: "openai", "anthropic", "gcp.gemini"
  std::string model;
  std::vector<std::string> aliases;  ///< other names of the same model at the same price
  TokenRates rates;
  std::optional<std::uint64_t> prompt_tokens_max;  ///< the price is for prompts up to that
  std::string date;                                ///< when it was true: "2026-01-31"
  std::string source;                              ///< where it was read
  bool untested = false;                           ///< nobody has compared it with an invoice
  std::string note;
  std::size_t line = 0;  ///< of the list's text, from 1
};

class PriceList {
 public:
  /// Errors: InvalidArgument with line and field (`what` names the text); TooLarge.
  static Result<PriceList> parse(std::string_view text, std::string_view what);
  /// The one that this program was built with: data/prices/prices.jsonl.
  static const PriceList& built_in();

  /// "2026-01-31-0123456789ab": the list's date and the first 12 hexadecimal digits of the SHA-256
  /// of its text.
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const std::string& digest() const { return digest_; }  ///< 64 digits
  [[nodiscard]] const std::string& date() const { return date_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// By provider, model and length of prompt.
  [[nodiscard]] const std::vector<ModelPrice>& prices() const { return prices_; }

  /// The price of a prompt of that length; null: unpriced. Without a provider, the only provider
  /// that has the model; null where several have.
  [[nodiscard]] const ModelPrice* find(std::string_view provider, std::string_view model,
                                       std::uint64_t prompt_tokens) const;
  /// A sentence on why find() has nothing, with names that are near.
  [[nodiscard]] Error why_unpriced(std::string_view provider, std::string_view model,
                                   std::uint64_t prompt_tokens) const;

  /// This list with the prices of `changes` in place of its own for the same provider and model,
  /// dated by the later of the two. Errors: as parse().
  [[nodiscard]] Result<PriceList> merged(const PriceList& changes) const;

 private:
  void index();

  std::string text_;
  std::string version_;
  std::string digest_;
  std::string date_;
  std::vector<ModelPrice> prices_;
  /// Model or alias: where its prices are, ascending by length of prompt within a provider.
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_model_;
};

/// One line of a list, without its end.
[[nodiscard]] std::string price_line(const ModelPrice& price);
/// The first line of a list.
[[nodiscard]] std::string price_header_line(std::string_view date);

/// "2026-01-31", a day that exists, from 2000 to 2999.
[[nodiscard]] bool is_iso_date(std::string_view text);

}  // namespace croft
