#pragma once
/// Python's values as templates see them. Scalars and strings are held here; the rest are objects
/// of the render's Heap. Lists and dicts never change once a template can see them (Python's
/// immutable sandbox), so a Value may be copied freely.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "template/heap.h"
#include "template/text.h"

namespace croft::jinja {

enum class Kind : std::uint8_t {
  Missing,  ///< no value at all: an argument that was not given
  Undefined,
  None,
  Bool,
  Int,
  Float,
  String,
  List,
  Tuple,
  Dict,
  Range,
  Iterator,  ///< a generator: can be walked once, has no length
  View,      ///< dict.keys(), values(), items()
  Namespace,
  Macro,
  Method,
  Function,
  Loop,
  Cycler,
  Joiner,
  Template,  ///< `self`: the template's own blocks
};

class Value {
 public:
  Value() = default;
  static Value none() { return Value(Kind::None); }
  static Value of(bool value);
  static Value of(std::int64_t value);
  static Value of(double value);
  static Value of(TextRef text);
  static Value of(Kind kind, Object* object);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  [[nodiscard]] bool is_missing() const { return kind_ == Kind::Missing; }
  [[nodiscard]] bool is_undefined() const { return kind_ == Kind::Undefined; }
  [[nodiscard]] bool is_string() const { return kind_ == Kind::String; }
  [[nodiscard]] bool is_integral() const { return kind_ == Kind::Bool || kind_ == Kind::Int; }
  [[nodiscard]] bool is_number() const { return is_integral() || kind_ == Kind::Float; }
  [[nodiscard]] bool is_array() const { return kind_ == Kind::List || kind_ == Kind::Tuple; }

  [[nodiscard]] bool boolean() const { return integer_ != 0; }
  /// Of a Bool or an Int.
  [[nodiscard]] std::int64_t integer() const { return integer_; }
  /// Of any number.
  [[nodiscard]] double number() const {
    return kind_ == Kind::Float ? number_ : static_cast<double>(integer_);
  }
  [[nodiscard]] const Text& text() const { return *text_; }
  [[nodiscard]] const TextRef& text_ref() const { return text_; }
  [[nodiscard]] std::string_view bytes() const { return text_->bytes; }
  [[nodiscard]] Object* object() const { return object_; }
  template <typename T>
  [[nodiscard]] T& as() const {
    return *static_cast<T*>(object_);
  }

 private:
  explicit Value(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::Missing;
  union {
    std::int64_t integer_ = 0;
    double number_;
    Object* object_;
  };
  TextRef text_;
};

struct ListObject : Object {  // List, Tuple and Iterator
  explicit ListObject(std::vector<Value> values) : items(std::move(values)) {}
  std::vector<Value> items;
  bool is_group = false;     ///< a pair made by groupby: has the attributes grouper and list
  std::size_t position = 0;  ///< of an Iterator: what has been walked
};

struct DictObject : Object {
  std::vector<std::pair<Value, Value>> entries;
  /// Throws for a key that Python could not hash.
  void set(Heap& heap, const Value& key, Value value);
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] const Value* find(Heap& heap, const Value& key) const;

 private:
  std::unordered_map<std::string_view, std::size_t> strings_;  // views into the keys of `entries`
};

struct RangeObject : Object {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t length = 0;
};

enum class ViewKind : std::uint8_t { Keys, Values, Items };
struct ViewObject : Object {
  const DictObject* dict = nullptr;
  ViewKind view = ViewKind::Keys;
};

/// Says why when it is used: the hint, or "'name' is undefined", or "'dict object' has no attribute
/// 'x'".
struct UndefinedObject : Object {
  std::string hint;
  std::string owner;  ///< "dict object"; empty for a plain name
  Value name;
};

struct NamespaceObject : Object {
  DictObject members;
};

struct MethodObject : Object {
  Value self;
  std::string name;
};

struct CyclerObject : Object {
  std::vector<Value> items;
  std::size_t position = 0;
};

struct JoinerObject : Object {
  TextRef separator;
  bool used = false;
};

Value make_text(Heap& heap, std::string_view trusted);
Value make_slice(Heap& heap, const Text& text, std::size_t begin, std::size_t end);
Value make_list(Heap& heap, std::vector<Value> items);
Value make_tuple(Heap& heap, std::vector<Value> items);
Value make_iterator(Heap& heap, std::vector<Value> items);
Value make_undefined(Heap& heap, std::string hint);
Value make_undefined_name(Heap& heap, const std::string& name);
Value make_undefined_member(Heap& heap, const Value& owner, const Value& name);

/// type(value).__name__
[[nodiscard]] std::string type_name(const Value& value);
/// bool(value)
[[nodiscard]] bool is_true(const Value& value);
/// What Jinja says when an undefined value is used.
[[nodiscard]] std::string undefined_message(const Value& value);
/// Stops with that message where `value` is undefined.
void refuse_undefined(const Value& value);
/// len(value), or -1 where it has none.
[[nodiscard]] std::int64_t length_of(const Value& value);

/// list(value): everything it yields; an Iterator is used up. `what` names the operation in the
/// error.
std::vector<Value> items_of(Heap& heap, const Value& value);
[[nodiscard]] bool is_iterable(const Value& value);
[[nodiscard]] std::int64_t range_item(const RangeObject& range, std::int64_t index);

}  // namespace croft::jinja
