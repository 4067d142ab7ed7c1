#pragma once
/// The folder in which a model is put together before it appears in the library:
/// ROOT/.partial/NAME, on the same disk, so that one rename installs it. A lock file beside it
/// keeps a second process or thread out.

#include <filesystem>
#include <string>

#include "base/error.h"
#include "store/model_name.h"
#include "store/model_record.h"

namespace croft {

class Staging {
 public:
  /// Locks the folder for `name` (which has a tag) and creates it; what an earlier attempt left is
  /// still there. Errors: Busy (another pull or import of this model runs); Io (the folder that
  /// cannot be written is named).
  static Result<Staging> open(const std::filesystem::path& root, const ModelName& name);

  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Writes model.json and moves the folder to its place; everything is on the disk (fsync) before
  /// it appears. `model.path` names a file or folder in path(); the result's names it in the
  /// library. Errors: InvalidArgument (the name is taken); Io.
  Result<InstalledModel> install(InstalledModel model);

  /// Deletes what is staged.
  void discard();

 private:
  Staging(std::filesystem::path path, std::filesystem::path target, int lock);

  std::filesystem::path path_;
  std::filesystem::path target_;
  int lock_ = -1;
};

/// The place of an installed model: ROOT/smollm2/135m.
[[nodiscard]] std::filesystem::path model_folder(const std::filesystem::path& root,
                                                 const ModelName& name);

}  // namespace croft
