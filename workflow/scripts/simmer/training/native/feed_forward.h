// GELU and residual sums with their masks.

#pragma once

#include "rows.h"

namespace simmer {

// Stores gelu(x + shift) * mask, and turns x into the slope of that.
template <typename S>
void gelu_forward(S* x, const S* shift, const S* mask, S* out, int64_t rows, int64_t width) {
  with_mask(mask, [&](auto keep) {
    over_rows(rows, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t at = first * width; at < last * width; at += width) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) {
          float value = widen(x[at + i]) + widen(shift[i]), below, bell;
          normal_at(value, below, bell);
          out[at + i] = narrow<S>(value * below * keep(at + i));
          x[at + i] = narrow<S>((below + value * bell * 0.3989422804014327f) * keep(at + i));
        }
      }
    });
  });
}

// out = grad * mask, and the sums of its rows; `out` may be `grad`, and `mask` a slope of GELU.
template <typename S>
void mask_backward(const S* grad, const S* mask, S* out, Sums& sums, int64_t rows, int64_t width) {
  with_mask(mask, [&](auto keep) {
    over_rows(rows, [&](int64_t part, int64_t first, int64_t last) {
      float* total = sums.part(part);
      for (int64_t r = first; r < last; ++r) {
        const int64_t at = r * width;
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) {
          S value = narrow<S>(widen(grad[at + i]) * keep(at + i));
          out[at + i] = value;
          total[i] += widen(value);
        }
      }
    });
  });
}

// out = x + (branch + shift) * mask
template <typename S>
void add_masked(const S* x, const S* branch, const S* shift, const S* mask, S* out, int64_t rows,
                int64_t width) {
  with_mask(mask, [&](auto keep) {
    over_rows(rows, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t at = first * width; at < last * width; at += width) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
          out[at + i] =
              narrow<S>(widen(x[at + i]) + (widen(branch[at + i]) + widen(shift[i])) * keep(at + i));
      }
    });
  });
}

}  // namespace simmer
