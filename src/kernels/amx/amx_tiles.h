#pragma once
/// The tile instructions (tiles.h). Included by isa_amx.cpp only.

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tiles.h"

namespace croft {

/// Assembly instead of the intrinsics: gcc 12's do not tell the compiler which memory they read,
/// and paste the register's name, which no template parameter can be.
struct AmxTiles {
  static void configure(const TileShapes& shapes) {
    struct alignas(64) {
      std::uint8_t palette = 1;
      std::uint8_t start_row = 0;
      std::uint8_t reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } config;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      config.row_bytes[i] = shapes[i].row_bytes;
      config.rows[i] = shapes[i].rows;
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
  }
  static void release() { __asm__ volatile("tilerelease"); }

  template <int C>
  [[gnu::always_inline]] static void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(C));
  }
  template <int T>
  [[gnu::always_inline]] static void load(const std::byte* from, std::size_t stride) {
    __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(T), "r"(from), "r"(stride) : "memory");
  }
  template <int T>
  [[gnu::always_inline]] static void store(std::byte* to, std::size_t stride) {
    __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(T), "r"(to), "r"(stride) : "memory");
  }
  template <int C, int A, int B>
  [[gnu::always_inline]] static void dot_int8() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B));
  }
  template <int C, int A, int B>
  [[gnu::always_inline]] static void dot_bf16() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B));
  }
};

}  // namespace croft
