#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"
#include "store/secret_file.h"

namespace croft::cli {

Result<int> secret_seal_verb(const Settings& settings) {
  const auto passphrase = process_environment()("CROFT_SECRETS_PASSPHRASE");
  if (!passphrase)
    return fail(ErrorCode::InvalidArgument, "CROFT_SECRETS_PASSPHRASE is not set",
                "It seals the secret, and opens it again when `croft serve` starts.");
  constexpr std::size_t secret_bytes_max = 64 * 1024;
  std::string secret = TRY(read_file_or_stdin("-", secret_bytes_max));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  const std::string sealed = TRY(seal_secret(secret, *passphrase)) + "\n";
  TRY(write_file_atomically(settings.text("out"), sealed));
  TRY(print_line("sealed; name the file with key_file in croft.toml: " + settings.text("out")));
  return 0;
}

}  // namespace croft::cli
