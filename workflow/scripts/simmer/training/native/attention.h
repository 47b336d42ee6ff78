// Attention over the patches of a window, one head at a time.

#pragma once

#include "rows.h"

namespace simmer {

constexpr float kLowest = -3e38f;  // below every score

inline int64_t padded(int64_t width) { return (width + 15) / 16 * 16; }

// One head of one window in float32: rows of E entries, padded with zeros to a multiple of 16.
struct Head {
  Head(int64_t patches, int64_t width) : stride(padded(width)), values(patches * stride, 0.0f) {}
  float* row(int64_t number) { return values.data() + number * stride; }
  // Reads rows that are `step` apart, each increased by `shift`.
  template <typename S>
  void read(const S* from, const S* shift, int64_t step, int64_t patches, int64_t width) {
    for (int64_t n = 0; n < patches; ++n) {
      float* to = row(n);
      const S* source = from + n * step;
      if (shift == nullptr) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) to[i] = widen(source[i]);
      } else {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) to[i] = widen(source[i]) + widen(shift[i]);
      }
    }
  }
  template <typename S>
  void write(S* to, int64_t step, int64_t patches, int64_t width) {
    for (int64_t n = 0; n < patches; ++n) {
      const float* source = row(n);
      S* target = to + n * step;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) target[i] = narrow<S>(source[i]);
    }
  }
  int64_t stride;
  std::vector<float> values;
};

// out[r] = sum over t of factors[r * row_step + t * term_step] * from[t], for rows of `width` entries, a
// multiple of
// 16. Four rows at a time stay in registers.
__attribute__((always_inline)) inline void mix(float* __restrict out, int64_t out_step,
                                               const float* __restrict factors, int64_t row_step,
                                               int64_t term_step, const float* __restrict from,
                                               int64_t from_step, int64_t rows, int64_t terms,
                                               int64_t width) {
  for (int64_t first = 0; first < rows; first += 4) {
    const float* factor[4];
    for (int64_t k = 0; k < 4; ++k) factor[k] = factors + std::min(first + k, rows - 1) * row_step;
    for (int64_t column = 0; column < width; column += 16) {
      float sums[4][16] = {};
      for (int64_t term = 0; term < terms; ++term) {
        const float* source = from + term * from_step + column;
        for (int64_t k = 0; k < 4; ++k) {
          const float times = factor[k][term * term_step];
#pragma omp simd
          for (int64_t i = 0; i < 16; ++i) sums[k][i] += times * source[i];
        }
      }
      for (int64_t k = 0; k < 4 && first + k < rows; ++k)
        std::memcpy(out + (first + k) * out_step + column, sums[k], sizeof(sums[k]));
    }
  }
}

// Rows of a head as columns: [E, patches], patches padded with zeros to a multiple of 16.
inline void turn(const Head& from, int64_t patches, int64_t width, Head& to) {
  const float* __restrict source = from.values.data();
  float* __restrict target = to.values.data();
  const int64_t step = from.stride, columns = to.stride;
  // In squares, so that what is read and what is written stay in the first cache lines.
  for (int64_t first = 0; first < width; first += 4)
    for (int64_t n = 0; n < patches; ++n) {
      const float* row = source + n * step + first;
      float* column = target + first * columns + n;
      const float a = row[0], b = row[1], c = row[2], d = row[3];
      column[0] = a;
      column[columns] = b;
      column[2 * columns] = c;
      column[3 * columns] = d;
    }
}

template <typename S>
void attention_forward(const S* joint, const S* shift, const S* mask, S* weights, S* mixed, int64_t windows,
                       int64_t patches, int64_t heads, int64_t width) {
  const int64_t inner = heads * width, step = 3 * inner;
  const float scale = 1.0f / std::sqrt(float(width));
  over_rows(windows * heads, [&](int64_t, int64_t first, int64_t last) {
    Head query(patches, width), key(patches, width), value(patches, width), out(patches, width);
    Head turned(padded(width), patches), scores(patches, patches);
    const int32_t stride = scores.stride, columns = patches;
    for (int64_t one = first; one < last; ++one) {
      const int64_t window = one / heads, head = one % heads;
      const S* from = joint + window * patches * step + head * width;
      query.read(from, shift + head * width, step, patches, width);
      key.read(from + inner, shift + inner + head * width, step, patches, width);
      value.read(from + 2 * inner, shift + 2 * inner + head * width, step, patches, width);
      turn(key, patches, width, turned);
      mix(scores.row(0), scores.stride, query.row(0), query.stride, 1, turned.row(0), turned.stride, patches,
          width, scores.stride);
      for (int64_t n = 0; n < patches; ++n) {
        float* __restrict row = scores.row(n);
        float highest = kLowest, total = 0.0f;
#pragma omp simd reduction(max : highest)
        for (int32_t m = 0; m < stride; ++m) highest = std::max(highest, m < columns ? row[m] : kLowest);
#pragma omp simd reduction(+ : total)
        for (int32_t m = 0; m < stride; ++m) {
          const float power = exp_of((std::min(row[m], highest) - highest) * scale);
          total += row[m] = m < columns ? power : 0.0f;
        }
        const float share = 1.0f / total;
        S* __restrict weight = weights + (one * patches + n) * stride;
#pragma omp simd
        for (int64_t m = 0; m < stride; ++m) row[m] = widen(weight[m] = narrow<S>(row[m] * share));
        if (mask != nullptr) {
          const S* keep = mask + (one * patches + n) * patches;
#pragma omp simd
          for (int64_t m = 0; m < patches; ++m) row[m] *= widen(keep[m]);
        }
      }
      mix(out.row(0), out.stride, scores.row(0), scores.stride, 1, value.row(0), value.stride, patches,
          patches, out.stride);
      out.write(mixed + window * patches * inner + head * width, inner, patches, width);
    }
  });
}

template <typename S>
void attention_backward(const S* grad, const S* joint, const S* shift, const S* mask, const S* weights,
                        S* out, int64_t windows, int64_t patches, int64_t heads, int64_t width) {
  const int64_t inner = heads * width, step = 3 * inner;
  const float scale = 1.0f / std::sqrt(float(width));
  over_rows(windows * heads, [&](int64_t, int64_t first, int64_t last) {
    Head query(patches, width), key(patches, width), value(patches, width), mixed(patches, width);
    Head result(patches, width), turned(padded(width), patches), slopes(patches, patches),
        dropped(patches, patches);
    const int64_t stride = slopes.stride;
    for (int64_t one = first; one < last; ++one) {
      const int64_t window = one / heads, head = one % heads;
      const S* from = joint + window * patches * step + head * width;
      S* to = out + window * patches * step + head * width;
      query.read(from, shift + head * width, step, patches, width);
      key.read(from + inner, shift + inner + head * width, step, patches, width);
      value.read(from + 2 * inner, shift + 2 * inner + head * width, step, patches, width);
      mixed.read(grad + window * patches * inner + head * width, static_cast<const S*>(nullptr), inner,
                 patches, width);
      turn(value, patches, width, turned);
      mix(slopes.row(0), slopes.stride, mixed.row(0), mixed.stride, 1, turned.row(0), turned.stride, patches,
          width, slopes.stride);
      for (int64_t n = 0; n < patches; ++n) {
        float* __restrict slope = slopes.row(n), * __restrict drop = dropped.row(n), along = 0.0f;
        const S* weight = weights + (one * patches + n) * stride;
#pragma omp simd
        for (int64_t m = 0; m < stride; ++m) drop[m] = widen(weight[m]);
        if (mask != nullptr) {
          const S* keep = mask + (one * patches + n) * patches;
#pragma omp simd
          for (int64_t m = 0; m < patches; ++m) {
            slope[m] *= widen(keep[m]);
            drop[m] *= widen(keep[m]);
          }
        }
#pragma omp simd reduction(+ : along)
        for (int64_t m = 0; m < stride; ++m) along += slope[m] * widen(weight[m]);
#pragma omp simd
        for (int64_t m = 0; m < stride; ++m) slope[m] = widen(weight[m]) * (slope[m] - along) * scale;
      }
      mix(result.row(0), result.stride, slopes.row(0), slopes.stride, 1, key.row(0), key.stride, patches,
          patches, result.stride);
      result.write(to, step, patches, width);
      mix(result.row(0), result.stride, slopes.row(0), 1, slopes.stride, query.row(0), query.stride, patches,
          patches, result.stride);
      result.write(to + inner, step, patches, width);
      mix(result.row(0), result.stride, dropped.row(0), 1, dropped.stride, mixed.row(0), mixed.stride,
          patches, patches, result.stride);
      result.write(to + 2 * inner, step, patches, width);
    }
  });
}

template <typename S>
Tensor row_sums(const Tensor& values) {
  const int64_t rows = values.size(0), width = values.size(1);
  Sums sums(parts_of(rows), width);
  const S* from = entries<S>(values);
  over_rows(rows, [&](int64_t part, int64_t first, int64_t last) {
    float* total = sums.part(part);
    for (int64_t r = first; r < last; ++r) {
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) total[i] += widen(from[r * width + i]);
    }
  });
  return sums.total<S>(values);
}

}  // namespace simmer
