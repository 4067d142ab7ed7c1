#pragma once
/// Every limit of the program, by name, with its unit. Hostile input meets one of these before
/// memory is taken.

#include <cstddef>
#include <cstdint>

namespace croft::limits {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;
inline constexpr std::size_t GiB = 1024 * MiB;

// Model files.
// 8 is the format's own rule, and what lets tensors be read as float in place.
inline constexpr std::uint64_t gguf_alignment_min = 8;
inline constexpr std::uint64_t gguf_alignment_max = 64 * KiB;
inline constexpr std::uint64_t gguf_keys_max = 65'536;  // real files have 20 to 60
inline constexpr std::uint32_t gguf_dims_max = 4;
inline constexpr std::size_t gguf_name_bytes_max = 64 * KiB;
inline constexpr std::size_t tensor_name_bytes_max = 256;
inline constexpr std::size_t safetensors_header_bytes_max = 100 * MiB;
inline constexpr std::size_t safetensors_dims_max = 8;
inline constexpr std::size_t json_file_bytes_max = 256 * MiB;
inline constexpr std::size_t json_depth_max = 64;

// Model shapes: far above any model of our range, far below what could overflow.
inline constexpr std::uint32_t layers_max = 512;
inline constexpr std::uint32_t heads_max = 1024;
inline constexpr std::uint32_t head_size_max = 4096;
inline constexpr std::uint32_t hidden_max = 65'536;
inline constexpr std::uint32_t ffn_max = 524'288;
inline constexpr std::uint32_t vocabulary_max = 4'194'304;
inline constexpr std::uint32_t context_max = 16'777'216;
inline constexpr std::size_t token_bytes_max = 64 * KiB;

// Templates.
inline constexpr std::size_t template_source_bytes_max = 1 * MiB;
inline constexpr std::size_t template_steps_max = 2'000'000;
inline constexpr std::size_t template_output_bytes_max = 16 * MiB;
inline constexpr std::size_t template_memory_bytes_max = 256 * MiB;
inline constexpr std::size_t template_depth_max = 100;

// Requests.
inline constexpr std::size_t request_body_bytes_max = 32 * MiB;
inline constexpr std::size_t request_header_bytes_max = 64 * KiB;
inline constexpr std::size_t request_queue_max = 512;
inline constexpr std::size_t stop_strings_max = 4;
inline constexpr std::size_t stop_bytes_max = 4 * KiB;
inline constexpr std::size_t choices_max = 16;
inline constexpr std::size_t top_logprobs_max = 20;
inline constexpr std::size_t embedding_inputs_max = 2048;
inline constexpr int header_read_seconds = 10;
inline constexpr int drain_seconds = 15;

}  // namespace croft::limits
