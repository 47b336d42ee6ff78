// Encoder layers and the optimizer step of simmer on a CPU, each in few passes over memory.
//
// The arithmetic between two loads and stores is float32, in a fixed order for a given number of threads.
// Shapes: T tokens = windows * N patches, D width, H heads, E head width, I = H * E, F feed-forward width.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

using at::Tensor;

constexpr float kLowest = -3e38f;  // below every score
constexpr int64_t kBlock = 4096;  // entries of an optimizer block, which fit into the first cache

// ---- numbers ----------------------------------------------------------------------------------

// Tensors hold S: float, or the bits of a bfloat16, because a loop over a class is not vectorised.
using Bits = uint16_t;

template <typename S>
S* entries(const Tensor& tensor) {
  return static_cast<S*>(tensor.data_ptr());
}

inline float widen(float value) { return value; }

inline float widen(Bits value) {
  uint32_t bits = uint32_t(value) << 16;
  float wide;
  std::memcpy(&wide, &bits, 4);
  return wide;
}

template <typename S>
inline S narrow(float value);

template <>
inline float narrow<float>(float value) {
  return value;
}

// To nearest, ties to even. A NaN that arithmetic makes stays one.
template <>
inline Bits narrow<Bits>(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return Bits((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Calls `body` with the function that returns the mask's entry: 1 without a mask, decided outside of loops.
template <typename S, typename Body>
void with_mask(const S* mask, const Body& body) {
  if (mask == nullptr)
    body([](int64_t) { return 1.0f; });
  else
    body([mask](int64_t i) { return widen(mask[i]); });
}

// exp(x) for x <= 0, relative error below 2e-7.
inline float exp_of(float x) {
  float y = std::max(x, -87.0f) * 1.44269504088896341f;
  float whole = std::floor(y + 0.5f);
  float f = y - whole;
  float p = 1.5403530393381609954e-4f;
  p = p * f + 1.3333558146428443423e-3f;
  p = p * f + 9.6181291076284771619e-3f;
  p = p * f + 5.5504108664821579953e-2f;
  p = p * f + 2.4022650695910071233e-1f;
  p = p * f + 6.9314718055994530942e-1f;
  p = p * f + 1.0f;
  int32_t bits = (int32_t(whole) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, 4);
  return p * scale;
}

// Values of the normal distribution at x: cumulative, absolute error below 1e-7 (Abramowitz & Stegun 7.1.26), and
// exp(-x^2 / 2).
inline void normal_at(float x, float& below, float& bell) {
  bell = exp_of(-0.5f * x * x);
  float t = 1.0f / (1.0f + 0.3275911f * 0.70710678118654752f * std::fabs(x));
  float p = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
  float above = 0.5f * p * bell;
  below = x < 0.0f ? above : 1.0f - above;
}

// ---- rows, divided among threads in a fixed way -------------------------------------------------

template <typename Body>
void over_rows(int64_t rows, const Body& body) {
  int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
  int64_t each = (rows + parts - 1) / parts;
  at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part)
      body(part, part * each, std::min(rows, (part + 1) * each));
  });
}

// Sums over rows: one float32 row per thread, added up in order.
struct Sums {
  Sums(int64_t parts, int64_t columns) : columns(columns), values(parts * columns, 0.0f), parts(parts) {}
  float* part(int64_t number) { return values.data() + number * columns; }
  template <typename S>
  Tensor total(const Tensor& like) const {
    Tensor out = at::empty({columns}, like.options());
    S* to = entries<S>(out);
    for (int64_t i = 0; i < columns; ++i) {
      float sum = 0.0f;
      for (int64_t part = 0; part < parts; ++part) sum += values[part * columns + i];
      to[i] = narrow<S>(sum);
    }
    return out;
  }
  int64_t columns;
  std::vector<float> values;
  int64_t parts;
};

int64_t parts_of(int64_t rows) { return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows)); }

// ---- layer norm ---------------------------------------------------------------------------------

// Returns norm(x) of rows [T, D], and per row mean and reciprocal deviation [T, 2]. With `branch`, x is first
// increased by (branch + shift) * mask and stored in `sum`.
template <typename S>
void norm_forward(const S* x, const S* branch, const S* shift, const S* mask, S* sum, const S* weight, const S* bias, S* out,
                  float* stats, int64_t rows, int64_t width, float epsilon) {
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

// Adds to `onto` the gradient of x through norm(x), given that of its output; with `mask`, stores the sum times
// the mask in `masked` and adds its rows to `masked_sums`.
template <typename S>
void norm_backward(const S* grad, const S* x, const float* stats, const S* weight, const S* onto, S* out,
                   const S* mask, S* masked, Sums& weight_sums, Sums& bias_sums, Sums* masked_sums, int64_t rows,
                   int64_t width) {
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

// ---- feed-forward ---------------------------------------------------------------------------------

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

// Turns the gradient of gelu(x) * mask into that of x, in place, and sums its rows.
template <typename S>
void gelu_backward(S* grad, const S* slope, Sums& sums, int64_t rows, int64_t width) {
  over_rows(rows, [&](int64_t part, int64_t first, int64_t last) {
    float* total = sums.part(part);
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = r * width;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) {
        S moved = narrow<S>(widen(grad[at + i]) * widen(slope[at + i]));
        grad[at + i] = moved;
        total[i] += widen(moved);
      }
    }
  });
}

// out = grad * mask, and the sums of its rows.
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
void add_masked(const S* x, const S* branch, const S* shift, const S* mask, S* out, int64_t rows, int64_t width) {
  with_mask(mask, [&](auto keep) {
    over_rows(rows, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t at = first * width; at < last * width; at += width) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
          out[at + i] = narrow<S>(widen(x[at + i]) + (widen(branch[at + i]) + widen(shift[i])) * keep(at + i));
      }
    });
  });
}

// ---- attention ------------------------------------------------------------------------------------

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

// out[r] = sum over t of factors[r * row_step + t * term_step] * from[t], for rows of `width` entries, a multiple of
// 16. Four rows at a time stay in registers.
__attribute__((always_inline)) inline void mix(float* __restrict out, int64_t out_step, const float* __restrict factors, int64_t row_step,
                int64_t term_step, const float* __restrict from, int64_t from_step, int64_t rows, int64_t terms,
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
void attention_forward(const S* joint, const S* shift, const S* mask, S* weights, S* mixed, int64_t windows, int64_t patches,
                       int64_t heads, int64_t width) {
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
      mix(scores.row(0), scores.stride, query.row(0), query.stride, 1, turned.row(0), turned.stride, patches, width,
          scores.stride);
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
      mix(out.row(0), out.stride, scores.row(0), scores.stride, 1, value.row(0), value.stride, patches, patches,
          out.stride);
      out.write(mixed + window * patches * inner + head * width, inner, patches, width);
    }
  });
}

template <typename S>
void attention_backward(const S* grad, const S* joint, const S* shift, const S* mask, const S* weights, S* out, int64_t windows,
                        int64_t patches, int64_t heads, int64_t width) {
  const int64_t inner = heads * width, step = 3 * inner;
  const float scale = 1.0f / std::sqrt(float(width));
  over_rows(windows * heads, [&](int64_t, int64_t first, int64_t last) {
    Head query(patches, width), key(patches, width), value(patches, width), mixed(patches, width);
    Head result(patches, width), turned(padded(width), patches), slopes(patches, patches), dropped(patches, patches);
    const int64_t stride = slopes.stride;
    for (int64_t one = first; one < last; ++one) {
      const int64_t window = one / heads, head = one % heads;
      const S* from = joint + window * patches * step + head * width;
      S* to = out + window * patches * step + head * width;
      query.read(from, shift + head * width, step, patches, width);
      key.read(from + inner, shift + inner + head * width, step, patches, width);
      value.read(from + 2 * inner, shift + 2 * inner + head * width, step, patches, width);
      mixed.read(grad + window * patches * inner + head * width, static_cast<const S*>(nullptr), inner, patches, width);
      turn(value, patches, width, turned);
      mix(slopes.row(0), slopes.stride, mixed.row(0), mixed.stride, 1, turned.row(0), turned.stride, patches, width,
          slopes.stride);
      for (int64_t n = 0; n < patches; ++n) {
        float *__restrict slope = slopes.row(n), *__restrict drop = dropped.row(n), along = 0.0f;
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
      mix(result.row(0), result.stride, slopes.row(0), slopes.stride, 1, key.row(0), key.stride, patches, patches,
          result.stride);
      result.write(to, step, patches, width);
      mix(result.row(0), result.stride, slopes.row(0), 1, slopes.stride, query.row(0), query.stride, patches, patches,
          result.stride);
      result.write(to + inner, step, patches, width);
      mix(result.row(0), result.stride, dropped.row(0), 1, dropped.stride, mixed.row(0), mixed.stride, patches, patches,
          result.stride);
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

// ---- one encoder layer ------------------------------------------------------------------------------

template <typename S>
const S* mask_at(const Tensor& pool, int64_t place) {
  return pool.numel() == 0 ? nullptr : entries<S>(pool) + place;
}

enum Weight { kNorm1, kBias1, kJoint, kJointBias, kProject, kProjectBias, kNorm2, kBias2, kIn, kInBias, kOut, kOutBias };

template <typename S>
std::vector<Tensor> forward_of(const Tensor& x, at::TensorList w, const Tensor& pool, at::IntArrayRef places,
                               int64_t patches, int64_t heads, double epsilon) {
  const int64_t rows = x.size(0), width = x.size(1), inner = w[kProject].size(1), ff = w[kIn].size(0);
  Tensor stats = at::empty({2, rows, 2}, x.options().dtype(at::kFloat));
  Tensor normed = at::empty_like(x), normed2 = at::empty_like(x), middle = at::empty_like(x), out = at::empty_like(x);
  float* first_stats = stats.data_ptr<float>();
  norm_forward<S>(entries<S>(x), nullptr, nullptr, nullptr, nullptr, entries<S>(w[kNorm1]), entries<S>(w[kBias1]),
                  entries<S>(normed), first_stats, rows, width, epsilon);
  Tensor joint = at::mm(normed, w[kJoint].t());
  Tensor weights = at::empty({rows * heads, padded(patches)}, x.options());
  Tensor mixed = at::empty({rows, inner}, x.options());
  attention_forward<S>(entries<S>(joint), entries<S>(w[kJointBias]), mask_at<S>(pool, places[0]), entries<S>(weights), entries<S>(mixed),
                       rows / patches, patches, heads, inner / heads);
  Tensor branch = at::mm(mixed, w[kProject].t());
  norm_forward<S>(entries<S>(x), entries<S>(branch), entries<S>(w[kProjectBias]), mask_at<S>(pool, places[1]), entries<S>(middle),
                  entries<S>(w[kNorm2]), entries<S>(w[kBias2]), entries<S>(normed2), first_stats + 2 * rows, rows,
                  width, epsilon);
  Tensor hidden = at::mm(normed2, w[kIn].t());
  Tensor active = at::empty_like(hidden);
  gelu_forward<S>(entries<S>(hidden), entries<S>(w[kInBias]), mask_at<S>(pool, places[2]), entries<S>(active), rows, ff);
  branch = at::mm(active, w[kOut].t());
  add_masked<S>(entries<S>(middle), entries<S>(branch), entries<S>(w[kOutBias]), mask_at<S>(pool, places[3]), entries<S>(out), rows, width);
  return {out, stats, normed, joint, weights, mixed, middle, normed2, hidden, active};
}

template <typename S>
std::vector<Tensor> backward_of(const Tensor& grad, const Tensor& x, at::TensorList w, at::TensorList saved,
                                const Tensor& pool, at::IntArrayRef places, int64_t patches, int64_t heads) {
  const Tensor &stats = saved[0], &normed = saved[1], &joint = saved[2], &weights = saved[3], &mixed = saved[4],
               &middle = saved[5], &normed2 = saved[6], &slope = saved[7], &active = saved[8];
  const int64_t rows = x.size(0), width = x.size(1), inner = mixed.size(1), ff = slope.size(1);
  const int64_t parts = parts_of(rows);
  const float* first_stats = stats.data_ptr<float>();
  std::vector<Tensor> grads(13);
  Tensor branch = at::empty_like(x);
  {
    Sums sums(parts, width);
    mask_backward<S>(entries<S>(grad), mask_at<S>(pool, places[3]), entries<S>(branch), sums, rows, width);
    grads[1 + kOutBias] = sums.total<S>(x);
  }
  grads[1 + kOut] = at::mm(branch.t(), active);
  Tensor dhidden = at::mm(branch, w[kOut]);
  {
    Sums sums(parts, ff);
    gelu_backward<S>(entries<S>(dhidden), entries<S>(slope), sums, rows, ff);
    grads[1 + kInBias] = sums.total<S>(x);
  }
  grads[1 + kIn] = at::mm(dhidden.t(), normed2);
  Tensor dnormed = at::mm(dhidden, w[kIn]);
  Tensor dmiddle = at::empty_like(x);
  const S* mask = mask_at<S>(pool, places[1]);
  {
    Sums dw(parts, width), db(parts, width), dbranch(parts, width);
    norm_backward<S>(entries<S>(dnormed), entries<S>(middle), first_stats + 2 * rows, entries<S>(w[kNorm2]),
                     entries<S>(grad), entries<S>(dmiddle), mask, entries<S>(branch), dw, db, &dbranch, rows,
                     width);
    grads[1 + kNorm2] = dw.total<S>(x);
    grads[1 + kBias2] = db.total<S>(x);
    grads[1 + kProjectBias] = dbranch.total<S>(x);
  }
  const Tensor& dbranch = mask == nullptr ? dmiddle : branch;
  grads[1 + kProject] = at::mm(dbranch.t(), mixed);
  Tensor dmixed = at::mm(dbranch, w[kProject]);
  Tensor djoint = at::empty_like(joint);
  attention_backward<S>(entries<S>(dmixed), entries<S>(joint), entries<S>(w[kJointBias]), mask_at<S>(pool, places[0]), entries<S>(weights),
                        entries<S>(djoint), rows / patches, patches, heads, inner / heads);
  grads[1 + kJointBias] = row_sums<S>(djoint);
  grads[1 + kJoint] = at::mm(djoint.t(), normed);
  dnormed = at::mm(djoint, w[kJoint]);
  Tensor dx = at::empty_like(x);
  {
    Sums dw(parts, width), db(parts, width);
    norm_backward<S>(entries<S>(dnormed), entries<S>(x), first_stats, entries<S>(w[kNorm1]),
                     entries<S>(dmiddle), entries<S>(dx), nullptr, nullptr, dw, db, nullptr, rows, width);
    grads[1 + kNorm1] = dw.total<S>(x);
    grads[1 + kBias1] = db.total<S>(x);
  }
  grads[0] = dx;
  return grads;
}

std::vector<Tensor> layer_forward(const Tensor& x, at::TensorList w, const Tensor& pool, at::IntArrayRef places,
                                  int64_t patches, int64_t heads, double epsilon) {
  return x.scalar_type() == at::kFloat ? forward_of<float>(x, w, pool, places, patches, heads, epsilon)
                                       : forward_of<Bits>(x, w, pool, places, patches, heads, epsilon);
}

std::vector<Tensor> layer_backward(const Tensor& grad, const Tensor& x, at::TensorList w, at::TensorList saved,
                                   const Tensor& pool, at::IntArrayRef places, int64_t patches, int64_t heads) {
  return x.scalar_type() == at::kFloat ? backward_of<float>(grad, x, w, saved, pool, places, patches, heads)
                                       : backward_of<Bits>(grad, x, w, saved, pool, places, patches, heads);
}

// ---- optimizer ----------------------------------------------------------------------------------------

// Blocks of one tensor.
struct Range {
  int64_t tensor, first, entries;
};

std::vector<Range> ranges_of(at::TensorList tensors, int64_t part, int64_t parts) {
  std::vector<Range> all;
  for (size_t number = 0; number < tensors.size(); ++number)
    for (int64_t first = 0; first < tensors[number].numel(); first += kBlock)
      all.push_back({int64_t(number), first, std::min(kBlock, tensors[number].numel() - first)});
  const int64_t each = (all.size() + parts - 1) / parts;
  const int64_t from = std::min<int64_t>(part * each, all.size()), to = std::min<int64_t>(from + each, all.size());
  return {all.begin() + from, all.begin() + to};
}

// Sum of the squares of the gradients, which are the sums over replicas: `grads` holds all tensors of the first
// replica, then all of the second. Per block in float32, blocks in double, in order.
template <typename S>
double squares_of(at::TensorList grads, int64_t replicas, int64_t part, int64_t parts) {
  const int64_t tensors = grads.size() / replicas;
  const auto ranges = ranges_of(grads.slice(0, tensors), part, parts);
  std::vector<double> sums(ranges.size());
  at::parallel_for(0, ranges.size(), 8, [&](int64_t first, int64_t last) {
    std::vector<float> total(kBlock);
    for (int64_t number = first; number < last; ++number) {
      const Range& range = ranges[number];
      for (int64_t replica = 0; replica < replicas; ++replica) {
        const S* from = entries<S>(grads[replica * tensors + range.tensor]) + range.first;
        if (replica == 0) {
#pragma omp simd
          for (int64_t i = 0; i < range.entries; ++i) total[i] = widen(from[i]);
        } else {
#pragma omp simd
          for (int64_t i = 0; i < range.entries; ++i) total[i] += widen(from[i]);
        }
      }
      float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < range.entries; ++i) sum += total[i] * total[i];
      sums[number] = sum;
    }
  });
  double sum = 0.0;
  for (double one : sums) sum += one;
  return sum;
}

double grad_squares(at::TensorList grads, int64_t replicas, int64_t part, int64_t parts) {
  return grads[0].scalar_type() == at::kFloat ? squares_of<float>(grads, replicas, part, parts)
                                              : squares_of<Bits>(grads, replicas, part, parts);
}

template <typename S>
void adamw_of(at::TensorList weights, at::TensorList parameters, at::TensorList grads, at::TensorList firsts,
              at::TensorList seconds, at::ArrayRef<double> decays, int64_t replicas, double shrink, double rate,
              double beta1, double beta2, double epsilon, int64_t step, int64_t part, int64_t parts) {
  const int64_t tensors = weights.size();
  const auto ranges = ranges_of(weights, part, parts);
  const float correct1 = 1.0 - std::pow(beta1, step), correct2 = std::sqrt(1.0 - std::pow(beta2, step));
  const float b1 = beta1, b2 = beta2, size = rate / correct1, eps = epsilon, clip = shrink;
  at::parallel_for(0, ranges.size(), 8, [&](int64_t first, int64_t last) {
    std::vector<float> total(kBlock);
    float* g = total.data();
    for (int64_t number = first; number < last; ++number) {
      const Range& range = ranges[number];
      for (int64_t replica = 0; replica < replicas; ++replica) {
        const S* from = entries<S>(grads[replica * tensors + range.tensor]) + range.first;
        if (replica == 0) {
#pragma omp simd
          for (int64_t i = 0; i < range.entries; ++i) g[i] = widen(from[i]);
        } else {
#pragma omp simd
          for (int64_t i = 0; i < range.entries; ++i) g[i] += widen(from[i]);
        }
      }
      float* w = weights[range.tensor].data_ptr<float>() + range.first;
      float* m = firsts[range.tensor].data_ptr<float>() + range.first;
      float* v = seconds[range.tensor].data_ptr<float>() + range.first;
      S* p = entries<S>(parameters[range.tensor]) + range.first;
      const float keep = 1.0 - rate * decays[range.tensor];
#pragma omp simd
      for (int64_t i = 0; i < range.entries; ++i) {
        const float grad = g[i] * clip;
        m[i] += (grad - m[i]) * (1.0f - b1);
        v[i] = v[i] * b2 + grad * grad * (1.0f - b2);
        w[i] = w[i] * keep - size * m[i] / (std::sqrt(v[i]) / correct2 + eps);
        p[i] = narrow<S>(w[i]);
      }
    }
  });
}

void adamw(at::TensorList weights, at::TensorList parameters, at::TensorList grads, at::TensorList firsts,
           at::TensorList seconds, at::ArrayRef<double> decays, int64_t replicas, double shrink, double rate,
           double beta1, double beta2, double epsilon, int64_t step, int64_t part, int64_t parts) {
  auto call = parameters[0].scalar_type() == at::kFloat ? adamw_of<float> : adamw_of<Bits>;
  call(weights, parameters, grads, firsts, seconds, decays, replicas, shrink, rate, beta1, beta2, epsilon, step, part,
       parts);
}

}  // namespace

TORCH_LIBRARY(simmer, library) {
  library.def(
      "layer_forward(Tensor x, Tensor[] weights, Tensor pool, int[] places, int patches, int heads, float epsilon) -> "
      "Tensor[]",
      layer_forward);
  library.def(
      "layer_backward(Tensor grad, Tensor x, Tensor[] weights, Tensor[] saved, Tensor pool, int[] places, int patches, "
      "int heads) -> Tensor[]",
      layer_backward);
  library.def("grad_squares(Tensor[] grads, int replicas, int part, int parts) -> float", grad_squares);
  library.def(
      "adamw(Tensor[] weights, Tensor[] parameters, Tensor[] grads, Tensor[] firsts, Tensor[] seconds, float[] decays, "
      "int replicas, float shrink, float rate, float beta1, float beta2, float epsilon, int step, int part, int parts) "
      "-> ()",
      adamw);
}
