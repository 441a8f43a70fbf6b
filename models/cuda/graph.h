#pragma once

#include <ATen/cuda/CUDAGraph.h>

#include <functional>

namespace samsr::cuda {

/// Work on the current stream, captured once and replayed as often as one likes. Its memory is its own until it goes.
class Graph {
 public:
  /// `pool`: memory of another graph, which is always replayed before this one; a new one by default.
  explicit Graph(c10::MempoolId_t pool = {0, 0}) : pool_(pool) {}

  /// What `work` launches, on any thread, becomes the graph; nothing of it is done yet. What `work` throws ends the
  /// capture.
  void capture(const std::function<void()>& work) {
    // Other threads may allocate page-locked memory and look at events meanwhile.
    graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      try {
        graph_.capture_end();
      } catch (const c10::Error&) {  // the capture is broken anyway, and the first error says why
      }
      throw;
    }
    graph_.capture_end();
  }

  void replay() { graph_.replay(); }
  c10::MempoolId_t pool() { return graph_.pool(); }

 private:
  const c10::MempoolId_t pool_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace samsr::cuda
