#include "router/bench/read_input.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "io/mapped_file.h"

namespace croft {
namespace {

constexpr int kGzipOnly = 16;  // added to the window's bits: no zlib or raw streams

/// Ends the stream on every way out.
struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, MAX_WBITS + kGzipOnly) == Z_OK;
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::string_view what) {
  if (bytes.size() > bench_input_bytes_max)
    return fail(ErrorCode::TooLarge, std::string(what) + " has over 512 MiB");
  Inflater inflater;
  if (!inflater.ready) return fail(ErrorCode::TooLarge, "no memory to unpack " + std::string(what));
  z_stream& stream = inflater.stream;
  // zlib promises not to write through next_in.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 64 * 1024> piece;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (out.size() + made > bench_input_bytes_max)
      return fail(ErrorCode::TooLarge, std::string(what) + " unpacks to over 512 MiB");
    out.append(piece.data(), made);
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      inflateReset(&stream);  // another member follows
    } else if (state != Z_OK) {
      return fail(
          ErrorCode::Corrupt,
          std::string(what) + " is damaged or incomplete: its gzip data cannot be unpacked");
    }
  }
}

Result<std::string> read_input(const std::filesystem::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                               file.bytes().size());
  if (bytes.starts_with("\x1F\x8B")) return gunzip(bytes, path.string());
  if (bytes.size() > bench_input_bytes_max)
    return fail(ErrorCode::TooLarge, path.string() + " has over 512 MiB");
  return std::string(bytes);
}

Result<std::vector<std::filesystem::path>> input_files(const std::filesystem::path& folder,
                                                       std::string_view ending) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return out;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    if (entry->path().filename().string().ends_with(ending)) out.push_back(entry->path());
  if (error) return fail(ErrorCode::Io, "cannot list " + folder.string() + ": " + error.message());
  std::ranges::sort(out);
  return out;
}

}  // namespace croft
