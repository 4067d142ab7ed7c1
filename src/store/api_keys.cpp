#include "store/api_keys.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "io/atomic_file.h"
#include "store/clock_text.h"
#include "store/key_secret.h"

namespace croft {
namespace {

constexpr std::string_view line_tag = "croft-key-1";
constexpr std::size_t label_bytes_max = 64;
// 10,000 keys; a file beyond that is not ours.
constexpr std::uintmax_t file_bytes_max = 2 * 1024 * 1024;

Result<void> check_label(std::string_view label) {
  bool sound = !label.empty() && label.size() <= label_bytes_max && label.front() != ' ';
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) sound = false;
  }
  if (!sound) {
    return fail(ErrorCode::InvalidArgument,
                "a key's label must have 1 to 64 bytes, no control characters and no space first",
                "Name its owner, for example \"billing service\".", "label");
  }
  return {};
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

/// The file's text; empty where it is absent.
Result<std::string> read_key_file(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::string{};
    return fail(ErrorCode::Io,
                "the key file '" + path.string() + "' cannot be read: " + std::strerror(errno),
                "Check the permissions of the file and of its folder.");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorCode::Forbidden,
                "the key file '" + path.string() + "' can be written by other users",
                "Run: chmod 600 '" + path.string() + "'");
  }
  if (!S_ISREG(status.st_mode) || static_cast<std::uintmax_t>(status.st_size) > file_bytes_max) {
    return fail(ErrorCode::Corrupt,
                "the key file '" + path.string() + "' is no regular file of at most 2 MiB");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) {
    return fail(ErrorCode::Io, "the key file '" + path.string() + "' cannot be read",
                "Check its permissions.");
  }
  return text;
}

/// Holds an exclusive lock on `path`.lock for its lifetime, so that two `create`s do not lose a
/// key.
class FileLock {
 public:
  static Result<FileLock> acquire(const std::filesystem::path& path) {
    const std::string name = path.string() + ".lock";
    const int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0 || ::flock(descriptor, LOCK_EX) != 0) {
      const std::string reason = std::strerror(errno);
      if (descriptor >= 0) ::close(descriptor);
      return fail(ErrorCode::Io, "the lock file '" + name + "' cannot be used: " + reason,
                  "Check the permissions of its folder.");
    }
    return FileLock(descriptor);
  }
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace

Result<ApiKeys::Entry> ApiKeys::parse_line(std::string_view line, std::size_t line_number,
                                           const std::filesystem::path& path) {
  std::string_view rest = line;
  const std::string_view tag = take_word(rest);
  const std::string_view salt = take_word(rest);
  const std::string_view hash = take_word(rest);
  const std::string_view created = take_word(rest);
  Entry entry;
  if (tag != line_tag || !from_base64url(salt, entry.salt) || !from_base64url(hash, entry.hash) ||
      created.empty() || !check_label(rest)) {
    // The line itself is not repeated: someone may have pasted a key into the file.
    return fail(ErrorCode::Corrupt,
                "line " + std::to_string(line_number) + " of the key file '" + path.string() +
                    "' is not of the form 'croft-key-1 SALT HASH CREATED LABEL'",
                "Delete that line and make a new key.");
  }
  entry.label = rest;
  return entry;
}

Result<ApiKeys> ApiKeys::load(const std::filesystem::path& path) {
  TRY(start_key_secrets());
  const std::string text = TRY(read_key_file(path));
  ApiKeys keys;
  std::string_view rest = text;
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    keys.entries_.push_back(TRY(parse_line(line, line_number, path)));
  }
  return keys;
}

Result<std::string> ApiKeys::create(const std::filesystem::path& path, std::string_view label) {
  TRY(start_key_secrets());
  TRY(check_label(label));
  std::error_code ignored;  // a folder that cannot be made shows as an error of the lock below
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  const FileLock lock = TRY(FileLock::acquire(path));
  TRY(load(path));  // never append to a file that is not ours
  std::string text = TRY(read_key_file(path));

  std::string key = make_api_key();
  std::array<std::uint8_t, salt_bytes> salt{};
  fill_random(salt);

  if (!text.empty() && text.back() != '\n') text += '\n';
  text += std::string(line_tag) + ' ' + to_base64url(salt) + ' ' +
          to_base64url(hash_api_key(key, salt)) + ' ' + utc_now_text() + ' ' + std::string(label) +
          '\n';
  // A new temporary file is 0600 (mkstemp's rule), and the rename keeps that.
  TRY(write_file_atomically(path, text));
  std::error_code error;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  if (error) {
    return fail(ErrorCode::Io,
                "the key file '" + path.string() + "' cannot be made private: " + error.message());
  }
  return key;
}

std::optional<std::size_t> ApiKeys::find(std::string_view key) const {
  std::size_t found = 0;  // entry + 1
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto hash = hash_api_key(key, entries_[i].salt);
    // Never leaves the loop early, and does the same for every entry: the time must not tell which
    // one matched.
    const auto equal = static_cast<std::size_t>(equal_in_constant_time(hash, entries_[i].hash));
    found |= (i + 1) & (std::size_t{0} - equal);
  }
  if (found == 0) return std::nullopt;
  return found - 1;
}

}  // namespace croft
