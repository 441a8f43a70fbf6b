#pragma once
// How kernels are written here: as the work of a block's threads in phases, with a barrier between one phase and the
// next. On a GPU launch.cuh runs it; on a CPU tests run the same lines, phase by phase and thread by thread.
//
//   struct Work {
//     static constexpr int kThreads;                  // the most threads of a block
//     struct Shared { ... };                          // what the threads of a block share; not initialised
//     int phases() const;
//     void operator()(int phase, std::int64_t block, int thread, Shared& shared) const;
//   };
//
// A Work holds pointers and sizes and is copied to the GPU with the launch. What one thread hands to another, or to
// itself in a later phase, lies in `shared`.

namespace samsr::cuda {

struct NothingShared {};

}  // namespace samsr::cuda
