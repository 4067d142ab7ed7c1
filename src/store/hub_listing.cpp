#include "store/hub_listing.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::size_t files_max = 20'000;  // the largest model repositories hold some thousands
constexpr std::size_t path_bytes_max = 512;
constexpr std::size_t licence_bytes_max = 128;

std::unexpected<Error> bad_answer(std::string what) {
  return fail(ErrorCode::Corrupt, "the hub's answer " + std::move(what),
              "Check HF_ENDPOINT and try again later.");
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<HubFile> parse_file(const json::value& entry) {
  const auto path = find_string(entry, "rfilename");
  if (!path) return bad_answer("has a file without 'rfilename'");
  if (!is_safe_relative_path(*path)) {
    return bad_answer("names the file " + quote_foreign(*path) +
                      ", which could leave the model's folder");
  }
  HubFile file;
  file.path = *path;
  const json::value* lfs = find(entry, "lfs");
  const auto size = find_int(lfs != nullptr ? *lfs : entry, "size");
  if (size && *size < 0) return bad_answer("gives a negative size for " + quote_foreign(*path));
  if (size) file.bytes = static_cast<std::uint64_t>(*size);
  if (lfs == nullptr) return file;
  // "sha256" in this answer, "oid" in the one of /tree.
  auto digest = find_string(*lfs, "sha256");
  if (!digest) digest = find_string(*lfs, "oid");
  if (!digest || !is_hex(*digest, 64)) {
    return bad_answer("gives no SHA-256 digest for " + quote_foreign(*path));
  }
  file.sha256 = *digest;
  return file;
}

std::string licence_of(const json::value& answer) {
  std::string licence;
  if (const json::value* card = find(answer, "cardData"); card != nullptr) {
    licence = find_string(*card, "license").value_or("");
    if (licence == "other") licence = find_string(*card, "license_name").value_or("other");
  }
  const bool printable =
      std::ranges::all_of(licence, [](char c) { return c >= ' ' && c < '\x7f'; });
  return printable && licence.size() <= licence_bytes_max ? licence : std::string{};
}

}  // namespace

bool is_safe_relative_path(std::string_view path) {
  if (path.empty() || path.size() > path_bytes_max) return false;
  std::string_view rest = path;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part.size() > 255 || part == "." || part == "..") return false;
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f || c == '\\' || c == ':') return false;
    }
    if (slash == std::string_view::npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

Result<HubListing> parse_hub_listing(std::string_view text) {
  const json::value answer = TRY(parse_json(text, "the hub's answer"));
  HubListing listing;
  const auto commit = find_string(answer, "sha");
  if (!commit || !is_hex(*commit, 40)) return bad_answer("lacks the commit 'sha'");
  listing.commit = *commit;
  listing.licence = licence_of(answer);
  const json::value* files = find(answer, "siblings");
  if (files == nullptr || !files->is_array()) return bad_answer("lacks the list 'siblings'");
  if (files->get_array().size() > files_max) return bad_answer("lists more than 20,000 files");
  listing.files.reserve(files->get_array().size());
  for (const json::value& entry : files->get_array()) {
    listing.files.push_back(TRY(parse_file(entry)));
  }
  return listing;
}

}  // namespace croft
