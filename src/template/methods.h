#pragma once
/// The methods of Python's own types that a template may call.

#include <cstdint>
#include <string_view>

#include "template/interpreter.h"

namespace croft::jinja {

enum class MethodClass : std::uint8_t {
  None,  ///< the type has no such method
  Allowed,
  Unsafe,  ///< it has one, which the immutable sandbox refuses
};
[[nodiscard]] MethodClass classify_method(const Value& object, std::string_view name);

Value call_native_method(Interpreter& interpreter, const Value& self, std::string_view name,
                         const Args& args);

using StringMethod = Value (*)(Interpreter&, const Text& self, const Args& args);
/// Null where str has no such method.
[[nodiscard]] StringMethod find_string_method(std::string_view name);
[[nodiscard]] StringMethod find_string_search_method(std::string_view name);
[[nodiscard]] StringMethod find_string_split_method(std::string_view name);
[[nodiscard]] StringMethod find_string_case_method(std::string_view name);

/// Operations that filters share with methods.
Value strip_text(Heap& heap, const Text& text, const Text* characters, bool left, bool right);
Value replace_text(Heap& heap, const Text& text, const Text& old, const Text& with,
                   std::int64_t count_max);
Value join_text(Heap& heap, const Text& separator, const std::vector<Value>& items, bool convert);
std::vector<Value> split_lines(Heap& heap, const Text& text, bool keep_ends);
enum class Align : std::uint8_t { Left, Right, Center };
Value pad_text(Heap& heap, const Text& text, std::int64_t width, const Text& fill, Align align);
Value upper_text(Heap& heap, const Text& text);
Value lower_text(Heap& heap, const Text& text);
Value capitalize_text(Heap& heap, const Text& text);
void split_text(Heap& heap, const Text& text, const Text* separator, std::int64_t splits_max,
                bool from_right, std::vector<Value>& out);
[[nodiscard]] bool is_lower_text(std::string_view text);
[[nodiscard]] bool is_upper_text(std::string_view text);

}  // namespace croft::jinja
