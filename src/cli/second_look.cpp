#include "cli/second_look.h"

#include "cli/generate.h"
#include "cli/model_access.h"

namespace croft::cli {

Result<std::unique_ptr<SecondLook>> SecondLook::open(const Settings& settings,
                                                     const std::string& model) {
  const auto path = TRY(model_path(settings, model));
  std::unique_ptr<Engine> engine = TRY(open_engine(settings, path, {.parallel = 1}));
  if (engine->model().decoder() == nullptr)
    return fail(
        ErrorCode::Unsupported,
        "--second-look: " + engine->model().info().name + " makes embeddings and cannot write text",
        "Give a chat model");
  if (engine->model().chat_template().empty())
    return fail(ErrorCode::Unsupported,
                "--second-look: " + engine->model().info().name + " has no chat template",
                "Give a chat model: one that only continues text cannot be asked");
  ChatFormatter formatter = TRY(ChatFormatter::create(engine->shared_model()));
  return std::unique_ptr<SecondLook>(new SecondLook(std::move(engine), std::move(formatter)));
}

Result<std::string> SecondLook::ask(std::string_view piece) {
  const std::size_t context = engine_->options().context;
  GenerationRequest request;
  // Models that think first would spend the few tokens on that.
  ChatPrompt prompt = TRY(formatter_.format({{"messages", privacy::second_look_messages(piece)},
                                             {"add_generation_prompt", true},
                                             {"enable_thinking", false}},
                                            context));
  request.prompt = std::move(prompt.tokens);
  request.tokens_max = privacy::second_look_tokens_max(piece);
  request.sampling.temperature = 0.0f;
  request.cancel = cancel_;
  if (request.prompt.size() + request.tokens_max > context)
    return fail(ErrorCode::ContextOverflow,
                "the question takes " + std::to_string(request.prompt.size()) +
                    " tokens and its answer up to " + std::to_string(request.tokens_max) +
                    ", and the context of the model is " + std::to_string(context),
                "Give a model with a longer context");
  Generated answer = TRY(generate_and_wait(*engine_, std::move(request)));
  if (answer.reason == FinishReason::Cancelled) return fail(ErrorCode::Cancelled, "interrupted");
  ++pieces_;
  cut_short_ += answer.reason == FinishReason::Length;
  return std::move(answer.text);
}

Result<std::vector<privacy::Finding>> SecondLook::look(std::string_view text,
                                                       std::span<const privacy::Finding> findings,
                                                       const std::string& place) {
  std::vector<privacy::Finding> found;
  for (const privacy::TextPiece& piece : privacy::cut_into_pieces(text)) {
    const auto answer = ask(text.substr(piece.start, piece.end - piece.start));
    if (!answer) {
      Error error = answer.error();
      error.message = place + ", bytes " + std::to_string(piece.start) + " to " +
                      std::to_string(piece.end) + ", second look: " + error.message;
      return std::unexpected(std::move(error));
    }
    const auto names = privacy::names_in_answer(*answer);
    const auto placed = privacy::place_names(text, piece, names, findings);
    found.insert(found.end(), placed.begin(), placed.end());
  }
  return found;
}

std::string SecondLook::shortfall() const {
  if (cut_short_ == 0) return {};
  return "the model's list of names did not end in " + std::to_string(cut_short_) + " of " +
         std::to_string(pieces_) + " pieces and was cut; names may be missing there";
}

}  // namespace croft::cli
