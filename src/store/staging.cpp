#include "store/staging.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace croft {
namespace {

namespace fs = std::filesystem;

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return {};
  // The first parent that exists is the one whose permissions matter.
  fs::path parent = folder.parent_path();
  std::error_code ignored;
  while (parent.has_relative_path() && !fs::exists(parent, ignored)) parent = parent.parent_path();
  return fail(ErrorCode::Io,
              "the folder '" + folder.string() + "' cannot be made: " + error.message(),
              "Check that '" + parent.string() + "' may be written, or set CROFT_MODELS_DIR.");
}

/// Brings one file or folder to the disk.
Result<void> sync_path(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (done) return {};
  return fail(ErrorCode::Io,
              "'" + path.string() + "' cannot be brought to the disk: " + std::strerror(reason),
              "Check the disk.");
}

Result<void> sync_tree(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (i->is_symlink()) continue;
    TRY(sync_path(i->path()));
  }
  if (error) {
    return fail(ErrorCode::Io, "'" + folder.string() + "' cannot be listed: " + error.message());
  }
  return sync_path(folder);
}

Result<int> lock_file(const fs::path& path, const ModelName& name) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return fail(ErrorCode::Io,
                "the lock file '" + path.string() + "' cannot be opened: " + std::strerror(errno),
                "Check the permissions of its folder.");
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const int reason = errno;
  ::close(descriptor);
  if (reason == EWOULDBLOCK) {
    return fail(ErrorCode::Busy, "another pull or import of '" + name.text() + "' is running",
                "Wait until it is done.");
  }
  return fail(ErrorCode::Io,
              "the lock file '" + path.string() + "' cannot be locked: " + std::strerror(reason),
              "Keep the models on a disk whose filesystem has locks.");
}

}  // namespace

fs::path model_folder(const fs::path& root, const ModelName& name) {
  return root / name.folder();
}

Result<Staging> Staging::open(const fs::path& root, const ModelName& name) {
  std::string flat;  // "hf--user--repo--q4_k_m": one level, so that leftovers are easy to see
  for (const fs::path& part : name.folder()) flat += (flat.empty() ? "" : "--") + part.string();
  const fs::path partial = root / ".partial";
  TRY(make_folder(partial));
  const int lock = TRY(lock_file(partial / (flat + ".lock"), name));
  Staging staging(partial / flat, model_folder(root, name), lock);
  TRY(make_folder(staging.path_));
  return staging;
}

Staging::Staging(fs::path path, fs::path target, int lock)
    : path_(std::move(path)), target_(std::move(target)), lock_(lock) {}

Staging::Staging(Staging&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      lock_(std::exchange(other.lock_, -1)) {}

Staging::~Staging() {
  // The empty lock file stays: deleting it would let a third process lock a new one while a second
  // waits on the old.
  if (lock_ >= 0) ::close(lock_);
}

Result<InstalledModel> Staging::install(InstalledModel model) {
  TRY(write_model_record(path_, model));
  TRY(sync_tree(path_));
  TRY(make_folder(target_.parent_path()));
  // rename(2) replaces an empty folder and refuses any other: nothing installed is overwritten.
  std::error_code error;
  fs::rename(path_, target_, error);
  if (error == std::errc::directory_not_empty || error == std::errc::file_exists) {
    return fail(ErrorCode::InvalidArgument, "the model '" + model.name + "' is installed already",
                "Remove it first: croft rm " + model.name, "model");
  }
  if (error) {
    return fail(ErrorCode::Io, "'" + path_.string() + "' cannot be moved to '" + target_.string() +
                                   "': " + error.message());
  }
  TRY(sync_path(target_.parent_path()));
  model.path = target_ / model.path.filename();
  return model;
}

void Staging::discard() {
  std::error_code ignored;  // what cannot be deleted is found and deleted by the next attempt
  fs::remove_all(path_, ignored);
}

}  // namespace croft
