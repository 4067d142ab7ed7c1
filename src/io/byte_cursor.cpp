#include "io/byte_cursor.h"

namespace croft {

Result<std::span<const std::byte>> ByteCursor::take(std::uint64_t count, std::string_view field) {
  if (count > remaining()) {
    return fail(ErrorCode::Corrupt,
                "The file ends inside " + std::string(field) + " at byte " +
                    std::to_string(offset_) + ": " + std::to_string(count) + " bytes are needed, " +
                    std::to_string(remaining()) + " are left",
                "The file is cut short or damaged; download it again.");
  }
  const auto taken = bytes_.subspan(offset_, count);
  offset_ += count;
  return taken;
}

Result<std::string_view> ByteCursor::string(std::string_view field, std::uint64_t bytes_max) {
  const std::uint64_t start = offset_;
  const std::uint64_t size = TRY(read<std::uint64_t>(field));
  if (size > bytes_max) {
    return corrupt(std::string(field) + " says it has " + std::to_string(size) +
                       " bytes, more than the " + std::to_string(bytes_max) + " allowed,",
                   start);
  }
  const std::span<const std::byte> taken = TRY(take(size, field));
  return std::string_view(reinterpret_cast<const char*>(taken.data()), taken.size());
}

std::unexpected<Error> ByteCursor::corrupt(std::string_view what, std::uint64_t field_offset) {
  return fail(
      ErrorCode::Corrupt,
      "The file is damaged: " + std::string(what) + " at byte " + std::to_string(field_offset),
      "Download the file again, or convert it again from its source.");
}

}  // namespace croft
