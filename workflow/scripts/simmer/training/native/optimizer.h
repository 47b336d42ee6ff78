// Gradients of replicas added up, and AdamW, in one pass over memory each.

#pragma once

#include <type_traits>

#include "rows.h"

namespace simmer {

constexpr int64_t kBlock = 4096;  // entries, which fit into the first cache

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
  const int64_t from = std::min<int64_t>(part * each, all.size()),
                to = std::min<int64_t>(from + each, all.size());
  return {all.begin() + from, all.begin() + to};
}

// Returns the gradients of a range, summed over replicas: `grads` holds all tensors of the first replica,
// then all of the second. They are in `buffer` unless they can be read in place.
template <typename S>
const float* total_of(at::TensorList grads, const Range& range, int64_t replicas, float* __restrict buffer) {
  const int64_t tensors = grads.size() / replicas;
  for (int64_t replica = 0; replica < replicas; ++replica) {
    const S* from = entries<S>(grads[replica * tensors + range.tensor]) + range.first;
    if constexpr (std::is_same_v<S, float>) {
      if (replicas == 1) return from;
    }
    if (replica == 0) {
#pragma omp simd
      for (int64_t i = 0; i < range.entries; ++i) buffer[i] = widen(from[i]);
    } else {
#pragma omp simd
      for (int64_t i = 0; i < range.entries; ++i) buffer[i] += widen(from[i]);
    }
  }
  return buffer;
}

// Sum of the squares of the gradients: per block in float32, blocks in double, in order.
template <typename S>
double squares_of(at::TensorList grads, int64_t replicas, int64_t part, int64_t parts) {
  const auto ranges = ranges_of(grads.slice(0, grads.size() / replicas), part, parts);
  std::vector<double> sums(ranges.size());
  at::parallel_for(0, ranges.size(), 8, [&](int64_t first, int64_t last) {
    std::vector<float> buffer(kBlock);
    for (int64_t number = first; number < last; ++number) {
      const float* total = total_of<S>(grads, ranges[number], replicas, buffer.data());
      float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < ranges[number].entries; ++i) sum += total[i] * total[i];
      sums[number] = sum;
    }
  });
  double sum = 0.0;
  for (double one : sums) sum += one;
  return sum;
}

double grad_squares(at::TensorList grads, int64_t replicas, int64_t part, int64_t parts) {
  auto call = grads[0].scalar_type() == at::kFloat ? squares_of<float> : squares_of<Bits>;
  return call(grads, replicas, part, parts);
}

// One step of AdamW (Loshchilov & Hutter 2019); `weights` are float32, `parameters` their rounded copies or
// the same tensors.
template <typename S>
void adamw_of(at::TensorList weights, at::TensorList parameters, at::TensorList grads, at::TensorList firsts,
              at::TensorList seconds, at::ArrayRef<double> decays, int64_t replicas, double shrink,
              double rate, double beta1, double beta2, double epsilon, int64_t step, int64_t part,
              int64_t parts) {
  const auto ranges = ranges_of(weights, part, parts);
  const float size = rate / (1.0 - std::pow(beta1, step)),
              correct = 1.0 / std::sqrt(1.0 - std::pow(beta2, step));
  const float b1 = beta1, b2 = beta2, eps = epsilon, clip = shrink;
  at::parallel_for(0, ranges.size(), 8, [&](int64_t first, int64_t last) {
    std::vector<float> buffer(kBlock);
    for (int64_t number = first; number < last; ++number) {
      const Range& range = ranges[number];
      const float* g = total_of<S>(grads, range, replicas, buffer.data());
      float* w = entries<float>(weights[range.tensor]) + range.first;
      float* m = entries<float>(firsts[range.tensor]) + range.first;
      float* v = entries<float>(seconds[range.tensor]) + range.first;
      const float keep = 1.0 - rate * decays[range.tensor];
#pragma omp simd
      for (int64_t i = 0; i < range.entries; ++i) {
        const float grad = g[i] * clip;
        m[i] += (grad - m[i]) * (1.0f - b1);
        v[i] = v[i] * b2 + grad * grad * (1.0f - b2);
        w[i] = w[i] * keep - size * m[i] / (std::sqrt(v[i]) * correct + eps);
      }
      S* p = entries<S>(parameters[range.tensor]) + range.first;
      if (static_cast<void*>(p) == static_cast<void*>(w)) continue;
#pragma omp simd
      for (int64_t i = 0; i < range.entries; ++i) p[i] = narrow<S>(w[i]);
    }
  });
}

void adamw(at::TensorList weights, at::TensorList parameters, at::TensorList grads, at::TensorList firsts,
           at::TensorList seconds, at::ArrayRef<double> decays, int64_t replicas, double shrink, double rate,
           double beta1, double beta2, double epsilon, int64_t step, int64_t part, int64_t parts) {
  auto call = parameters[0].scalar_type() == at::kFloat ? adamw_of<float> : adamw_of<Bits>;
  call(weights, parameters, grads, firsts, seconds, decays, replicas, shrink, rate, beta1, beta2, epsilon,
       step, part, parts);
}

}  // namespace simmer
