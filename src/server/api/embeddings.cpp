// /v1/embeddings: texts or token ids to unit-length vectors.
#include <bit>
#include <cstring>

#include "base/limits.h"
#include "engine/embedding_text.h"
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/routes.h"
#include "server/api/text_request.h"
#include "server/api/text_shape.h"
#include "server/limits/access_control.h"

namespace croft {
namespace {

static_assert(std::endian::native == std::endian::little,
              "base64 embeddings are little-endian floats");

std::unexpected<Error> bad_input(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message), {}, "input");
}

Result<std::vector<TokenId>> read_input(const json::value& input, const TextEngine& engine,
                                        std::vector<std::string>& warnings) {
  std::vector<TokenId> tokens;
  if (input.is_string()) {
    EmbeddingTokens encoded =
        encode_for_embedding(engine.tokenizer(), engine.config(), input.get_string());
    tokens = std::move(encoded.tokens);
    if (encoded.tokens_before_cut > tokens.size())
      warnings.push_back("an input of " + std::to_string(encoded.tokens_before_cut) +
                         " tokens was cut to " + std::to_string(tokens.size()) +
                         ", the length that the model's own configuration sets");
  } else if (input.is_array()) {
    tokens = TRY(read_token_ids(input.get_array(), engine, "input"));
  } else {
    return bad_input("`input` must hold strings, token ids, or lists of token ids");
  }
  if (tokens.empty()) return bad_input("`input` holds an empty entry");
  if (tokens.size() > engine.context())
    return fail(ErrorCode::ContextOverflow,
                "an input has " + std::to_string(tokens.size()) + " tokens and the context " +
                    std::to_string(engine.context()),
                "Split it into shorter inputs", "input");
  return tokens;
}

Result<std::vector<std::vector<TokenId>>> read_inputs(const json::value& input,
                                                      const TextEngine& engine,
                                                      std::vector<std::string>& warnings) {
  std::vector<std::vector<TokenId>> inputs;
  const json::array* list = input.if_array();
  if (list != nullptr && list->empty()) return bad_input("`input` must not be an empty list");
  if (list == nullptr || list->front().is_number()) {
    inputs.push_back(TRY(read_input(input, engine, warnings)));
    return inputs;
  }
  if (list->size() > limits::embedding_inputs_max)
    return fail(ErrorCode::InvalidArgument,
                "`input` has " + std::to_string(list->size()) + " entries, at most " +
                    std::to_string(limits::embedding_inputs_max) + " are allowed",
                "Send several requests", "input");
  for (const json::value& entry : *list) inputs.push_back(TRY(read_input(entry, engine, warnings)));
  return inputs;
}

std::string base64(const void* data, std::size_t bytes_count) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::string out;
  out.reserve((bytes_count + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes_count; i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes_count - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8) | (k < left ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= left ? digits[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

json::value vector_json(const std::vector<float>& vector, bool as_base64) {
  if (as_base64) return json::value(base64(vector.data(), vector.size() * sizeof(float)));
  json::array list;
  list.reserve(vector.size());
  for (const float x : vector) list.push_back(static_cast<double>(x));
  return list;
}

struct EmbeddingAnswer {
  std::string model_name;
  bool as_base64 = false;
  std::size_t tokens_count = 0;
  std::vector<std::string> warnings;

  [[nodiscard]] HttpResponse response(const std::vector<std::vector<float>>& vectors) const {
    json::array data;
    for (std::size_t i = 0; i < vectors.size(); ++i)
      data.push_back(json::object{{"object", "embedding"},
                                  {"index", i},
                                  {"embedding", vector_json(vectors[i], as_base64)}});
    json::object body;
    body["object"] = "list";
    body["data"] = std::move(data);
    body["model"] = model_name;
    body["usage"] = json::object{{"prompt_tokens", tokens_count}, {"total_tokens", tokens_count}};
    add_warnings(body, warnings);
    HttpResponse whole;
    whole.body = json::serialize(body);
    return whole;
  }
};

Result<bool> wants_base64(const json::object& body) {
  const std::string format = read_string(body, "encoding_format");
  if (format.empty() || format == "float") return false;
  if (format == "base64") return true;
  return fail(ErrorCode::InvalidArgument, "`encoding_format` must be float or base64", {},
              "encoding_format");
}

Result<void> check_dimensions(const json::object& body, const TextEngine& engine) {
  const auto dimensions = read_integer(body, "dimensions");
  const std::int64_t own = engine.config().hidden_size;
  if (!dimensions || *dimensions == own) return {};
  return fail(ErrorCode::Unsupported,
              "`dimensions` must be " + std::to_string(own) +
                  ": this model is not known to be trained for other sizes",
              "Leave it out", "dimensions");
}

}  // namespace

Result<void> start_embeddings(const json::object& body, const ModelLease& engine,
                              const std::string& model_name, ModelMetrics& metrics,
                              const std::shared_ptr<AccessTicket>& ticket,
                              const std::shared_ptr<ResponseWriter>& writer) {
  EmbeddingAnswer answer;
  answer.warnings = TRY(check_fields(embedding_fields(), body));
  answer.as_base64 = TRY(wants_base64(body));
  if (Result<void> right = check_dimensions(body, *engine); !right) return right;
  answer.model_name = model_name;
  EmbeddingRequest request;
  request.inputs = TRY(read_inputs(body.at("input"), *engine, answer.warnings));
  request.cancel = writer->cancel().get_token();
  for (const auto& input : request.inputs) answer.tokens_count += input.size();
  if (ticket) TRY(ticket->on_tokens_estimate(answer.tokens_count, 0));
  writer->post([writer, count = answer.tokens_count] { writer->record().prompt_tokens = count; });
  request.on_computed = [writer](double seconds) {
    writer->post([writer, seconds] { writer->record().compute_seconds += seconds; });
  };

  // The engine's job holds the lease: the model stays until the vectors are there.
  return engine->embed(std::move(request), [writer, answer = std::move(answer), lease = engine,
                                            &metrics](Result<std::vector<std::vector<float>>> got) {
    // Serializing belongs to the connection's thread: the engine has the next batch to compute.
    writer->post([writer, answer, &metrics, got = std::move(got)] {
      if (!got) {
        writer->send(error_response(got.error()));
        return;
      }
      metrics.embedding_done(answer.tokens_count);
      writer->send(answer.response(*got));
    });
  });
}

}  // namespace croft
