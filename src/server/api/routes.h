#pragma once
/// The routes other than text generation. Each takes a parsed body and gives a whole answer.

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/text_engine.h"

namespace croft {

Result<json::object> tokenize_route(const json::object& body, const TextEngine& engine);
Result<json::object> detokenize_route(const json::object& body, const TextEngine& engine);
Result<json::object> apply_template_route(const json::object& body, const TextEngine& engine);

/// One entry of /v1/models.
[[nodiscard]] json::object model_json(const TextEngine& engine, const std::string& name,
                                      std::int64_t created);

/// Answers through `writer` once the vectors are there. Errors: the body is at fault; nothing was
/// started.
Result<void> start_embeddings(const json::object& body, const std::shared_ptr<TextEngine>& engine,
                              const std::string& model_name, Metrics& metrics,
                              const std::shared_ptr<ResponseWriter>& writer);

}  // namespace croft
