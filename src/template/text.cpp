#include "template/text.h"

#include <algorithm>

#include "template/failure.h"
#include "template/heap.h"

namespace croft::jinja {
namespace {

/// First range that ends after `at`.
std::vector<ByteRange>::const_iterator first_range_after(const Text& text, std::size_t at) {
  return std::upper_bound(
      text.untrusted.begin(), text.untrusted.end(), at,
      [](std::size_t offset, const ByteRange& range) { return offset < range.end; });
}

}  // namespace

Text::~Text() {
  if (heap != nullptr) heap->release(bytes.capacity() + untrusted.capacity() * sizeof(ByteRange));
}

TextRef constant_text(std::string bytes) {
  auto text = std::make_shared<Text>();
  text->bytes = std::move(bytes);
  return text;
}

bool is_untrusted_at(const Text& text, std::size_t at) {
  const auto range = first_range_after(text, at);
  return range != text.untrusted.end() && range->begin <= at;
}

TextBuilder::TextBuilder(Heap& heap, std::size_t bytes_max) : heap_(heap), bytes_max_(bytes_max) {}

void TextBuilder::grow(std::size_t count) {
  const std::size_t size = bytes_.size() + count;
  if (size > bytes_max_) {
    stop_too_large("the template's output exceeds its budget of " + std::to_string(bytes_max_) +
                   " bytes");
  }
  heap_.work(count);
  if (size > room_checked_) {
    // Checked at each doubling, like the buffer's own growth.
    room_checked_ = std::max<std::size_t>(size, bytes_.capacity() * 2);
    heap_.check_room(room_checked_);
  }
}

void TextBuilder::mark(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!untrusted_.empty() && untrusted_.back().end == begin) {
    untrusted_.back().end = end;
  } else {
    untrusted_.push_back({begin, end});
  }
}

void TextBuilder::append(std::string_view bytes, bool untrusted) {
  grow(bytes.size());
  const std::size_t begin = bytes_.size();
  bytes_.append(bytes);
  if (untrusted) mark(begin, bytes_.size());
}

void TextBuilder::append_slice(const Text& text, std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  grow(end - begin);
  const std::size_t base = bytes_.size();
  bytes_.append(text.bytes, begin, end - begin);
  for (auto range = first_range_after(text, begin);
       range != text.untrusted.end() && range->begin < end; ++range) {
    mark(base + std::max(range->begin, begin) - begin, base + std::min(range->end, end) - begin);
  }
}

void TextBuilder::append_mapped(std::string_view bytes, const Text& text, std::size_t at) {
  append(bytes, is_untrusted_at(text, at));
}

void TextBuilder::repeat(const Text& text, std::size_t count) {
  if (text.bytes.empty()) return;
  if (count > heap_.bytes_max() / text.bytes.size()) heap_.check_room(heap_.bytes_max() + 1);
  heap_.check_room(count * text.bytes.size());
  for (std::size_t i = 0; i < count; ++i) append(text);
}

TextRef TextBuilder::finish(bool markup) {
  auto text = std::make_shared<Text>();
  text->bytes = std::move(bytes_);
  text->untrusted = std::move(untrusted_);
  text->markup = markup;
  heap_.charge(text->bytes.capacity() + text->untrusted.capacity() * sizeof(ByteRange));
  text->heap = &heap_;
  return text;
}

MarkedText TextBuilder::finish_marked() {
  return {std::move(bytes_), std::move(untrusted_)};
}

}  // namespace croft::jinja
