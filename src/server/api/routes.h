#pragma once
/// The routes other than text generation. Each takes a parsed body and gives a whole answer.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/model_house.h"

namespace croft::privacy {
class CustomRules;
}

namespace croft {

Result<json::object> tokenize_route(const json::object& body, const TextEngine& engine);
Result<json::object> detokenize_route(const json::object& body, const TextEngine& engine);
Result<json::object> apply_template_route(const json::object& body, const TextEngine& engine);
/// `rules`: of the configuration, or null. Errors: InvalidArgument (a type that is none).
Result<json::object> redact_route(const json::object& body, const privacy::CustomRules* rules);

/// One entry of /v1/models.
[[nodiscard]] json::object model_json(const ModelView& view, const ModelSource& source,
                                      std::int64_t created);

/// /models/load and /models/unload: answers through `writer` once it is done. Errors: the body is
/// at fault; nothing was started.
Result<void> start_model_load(const json::object& body, ModelHouse& house,
                              const std::shared_ptr<ResponseWriter>& writer);
Result<void> start_model_unload(const json::object& body, ModelHouse& house,
                                const std::shared_ptr<ResponseWriter>& writer);

/// The model called `name`. Errors: NotFound, naming those served.
Result<std::size_t> find_served_model(const ModelHouse& house, std::string_view name);
/// The one that a request's `model` means: the main one where absent or empty, and always where
/// there is no other. Errors: NotFound; InvalidArgument (no string).
Result<std::size_t> choose_model(const ModelHouse& house, const json::object& body);

/// Answers through `writer` once the vectors are there. Errors: the body is at fault; nothing was
/// started.
Result<void> start_embeddings(const json::object& body, const ModelLease& engine,
                              const std::string& model_name, ModelMetrics& metrics,
                              const std::shared_ptr<AccessTicket>& ticket,
                              const std::shared_ptr<ResponseWriter>& writer);

}  // namespace croft
