#pragma once
/// One secret in a file, sealed by a passphrase: an upstream's API key that backups and disks may
/// see. XChaCha20-Poly1305 under a key that Argon2id makes of the passphrase.
///
/// File format, one line: `croft-secret-1 SALT NONCE BOX`, each in unpadded base64url: 16 bytes, 24
/// bytes, the secret and 16 bytes. The name is authenticated too.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

/// Takes about a quarter of a second and 64 MiB, on purpose. Errors: InvalidArgument (an empty
/// secret, one over 64 KiB, an empty passphrase); TooLarge (no memory).
Result<std::string> seal_secret(std::string_view secret, std::string_view passphrase);

/// Errors: Corrupt (the form); Forbidden (wrong passphrase, or the text was changed); TooLarge.
Result<std::string> open_secret(std::string_view sealed, std::string_view passphrase);

/// The secret in `path`, sealed or plain, without white space at its ends. A plain one must be
/// readable by its owner only. Errors: NotFound; Io; Forbidden (permissions; a sealed one without
/// `passphrase`); as open_secret; InvalidArgument (empty, more than one line).
Result<std::string> read_secret_file(const std::filesystem::path& path,
                                     const std::optional<std::string>& passphrase);

}  // namespace croft
