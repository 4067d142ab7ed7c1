// Which files of a repository make the model that was asked for (hub_listing.h).

#include <algorithm>
#include <array>
#include <set>

#include "io/quote_foreign.h"
#include "store/hub_listing.h"

namespace croft {
namespace {

// Nearest to the default first: what loses little and still fits small machines.
constexpr std::array<std::string_view, 13> preference = {
    "q4_k_m", "q4_k_s", "q4_0", "q4_1", "q5_k_m", "q5_k_s", "q5_0",
    "q5_1",   "q6_k",   "q8_0", "bf16", "f16",    "f32"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Whether a token of a file name names a quantization: q4_k_m, iq2_xxs, tq1_0, mxfp4, bf16 ...
bool is_quantization(std::string_view token) {
  for (const std::string_view whole : {"f16", "bf16", "f32", "fp16", "fp32", "mxfp4"}) {
    if (token == whole) return true;
  }
  if (token.starts_with("iq") || token.starts_with("tq")) token.remove_prefix(1);
  return token.size() >= 2 && token[0] == 'q' && token[1] >= '1' && token[1] <= '8' &&
         (token.size() == 2 || token[2] == '_');
}

/// Length of "-00001-of-00003" at the end of a stem, else 0.
std::size_t split_suffix(std::string_view stem) {
  constexpr std::string_view form = "-ddddd-of-ddddd";
  if (stem.size() < form.size()) return 0;
  const std::string_view tail = stem.substr(stem.size() - form.size());
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = tail[i] >= '0' && tail[i] <= '9';
    if (form[i] == 'd' ? !digit : tail[i] != form[i]) return 0;
  }
  return form.size();
}

std::string stem_of(std::string_view path) {
  std::string name = lower(file_name(path));
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  return name;
}

/// A model's GGUF; not a vision projector or the calibration data that some repositories carry.
bool is_model_gguf(std::string_view path) {
  const std::string name = lower(file_name(path));
  return name.ends_with(".gguf") && name.find("mmproj") == std::string::npos &&
         name.find("imatrix") == std::string::npos;
}

std::unexpected<Error> no_such_quantization(const std::vector<const HubFile*>& ggufs,
                                            std::string_view tag, std::string_view repository) {
  std::set<std::string> there;
  for (const HubFile* file : ggufs) {
    const std::string quantization = quantization_of(file_name(file->path));
    if (!quantization.empty()) there.insert(quantization);
  }
  std::string list;
  for (const std::string& quantization : there) list += (list.empty() ? "" : ", ") + quantization;
  const std::string wanted = tag.empty() ? "of a quantization we would choose" : std::string(tag);
  return fail(ErrorCode::NotFound,
              "the repository '" + std::string(repository) + "' has no GGUF " + wanted +
                  (list.empty() ? std::string{} : "; there are: " + list),
              there.empty() ? "Choose another repository."
                            : "Ask for one of them: croft pull hf:" + std::string(repository) +
                                  ":" + *there.begin(),
              "model");
}

Result<HubChoice> choose_gguf(const std::vector<const HubFile*>& ggufs, std::string_view tag,
                              std::string_view repository) {
  const auto with = [&](std::string_view quantization) -> const HubFile* {
    const HubFile* best = nullptr;
    for (const HubFile* file : ggufs) {
      if (quantization_of(file_name(file->path)) != quantization) continue;
      // Of several the plainest name: "x-q4_k_m" rather than "x-UD-q4_k_m".
      if (best == nullptr || file->path.size() < best->path.size()) best = file;
    }
    return best;
  };
  const HubFile* chosen = nullptr;
  if (!tag.empty() && tag != "latest") {
    chosen = with(tag);
  } else {
    for (const std::string_view quantization : preference) {
      if (chosen == nullptr) chosen = with(quantization);
    }
    if (chosen == nullptr && ggufs.size() == 1) chosen = ggufs.front();
  }
  if (chosen == nullptr) return no_such_quantization(ggufs, tag, repository);
  if (split_suffix(stem_of(chosen->path)) != 0) {
    return fail(ErrorCode::Unsupported,
                "the GGUF " + quote_foreign(chosen->path) + " of '" + std::string(repository) +
                    "' is split into several files, which Croft does not join",
                "Choose a smaller quantization or a repository that has it as one file.", "model");
  }
  const std::string quantization = quantization_of(file_name(chosen->path));
  return HubChoice{ModelFormat::Gguf, quantization.empty() ? "latest" : quantization, {*chosen}};
}

}  // namespace

std::string quantization_of(std::string_view name) {
  std::string stem = stem_of(name);
  stem.resize(stem.size() - split_suffix(stem));
  // The last such token counts: "Qwen3-Q8-merge-q4_k_m".
  std::string_view rest = stem;
  while (!rest.empty()) {
    const std::size_t start = rest.find_last_of("-.");
    const std::string_view token = start == std::string_view::npos ? rest : rest.substr(start + 1);
    if (is_quantization(token)) return std::string(token);
    if (start == std::string_view::npos) break;
    rest = rest.substr(0, start);
  }
  return {};
}

bool belongs_to_huggingface_model(std::string_view path) {
  constexpr std::array<std::string_view, 17> names = {"config.json",
                                                      "generation_config.json",
                                                      "tokenizer.json",
                                                      "tokenizer_config.json",
                                                      "tokenizer.model",
                                                      "special_tokens_map.json",
                                                      "added_tokens.json",
                                                      "vocab.json",
                                                      "vocab.txt",
                                                      "merges.txt",
                                                      "chat_template.jinja",
                                                      "chat_template.json",
                                                      "modules.json",
                                                      "sentence_bert_config.json",
                                                      "config_sentence_transformers.json",
                                                      "model.safetensors.index.json",
                                                      "LICENSE"};
  if (std::ranges::find(names, path) != names.end()) return true;
  const std::size_t slash = path.find('/');
  if (slash != std::string_view::npos) {
    // sentence-transformers keeps its pooling and normalisation in numbered folders.
    return path.front() >= '0' && path.front() <= '9' && path.substr(slash) == "/config.json";
  }
  // Mistral's repositories hold the weights twice; "consolidated" is the other layout.
  return path.ends_with(".safetensors") && !path.starts_with("consolidated");
}

Result<HubChoice> choose_files(const HubListing& listing, std::string_view tag,
                               std::string_view repository) {
  const std::string wanted = lower(tag);
  std::vector<const HubFile*> ggufs;
  bool has_safetensors = false;
  for (const HubFile& file : listing.files) {
    if (is_model_gguf(file.path)) ggufs.push_back(&file);
    has_safetensors |=
        file.path.ends_with(".safetensors") && belongs_to_huggingface_model(file.path);
  }
  const bool folder_wanted = wanted == "safetensors" || (wanted.empty() && ggufs.empty());
  if (!ggufs.empty() && !folder_wanted) return choose_gguf(ggufs, wanted, repository);
  if (!folder_wanted || !has_safetensors) {
    const std::string message = "the repository '" + std::string(repository) + "' has no " +
                                (folder_wanted ? "GGUF and no safetensors weights"
                                               : "GGUF, so no quantization '" + wanted + "'");
    const bool pickled = std::ranges::any_of(listing.files, [](const HubFile& file) {
      return file.path.ends_with(".bin") || file.path.ends_with(".pth");
    });
    if (pickled && !has_safetensors) {
      return fail(ErrorCode::Unsupported,
                  message + "; pickled weights can run code and are refused",
                  "Choose a repository with GGUF or safetensors files.", "model");
    }
    return fail(ErrorCode::NotFound, message,
                has_safetensors ? "Its full weights: croft pull hf:" + std::string(repository)
                                : "Choose another repository.",
                "model");
  }
  HubChoice choice{ModelFormat::HuggingFace, "safetensors", {}};
  std::ranges::copy_if(listing.files, std::back_inserter(choice.files),
                       [](const HubFile& file) { return belongs_to_huggingface_model(file.path); });
  return choice;
}

Result<HubChoice> choose_file(const HubListing& listing, std::string_view path,
                              std::string_view repository) {
  const auto found = std::ranges::find(listing.files, path, &HubFile::path);
  if (found == listing.files.end()) {
    return fail(ErrorCode::NotFound,
                "the repository '" + std::string(repository) + "' no longer has the file '" +
                    std::string(path) + "'",
                "Pull what it has now: croft pull hf:" + std::string(repository), "model");
  }
  return HubChoice{ModelFormat::Gguf, quantization_of(file_name(path)), {*found}};
}

}  // namespace croft
