#include "store/secret_file.h"

#include <sodium.h>

#include <array>
#include <fstream>
#include <sstream>
#include <vector>

namespace croft {
namespace {

constexpr std::string_view magic = "croft-secret-1";
constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr std::size_t file_bytes_max = 128 * 1024;
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

using Salt = std::array<unsigned char, crypto_pwhash_SALTBYTES>;
using Nonce = std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

/// Wiped when it goes.
struct SealKey {
  std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_KEYBYTES> bytes{};
  ~SealKey() { sodium_memzero(bytes.data(), bytes.size()); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encoded(const unsigned char* bytes, std::size_t count) {
  std::string text(sodium_base64_encoded_len(count, variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, count, variant);
  text.resize(text.size() - 1);  // the zero at its end
  return text;
}

bool decode(std::string_view text, std::vector<unsigned char>& out) {
  out.resize(text.size());
  std::size_t length = 0;
  const char* end = nullptr;
  const bool read = sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr,
                                      &length, &end, variant) == 0;
  out.resize(length);
  return read && end == text.data() + text.size();
}

Result<void> make_key(std::string_view passphrase, const Salt& salt, SealKey& key) {
  if (sodium_init() < 0)
    return fail(ErrorCode::Internal, "libsodium could not start: no source of randomness");
  if (passphrase.empty())
    return fail(ErrorCode::InvalidArgument, "the passphrase is empty",
                "Set CROFT_SECRETS_PASSPHRASE.");
  if (crypto_pwhash(key.bytes.data(), key.bytes.size(), passphrase.data(), passphrase.size(),
                    salt.data(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                    crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::TooLarge, "this machine has not enough free memory to open a secret",
                "64 MiB are needed.");
  return {};
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

Result<std::string> read_whole(const std::filesystem::path& path) {
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(path, problem);
  if (problem == std::errc::no_such_file_or_directory)
    return fail(ErrorCode::NotFound, "there is no key file " + path.string());
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (problem || size > file_bytes_max || !stream || !(text << stream.rdbuf()))
    return fail(ErrorCode::Io, "cannot read the key file " + path.string(),
                "It must be a readable file of one line.");
  return text.str();
}

}  // namespace

Result<std::string> seal_secret(std::string_view secret, std::string_view passphrase) {
  if (secret.empty() || secret.size() > secret_bytes_max)
    return fail(ErrorCode::InvalidArgument, "a secret has 1 to 65536 bytes");
  Salt salt{};
  Nonce nonce{};
  SealKey key;
  if (sodium_init() < 0)
    return fail(ErrorCode::Internal, "libsodium could not start: no source of randomness");
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(nonce.data(), nonce.size());
  TRY(make_key(passphrase, salt, key));
  std::vector<unsigned char> box(secret.size() + tag_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(box.data(), nullptr, bytes_of(secret), secret.size(),
                                             bytes_of(magic), magic.size(), nullptr, nonce.data(),
                                             key.bytes.data());
  return std::string(magic) + " " + encoded(salt.data(), salt.size()) + " " +
         encoded(nonce.data(), nonce.size()) + " " + encoded(box.data(), box.size());
}

Result<std::string> open_secret(std::string_view sealed, std::string_view passphrase) {
  const std::vector<std::string_view> words = words_of(trimmed(sealed));
  std::vector<unsigned char> salt_read;
  std::vector<unsigned char> nonce_read;
  std::vector<unsigned char> box;
  Salt salt{};
  Nonce nonce{};
  if (words.size() != 4 || words[0] != magic || !decode(words[1], salt_read) ||
      !decode(words[2], nonce_read) || !decode(words[3], box) || salt_read.size() != salt.size() ||
      nonce_read.size() != nonce.size() || box.size() <= tag_bytes)
    return fail(ErrorCode::Corrupt, "this is no sealed secret of Croft",
                "`croft secret seal` makes one.");
  std::copy(salt_read.begin(), salt_read.end(), salt.begin());
  std::copy(nonce_read.begin(), nonce_read.end(), nonce.begin());
  SealKey key;
  TRY(make_key(passphrase, salt, key));
  std::string secret(box.size() - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(secret.data()), nullptr, nullptr, box.data(), box.size(),
          bytes_of(magic), magic.size(), nonce.data(), key.bytes.data()) != 0)
    return fail(ErrorCode::Forbidden, "the passphrase does not open this secret",
                "Check CROFT_SECRETS_PASSPHRASE, or seal the secret again.");
  return secret;
}

Result<std::string> read_secret_file(const std::filesystem::path& path,
                                     const std::optional<std::string>& passphrase) {
  const std::string text = TRY(read_whole(path));
  const std::string_view content = trimmed(text);
  if (content.starts_with(magic)) {
    if (!passphrase)
      return fail(ErrorCode::Forbidden,
                  "the key file " + path.string() + " is sealed and there is no passphrase",
                  "Set CROFT_SECRETS_PASSPHRASE.");
    Result<std::string> secret = open_secret(content, *passphrase);
    if (!secret) secret.error().message = path.string() + ": " + secret.error().message;
    return secret;
  }
  std::error_code problem;
  const auto mode = std::filesystem::status(path, problem).permissions();
  using std::filesystem::perms;
  if (problem || (mode & (perms::group_all | perms::others_all)) != perms::none)
    return fail(ErrorCode::Forbidden,
                "the key file " + path.string() + " is open to others than its owner",
                "chmod 600 it, or seal it with `croft secret seal`.");
  if (content.empty() || content.find('\n') != std::string_view::npos)
    return fail(ErrorCode::InvalidArgument,
                "the key file " + path.string() + " must hold one key on one line");
  return std::string(content);
}

}  // namespace croft
