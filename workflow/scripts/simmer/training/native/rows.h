// Rows divided among threads in a fixed way, so that sums over them have a fixed order.

#pragma once

#include <ATen/Parallel.h>

#include <vector>

#include "numbers.h"

namespace simmer {

inline int64_t parts_of(int64_t rows) {
  return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
}

template <typename Body>
void over_rows(int64_t rows, const Body& body) {
  const int64_t parts = parts_of(rows);
  const int64_t each = (rows + parts - 1) / parts;
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

}  // namespace simmer
