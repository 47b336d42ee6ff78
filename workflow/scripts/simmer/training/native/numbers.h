// Entries of tensors as float32, and functions of one number.

#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace simmer {

using at::Tensor;

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

// Values of the normal distribution at x: cumulative, absolute error below 1e-7 (Abramowitz & Stegun 7.1.26),
// and exp(-x^2 / 2).
inline void normal_at(float x, float& below, float& bell) {
  bell = exp_of(-0.5f * x * x);
  float t = 1.0f / (1.0f + 0.3275911f * 0.70710678118654752f * std::fabs(x));
  float p =
      ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
  float above = 0.5f * p * bell;
  below = x < 0.0f ? above : 1.0f - above;
}

}  // namespace simmer
