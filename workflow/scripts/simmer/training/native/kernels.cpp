// The kernels of simmer on a CPU: encoder layers and the optimizer step, each in few passes over memory.
//
// The arithmetic between two loads and stores is float32, in a fixed order for a given number of threads.
// Shapes: T tokens = windows * N patches, D width, H heads, E head width, I = H * E, F feed-forward width.

#include <torch/library.h>

#include "layer.h"
#include "optimizer.h"

namespace simmer {

// Returns the output of successive layers, then, if `keep`, what the backward pass needs of each.
template <typename S>
std::vector<Tensor> all_forward(Tensor tokens, at::TensorList weights, const Tensor& pool,
                                at::IntArrayRef places, int64_t patches, int64_t heads, double epsilon,
                                bool keep) {
  std::vector<Tensor> all(1);
  for (size_t layer = 0; layer < weights.size() / kWeights; ++layer) {
    auto [out, kept] = forward_of<S>(tokens, weights.slice(layer * kWeights, kWeights), pool,
                                     places.slice(layer * kSites, kSites), patches, heads, epsilon);
    if (keep) all.insert(all.end(), kept.begin(), kept.end());
    tokens = out;
  }
  all[0] = tokens;
  return all;
}

// Returns the gradient of the first layer's input, then those of all weights.
template <typename S>
std::vector<Tensor> all_backward(Tensor grad, at::TensorList weights, at::TensorList kept, const Tensor& pool,
                                 at::IntArrayRef places, int64_t patches, int64_t heads) {
  std::vector<Tensor> all(1 + weights.size());
  for (int64_t layer = weights.size() / kWeights - 1; layer >= 0; --layer)
    grad = backward_of<S>(grad, weights.slice(layer * kWeights, kWeights), kept.slice(layer * kKept, kKept),
                          pool, places.slice(layer * kSites, kSites), patches, heads,
                          all.data() + 1 + layer * kWeights);
  all[0] = grad;
  return all;
}

std::vector<Tensor> layers_forward(const Tensor& tokens, at::TensorList weights, const Tensor& pool,
                                   at::IntArrayRef places, int64_t patches, int64_t heads, double epsilon,
                                   bool keep) {
  auto call = tokens.scalar_type() == at::kFloat ? all_forward<float> : all_forward<Bits>;
  return call(tokens, weights, pool, places, patches, heads, epsilon, keep);
}

std::vector<Tensor> layers_backward(const Tensor& grad, at::TensorList weights, at::TensorList kept,
                                    const Tensor& pool, at::IntArrayRef places, int64_t patches,
                                    int64_t heads) {
  auto call = grad.scalar_type() == at::kFloat ? all_backward<float> : all_backward<Bits>;
  return call(grad, weights, kept, pool, places, patches, heads);
}

}  // namespace simmer

TORCH_LIBRARY(simmer, library) {
  library.def(
      "layers_forward(Tensor tokens, Tensor[] weights, Tensor pool, int[] places, int patches, int heads, "
      "float epsilon, bool keep) -> Tensor[]",
      simmer::layers_forward);
  library.def(
      "layers_backward(Tensor grad, Tensor[] weights, Tensor[] kept, Tensor pool, int[] places, int patches, "
      "int heads) -> Tensor[]",
      simmer::layers_backward);
  library.def("grad_squares(Tensor[] grads, int replicas, int part, int parts) -> float",
              simmer::grad_squares);
  library.def(
      "adamw(Tensor[] weights, Tensor[] parameters, Tensor[] grads, Tensor[] firsts, Tensor[] seconds, "
      "float[] decays, "
      "int replicas, float shrink, float rate, float beta1, float beta2, float epsilon, int step, int part, "
      "int parts) "
      "-> ()",
      simmer::adamw);
}
