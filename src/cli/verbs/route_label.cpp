#include <atomic>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "cli/generate.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "engine/chat.h"
#include "io/atomic_file.h"
#include "io/sha256.h"
#include "router/confidence/accept_answer.h"
#include "router/confidence/answer_points.h"
#include "store/clock_text.h"

namespace croft::cli {
namespace {

constexpr std::size_t input_bytes_max = 256 * limits::MiB;
constexpr std::size_t alternatives = 5;  // as the server asks for

struct Question {
  std::string id;
  std::string task;
  json::array messages;
  std::optional<std::string> expected;
  std::optional<std::string> cloud_answer;
  std::optional<double> cost;
};

std::unexpected<Error> bad_row(std::size_t line, const std::string& complaint) {
  return fail(ErrorCode::InvalidArgument, "line " + std::to_string(line) + ": " + complaint,
              "A row is {\"prompt\" or \"messages\", \"expected\" and/or \"cloud_answer\"}, with "
              "\"id\", \"task\" and \"cost\" as it likes.");
}

std::optional<std::string> text_member(const json::value& row, std::string_view name) {
  const auto text = find_string(row, name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Result<Question> read_question(const json::value& row, std::size_t line) {
  if (!row.is_object()) return bad_row(line, "no JSON object");
  for (const auto& member : row.get_object()) {
    constexpr std::array known = {"id",       "task",         "prompt", "messages",
                                  "expected", "cloud_answer", "cost"};
    if (std::ranges::none_of(known, [&](const char* name) { return member.key() == name; }))
      return bad_row(line, "unknown member \"" + std::string(member.key()) + "\"");
  }
  Question question;
  question.id = text_member(row, "id").value_or("line-" + std::to_string(line));
  question.task = text_member(row, "task").value_or("");
  question.expected = text_member(row, "expected");
  question.cloud_answer = text_member(row, "cloud_answer");
  question.cost = find_number(row, "cost");
  const json::value* messages = find(row, "messages");
  if (const auto prompt = text_member(row, "prompt"))
    question.messages = {json::object{{"role", "user"}, {"content", *prompt}}};
  else if (messages != nullptr && messages->is_array())
    question.messages = messages->get_array();
  else
    return bad_row(line, "neither \"prompt\" nor \"messages\"");
  if (!question.expected && !question.cloud_answer)
    return bad_row(line, "nothing to compare the answer with");
  return question;
}

Result<std::vector<Question>> read_questions(std::string_view text) {
  std::vector<Question> questions;
  std::size_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Result<json::value> parsed = parse_json(row, "the row");
    if (!parsed) return bad_row(line, parsed.error().message);
    questions.push_back(TRY(read_question(*parsed, line)));
  }
  if (questions.empty()) return fail(ErrorCode::InvalidArgument, "there are no rows");
  return questions;
}

class Labeller {
 public:
  Labeller(Engine& engine, const ChatFormatter& formatter, const Settings& settings)
      : engine_(engine),
        formatter_(formatter),
        rule_(*find_accept_rule(settings.text("accept"))),
        tokens_max_(settings.size("max-tokens")),
        early_tokens_(settings.size("early-tokens")) {}

  /// One line of the output.
  Result<json::object> label(const Question& question, std::stop_token cancel) const {
    ChatPrompt prompt =
        TRY(formatter_.format({{"messages", question.messages}, {"add_generation_prompt", true}},
                              engine_.options().context));
    GenerationRequest request;
    AnswerContext context;
    context.prompt_tokens = static_cast<double>(prompt.tokens.size());
    request.prompt = std::move(prompt.tokens);
    request.tokens_max = tokens_max_;
    request.sampling.temperature = 0.0f;
    request.logprobs = true;
    request.top_logprobs = alternatives;
    request.cancel = std::move(cancel);
    const Generated answer = TRY(generate_and_wait(engine_, std::move(request)));
    if (answer.reason == FinishReason::Cancelled) return fail(ErrorCode::Cancelled, "interrupted");
    const std::string& truth = question.expected ? *question.expected : *question.cloud_answer;
    json::object row = {{"id", question.id}};
    if (!question.task.empty()) row["task"] = question.task;
    row["acceptable"] = accepts(rule_, answer.text, truth);
    if (question.cloud_answer)
      row["cloud_acceptable"] = accepts(rule_, *question.cloud_answer, truth);
    if (question.cost) row["cost"] = *question.cost;
    row["features"] = point_features_json(
        features_at_points(context, answer.answered, answer.text, early_tokens_));
    return row;
  }

 private:
  Engine& engine_;
  const ChatFormatter& formatter_;
  AcceptRule rule_;
  std::size_t tokens_max_;
  std::size_t early_tokens_;
};

/// As many at a time as the engine computes together.
Result<std::vector<std::string>> label_all(const Labeller& labeller,
                                           const std::vector<Question>& questions,
                                           std::size_t parallel) {
  Progress progress("label", Progress::Unit::Count);
  Interrupts interrupts;
  const std::stop_token cancel = interrupts.begin();
  std::vector<std::string> lines(questions.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  std::optional<Error> failed;
  const auto work = [&] {
    for (std::size_t i = next++; i < questions.size(); i = next++) {
      Result<json::object> row = labeller.label(questions[i], cancel);
      const std::scoped_lock lock(mutex);
      if (!row) {
        if (!failed) {
          failed = row.error();
          failed->message = questions[i].id + ": " + failed->message;
        }
        next = questions.size();
        return;
      }
      lines[i] = json::serialize(*row);
      progress.update(++done, questions.size());
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < parallel; ++i) threads.emplace_back(work);
  }
  if (failed) return std::unexpected(*std::move(failed));
  return lines;
}

}  // namespace

Result<int> route_label_verb(const Settings& settings) {
  const std::string text = TRY(read_file_or_stdin(settings.arguments().front(), input_bytes_max));
  const std::vector<Question> questions = TRY(read_questions(text));
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::unique_ptr<Engine> engine = TRY(open_engine(settings, path, {}));
  const ChatFormatter formatter = TRY(ChatFormatter::create(engine->shared_model()));
  const std::string& chat_template = engine->model().chat_template();
  const json::object meta = {{"model", settings.text("model")},
                             {"model_digest", TRY(sha256_file(path))},
                             {"template_hash", sha256_hex(std::as_bytes(std::span(chat_template)))},
                             {"early_tokens", settings.size("early-tokens")},
                             {"accept", settings.text("accept")},
                             {"made", utc_now_text()}};
  const Labeller labeller(*engine, formatter, settings);
  const std::vector<std::string> lines =
      TRY(label_all(labeller, questions, engine->options().parallel));
  std::string out = json::serialize(json::object{{"meta", meta}}) + "\n";
  for (const std::string& line : lines) out += line + "\n";
  if (settings.text("out").empty()) {
    std::fwrite(out.data(), 1, out.size(), stdout);
    return 0;
  }
  TRY(write_file_atomically(settings.text("out"), out));
  return 0;
}

}  // namespace croft::cli
