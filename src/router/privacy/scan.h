#pragma once
/// Inside the detector: the folded text under the scanner, and the recognisers that it calls at
/// places where something may begin. Offsets here are of the folded text.
///
/// A recogniser looks at a bounded stretch, or says how far it has read so that nobody of its kind
/// reads that again: this keeps the whole linear.

#include <cstddef>
#include <string_view>
#include <vector>

#include "router/privacy/characters.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {

struct Scan {
  std::string_view text;
  std::vector<Finding>& findings;

  // How far each kind of recogniser has read.
  std::size_t numbers_done = 0;
  std::size_t urls_done = 0;
  std::size_t domains_done = 0;
  std::size_t tokens_done = 0;
  std::size_t keys_done = 0;
  std::size_t addresses_done = 0;
  bool no_more_pem_ends = false;

  void add(EntityType type, std::size_t start, std::size_t end, float score) {
    findings.push_back({type, start, end, score});
  }
  /// The byte at `at`, or 0 beyond both ends.
  [[nodiscard]] char at(std::size_t position) const {
    return position < text.size() ? text[position] : '\0';
  }
  [[nodiscard]] char before(std::size_t position) const {
    return position == 0 ? '\0' : text[position - 1];
  }
};

/// A run of letters and digits.
struct Word {
  std::size_t start;
  std::size_t end;
  std::uint8_t classes;  ///< of all its bytes, or-ed
  [[nodiscard]] std::size_t size() const { return end - start; }
};

inline constexpr float kCertain = 1.0f;
inline constexpr float kTold = 0.85f;    ///< a telling word is near
inline constexpr float kShaped = 0.75f;  ///< a form that little else has
inline constexpr float kMaybe = 0.5f;

// Recognisers, each in the file of that name.
void read_numbers(Scan& scan, std::size_t start);         ///< numbers.cpp: a run of digit groups
void read_code(Scan& scan, const Word& word);             ///< codes.cpp: letters and digits mixed
void read_hex_address(Scan& scan, const Word& word);      ///< addresses.cpp: IPv6, MAC
void read_colons_address(Scan& scan, std::size_t start);  ///< addresses.cpp: IPv6 from "::" on
void read_email(Scan& scan, std::size_t at_sign);         ///< addresses.cpp
void read_url(Scan& scan, const Word& scheme);            ///< urls.cpp: from "://" or "www."
void read_domain(Scan& scan, const Word& word);           ///< urls.cpp: example.com
void read_month(Scan& scan, const Word& word);            ///< dates.cpp: 12 March 1998
void read_postcode(Scan& scan, const Word& word);         ///< postcodes.cpp: SW1A 1AA, K1A 0B1
void read_known_key(Scan& scan, const Word& word);        ///< keys.cpp: by its prefix
void read_private_key(Scan& scan, std::size_t start);     ///< keys.cpp: "-----BEGIN"
void read_assignment(Scan& scan, const Word& word);       ///< secrets.cpp: password = ...
void read_random_token(Scan& scan, const Word& word);     ///< secrets.cpp: by entropy and context
void read_crypto_address(Scan& scan, const Word& word);   ///< crypto.cpp

/// Sorts, and leaves no two that overlap (overlaps.cpp): secrets win, then the higher score, then
/// the longer one. A web or mail address that holds a secret becomes part of it.
void resolve_overlaps(std::vector<Finding>& findings);

}  // namespace croft::privacy
