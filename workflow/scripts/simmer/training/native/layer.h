// One encoder layer, forward and backward; the products are torch's.

#pragma once

#include <array>
#include <utility>

#include "attention.h"
#include "feed_forward.h"
#include "norm.h"

namespace simmer {

template <typename S>
const S* mask_at(const Tensor& pool, int64_t place) {
  return pool.numel() == 0 ? nullptr : entries<S>(pool) + place;
}

enum Weight {
  kNorm1,
  kBias1,
  kJoint,
  kJointBias,
  kProject,
  kProjectBias,
  kNorm2,
  kBias2,
  kIn,
  kInBias,
  kOut,
  kOutBias,
  kWeights
};

constexpr int64_t kKept = 10, kSites = 4;
using Kept = std::array<Tensor, kKept>;

// Returns the output and what the backward pass needs.
template <typename S>
std::pair<Tensor, Kept> forward_of(const Tensor& x, at::TensorList w, const Tensor& pool,
                                   at::IntArrayRef places, int64_t patches, int64_t heads, double epsilon) {
  const int64_t rows = x.size(0), width = x.size(1), inner = w[kProject].size(1), ff = w[kIn].size(0);
  Tensor stats = at::empty({2, rows, 2}, x.options().dtype(at::kFloat));
  Tensor normed = at::empty_like(x), normed2 = at::empty_like(x), middle = at::empty_like(x),
         out = at::empty_like(x);
  float* first_stats = stats.data_ptr<float>();
  norm_forward<S>(entries<S>(x), nullptr, nullptr, nullptr, nullptr, entries<S>(w[kNorm1]),
                  entries<S>(w[kBias1]), entries<S>(normed), first_stats, rows, width, epsilon);
  Tensor joint = at::mm(normed, w[kJoint].t());
  Tensor weights = at::empty({rows * heads, padded(patches)}, x.options());
  Tensor mixed = at::empty({rows, inner}, x.options());
  attention_forward<S>(entries<S>(joint), entries<S>(w[kJointBias]), mask_at<S>(pool, places[0]),
                       entries<S>(weights), entries<S>(mixed), rows / patches, patches, heads, inner / heads);
  Tensor branch = at::mm(mixed, w[kProject].t());
  norm_forward<S>(entries<S>(x), entries<S>(branch), entries<S>(w[kProjectBias]), mask_at<S>(pool, places[1]),
                  entries<S>(middle), entries<S>(w[kNorm2]), entries<S>(w[kBias2]), entries<S>(normed2),
                  first_stats + 2 * rows, rows, width, epsilon);
  Tensor hidden = at::mm(normed2, w[kIn].t());
  Tensor active = at::empty_like(hidden);
  gelu_forward<S>(entries<S>(hidden), entries<S>(w[kInBias]), mask_at<S>(pool, places[2]), entries<S>(active),
                  rows, ff);
  branch = at::mm(active, w[kOut].t());
  add_masked<S>(entries<S>(middle), entries<S>(branch), entries<S>(w[kOutBias]), mask_at<S>(pool, places[3]),
                entries<S>(out), rows, width);
  return {out, {x, stats, normed, joint, weights, mixed, middle, normed2, hidden, active}};
}

// Returns the gradient of x, and stores those of the weights.
template <typename S>
Tensor backward_of(const Tensor& grad, at::TensorList w, at::TensorList saved, const Tensor& pool,
                   at::IntArrayRef places, int64_t patches, int64_t heads, Tensor* grads) {
  const Tensor &x = saved[0], &stats = saved[1], &normed = saved[2], &joint = saved[3], &weights = saved[4],
               &mixed = saved[5], &middle = saved[6], &normed2 = saved[7], &slope = saved[8],
               &active = saved[9];
  const int64_t rows = x.size(0), width = x.size(1), inner = mixed.size(1), ff = slope.size(1);
  const int64_t parts = parts_of(rows);
  const float* first_stats = stats.data_ptr<float>();
  Tensor branch = at::empty_like(x);
  {
    Sums sums(parts, width);
    mask_backward<S>(entries<S>(grad), mask_at<S>(pool, places[3]), entries<S>(branch), sums, rows, width);
    grads[kOutBias] = sums.total<S>(x);
  }
  grads[kOut] = at::mm(branch.t(), active);
  Tensor dhidden = at::mm(branch, w[kOut]);
  {
    Sums sums(parts, ff);
    mask_backward<S>(entries<S>(dhidden), entries<S>(slope), entries<S>(dhidden), sums, rows, ff);
    grads[kInBias] = sums.total<S>(x);
  }
  grads[kIn] = at::mm(dhidden.t(), normed2);
  Tensor dnormed = at::mm(dhidden, w[kIn]);
  Tensor dmiddle = at::empty_like(x);
  const S* mask = mask_at<S>(pool, places[1]);
  {
    Sums dw(parts, width), db(parts, width), dbranch(parts, width);
    norm_backward<S>(entries<S>(dnormed), entries<S>(middle), first_stats + 2 * rows, entries<S>(w[kNorm2]),
                     entries<S>(grad), entries<S>(dmiddle), mask, entries<S>(branch), dw, db, &dbranch, rows,
                     width);
    grads[kNorm2] = dw.total<S>(x);
    grads[kBias2] = db.total<S>(x);
    grads[kProjectBias] = dbranch.total<S>(x);
  }
  const Tensor& dbranch = mask == nullptr ? dmiddle : branch;
  grads[kProject] = at::mm(dbranch.t(), mixed);
  Tensor dmixed = at::mm(dbranch, w[kProject]);
  Tensor djoint = at::empty_like(joint);
  attention_backward<S>(entries<S>(dmixed), entries<S>(joint), entries<S>(w[kJointBias]),
                        mask_at<S>(pool, places[0]), entries<S>(weights), entries<S>(djoint), rows / patches,
                        patches, heads, inner / heads);
  grads[kJointBias] = row_sums<S>(djoint);
  grads[kJoint] = at::mm(djoint.t(), normed);
  dnormed = at::mm(djoint, w[kJoint]);
  Tensor dx = at::empty_like(x);
  {
    Sums dw(parts, width), db(parts, width);
    norm_backward<S>(entries<S>(dnormed), entries<S>(x), first_stats, entries<S>(w[kNorm1]),
                     entries<S>(dmiddle), entries<S>(dx), nullptr, nullptr, dw, db, nullptr, rows, width);
    grads[kNorm1] = dw.total<S>(x);
    grads[kBias1] = db.total<S>(x);
  }
  return dx;
}

}  // namespace simmer
