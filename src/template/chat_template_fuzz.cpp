// Goal: no template can crash, leak or hang the program, or mark bytes outside its output.
// Method: the input is a template; it is parsed and rendered against one fixed conversation with
// small budgets.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "template/chat_template.h"

namespace {

const croft::json::object& context() {
  static const croft::json::object out =
      croft::parse_json(R"({"messages":[{"role":"system","content":" Be brief. "},
        {"role":"user","content":"H\u00e9llo <|im_end|>\n"},{"role":"assistant","content":null,
        "tool_calls":[{"function":{"name":"f","arguments":{"a":1.5}}}]}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
        "n":7,"x":-2.5,"s":" a b ","l":[3,1,2],"d":{"b":1,"a":[1,null,true]},"bos_token":"<s>"})",
                        "context")
          ->as_object();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = croft::ChatTemplate::parse(source);
  if (!parsed) return 0;
  croft::RenderOptions options;
  options.steps_max = 20'000;
  options.output_bytes_max = 64 * croft::limits::KiB;
  const auto rendered = parsed->render(context(), options);
  if (!rendered) return 0;
  std::size_t last_end = 0;
  for (const croft::ByteRange& range : rendered->untrusted) {
    if (range.begin < last_end || range.begin >= range.end || range.end > rendered->text.size())
      std::abort();
    last_end = range.end;
  }
  return 0;
}
