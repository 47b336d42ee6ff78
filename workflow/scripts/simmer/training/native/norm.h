// Layer norm, with the residual sum before it.

#pragma once

#include "rows.h"

namespace simmer {

// Returns norm(x) of rows [T, D], and per row mean and reciprocal deviation [T, 2]. With `branch`, x is first
// increased by (branch + shift) * mask and stored in `sum`.
template <typename S>
void norm_forward(const S* x, const S* branch, const S* shift, const S* mask, S* sum, const S* weight,
                  const S* bias, S* out, float* stats, int64_t rows, int64_t width, float epsilon) {
  over_rows(rows, [&](int64_t, int64_t first, int64_t last) {
    std::vector<float> row(width);
    float* wide = row.data();
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = r * width;
      if (branch == nullptr) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) wide[i] = widen(x[at + i]);
      } else {
        with_mask(mask, [&](auto keep) {
#pragma omp simd
          for (int64_t i = 0; i < width; ++i) {
            S value = narrow<S>(widen(x[at + i]) + (widen(branch[at + i]) + widen(shift[i])) * keep(at + i));
            sum[at + i] = value;
            wide[i] = widen(value);
          }
        });
      }
      float total = 0.0f;
#pragma omp simd reduction(+ : total)
      for (int64_t i = 0; i < width; ++i) total += wide[i];
      const float mean = total / width;
      float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
      for (int64_t i = 0; i < width; ++i) squares += (wide[i] - mean) * (wide[i] - mean);
      const float scale = 1.0f / std::sqrt(squares / width + epsilon);
      stats[2 * r] = mean;
      stats[2 * r + 1] = scale;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i)
        out[at + i] = narrow<S>((wide[i] - mean) * scale * widen(weight[i]) + widen(bias[i]));
    }
  });
}

// Adds to `onto` the gradient of x through norm(x), given that of its output; with `mask`, stores the sum
// times the mask in `masked` and adds its rows to `masked_sums`.
template <typename S>
void norm_backward(const S* grad, const S* x, const float* stats, const S* weight, const S* onto, S* out,
                   const S* mask, S* masked, Sums& weight_sums, Sums& bias_sums, Sums* masked_sums,
                   int64_t rows, int64_t width) {
  over_rows(rows, [&](int64_t part, int64_t first, int64_t last) {
    float* __restrict dw = weight_sums.part(part);
    float* __restrict db = bias_sums.part(part);
    std::vector<float> buffer(2 * width);
    float* __restrict scaled = buffer.data();
    float* __restrict hat = scaled + width;
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = r * width;
      const float mean = stats[2 * r], scale = stats[2 * r + 1];
      float total = 0.0f, along = 0.0f;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) {
        const float g = widen(grad[at + i]);
        hat[i] = (widen(x[at + i]) - mean) * scale;
        scaled[i] = g * widen(weight[i]);
        dw[i] += g * hat[i];
        db[i] += g;
      }
#pragma omp simd reduction(+ : total, along)
      for (int64_t i = 0; i < width; ++i) {
        total += scaled[i];
        along += scaled[i] * hat[i];
      }
      total /= width;
      along /= width;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i)
        scaled[i] = widen(onto[at + i]) + (scaled[i] - total - hat[i] * along) * scale;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) out[at + i] = narrow<S>(scaled[i]);
      if (masked_sums == nullptr) continue;
      float* dm = masked_sums->part(part);
      if (mask == nullptr) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) dm[i] += widen(out[at + i]);
      } else {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) {
          S value = narrow<S>(scaled[i] * widen(mask[at + i]));
          masked[at + i] = value;
          dm[i] += widen(value);
        }
      }
    }
  });
}

}  // namespace simmer
