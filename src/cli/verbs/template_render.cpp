#include <chrono>
#include <cstdio>

#include "base/json.h"
#include "base/limits.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "template/chat_template.h"

namespace croft::cli {
namespace {

/// "2026-11-21T09:30:00", also with a space, without the time, or with a Z; taken as it stands, in
/// no time zone.
Result<std::chrono::sys_seconds> parse_time(const std::string& text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char tail = 0;
  const int read = std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%c", &year, &month, &day,
                               &hour, &minute, &second, &tail);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool shape = (read == 3 && text.size() <= 10) || read == 6 || (read == 7 && tail == 'Z');
  const bool range = date.ok() && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
                     second >= 0 && second < 61;
  if (!shape || !range)
    return fail(ErrorCode::InvalidArgument, "--now is '" + text + "', which is no time",
                "Write it as 2026-11-21T09:30:00", "now");
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

/// The wall clock of this machine's time zone, as templates print it.
std::chrono::sys_seconds local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return std::chrono::sys_seconds(std::chrono::seconds(now + local.tm_gmtoff));
}

Result<std::string> template_source(const Settings& settings) {
  const bool has_file = !settings.arguments().empty();
  // A model named by the environment is a default; a template file on the command line is meant.
  if (has_file && settings.origin("model") == Origin::Flag)
    return fail(ErrorCode::InvalidArgument, "a template file and --model are both given",
                "Give one of them");
  if (!has_file && !settings.has_value("model"))
    return fail(ErrorCode::InvalidArgument, "neither a template file nor --model is given",
                "Give one of them");
  if (has_file)
    return read_file_or_stdin(settings.arguments().front(), limits::template_source_bytes_max);
  const auto path = TRY(model_path(settings, settings.text("model")));
  ModelSummary summary = TRY(summarize_model(path));
  if (summary.chat_template.empty())
    return fail(ErrorCode::Unsupported, path.string() + " has no chat template",
                "Give a template file instead of --model");
  return std::move(summary.chat_template);
}

}  // namespace

Result<int> template_render_verb(const Settings& settings) {
  const std::string source = TRY(template_source(settings));
  const std::string& input = settings.text("input");
  const std::string text = TRY(read_file_or_stdin(input, limits::request_body_bytes_max));
  const json::value context = TRY(parse_json(text, input));
  if (!context.is_object())
    return fail(ErrorCode::InvalidArgument, input + " is no JSON object",
                "It must hold messages, and what else the template reads");
  RenderOptions options;
  options.now = local_now();
  if (settings.has_value("now")) options.now = TRY(parse_time(settings.text("now")));
  const ChatTemplate chat_template = TRY(ChatTemplate::parse(source));
  const MarkedText rendered = TRY(chat_template.render(context.get_object(), options));
  TRY(print(for_stdout(rendered.text)));
  return 0;
}

}  // namespace croft::cli
