// /v1/models, and loading and unloading by hand in llama-server's shapes.
#include <algorithm>

#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/routes.h"
#include "server/api/text_shape.h"

namespace croft {
namespace {

/// llama-server's words, and one of our own for a model that is about to go.
std::string_view state_word(ModelState state) {
  switch (state) {
    case ModelState::Loading:
      return "loading";
    case ModelState::Ready:
      return "loaded";
    case ModelState::Draining:
      return "unloading";
    case ModelState::Unloaded:
      break;
  }
  return "unloaded";
}

void add_card(json::object& model, const ModelCard& card) {
  const ModelInfo& info = card.info;
  const bool encoder = card.config.is_encoder();
  model["context_length"] = card.context;
  model["max_model_len"] = card.context;  // vLLM's name for the same
  model["trained_context_length"] = card.config.context_length;
  model["architecture"] = replace_invalid_utf8(info.architecture);
  model["quantization"] = replace_invalid_utf8(info.quantization);
  model["format"] = replace_invalid_utf8(info.format);
  model["parameters"] = info.parameters_count;
  model["bytes"] = info.file_bytes;
  model["licence"] =
      info.licence.empty() ? json::value() : json::value(replace_invalid_utf8(info.licence));
  model["modalities"] = json::array{"text"};
  model["capabilities"] =
      encoder ? json::array{"embeddings"} : json::array{"completions", "embeddings"};
  if (!encoder && card.has_chat_template) model["capabilities"].get_array().push_back("chat");
  model["embedding_length"] = card.config.hidden_size;
}

/// Tells the caller, once, how a change of `name` ended.
ModelSink change_sink(const std::shared_ptr<ResponseWriter>& writer, std::string name,
                      std::vector<std::string> warnings) {
  return [writer, name = std::move(name),
          warnings = std::move(warnings)](const Result<ModelLease>& result) {
    if (!result) {
      writer->send(error_response(result.error()));
      return;
    }
    json::object answer = {{"success", true}, {"model", name}};
    add_warnings(answer, warnings);
    HttpResponse response;
    response.body = json::serialize(answer);
    writer->send(std::move(response));
  };
}

}  // namespace

Result<std::size_t> find_served_model(const ModelHouse& house, std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < house.size(); ++i) {
    if (house.source(i).name == name) return i;
    names += (i == 0 ? "" : ", ") + house.source(i).name;
  }
  return fail(ErrorCode::NotFound, "there is no such model here",
              (house.size() == 1 ? "The served model is " : "The served models are ") + names,
              "model");
}

Result<std::size_t> choose_model(const ModelHouse& house, const json::object& body) {
  const json::value* model = find(body, "model");
  if (house.size() == 1 || model == nullptr) return 0;
  if (!model->is_string())
    return fail(ErrorCode::InvalidArgument, "`model` must be a string", {}, "model");
  const std::string_view name = model->get_string();
  return name.empty() ? Result<std::size_t>(0) : find_served_model(house, name);
}

json::object model_json(const ModelView& view, const ModelSource& source, std::int64_t created) {
  json::object model;
  model["id"] = source.name;
  model["object"] = "model";
  model["created"] = created;
  model["owned_by"] = "croft";
  if (view.card) add_card(model, *view.card);
  json::object status = {{"value", state_word(view.state)}};
  if (view.failed) status["failed"] = true;
  model["status"] = std::move(status);
  return model;
}

Result<void> start_model_load(const json::object& body, ModelHouse& house,
                              const std::shared_ptr<ResponseWriter>& writer) {
  std::vector<std::string> warnings = TRY(check_fields(model_fields(), body));
  const std::size_t model = TRY(find_served_model(house, read_string(body, "model")));
  house.lease(model, {.cancel = writer->cancel().get_token(), .bytes = 0},
              change_sink(writer, house.source(model).name, std::move(warnings)));
  return {};
}

Result<void> start_model_unload(const json::object& body, ModelHouse& house,
                                const std::shared_ptr<ResponseWriter>& writer) {
  std::vector<std::string> warnings = TRY(check_fields(model_fields(), body));
  const std::size_t model = TRY(find_served_model(house, read_string(body, "model")));
  house.unload(model, {.cancel = writer->cancel().get_token(), .bytes = 0},
               change_sink(writer, house.source(model).name, std::move(warnings)));
  return {};
}

}  // namespace croft
