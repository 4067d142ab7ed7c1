// Goal: templates render as in Python Jinja2, hostile ones end in a clear error, and text from
// outside stays marked. Method: recorded outputs of Python (tools/make_template_expectations.py)
// for one template per feature of the language and for published templates; tables of hostile
// templates; byte ranges spelled out.

#include "template/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace croft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

RenderOptions options_at_the_recorded_time() {
  RenderOptions options;
  options.now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
  return options;
}

Result<MarkedText> render(std::string_view source, const json::object& context,
                          const RenderOptions& options = options_at_the_recorded_time()) {
  const ChatTemplate parsed = TRY(ChatTemplate::parse(source));
  return parsed.render(context, options);
}

json::object parse_object(std::string_view text) {
  return parse_json(text, "test")->as_object();
}

const json::object& expectations() {
  static const json::object out =
      parse_object(read_file(CROFT_SOURCE_DIR "/tests/data/templates_expected.json"));
  return out;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  for (const unsigned char byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

void expect_failure(const Result<MarkedText>& result, const json::object& expected,
                    const std::string& what) {
  ASSERT_FALSE(result) << what << " renders " << result->text;
  EXPECT_THAT(result.error().message, HasSubstr("line ")) << what;
  if (expected.at("raised").as_bool()) {
    EXPECT_THAT(result.error().message, StartsWith(std::string(expected.at("error").as_string())))
        << what;
  }
}

TEST(ChatTemplate, EveryFeatureRendersAsInPython) {
  const json::object& context = expectations().at("context").as_object();
  for (const json::value& row : expectations().at("features").as_array()) {
    const json::object& feature = row.as_object();
    const std::string source(feature.at("template").as_string());
    const auto result = render(source, context);
    if (source.find("encode(") != std::string::npos) {
      EXPECT_FALSE(result) << "bytes are no value of ours: encode is refused";
    } else if (feature.contains("error")) {
      expect_failure(result, feature, source);
    } else {
      ASSERT_TRUE(result) << source << ": " << result.error().message;
      EXPECT_EQ(result->text, feature.at("output").as_string()) << source;
    }
  }
}

TEST(ChatTemplate, PublishedTemplatesRenderAsInPython) {
  const std::filesystem::path folder = CROFT_SHARED_DIR "/golden/templates";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "the published templates are not beside this checkout";
  const json::object& common = expectations().at("context").as_object();
  for (const auto& entry : expectations().at("golden").as_object()) {
    const std::string name(entry.key());
    const std::size_t space = name.find(' ');
    json::object context = expectations().at("cases").at(name.substr(space + 1)).as_object();
    for (const char* key : {"add_generation_prompt", "bos_token", "eos_token", "date_string"}) {
      context[key] = common.at(key);
    }
    const auto result = render(read_file(folder / name.substr(0, space)), context);
    const json::object& expected = entry.value().as_object();
    if (expected.contains("error")) {
      expect_failure(result, expected, name);
    } else {
      ASSERT_TRUE(result) << name << ": " << result.error().message;
      EXPECT_EQ(sha256(result->text), expected.at("sha256").as_string()) << name << ":\n"
                                                                         << result->text;
    }
  }
}

TEST(ChatTemplate, J1_NoWayToTheHost) {
  const json::object context = parse_object(R"({"s": "x", "d": {}, "l": []})");
  for (const char* source :
       {"{{ ''.__class__.__mro__ }}", "{{ s.__init__.__globals__ }}",
        "{{ (s|attr('__class__')).x }}", "{{ d['__class__'].x }}",
        "{{ '{0.__class__.x}'.format(s) }}", "{{ l.append(1) }}", "{{ d.update({}) }}",
        "{% include '/etc/passwd' %}", "{% import 'os' as os %}", "{% from 'os' import path %}",
        "{% extends 'x' %}", "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}", "{{ lipsum.__globals__.os }}",
        "{{ open('/etc/passwd') }}"}) {
    const auto result = render(source, context);
    ASSERT_FALSE(result) << source << " renders " << result->text;
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << source;
  }
}

TEST(ChatTemplate, J2_BudgetsEndHostileTemplatesQuickly) {
  const std::string deep_parentheses = "{{ " + std::string(100'000, '(');
  const std::string deep_not = [] {
    std::string out = "{{ ";
    for (int i = 0; i < 50'000; ++i) out += "not ";
    return out + "1 }}";
  }();
  std::string long_sum = "{{ 1";
  for (int i = 0; i < 50'000; ++i) long_sum += "+1";
  std::string deep_if;
  for (int i = 0; i < 5'000; ++i) deep_if += "{% if 1 %}";
  const std::vector<std::string> sources{
      "{{ 'x' * 10**9 }}",
      "{{ [0] * 10**9 }}",
      "{{ range(10**9)|list }}",
      "{% for x in range(10**9) %}{% endfor %}",
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
      "{% set ns = namespace(s='x') %}{% for a in range(99) %}{% set ns.s = ns.s + ns.s %}{% "
      "endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = ns.s + ns.s %}{% "
      "endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for a in range(999) %}{% set ns.s = [ns.s] %}{% endfor "
      "%}{{ ns.s }}",
      "{% set ns = namespace(s=[1]) %}{% for a in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% "
      "endfor %}{{ ns.s|tojson }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{{ 'x'|center(10**12) }}",
      "{{ '%999999999d' % 1 }}",
      "{{ '{:999999999}'.format(1) }}",
      "{{ 'x'.ljust(10**12) }}",
      "{{ [1]|tojson(indent=10**10) }}",
      "{% for a in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
      deep_parentheses,
      deep_not,
      long_sum + " }}",
      deep_if};
  RenderOptions options;
  options.steps_max = 200'000;  // a tenth of the default: the way to the end is the same
  for (const std::string& source : sources) {
    const std::clock_t begin = std::clock();  // processor time: a busy machine is no fault
    const auto result = render(source, {}, options);
    const double took_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    ASSERT_FALSE(result) << source.substr(0, 80);
    EXPECT_EQ(result.error().code, ErrorCode::TooLarge)
        << source.substr(0, 80) << ": " << result.error().message;
    EXPECT_LT(took_s, 20) << source.substr(0, 80);
  }
}

TEST(ChatTemplate, J2_StepsAndOutputAreTheCallersToSet) {
  RenderOptions options;
  options.output_bytes_max = 10;
  EXPECT_TRUE(render("{{ 'x' * 10 }}", {}, options));
  EXPECT_EQ(render("{{ 'x' * 11 }}", {}, options).error().code, ErrorCode::TooLarge);
  options.steps_max = 100;
  const auto result = render("{% for x in range(100) %}{% endfor %}", {}, options);
  EXPECT_THAT(result.error().message, HasSubstr("100 steps"));
  const std::string large(limits::template_source_bytes_max + 1, 'x');
  EXPECT_EQ(ChatTemplate::parse(large).error().code, ErrorCode::TooLarge);
}

TEST(ChatTemplate, J3_ErrorsAreValuesAndNameTheLine) {
  const auto raised = render("a\n\n{{ raise_exception('Only user, please') }}", {});
  EXPECT_EQ(raised.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(raised.error().message, StartsWith("Only user, please"));
  EXPECT_THAT(raised.error().message, HasSubstr("line 3"));
  EXPECT_THAT(render("\n{{ x.y }}", {}).error().message, StartsWith("'x' is undefined (line 2"));
  EXPECT_THAT(ChatTemplate::parse("\n\n{% if %}").error().message, HasSubstr("line 3"));
  EXPECT_EQ(ChatTemplate::parse("\xff").error().code, ErrorCode::InvalidArgument);
}

TEST(ChatTemplate, J4_ContentIsNeverParsedAsTemplate) {
  for (const char* hostile :
       {"{{ 7*7 }}", "${7*7}", "{% raise %}", "{# x", "}}", "%}", "{{", "{%", "\\{{ x }}", "#}",
        "{{ raise_exception('x') }}", "\r\n{%- endfor -%}"}) {
    for (const char* role : {"user", "assistant", "system", "tool", "{{ 1 }}"}) {
      json::object context;
      context["messages"] = json::array{json::object{{"role", role}, {"content", hostile}}};
      const auto result =
          render("{% for m in messages %}[{{ m.role }}:{{ m['content'] }}]{% endfor %}", context);
      ASSERT_TRUE(result) << hostile;
      EXPECT_EQ(result->text, std::string("[") + role + ":" + hostile + "]");
    }
  }
}

/// The output with « and » around what is marked as untrusted.
std::string marked(const MarkedText& text) {
  std::string out;
  std::size_t at = 0;
  for (const ByteRange& range : text.untrusted) {
    out += text.text.substr(at, range.begin - at) + "<<" +
           text.text.substr(range.begin, range.end - range.begin) + ">>";
    at = range.end;
  }
  return out + text.text.substr(at);
}

TEST(ChatTemplate, J6_MarksExactlyWhatCameFromOutside) {
  const json::object context = parse_object(R"({"u": " Ab c ", "v": "x<y", "bos_token": "<s>",
      "m": [{"role": "user", "content": " hi "}], "d": {"k": ["é\n", 1]}})");
  const std::vector<std::pair<const char*, const char*>> rows{
      {"{{ bos_token + '|' + u }}", "<s>|<< Ab c >>"},
      {"{% for x in m %}{{ '<|im_start|>' + x.role + '\\n' + x.content | trim + '<|im_end|>' }}{% "
       "endfor %}",
       "<|im_start|><<user>>\n<<hi>><|im_end|>"},
      {"{{ u ~ u }}", "<< Ab c  Ab c >>"},
      {"{{ u.strip() }}{{ u[1:3] }}{{ u[1] }}", "<<Ab cAbA>>"},
      {"{{ u.split()|join('-') }}", "<<Ab>>-<<c>>"},
      {"{{ 'a-b-c'.replace('-', v) }}", "a<<x<y>>b<<x<y>>c"},
      {"{{ v.replace('<', '--') }}", "<<x>>--<<y>>"},
      {"{{ u|upper }}{{ 'q'|upper }}", "<< AB C >>Q"},
      {"{{ d|tojson }}", "{\"<<k>>\": [\"<<é\\n>>\", 1]}"},
      {"{{ d }}", "{'<<k>>': ['<<é\\n>>', 1]}"},
      {"{{ '%s=%5s' % ('a', v) }}", "a=  <<x<y>>"},
      {"{{ 'a {} b {x}'.format(v, x='t') }}", "a <<x<y>> b t"},
      {"{{ ('a\\n' + v)|indent(2) }}", "a\n  <<x<y>>"},
      {"{{ [v, 'b']|join(', ') }}", "<<x<y>>, b"},
      {"{{ v|e }}", "<<x&lt;y>>"},
      {"{{ v * 2 }}{{ v|reverse }}", "<<x<yx<yy<x>>"},
      {"{% set b %}[{{ v }}]{% endset %}{{ b }}", "[<<x<y>>]"},
      {"{% macro f(a) %}<{{ a }}>{% endmacro %}{{ f(v) }}", "<<<x<y>>>"},
      {"{{ v|length }}{{ v == 'x<y' }}{{ v|default('z') }}", "3True<<x<y>>"},
      {"{% for k, x in d.items() %}{{ k }}:{{ x|first|trim }}{% endfor %}", "<<k>>:<<é>>"},
      {"{{ u|truncate(4, true, '..', 0) }}{{ v.center(7, '*') }}", "<< A>>..**<<x<y>>**"}};
  for (const auto& [source, expected] : rows) {
    const auto result = render(source, context);
    ASSERT_TRUE(result) << source << ": " << result.error().message;
    EXPECT_EQ(marked(*result), expected) << source;
  }
}

TEST(ChatTemplate, J6_TrustedKeysAreTheCallersToSet) {
  RenderOptions options;
  options.trusted_keys = {"system"};
  const json::object context = parse_object(R"({"system": "a", "bos_token": "b"})");
  EXPECT_EQ(marked(*render("{{ system }}{{ bos_token }}", context, options)), "a<<b>>");
}

}  // namespace
}  // namespace croft
