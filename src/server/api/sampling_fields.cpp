#include "server/api/sampling_fields.h"

#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "base/random_bits.h"
#include "server/api/fields.h"

namespace croft {
namespace {

constexpr std::size_t logit_bias_max = 1024;  // the API this follows allows 300 in practice

Result<void> add_stop(const json::value& value, const std::string& field,
                      std::vector<std::string>& stop) {
  if (!value.is_string())
    return fail(ErrorCode::InvalidArgument, "`" + field + "` must be a string", {}, field);
  const json::string& text = value.get_string();
  if (text.empty())
    return fail(ErrorCode::InvalidArgument, "`" + field + "` must not be empty",
                "Leave it out to stop at the model's own end", field);
  if (text.size() > limits::stop_bytes_max)
    return fail(
        ErrorCode::InvalidArgument,
        "`" + field + "` is longer than " + std::to_string(limits::stop_bytes_max) + " bytes", {},
        field);
  stop.emplace_back(std::string_view(text));
  return {};
}

Result<std::vector<std::string>> read_stop(const json::object& body) {
  std::vector<std::string> stop;
  const json::value* value = find(body, "stop");
  if (value == nullptr) return stop;
  if (value->is_string()) {
    // OpenAI's clients send "" to mean none.
    if (value->get_string().empty()) return stop;
    if (Result<void> added = add_stop(*value, "stop", stop); !added)
      return std::unexpected(added.error());
    return stop;
  }
  const json::array& list = value->get_array();
  if (list.size() > limits::stop_strings_max)
    return fail(ErrorCode::InvalidArgument,
                "`stop` has " + std::to_string(list.size()) + " entries, at most " +
                    std::to_string(limits::stop_strings_max) + " are allowed",
                {}, "stop");
  for (std::size_t i = 0; i < list.size(); ++i)
    if (Result<void> added = add_stop(list[i], "stop[" + std::to_string(i) + "]", stop); !added)
      return std::unexpected(added.error());
  return stop;
}

Result<std::vector<std::pair<TokenId, float>>> read_logit_bias(const json::object& body,
                                                               const TextEngine& engine) {
  std::vector<std::pair<TokenId, float>> bias;
  const json::value* value = find(body, "logit_bias");
  if (value == nullptr) return bias;
  const json::object& entries = value->get_object();
  if (entries.size() > logit_bias_max)
    return fail(ErrorCode::InvalidArgument,
                "`logit_bias` has more than " + std::to_string(logit_bias_max) + " entries", {},
                "logit_bias");
  for (const auto& entry : entries) {
    const std::string_view key = entry.key();
    TokenId id = -1;
    const auto [end, problem] = std::from_chars(key.data(), key.data() + key.size(), id);
    const bool whole = problem == std::errc() && end == key.data() + key.size();
    if (!whole || id < 0 || static_cast<std::uint32_t>(id) >= engine.config().vocabulary_size)
      return fail(
          ErrorCode::InvalidArgument, "`logit_bias` has a key that is no token id of this model",
          "Keys are decimal ids from 0 to " + std::to_string(engine.config().vocabulary_size - 1),
          "logit_bias");
    const double number =
        entry.value().is_number() ? entry.value().to_number<double>() : std::nan("");
    if (!(number >= -100.0 && number <= 100.0))
      return fail(ErrorCode::InvalidArgument, "`logit_bias` values must be between -100 and 100",
                  {}, "logit_bias");
    bias.emplace_back(id, static_cast<float>(number));
  }
  return bias;
}

SamplingOptions read_sampling(const json::object& body) {
  const auto number = [&](std::string_view name, double fallback) {
    return static_cast<float>(read_number(body, name, fallback));
  };
  SamplingOptions sampling;
  sampling.temperature = number("temperature", 1.0);
  // Nucleus sampling always keeps the likeliest token, so 0 and the smallest value mean the same.
  constexpr float top_p_min = 1e-6f;
  sampling.top_p = std::max(number("top_p", 1.0), top_p_min);
  sampling.min_p = number("min_p", 0.0);
  sampling.repetition_penalty = number("repetition_penalty", 1.0);
  sampling.presence_penalty = number("presence_penalty", 0.0);
  sampling.frequency_penalty = number("frequency_penalty", 0.0);
  const std::int64_t top_k = read_integer(body, "top_k").value_or(0);
  sampling.top_k = top_k < 0 ? 0 : static_cast<std::int32_t>(top_k);
  const auto seed = read_integer(body, "seed");
  sampling.seed = seed ? static_cast<std::uint64_t>(*seed) : random_bits();
  return sampling;
}

Result<void> read_stream_options(const json::object& body, TextRequest& request) {
  request.stream = read_flag(body, "stream", false);
  const json::value* options = find(body, "stream_options");
  if (options == nullptr) return {};
  if (!request.stream)
    return fail(ErrorCode::InvalidArgument, "`stream_options` is given without `stream`",
                "Set stream to true, or leave it out", "stream_options");
  std::vector<std::string> warnings =
      TRY(check_fields(stream_option_fields(), options->get_object(), "stream_options."));
  for (std::string& warning : warnings) request.warnings.push_back(std::move(warning));
  request.include_usage = read_flag(options->get_object(), "include_usage", false);
  return {};
}

Result<void> read_service(const json::object& body, GenerationRequest& generation) {
  if (const auto ms = read_integer(body, "deadline_ms"))
    generation.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(*ms);
  const json::value* tier = body.if_contains("service_tier");
  if (tier == nullptr || !tier->is_string()) return {};
  const std::string_view name = tier->get_string();
  if (name == "flex")
    generation.priority = Priority::Batch;
  else if (name != "auto" && name != "default")
    return fail(ErrorCode::InvalidArgument,
                "`service_tier` is \"" + std::string(name) + "\"; auto, default and flex are known",
                {}, "service_tier");
  return {};
}

}  // namespace

Result<void> read_shared_fields(const json::object& body, const TextEngine& engine,
                                TextRequest& request) {
  GenerationRequest& generation = request.generation;
  generation.sampling = read_sampling(body);
  generation.sampling.logit_bias = TRY(read_logit_bias(body, engine));
  generation.stop = TRY(read_stop(body));
  TRY(read_service(body, generation));
  generation.ignore_end_tokens = read_flag(body, "ignore_eos", false);
  generation.special_tokens_in_text = !read_flag(body, "skip_special_tokens", true);
  request.token_ids_as_text = read_flag(body, "return_tokens_as_token_ids", false);
  request.choices_per_prompt = static_cast<std::size_t>(read_integer(body, "n").value_or(1));
  return read_stream_options(body, request);
}

}  // namespace croft
